"""Einstein summation: any sum of products of entries, said with letters for axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import unbroadcast
from ..core.declare import primitive
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike

__all__ = ["einsum"]

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS = _CAPITALS.lower() + _CAPITALS  # (importing `string` costs as much as a dozen ops)


def _terms(subscripts):
    """``"ij,jk->ik"`` → ["ij", "jk"], "ik"."""
    operands, _, output = subscripts.partition("->")
    return operands.split(","), output


def _sizes(terms, shapes):
    """The size of every letter; operands of one entry along it are broadcast."""
    sizes: dict[str, int] = {}
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        if len(term) != len(shape):
            raise ShapeError(f"{term!r} names {len(term)} axes of operand {number}, which has shape {shape}")
        for letter, n in zip(term, shape, strict=True):
            if sizes.setdefault(letter, n) == 1:
                sizes[letter] = n
            elif n not in (1, sizes[letter]):
                raise ShapeError(f"axis {letter!r} has size {sizes[letter]} and, in operand {number}, {n}")
    return sizes


def _shape(*shapes, subscripts):
    terms, output = _terms(subscripts)
    sizes = _sizes(terms, shapes)
    return tuple(sizes[letter] for letter in output)


def _cost(out, *shapes, subscripts):
    terms, _ = _terms(subscripts)
    return len(shapes) * math.prod(_sizes(terms, shapes).values())


def _gradient(i, g, operands, subscripts) -> Any:
    """The einsum of g and the other operands, to the letters of operand i.

    A letter that only operand i has was summed over: a vector of ones spreads g along it. A letter that operand i
    has twice took a diagonal: an identity matrix puts g back on it.
    """
    terms, output = _terms(subscripts)
    shape = operands[i].shape
    sizes = _sizes(terms, [x.shape for x in operands])
    others = [(term, x) for k, (term, x) in enumerate(zip(terms, operands, strict=True)) if k != i]
    known = set("".join([output, *(term for term, _ in others)]))
    unused = iter(letter for letter in LETTERS if letter not in subscripts)
    target = ""
    for letter in terms[i]:
        if letter in target:
            twin = next(unused)
            others.append((letter + twin, np.eye(sizes[letter], dtype=g.dtype)))
            target += twin
            continue
        if letter not in known:
            others.append((letter, np.ones(sizes[letter], g.dtype)))
        target += letter
    joined = ",".join([output, *(term for term, _ in others)])
    return unbroadcast(_einsum(g, *(x for _, x in others), subscripts=f"{joined}->{target}"), shape)


@primitive(
    shape=_shape, vjps=lambda g, y, *operands, subscripts: lambda i: _gradient(i, g, operands, subscripts),
    linear="each", kind="contraction", cost=_cost, name="einsum",
    latex=r"\operatorname{{einsum}}_{{{subscripts}}}({operands})", glyph="einsum", onnx="Einsum",
    domain={"cases": [
        (((2, 3), (3, 4)), {"subscripts": "ij,jk->ik"}),
        (((2, 3),), {"subscripts": "ij->ji"}),
        (((3, 3),), {"subscripts": "ii->"}),
        (((3, 3),), {"subscripts": "ii->i"}),
        (((2, 3), (3,)), {"subscripts": "ij,k->i"}),
        (((2, 3, 4), (2, 4, 3), (3,)), {"subscripts": "bij,bjk,k->bi"}),
        (((1, 3), (2, 3)), {"subscripts": "ij,ij->ij"}),
        (((2,), (2,)), {"subscripts": "i,j->ij"}),
        (((3, 3), (3, 3)), {"subscripts": "ii,ij->j"}),
    ]},
)  # fmt: skip
def _einsum(*operands, subscripts):
    """The sum of products that the letters say."""
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


def einsum(subscripts: str | TensorLike, *operands: Any, optimize: Any = True) -> Tensor:
    """Sum products of entries by Einstein's convention: ``einsum("ij,jk->ik", a, b)`` is ``a @ b``.

    One letter per axis. Letters missing from the output are summed over, a letter twice in one operand takes its
    diagonal, "…" written ``...`` stands for any leading axes and broadcasts. Without ``->`` the output has the
    letters that occur once, in alphabetical order (np.einsum). Axes may be numbers too, in a list after each operand:
    ``einsum(a, [0, 1], b, [1, 2], [0, 2])``. The order of products is chosen for speed, whatever `optimize` says.

    Raises:
        ArgumentError: the subscripts are not understood.
        ShapeError: they do not fit the operands.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _spelled((subscripts, *operands))
    arrays = [shaped(x) for x in operands]
    return _einsum(*arrays, subscripts=_explicit(subscripts, [x.shape for x in arrays]))


def _spelled(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Operands that each have a list of numbered axes after them, and perhaps one for the output, in letters."""

    def term(axes: Any) -> str:
        return "".join("..." if axis is Ellipsis else (_CAPITALS + _CAPITALS.lower())[axis] for axis in axes)

    terms = ",".join(map(term, given[1::2]))
    return (f"{terms}->{term(given[-1])}" if len(given) % 2 else terms), given[: len(given) // 2 * 2 : 2]


def _explicit(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> str:
    """The subscripts with spaces out, ellipses spelled in unused letters and the output written."""
    text = subscripts.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    terms = inputs.split(",")

    def wrong(why: str) -> ArgumentError:
        return ArgumentError(with_user_line(f"einsum: {why} in {subscripts!r}"))

    if not all(re.fullmatch(r"[a-zA-Z]*(\.\.\.)?[a-zA-Z]*", term) for term in [*terms, output]):
        raise wrong("expected letters, commas, '...' and at most one '->'")
    if len(terms) != len(shapes):
        raise wrong(f"{len(shapes)} operands but {len(terms)} terms")
    free = "".join(letter for letter in LETTERS if letter not in text)
    extra = 0
    for k, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        if "..." in term:
            hidden = len(shape) - (len(term) - 3)
            if hidden < 0:
                raise ShapeError(with_user_line(f"einsum: {term!r} names more axes than operand {k}, shape {shape}"))
            extra = max(extra, hidden)
            terms[k] = term.replace("...", free[:hidden][::-1])
    ellipsis = free[:extra][::-1]
    if not arrow:
        letters = "".join(terms)
        output = ellipsis + "".join(sorted(c for c in set(letters) - set(ellipsis) if letters.count(c) == 1))
    elif "..." in output:
        output = output.replace("...", ellipsis)
    elif extra:
        raise wrong("'...' is missing from the output")
    for letter in output:
        if output.count(letter) > 1:
            raise wrong(f"output letter {letter!r} occurs twice")
        if not any(letter in term for term in terms):
            raise wrong(f"output letter {letter!r} is in no operand")
    return ",".join(terms) + "->" + output
