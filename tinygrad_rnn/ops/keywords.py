"""Keywords that a function does not have: ``dim=`` is answered with ``axis=``, ``out=`` with the result."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..core.errors import ArgumentError, with_user_line

_ANSWERS = {
    "dim": "use axis=, NumPy's word for dim=",
    "dims": "use axis=, NumPy's word for dims=",
    "keepdim": "use keepdims=, NumPy's word for keepdim=",
    "out": "takes no out=: a tensor is the result, not a place for it",
}


def answering(function: Callable[..., Any]) -> Any:
    """The same function; a keyword it does not have is answered with those it has."""
    known = set(_arguments(function))
    takes_any = _takes_any(function)

    @functools.wraps(function)
    def answered(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not known.issuperset(kwargs):
            for word in kwargs.keys() - known:
                if word in _ANSWERS:
                    raise ArgumentError(with_user_line(f"{function.__name__}: {_ANSWERS[word]}"))
                if not takes_any:
                    has = ", ".join(_arguments(function)[1:])
                    raise TypeError(
                        with_user_line(f"{function.__name__} has no argument {word!r}; besides its operand: {has}")
                    )
        return function(*args, **kwargs)

    return answered


def has_axis(function: Any) -> bool:
    """Whether a function, or the op it is, has an argument `axis`."""
    return "axis" in _arguments(function)


def _arguments(function: Any) -> tuple[str, ...]:
    op, code = getattr(function, "op", None), getattr(function, "__code__", None)
    if op is not None:
        return (*op.operands, *op.attrs)
    return () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _takes_any(function: Any) -> bool:
    """Whether it passes keywords on to a function that knows them."""
    return hasattr(function, "op") or bool(function.__code__.co_flags & inspect.CO_VARKEYWORDS)
