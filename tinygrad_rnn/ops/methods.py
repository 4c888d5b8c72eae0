"""The ops as operators and methods of `Tensor`. Operators are NumPy's; so are the names of the methods."""

from __future__ import annotations

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


class Methods:
    """What `Tensor` inherits as far as a type checker is concerned; attached below."""

    def __add__(self, other: TensorLike) -> Tensor:
        return arithmetic.add(self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return arithmetic.add(other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return arithmetic.subtract(self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return arithmetic.subtract(other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return arithmetic.multiply(self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return arithmetic.multiply(other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return arithmetic.divide(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return arithmetic.divide(other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return arithmetic.power(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return arithmetic.power(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return linalg.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return linalg.matmul(other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return rounding.remainder(self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return rounding.remainder(other, self)

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return rounding.floor_divide(self, other)

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return rounding.floor_divide(other, self)

    def __divmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return rounding.divmod(self, other)

    def __rdivmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return rounding.divmod(other, self)

    def __round__(self, decimals: int | None = None) -> Tensor:
        return rounding.round(self, decimals or 0)

    def __neg__(self) -> Tensor:
        return arithmetic.negative(self)

    def __pos__(self) -> Tensor:
        return self  # type: ignore[return-value]

    def __abs__(self) -> Tensor:
        return arithmetic.absolute(self)

    def __lt__(self, other: TensorLike) -> Tensor:
        return comparisons.less(self, other)

    def __le__(self, other: TensorLike) -> Tensor:
        return comparisons.less_equal(self, other)

    def __gt__(self, other: TensorLike) -> Tensor:
        return comparisons.greater(self, other)

    def __ge__(self, other: TensorLike) -> Tensor:
        return comparisons.greater_equal(self, other)

    def __eq__(self, other: object) -> Any:
        return comparisons.equal(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return comparisons.not_equal(self, other) if _comparable(other) else NotImplemented

    def __and__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_and(self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_and(other, self)

    def __or__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_or(self, other)

    def __ror__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_or(other, self)

    def __xor__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_xor(self, other)

    def __rxor__(self, other: TensorLike) -> Tensor:
        return comparisons.logical_xor(other, self)

    def __invert__(self) -> Tensor:
        return comparisons.logical_not(self)

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem_method(self, index)  # type: ignore[arg-type]

    def astype(self, dtype: Any) -> Tensor:
        """The same values in another dtype; gradients come back in this one.

        Raises:
            DTypeError: the dtype is not of numbers or booleans.
        """
        kind = np.dtype(dtype)
        if kind.kind not in "fiub" or kind.itemsize > 8:
            raise DTypeError(with_user_line(f"astype: expected a dtype of numbers or booleans, got {kind}"))
        return cast(self, dtype=kind)

    def abs(self) -> Tensor:
        """|x|, as ``abs(x)``."""
        return arithmetic.absolute(self)

    def sqrt(self) -> Tensor:
        return functions.sqrt(self)

    def exp(self) -> Tensor:
        return functions.exp(self)

    def log(self) -> Tensor:
        return functions.log(self)

    def tanh(self) -> Tensor:
        return functions.tanh(self)

    def sigmoid(self) -> Tensor:
        return activations.sigmoid(self)

    def relu(self) -> Tensor:
        return activations.relu(self)

    def clip(
        self, low: float | None = None, high: float | None = None, *, min: float | None = None, max: float | None = None
    ) -> Tensor:
        low, high = low if min is None else min, high if max is None else max
        return comparisons.clip(self, low=-np.inf if low is None else low, high=np.inf if high is None else high)

    def round(self, decimals: int = 0) -> Tensor:
        return rounding.round(self, decimals)

    def softmax(self, axis: Axis = -1) -> Tensor:
        return log_sum_exp.softmax(self, axis=axis)

    def log_softmax(self, axis: Axis = -1) -> Tensor:
        return log_sum_exp.log_softmax(self, axis=axis)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return log_sum_exp.logsumexp(self, axis=axis, keepdims=keepdims)

    def sum(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.sum(self, axis, keepdims, **options)

    def mean(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.mean(self, axis, keepdims, **options)

    def var(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.var(self, axis, ddof, keepdims, **options)

    def std(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.std(self, axis, ddof, keepdims, **options)

    def all(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.all(self, axis, keepdims, **options)

    def any(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.any(self, axis, keepdims, **options)

    def norm(self, axis: Axis = None, ord: float = 2, keepdims: bool = False) -> Tensor:
        return statistics.norm(self, axis=axis, ord=ord, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.max(self, axis, keepdims, **options)

    def min(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.min(self, axis, keepdims, **options)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmin(self, axis=axis, keepdims=keepdims)

    def argsort(self, axis: int = -1) -> Tensor:
        return sorting.argsort(self, axis=axis, descending=False)

    def prod(self, axis: Axis = None, keepdims: bool = False, **options: Any) -> Tensor:
        return reductions.prod(self, axis, keepdims, **options)

    def ptp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reductions.ptp(self, axis, keepdims)

    def cumsum(self, axis: int | None = None, **options: Any) -> Tensor:
        return reductions.cumsum(self, axis, **options)

    def cumprod(self, axis: int | None = None, **options: Any) -> Tensor:
        return differences.cumprod(self, axis, **options)

    def dot(self, other: TensorLike) -> Tensor:
        return linalg.dot(self, other)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        return selecting.trace(self, offset, axis1, axis2)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        return selecting.diagonal(self, offset, axis1, axis2)

    def take(self, indices: TensorLike, axis: int | None = None, mode: str = "raise") -> Tensor:
        return selecting.take(self, indices, axis, mode)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        return stacking.repeat(self, repeats, axis)

    def copy(self) -> Tensor:
        return rearranging.copy(self)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.reshape(self, *shape)

    def flatten(self) -> Tensor:
        """All entries along one axis, in row-major order."""
        return shaping.reshape(self, -1)

    def ravel(self) -> Tensor:
        return rearranging.ravel(self)

    def permute(self, *axes: int) -> Tensor:
        return shaping.permute(self, axes=axes)

    def transpose(self, *axes: Any) -> Tensor:
        return rearranging.transpose(self, *axes)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        return rearranging.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        return shaping.squeeze(self, axis=axis)

    def unsqueeze(self, axis: int) -> Tensor:
        return shaping.unsqueeze(self, axis=axis)

    def expand(self, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.expand(self, *shape)

    @property
    def mT(self) -> Tensor:
        """The matrix transpose: the last two axes exchanged."""
        x: Any = self
        n = len(x.shape)
        return shaping.permute(x, axes=(*range(n - 2), n - 1, n - 2))

    @property
    def T(self) -> Tensor:
        """All axes in reverse order, as in NumPy."""
        x: Any = self
        return shaping.permute(x, axes=tuple(reversed(range(len(x.shape)))))


def _comparable(other: object) -> bool:
    """Whether == compares entries; with None, strings and the like a tensor is simply unequal."""
    return isinstance(other, (Tensor, np.ndarray, np.generic, bool, int, float, list, tuple))


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

#: The operators of every recurrent cell, without the detour.
for _name, _function in {
    "__add__": arithmetic.add,
    "__sub__": arithmetic.subtract,
    "__mul__": arithmetic.multiply,
    "__truediv__": arithmetic.divide,
    "__matmul__": linalg.matmul,
    "__neg__": arithmetic.negative,
}.items():
    setattr(Tensor, _name, _function)
