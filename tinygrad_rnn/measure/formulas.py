"""Closed formulas: polynomials in D and H that counts of a cell follow, found from its sizes and checked at others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

_FIT = ((2, 3), (3, 5), (5, 2), (7, 11), (11, 7), (13, 6))
_CHECK = ((4, 9), (9, 4))
_MONOMIALS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("D²", lambda D, H: D * D),
    ("DH", lambda D, H: D * H),
    ("H²", lambda D, H: H * H),
    ("D", lambda D, H: D),
    ("H", lambda D, H: H),
    ("", lambda D, H: 1),
)


def formulas(cell: Any, count: Callable[[Any], dict[str, int]]) -> dict[str, str | None]:
    """Of every number that `count` gives for a cell, a polynomial of degree 2 in D and H; None: there is none.

    The cell's class is made anew in other sizes; what does not give back the cell itself at its own sizes, or does not
    hold at sizes that were not used to find it, is no formula.
    """
    make = _maker(cell)
    here = count(cell)
    if make is None:
        return dict.fromkeys(here)
    try:
        fit, check = ([count(make(D, H)) for D, H in sizes] for sizes in (_FIT, _CHECK))
        if count(make(cell.input_size, cell.hidden_size)) != here:
            return dict.fromkeys(here)
    except Exception:  # a cell may refuse sizes for reasons of its own
        return dict.fromkeys(here)
    if any(row.keys() != here.keys() for row in (*fit, *check)):
        return dict.fromkeys(here)
    return {key: _polynomial([r[key] for r in fit], [r[key] for r in check]) for key in here}


def _maker(cell: Any) -> Callable[[int, int], Any] | None:
    """Cells of the same class and options, in other sizes."""
    if not all(isinstance(getattr(cell, n, None), int) for n in ("input_size", "hidden_size")):
        return None
    try:
        parameters = inspect.signature(type(cell)).parameters
    except (TypeError, ValueError):
        return None
    options: dict[str, Any] = {}
    for name, p in list(parameters.items()):
        if name in ("input_size", "hidden_size", "dtype", "generator") or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            continue
        if name == "bias" and not isinstance(getattr(cell, name, None), bool):
            options[name] = any("bias" in path and p is not None for path, p in cell.named_parameters())
        elif hasattr(cell, name):
            options[name] = getattr(cell, name)
        elif p.default is p.empty:
            return None
    if "generator" in parameters:
        options["generator"] = np.random.default_rng(0)
    if not {"input_size", "hidden_size"} <= parameters.keys():
        return None
    return lambda D, H: type(cell)(input_size=D, hidden_size=H, **options)


def _polynomial(values: Sequence[int], checks: Sequence[int]) -> str | None:
    """The polynomial through the points of `_FIT`, if it is one with whole coefficients that holds at `_CHECK`."""
    rows = [[Fraction(f(D, H)) for _, f in _MONOMIALS] + [Fraction(v)] for (D, H), v in zip(_FIT, values, strict=True)]
    n = len(_MONOMIALS)
    for k in range(n):  # Gauss and Jordan, exactly
        pivot = next(r for r in range(k, n) if rows[r][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for r in range(n):
            if r != k:
                rows[r] = [x - rows[r][k] * y for x, y in zip(rows[r], rows[k], strict=True)]
    found = [row[-1] for row in rows]
    for (D, H), value in zip(_CHECK, checks, strict=True):
        if sum(c * f(D, H) for c, (_, f) in zip(found, _MONOMIALS, strict=True)) != value:
            return None
    return _text(found)


def _text(coefficients: Sequence[Fraction]) -> str:
    text = ""
    for c, (name, _) in zip(coefficients, _MONOMIALS, strict=True):
        if c == 0:
            continue
        size = abs(c)
        number = "" if size == 1 and name else str(size)
        sign = ("−" if c < 0 else "") if not text else (" − " if c < 0 else " + ")
        text += f"{sign}{number}{name}"
    return text or "0"
