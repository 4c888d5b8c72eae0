"""NumPy functions called on tensors: those that are ops here stay in the graph, the others raise.

``np.tanh(x)``, ``np.concatenate([x, y])`` and ``array * x`` record like ``tg.tanh(x)``; nothing turns a tensor into an
array behind your back, because its gradient would be lost without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import DTypeError, with_user_line
from ..core.op import Op
from ..core.tensor import Tensor
from . import (
    arithmetic,
    comparisons,
    creation,
    cumulative,
    einstein,
    extrema,
    functions,
    joining,
    linalg,
    lookup,
    reduce,
    shaping,
    sorting,
    statistics,
)

#: NumPy's ufuncs that are ops: those of the same name, and aliases.
UFUNCS: dict[Any, Callable[..., Any]] = {
    getattr(np, function.op.name): function
    for module in (arithmetic, comparisons, functions, linalg)
    for function in vars(module).values()
    if isinstance(getattr(function, "op", None), Op) and isinstance(getattr(np, function.op.name, None), np.ufunc)
} | {
    np.power: arithmetic.power,
    np.bitwise_and: comparisons.logical_and,
    np.bitwise_or: comparisons.logical_or,
    np.bitwise_xor: comparisons.logical_xor,
    np.invert: comparisons.logical_not,
    np.positive: lambda x: x,
    np.square: lambda x: x**2,
}

#: Questions whose answer is not a tensor; asked of the values.
_QUESTIONS = {
    np.shape,
    np.ndim,
    np.size,
    np.allclose,
    np.isclose,
    np.array_equal,
    np.any,
    np.all,
    np.count_nonzero,
    np.isfinite,
    np.isnan,
    np.isinf,
    np.array_repr,
    np.array_str,
    np.array2string,
}


def _clip(a: Any, a_min: float | None = None, a_max: float | None = None) -> Tensor:
    return comparisons.clip(a, low=-np.inf if a_min is None else a_min, high=np.inf if a_max is None else a_max)


def _transpose(a: Any, axes: Any = None) -> Tensor:
    return shaping.permute(a, axes=tuple(reversed(range(len(a.shape)))) if axes is None else tuple(axes))


#: NumPy's other functions that are ops. Each takes what NumPy's does, as far as the op goes.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: comparisons.where,
    np.clip: _clip,
    np.sum: lambda a, axis=None, *, keepdims=False: reduce.sum(a, axis=axis, keepdims=keepdims),
    np.mean: lambda a, axis=None, *, keepdims=False: reduce.mean(a, axis=axis, keepdims=keepdims),
    np.var: lambda a, axis=None, *, ddof=0, keepdims=False: statistics.var(a, axis=axis, ddof=ddof, keepdims=keepdims),
    np.std: lambda a, axis=None, *, ddof=0, keepdims=False: statistics.std(a, axis=axis, ddof=ddof, keepdims=keepdims),
    np.max: lambda a, axis=None, *, keepdims=False: extrema.max(a, axis=axis, keepdims=keepdims),
    np.min: lambda a, axis=None, *, keepdims=False: extrema.min(a, axis=axis, keepdims=keepdims),
    np.prod: lambda a, axis=None, *, keepdims=False: cumulative.prod(a, axis=axis, keepdims=keepdims),
    np.argmax: lambda a, axis=None, *, keepdims=False: extrema.argmax(a, axis=axis, keepdims=keepdims),
    np.argmin: lambda a, axis=None, *, keepdims=False: extrema.argmin(a, axis=axis, keepdims=keepdims),
    np.cumsum: lambda a, axis=None: cumulative.cumsum(a, axis),
    np.linalg.norm: lambda x, ord=None, axis=None, keepdims=False: _norm(x, ord, axis, keepdims),
    np.dot: linalg.dot,
    np.inner: linalg.inner,
    np.outer: linalg.outer,
    np.einsum: lambda subscripts, *operands: einstein.einsum(subscripts, *operands),
    np.reshape: lambda a, shape: shaping.reshape(a, shape),
    np.ravel: lambda a: shaping.reshape(a, -1),
    np.transpose: _transpose,
    np.matrix_transpose: lambda x: shaping.transpose(x),
    np.swapaxes: lambda a, axis1, axis2: shaping.transpose(a, axis1, axis2),
    np.squeeze: lambda a, axis=None: shaping.squeeze(a, axis=axis),
    np.expand_dims: lambda a, axis: shaping.unsqueeze(a, axis=axis),
    np.broadcast_to: lambda array, shape: shaping.expand(array, shape),
    np.flip: lambda m, axis=None: shaping.flip(m, axis=axis),
    np.roll: lambda a, shift, axis=None: shaping.roll(a, shift=shift, axis=axis),
    np.pad: lambda array, pad_width, mode="constant", *, constant_values=0.0: _pad(
        array, pad_width, mode, constant_values
    ),
    np.concatenate: lambda arrays, axis=0: joining.concatenate(arrays, axis),
    np.stack: lambda arrays, axis=0: joining.stack(arrays, axis),
    np.split: lambda ary, indices_or_sections, axis=0: joining.split(ary, indices_or_sections, axis),
    np.take: lambda a, indices, axis: lookup.take(a, indices, axis=axis),
    np.take_along_axis: lambda arr, indices, axis=-1: lookup.gather(arr, indices, axis=axis),
    np.sort: lambda a, axis=-1: sorting.sort(a, axis),
    np.argsort: lambda a, axis=-1: sorting.argsort(a, axis=axis, descending=False),
    np.zeros_like: lambda a, dtype=None: creation.zeros_like(a, dtype=dtype),
    np.ones_like: lambda a, dtype=None: creation.ones_like(a, dtype=dtype),
    np.full_like: lambda a, fill_value, dtype=None: creation.full_like(a, fill_value, dtype=dtype),
}


def _norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Tensor:
    matrix = len(x.shape) == 2 if axis is None else isinstance(axis, tuple)
    if ord is not None and (matrix or (axis is None and len(x.shape) != 1)):
        raise TypeError("np.linalg.norm of a matrix with ord is not an op; tg.norm is the norm of all entries")
    return statistics.norm(x, axis=axis, ord=2 if ord is None else ord, keepdims=keepdims)


def _pad(array: Any, pad_width: Any, mode: str, value: float) -> Tensor:
    if mode != "constant":
        raise TypeError(f"only mode='constant' is an op, not {mode!r}")
    return shaping.pad(array, pad_width, value)


def _refusal(name: str, why: str) -> DTypeError:
    return DTypeError(
        with_user_line(f"{name} {why}; to compute outside the graph, without gradients, pass x.numpy() instead of x")
    )


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """``np.tanh(x)``, ``array * x``: recorded if the ufunc is an op here."""
    if method != "__call__":
        raise _refusal(f"np.{ufunc.__name__}.{method}", "is not an op on tensors")
    if options:
        raise _refusal(f"np.{ufunc.__name__}", f"on tensors takes no {', '.join(options)}")
    if ufunc in UFUNCS:
        return UFUNCS[ufunc](*inputs)
    if ufunc in _QUESTIONS:
        return ufunc(*map(_values, inputs))
    raise _refusal(f"np.{ufunc.__name__}", "is not an op on tensors")


def array_function(self: Tensor, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``np.concatenate([x, y])``: recorded if the function is an op here."""
    name = f"np.{function.__name__}"
    if function in _QUESTIONS:
        return function(*map(_values, args), **{k: _values(v) for k, v in kwargs.items()})
    if function not in FUNCTIONS:
        raise _refusal(name, "is not an op on tensors")
    try:
        return FUNCTIONS[function](*args, **kwargs)
    except TypeError as error:
        if isinstance(error, DTypeError):
            raise
        raise _refusal(name, f"on tensors: {str(error).replace('<lambda>()', 'it')}") from None


def _values(x: Any) -> Any:
    return x.numpy() if isinstance(x, Tensor) else x


setattr(Tensor, "__array_ufunc__", array_ufunc)  # noqa: B010
setattr(Tensor, "__array_function__", array_function)  # noqa: B010
