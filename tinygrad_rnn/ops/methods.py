"""The ops as operators and methods of `Tensor`. Operators are NumPy's; so are the names of the methods."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor, TensorLike
from . import arithmetic, functions, indexing, linalg, reduce, shaping

Axis = int | tuple[int, ...] | None


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

    def __neg__(self) -> Tensor:
        return arithmetic.negative(self)

    def __abs__(self) -> Tensor:
        return arithmetic.absolute(self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return linalg.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return linalg.matmul(other, self)

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem_method(self, index)  # type: ignore[arg-type]

    def exp(self) -> Tensor:
        return functions.exp(self)

    def log(self) -> Tensor:
        return functions.log(self)

    def tanh(self) -> Tensor:
        return functions.tanh(self)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reduce.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return reduce.mean(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        return shaping.reshape(self, *shape)

    def permute(self, *axes: int) -> Tensor:
        return shaping.permute(self, axes=axes)

    @property
    def mT(self) -> Tensor:
        """The matrix transpose: the last two axes exchanged."""
        x: Any = self
        n = len(x.shape)
        return shaping.permute(x, axes=(*range(n - 2), n - 1, n - 2))


for _name, _method in vars(Methods).items():
    if _name not in ("__module__", "__doc__", "__dict__", "__weakref__", "__qualname__"):
        setattr(Tensor, _name, _method)

#: The operators of every recurrent cell, without the detour.
for _name, _function in {
    "__add__": arithmetic.add,
    "__sub__": arithmetic.subtract,
    "__mul__": arithmetic.multiply,
    "__truediv__": arithmetic.divide,
}.items():
    setattr(Tensor, _name, _function)
