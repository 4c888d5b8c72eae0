"""The arguments of a call, sorted into operands and attributes, and what is wrong with them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from .errors import ArgumentError, GradientError, with_user_line
from .op import Op
from .tensor import Tensor

_NUMBERS = {int, float, bool}


def bound(op: Op, operands: Sequence[Any], attrs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Sort positional attributes and operands given by keyword into their places."""
    names = [*op.operands, *op.attrs]
    if len(operands) > len(names):
        raise TypeError(with_user_line(f"{op.name} takes {', '.join(names)}; got {len(operands)} arguments"))
    given = dict(zip(names, operands, strict=False))
    for key, value in attrs.items():
        if key in given:
            raise TypeError(with_user_line(f"{op.name} got {key!r} twice"))
        given[key] = value
    missing = [n for n in op.operands if n not in given]
    if missing:
        raise TypeError(with_user_line(f"{op.name} needs {', '.join(missing)}"))
    return [given.pop(n) for n in op.operands], complete(op, given)


def complete(op: Op, attrs: dict[str, Any]) -> dict[str, Any]:
    """The attributes with the defaults of those not given."""
    for key in attrs:
        if key not in op.attrs:
            known = ", ".join(op.attrs) or "none"
            raise TypeError(
                with_user_line(f"{op.name} has no argument {key!r}; its arguments besides operands: {known}")
            )
    missing = [k for k, v in op.attrs.items() if v is inspect.Parameter.empty and k not in attrs]
    if missing:
        raise TypeError(with_user_line(f"{op.name} needs {', '.join(missing)}"))
    return {**op.attrs, **attrs}


def among(attrs: dict[str, Any]) -> bool:
    """Whether one of some attributes is a tensor, or a tuple or list with one in it."""
    for value in attrs.values():
        if type(value) in _NUMBERS:  # the usual case
            continue
        if isinstance(value, Tensor):
            return True
        if isinstance(value, (tuple, list)) and any(isinstance(part, Tensor) for part in value):
            return True
    return False


def refuse_tensors(what: str, attrs: dict[str, Any]) -> None:
    """Raise if an argument that is a plain value is given as a tensor.

    Raises:
        GradientError: the tensor requires a gradient, which would be lost.
        ArgumentError: it does not.
    """
    for name, value in attrs.items():
        for x in value if isinstance(value, (tuple, list)) else [value]:
            if isinstance(x, Tensor):
                remedy = "give its .item() or .numpy(), or write the formula with ops on tensors"
                why = f"{name} is a plain value, not a tensor ({x.describe()}); {remedy}"
                if x.requires_grad:
                    raise GradientError(with_user_line(f"{what}: no gradient flows to {name}: {why}"))
                raise ArgumentError(with_user_line(f"{what}: {why}"))
