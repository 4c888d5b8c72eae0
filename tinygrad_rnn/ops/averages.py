"""Averages, medians, quantiles and covariances. All are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .comparisons import where
from .functions import sqrt
from .rearranging import atleast_2d, checked_axes, moveaxis
from .reduce import Axis, count, mean, reduced_axes, reduced_shape, sum
from .selecting import diagonal
from .shaping import permute, reshape
from .sorting import sort
from .stacking import vstack

__all__ = ["average", "corrcoef", "cov", "median", "percentile", "quantile"]


def average(
    x: TensorLike, axis: Axis = None, weights: TensorLike = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """Σ w·x / Σ w over `axis`; with `returned` also Σ w. Weights have the shape of x, or that of the axes named.

    Raises:
        ShapeError: the weights fit neither.
    """
    x = shaped(x)
    if weights is None:
        y = mean(x, axis=axis, keepdims=keepdims)
        return (y, np.full(y.shape, count(x.shape, axis), y.dtype)) if returned else y
    weights = shaped(weights)
    if weights.shape != x.shape:
        axes = reduced_axes(x.shape, axis)
        if axis is None or weights.shape != tuple(x.shape[a] for a in axes):
            raise ShapeError(with_user_line(f"average: weights {weights.shape} do not fit {x.shape} along {axis}"))
        weights = permute(weights, axes=tuple(int(i) for i in np.argsort(axes)))
        weights = reshape(weights, tuple(n if a in axes else 1 for a, n in enumerate(x.shape)))
        weights = broadcast_to(weights, shape=x.shape)
    total = sum(weights, axis=axis, keepdims=keepdims)
    y = sum(x * weights, axis=axis, keepdims=keepdims) / total
    return (y, total) if returned else y


def median(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle entry over `axis` in rising order, the mean of the middle two of an even number; NaN if one is."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def percentile(x: TensorLike, q: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """`quantile` in hundredths."""
    return quantile(x, np.asarray(q) / 100, axis, keepdims=keepdims)


def quantile(x: TensorLike, q: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The entry below which a part q of those over `axis` lies, interpolated linearly between neighbours.

    q is a number from 0 to 1, or an array of them, whose axes stand first in the result. NaN if an entry is.

    Raises:
        ArgumentError: a q is not in [0, 1].
        ShapeError: there are no entries.
    """
    x, parts = shaped(x), np.asarray(q, np.float64)
    if not ((parts >= 0) & (parts <= 1)).all():
        raise ArgumentError(with_user_line(f"quantile: expected parts from 0 to 1, got {q}"))
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    axes = checked_axes("quantile", x.shape, tuple(range(len(x.shape))) if axis is None else axis)
    rest = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    lines = reshape(moveaxis(x, axes, tuple(range(len(axes)))), (count(x.shape, axis), *rest))
    last = lines.shape[0] - 1
    if last < 0:
        raise ShapeError(with_user_line(f"quantile: axis {axis} of shape {x.shape} has no entries"))
    below = np.floor(parts * last).astype(int)
    between = (parts * last - below).astype(x.dtype).reshape(parts.shape + (1,) * len(rest))
    ordered = sort(lines, axis=0)
    low, high = ordered[(below,)], ordered[(np.minimum(below + 1, last),)]
    y = where(between == 0, low, low * (1 - between) + high * between)
    y = where(sum(~(lines == lines), axis=0) > 0, np.nan, y)
    return reshape(y, parts.shape + reduced_shape(x.shape, axis=axis, keepdims=True)) if keepdims else y


def cov(
    x: TensorLike, y: TensorLike | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Tensor:
    """The covariance matrix of variables in rows (columns, if not `rowvar`), each column an observation."""
    x = _variables(x, rowvar) if y is None else vstack([_variables(x, rowvar), _variables(y, rowvar)])
    deviation = x - mean(x, axis=1, keepdims=True)
    matrix = deviation @ deviation.mT / (x.shape[1] - ((0 if bias else 1) if ddof is None else ddof))
    return matrix if len(matrix) > 1 else reshape(matrix, ())


def _variables(x: TensorLike, rowvar: bool) -> Any:
    rows: Any = atleast_2d(x)
    return rows if rowvar or rows.shape[0] == 1 else rows.mT


def corrcoef(x: TensorLike, y: TensorLike | None = None, rowvar: bool = True) -> Tensor:
    """The matrix of correlation coefficients: covariances over the roots of both variances."""
    matrix = cov(x, y, rowvar)
    if not matrix.shape:
        return matrix / matrix
    deviation = sqrt(diagonal(matrix))
    return matrix / deviation[:, None] / deviation
