"""Keywords of other libraries, answered with ours: ``dim=`` is ``axis=`` here, ``out=`` is the result."""

from __future__ import annotations

import functools
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
    """The same function; a keyword of another library is answered with the one to use."""
    known = _ANSWERS.keys()

    @functools.wraps(function)
    def answered(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not known.isdisjoint(kwargs):
            (word, *_) = sorted(known & kwargs.keys())
            raise ArgumentError(with_user_line(f"{function.__name__}: {_ANSWERS[word]}"))
        return function(*args, **kwargs)

    return answered


def has_axis(function: Any) -> bool:
    """Whether a function has an argument `axis`: it itself, or the op it is."""
    op = getattr(function, "op", None)
    if op is not None:
        return "axis" in op.attrs
    code = getattr(function, "__code__", None)
    return code is not None and "axis" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
