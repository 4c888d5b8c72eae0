"""Differences and slopes along an axis, running products, areas, and numbers between two ends. All are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .arithmetic import power
from .creation import tensor
from .functions import exp, log
from .joining import along, concatenate
from .rearranging import atleast_1d, checked_axes, checked_axis, moveaxis, ravel
from .reduce import sum
from .shaping import reshape

__all__ = ["cumprod", "diff", "ediff1d", "geomspace", "gradient", "linspace", "logspace", "trapezoid"]


def diff(
    x: TensorLike, n: int = 1, axis: int = -1, prepend: TensorLike | None = None, append: TensorLike | None = None
) -> Tensor:
    """Differences of neighbours along an axis, n times over; `prepend` and `append` join on before.

    Raises:
        ArgumentError: n is negative.
    """
    if n < 0:
        raise ArgumentError(with_user_line(f"diff: n is at least 0, got {n}"))
    x = shaped(x)
    axis = checked_axis("diff", x.shape, axis)
    if n and (prepend is not None or append is not None):
        ends = [e if e is None else _end(e, x, axis) for e in (prepend, append)]
        x = concatenate([part for part in (ends[0], x, ends[1]) if part is not None], axis=axis)
    for _ in range(n):
        x = _cut(x, axis, 1, None) - _cut(x, axis, 0, -1)
    return x


def ediff1d(x: TensorLike) -> Tensor:
    """Differences of neighbours among all entries in row-major order."""
    return diff(ravel(x))


def _end(entries: TensorLike, x: Any, axis: int) -> Any:
    entries = shaped(entries)
    return entries if entries.shape else broadcast_to(entries, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]))


def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[along(axis, slice(start, stop), len(x.shape))]


def gradient(x: TensorLike, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes along each axis by central differences, one-sided at the ends (np.gradient): second-order accurate inside.

    Args:
        spacing: one distance for all axes, or for each axis its distance or the coordinates of its entries.
        axis: which axes, all unless told; several give a tuple.
        edge_order: 1 or 2, the order of accuracy at the ends.

    Raises:
        ShapeError: an axis has fewer than edge_order + 1 entries, or coordinates do not fit it.
        ArgumentError: another edge_order, or another number of spacings.
    """
    x = shaped(x)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    axes = checked_axes("gradient", x.shape, tuple(range(len(x.shape))) if axis is None else axis)
    if edge_order not in (1, 2) or len(spacing) not in (0, 1, len(axes)):
        told = f"edge_order={edge_order} and {len(spacing)} spacings for {len(axes)} axes"
        raise ArgumentError(with_user_line(f"gradient: expected edge_order 1 or 2 and a spacing per axis, got {told}"))
    spacings = list(spacing) * (len(axes) if len(spacing) == 1 else 1) or [1.0] * len(axes)
    slopes = [_slope(x, a, _steps(h, x, a, edge_order), edge_order) for a, h in zip(axes, spacings, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _steps(h: Any, x: Any, axis: int, edge_order: int) -> np.ndarray:
    """The distances between neighbours along an axis, from one number or from coordinates."""
    n, h = x.shape[axis], np.asarray(h)
    if n < edge_order + 1:
        raise ShapeError(with_user_line(f"gradient: axis {axis} of {x.shape} has fewer than {edge_order + 1} entries"))
    if h.ndim and h.shape != (n,):
        raise ShapeError(with_user_line(f"gradient: coordinates {h.shape} do not fit axis {axis} of {x.shape}"))
    steps = np.diff(h) if h.ndim else np.full(n - 1, h)
    return steps.astype(x.dtype).reshape([-1 if a == axis else 1 for a in range(len(x.shape))])


def _slope(x: Any, axis: int, h: np.ndarray, edge_order: int) -> Any:
    """The slope at each entry of the parabola through it and its neighbours."""
    rise = diff(x, axis=axis) / h
    first, last = _cut(rise, axis, 0, 1), _cut(rise, axis, -1, None)
    before, after = _cut(h, axis, 0, -1), _cut(h, axis, 1, None)
    left, right = _cut(rise, axis, 0, -1), _cut(rise, axis, 1, None)
    inside = (after * left + before * right) / (before + after)
    if edge_order == 2:
        first = 2 * _cut(left, axis, 0, 1) - _cut(inside, axis, 0, 1)
        last = 2 * _cut(right, axis, -1, None) - _cut(inside, axis, -1, None)
    return concatenate([first, inside, last], axis=axis)


def cumprod(x: TensorLike, axis: int | None = None, *, dtype: Any = None) -> Tensor:
    """Running products along `axis`: entry i is the product of entries 0 … i. None runs through all entries in order.

    By doubling: each of log₂ N rounds multiplies every entry by that which lies twice as far back, so that gradients
    are exact where entries are 0, at every order.
    """
    rows: Any = ravel(x) if axis is None else atleast_1d(x)
    y, axis = rows if dtype is None else rows.astype(dtype), axis or 0
    axis = checked_axis("cumprod", y.shape, axis)
    step = 1
    while step < y.shape[axis]:
        y = concatenate([_cut(y, axis, 0, step), _cut(y, axis, step, None) * _cut(y, axis, 0, -step)], axis=axis)
        step *= 2
    return y


def linspace(
    start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, retstep: bool = False, axis: int = 0
) -> Any:
    """`num` numbers from start to stop at equal distances, along a new axis; with `retstep` also the distance.

    Between numbers they are a leaf, as from `arange`; between tensors the ends have gradients.

    Raises:
        ArgumentError: num is below 0.
    """
    if num < 0:
        raise ArgumentError(with_user_line(f"linspace: num is at least 0, got {num}"))
    steps = num - 1 if endpoint else num
    part = np.arange(num) / max(steps, 1)
    if isinstance(start, (int, float)) and isinstance(stop, (int, float)):
        y = tensor(start * (1 - part) + stop * part)
    else:
        a, b = shaped(start), shaped(stop)
        part = part.astype(np.result_type(np.result_type(a.dtype, b.dtype), np.float32))
        n = max(len(a.shape), len(b.shape))
        part = part.reshape(-1, *(1,) * n)
        y = moveaxis(a * (1 - part) + b * part, 0, axis)
    return (y, (stop - start) / steps) if retstep else y


def logspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, base: float = 10.0) -> Tensor:
    """`num` numbers from base^start to base^stop, each the same multiple of the one before."""
    return power(base, linspace(start, stop, num, endpoint))


def geomspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True) -> Tensor:
    """`num` positive numbers from start to stop, each the same multiple of the one before."""
    return exp(linspace(log(start), log(stop), num, endpoint))


def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The area under y along an axis by trapezoids between entries, at coordinates x or dx apart (np.trapezoid)."""
    y, step = shaped(y), shaped(dx)
    axis = checked_axis("trapezoid", y.shape, axis)
    if x is not None:
        step = diff(x, axis=axis if len(shaped(x).shape) > 1 else 0)
    if len(step.shape) == 1:
        step = reshape(step, tuple(-1 if a == axis else 1 for a in range(len(y.shape))))
    return sum((_cut(y, axis, 1, None) + _cut(y, axis, 0, -1)) * step, axis=axis) * 0.5
