"""The ops as operators and methods of `Tensor`; `core/methods.py` declares them for type checkers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.broadcasting import cast
from ..core.errors import DTypeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import (
    activations,
    arithmetic,
    comparisons,
    differences,
    extrema,
    functions,
    indexing,
    linalg,
    log_sum_exp,
    rearranging,
    reductions,
    rounding,
    selecting,
    shaping,
    sorting,
    stacking,
    statistics,
)
from .keywords import answering, has_axis
from .reduce import Axis

Bound = float | None


class Methods:
    """What has arguments beside operands, or is more than an op; attached below."""

    def __eq__(self: Any, other: object) -> Any:
        return comparisons.equal(self, other) if _comparable(other) else NotImplemented

    def __ne__(self: Any, other: object) -> Any:
        return comparisons.not_equal(self, other) if _comparable(other) else NotImplemented

    def __round__(self: Any, decimals: int | None = None) -> Tensor:
        return rounding.round(self, decimals or 0)

    def __pos__(self: Any) -> Tensor:
        return self

    def __getitem__(self: Any, index: Any) -> Tensor:
        return indexing.getitem_method(self, index)

    def astype(self: Any, dtype: Any) -> Tensor:
        """The same values in another dtype; gradients come back in this one.

        Raises:
            DTypeError: the dtype is not of numbers or booleans.
        """
        kind = np.dtype(dtype)
        if kind.kind not in "fiub" or kind.itemsize > 8:
            raise DTypeError(with_user_line(f"astype: expected a dtype of numbers or booleans, got {kind}"))
        return cast(self, dtype=kind)

    def clip(self: Any, low: Bound = None, high: Bound = None, *, min: Bound = None, max: Bound = None) -> Tensor:
        low, high = low if min is None else min, high if max is None else max
        return comparisons.clip(self, low=-np.inf if low is None else low, high=np.inf if high is None else high)

    def round(self: Any, decimals: int = 0) -> Tensor:
        return rounding.round(self, decimals)

    def softmax(self: Any, axis: Axis = -1) -> Tensor:
        return log_sum_exp.softmax(self, axis=axis)

    def log_softmax(self: Any, axis: Axis = -1) -> Tensor:
        return log_sum_exp.log_softmax(self, axis=axis)

    def logsumexp(self: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return log_sum_exp.logsumexp(self, axis=axis, keepdims=keepdims)

    def sum(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.sum(self, axis, keepdims, **options)

    def mean(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.mean(self, axis, keepdims, **options)

    def var(self: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.var(self, axis, ddof, keepdims, **options)

    def std(self: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.std(self, axis, ddof, keepdims, **options)

    def all(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.all(self, axis, keepdims, **options)

    def any(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.any(self, axis, keepdims, **options)

    def norm(self: Any, axis: Axis = None, ord: float = 2, keepdims: bool = False) -> Tensor:
        return statistics.norm(self, axis=axis, ord=ord, keepdims=keepdims)

    def max(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.max(self, axis, keepdims, **options)

    def min(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.min(self, axis, keepdims, **options)

    def argmax(self: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmin(self, axis=axis, keepdims=keepdims)

    def argsort(self: Any, axis: int = -1) -> Tensor:
        return sorting.argsort(self, axis=axis, descending=False)

    def prod(self: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.prod(self, axis, keepdims, **options)

    def ptp(self: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reductions.ptp(self, axis, keepdims)

    def cumsum(self: Any, axis: int | None = None, **options: Any) -> Tensor:
        return reductions.cumsum(self, axis, **options)

    def cumprod(self: Any, axis: int | None = None, **options: Any) -> Tensor:
        return differences.cumprod(self, axis, **options)

    def dot(self: Any, other: TensorLike) -> Tensor:
        return linalg.dot(self, other)

    def trace(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        return selecting.trace(self, offset, axis1, axis2)

    def diagonal(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        return selecting.diagonal(self, offset, axis1, axis2)

    def take(self: Any, indices: TensorLike, axis: int | None = None, mode: str = "raise") -> Tensor:
        return selecting.take(self, indices, axis, mode)

    def repeat(self: Any, repeats: Any, axis: int | None = None) -> Tensor:
        return stacking.repeat(self, repeats, axis)

    def copy(self: Any) -> Tensor:
        return rearranging.copy(self)

    def reshape(self: Any, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.reshape(self, *shape)

    def flatten(self: Any) -> Tensor:
        """All entries along one axis, in row-major order."""
        return shaping.reshape(self, -1)

    def ravel(self: Any) -> Tensor:
        return rearranging.ravel(self)

    def permute(self: Any, *axes: int) -> Tensor:
        return shaping.permute(self, axes=axes)

    def transpose(self: Any, *axes: Any) -> Tensor:
        return rearranging.transpose(self, *axes)

    def swapaxes(self: Any, axis1: int, axis2: int) -> Tensor:
        return rearranging.swapaxes(self, axis1, axis2)

    def squeeze(self: Any, axis: Axis = None) -> Tensor:
        return shaping.squeeze(self, axis=axis)

    def unsqueeze(self: Any, axis: int) -> Tensor:
        return shaping.unsqueeze(self, axis=axis)

    def expand(self: Any, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.expand(self, *shape)

    @property
    def mT(self: Any) -> Tensor:
        """The matrix transpose: the last two axes exchanged."""
        n = len(self.shape)
        return shaping.permute(self, axes=(*range(n - 2), n - 1, n - 2))

    @property
    def T(self: Any) -> Tensor:
        """All axes in reverse order, as in NumPy."""
        return shaping.permute(self, axes=tuple(reversed(range(len(self.shape)))))


def _comparable(other: object) -> bool:
    """Whether == compares entries; with None, strings and the like a tensor is simply unequal."""
    return isinstance(other, (Tensor, np.ndarray, np.generic, bool, int, float, list, tuple))


#: What is an op as it stands.
_OPS: dict[str, Callable[..., Any]] = {
    "__add__": arithmetic.add, "__sub__": arithmetic.subtract, "__mul__": arithmetic.multiply,
    "__truediv__": arithmetic.divide, "__pow__": arithmetic.power, "__matmul__": linalg.matmul,
    "__mod__": rounding.remainder, "__floordiv__": rounding.floor_divide, "__divmod__": rounding.divmod,
    "__neg__": arithmetic.negative, "__abs__": arithmetic.absolute, "__invert__": comparisons.logical_not,
    "__lt__": comparisons.less, "__le__": comparisons.less_equal,
    "__gt__": comparisons.greater, "__ge__": comparisons.greater_equal,
    "__and__": comparisons.logical_and, "__or__": comparisons.logical_or, "__xor__": comparisons.logical_xor,
    "abs": arithmetic.absolute, "sqrt": functions.sqrt, "exp": functions.exp, "log": functions.log,
    "tanh": functions.tanh, "sigmoid": activations.sigmoid, "relu": activations.relu,
}  # fmt: skip
_REFLECTED = ("add", "sub", "mul", "truediv", "pow", "matmul", "mod", "floordiv", "divmod", "and", "or", "xor")


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


_PRIVATE = ("__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__hash__")
_THEMES = (
    activations, comparisons, differences, extrema, functions, linalg, log_sum_exp, rearranging, reductions, rounding,
    selecting, shaping, sorting, stacking, statistics,
)  # fmt: skip
for _name, _method in vars(Methods).items():
    if _name in _PRIVATE:
        continue
    if not _method.__doc__:  # a method says what its op says
        _method.__doc__ = next((vars(m)[_name].__doc__ for m in _THEMES if _name in vars(m)), None)
    setattr(Tensor, _name, answering(_method) if has_axis(_method) else _method)
for _name, _function in _OPS.items():
    setattr(Tensor, _name, _function)
for _name in _REFLECTED:
    setattr(Tensor, f"__r{_name}__", _reflected(_OPS[f"__{_name}__"]))
