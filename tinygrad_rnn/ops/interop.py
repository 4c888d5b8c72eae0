"""NumPy functions called on tensors: those that are ops here stay in the graph, the others raise.

``np.tanh(x)``, ``np.concatenate([x, y])`` and ``array * x`` record like ``tg.tanh(x)``; nothing turns a tensor into an
array behind your back, because its gradient would be lost without a word. Which function is which: docs/numpy.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import DTypeError, TinygradError, with_user_line
from ..core.tensor import Tensor
from .numpy_names import FUNCTIONS, QUESTIONS, UFUNCS
from .refused import why_not


def name_of(function: Any) -> str:
    """What NumPy's documentation calls it: np.linalg.inv."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def refusal(function: Any, why: str) -> DTypeError:
    """The error that says what to do instead."""
    instead = "to compute outside the graph, without gradients, pass x.numpy() instead of x"
    return DTypeError(with_user_line(f"{name_of(function)} {why}; {instead}"))


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, dtype: Any = None, **options: Any) -> Any:
    """``np.tanh(x)``, ``array * x``: recorded if the ufunc is an op here. `dtype` casts the operands, visibly."""
    if method != "__call__":
        raise refusal(ufunc, f"with .{method} is not an op on tensors")
    if options:
        raise refusal(ufunc, f"on tensors takes no {', '.join(options)}")
    if ufunc not in UFUNCS:
        raise refusal(ufunc, why_not(ufunc))
    if dtype is not None:
        inputs = tuple(x.astype(dtype) if isinstance(x, (Tensor, np.ndarray)) else x for x in inputs)
    return UFUNCS[ufunc](*inputs)


def array_function(self: Tensor, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``np.concatenate([x, y])``: recorded if the function is an op here."""
    if function in QUESTIONS:
        return function(*map(_values, args), **{k: _values(v) for k, v in kwargs.items()})
    if function not in FUNCTIONS:
        raise refusal(function, why_not(function))
    given = {k: v for k, v in kwargs.items() if not (v is np._NoValue or (k == "out" and v is None))}
    if "out" in given:
        raise refusal(function, "on tensors takes no out: a tensor is the result, not a place for it")
    try:
        return FUNCTIONS[function](*args, **given)
    except TypeError as error:
        if isinstance(error, TinygradError):
            raise
        raise refusal(function, f"on tensors: {str(error).replace('<lambda>()', 'it')}") from None


def _values(x: Any) -> Any:
    return x.numpy() if isinstance(x, Tensor) else x


setattr(Tensor, "__array_ufunc__", array_ufunc)  # noqa: B010
setattr(Tensor, "__array_function__", array_function)  # noqa: B010
