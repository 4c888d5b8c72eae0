"""Norms by NumPy's rules: a matrix without axes has a matrix norm, two axes are a matrix, one is a vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import statistics
from .arithmetic import absolute
from .comparisons import not_equal
from .decompositions import svdvals
from .extrema import max, min
from .matrices import inv
from .rearranging import checked_axes, moveaxis
from .reduce import Axis, reduced_shape, sum
from .shaping import reshape


def norm(x: TensorLike, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """np.linalg.norm: of vectors along one axis, of matrices along two; of all entries where `ord` and `axis` are None.

    See `vector_norm` and `matrix_norm` for what `ord` says. (`tg.norm` is the vector norm of all entries.)

    Raises:
        ArgumentError: no norm has this ord.
        ShapeError: there are three axes or more.
    """
    x = shaped(x)
    if axis is None and ord is None:
        return vector_norm(x, axis=None, keepdims=keepdims)
    axes = tuple(range(len(x.shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise ShapeError(with_user_line(f"norm: expected one or two axes, got {axes} of shape {x.shape}"))
    rows, columns = checked_axes("norm", x.shape, axes)
    y = matrix_norm(moveaxis(x, (rows, columns), (-2, -1)), ord="fro" if ord is None else ord)
    return reshape(y, reduced_shape(x.shape, axis=axes, keepdims=True)) if keepdims else y


def vector_norm(x: TensorLike, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """(Σ |x|^ord)^(1/ord); the largest |x| for infinity, the smallest for −infinity, how many are not 0 for 0.

    The gradient where the norm is 0 is 0, as in PyTorch. Powers below 1 are no norms, but NumPy has them.

    Raises:
        ArgumentError: ord is not a number.
    """
    x = shaped(x)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    if not isinstance(ord, (int, float)):
        raise ArgumentError(with_user_line(f"norm: of vectors, ord is a number, not {ord!r}"))
    if ord == -np.inf:
        return min(absolute(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum(not_equal(x, 0), axis=axis, keepdims=keepdims).astype(x.dtype)
    if ord < 1:
        return sum(absolute(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)
    return statistics.norm(x, axis=axis, ord=ord, keepdims=keepdims)


def matrix_norm(x: TensorLike, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """The norm of matrices (…, M, N).

    Args:
        ord: "fro" (root of the sum of squares), "nuc" (sum of singular values), 2 and −2 (largest and smallest
            singular value), 1 and −1 (largest and smallest sum of sizes down a column), infinity and −infinity (along
            a row). Where the largest or smallest is shared, so is the gradient.

    Raises:
        ArgumentError: another ord.
        ShapeError: x is no matrix.
    """
    x = shaped(x)
    if len(x.shape) < 2:
        raise ShapeError(with_user_line(f"norm: expected matrices (…, M, N), got shape {x.shape}"))
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord == "nuc":
        y = sum(svdvals(x), axis=-1)
    elif ord in (2, -2):
        y = (max if ord > 0 else min)(svdvals(x), axis=-1)
    elif ord in (1, -1, np.inf, -np.inf):
        sums = sum(absolute(x), axis=-2 if abs(ord) == 1 else -1)
        y = (max if ord > 0 else min)(sums, axis=-1)
    else:
        raise ArgumentError(with_user_line(f"norm: matrices have no norm of ord {ord!r}"))
    return y[..., None, None] if keepdims else y


def cond(x: TensorLike, p: Any = None) -> Tensor:
    """How much a matrix may magnify errors: ‖A‖·‖A⁻¹‖; by default σ_max / σ_min."""
    x = shaped(x)
    if p in (None, 2, -2):
        values = svdvals(x)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    return matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)
