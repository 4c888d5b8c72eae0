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
    cumulative,
    extrema,
    functions,
    indexing,
    linalg,
    log_sum_exp,
    reduce,
    shaping,
    sorting,
    statistics,
)
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

    def clip(self, low: float = -np.inf, high: float = np.inf) -> Tensor:
        return comparisons.clip(self, low=low, high=high)

    def softmax(self, axis: Axis = -1) -> Tensor:
        return log_sum_exp.softmax(self, axis=axis)

    def log_softmax(self, axis: Axis = -1) -> Tensor:
        return log_sum_exp.log_softmax(self, axis=axis)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return log_sum_exp.logsumexp(self, axis=axis, keepdims=keepdims)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reduce.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reduce.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return statistics.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return statistics.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def norm(self, axis: Axis = None, ord: float = 2, keepdims: bool = False) -> Tensor:
        return statistics.norm(self, axis=axis, ord=ord, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return extrema.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return extrema.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return extrema.argmin(self, axis=axis, keepdims=keepdims)

    def argsort(self, axis: int = -1) -> Tensor:
        return sorting.argsort(self, axis=axis, descending=False)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return cumulative.prod(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        return cumulative.cumsum(self, axis=axis)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.reshape(self, *shape)

    def flatten(self) -> Tensor:
        """All entries along one axis, in row-major order."""
        return shaping.reshape(self, -1)

    def permute(self, *axes: int) -> Tensor:
        return shaping.permute(self, axes=axes)

    def transpose(self, a: int = -2, b: int = -1) -> Tensor:
        """Axes a and b exchanged, as in PyTorch."""
        return shaping.transpose(self, a, b)

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
    activations, comparisons, cumulative, extrema, functions, log_sum_exp, reduce, shaping, sorting, statistics,
)  # fmt: skip
for _name, _method in vars(Methods).items():
    if _name in _PRIVATE:
        continue
    if not _method.__doc__:  # a method says what its op says
        _method.__doc__ = next((vars(m)[_name].__doc__ for m in _THEMES if _name in vars(m)), None)
    setattr(Tensor, _name, _method)

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
