"""Reductions along axes. `axis` is None (all), a number or a tuple, negative from the end; as in NumPy."""

from __future__ import annotations

import math

import numpy as np

from ..core.broadcasting import broadcast_to
from ..core.declare import primitive
from ..core.errors import ShapeError

_SMALL = 4096
Axis = int | tuple[int, ...] | None


def reduced_axes(shape, axis) -> tuple[int, ...]:
    """`axis` as a tuple of non-negative numbers, checked against the shape. NumPy lets scalars have an axis 0 too."""
    if axis is None:
        return tuple(range(len(shape)))
    if not shape and isinstance(axis, (int, np.integer)) and axis in (0, -1):
        return ()
    axes = axis if isinstance(axis, tuple) else (axis,)
    for a in axes:
        if not isinstance(a, (int, np.integer)) or not -len(shape) <= a < len(shape):
            raise ShapeError(f"axis {a!r} is out of range for shape {shape}")
    axes = tuple(int(a) % len(shape) for a in axes)
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis {axis} names an axis twice")
    return axes


def reduced_shape(x, *, axis, keepdims, **_):
    axes = reduced_axes(x, axis)
    return tuple(1 if i in axes else n for i, n in enumerate(x) if keepdims or i not in axes)


def spread(g, shape, axis):
    """Reshape a reduced array so that it broadcasts against what it was reduced from."""
    return g.reshape(reduced_shape(shape, axis=axis, keepdims=True))


def count(shape, axis):
    """How many entries each result was reduced from."""
    return math.prod(shape[a] for a in reduced_axes(shape, axis))


def entries_read(out, x, **_):
    """The cost of reading every entry once."""
    return math.prod(x)


REDUCTION = {"x": [(2, 3), (3, 1), (2, 3, 2)], "axis": [None, 0, -1, (0, 1)], "keepdims": [False, True]}


def summed_dtype(x, **_):
    """What NumPy adds up in: integers and booleans in the widest integer."""
    return np.zeros((), x).sum().dtype


@primitive(
    shape=reduced_shape,
    vjps=[lambda g, y, x, axis, keepdims: broadcast_to(spread(g, x.shape, axis), shape=x.shape)],
    linear="each", dtype=summed_dtype, kind="reduction", fold=(0, "total + x"), cost=entries_read,
    latex=r"\sum {x}", glyph="Σ", plain="Σⱼ({x})", onnx="ReduceSum", domain=REDUCTION,
)  # fmt: skip
def sum(x, *, axis=None, keepdims=False):
    """The sum over `axis`, 0 of nothing; booleans and integers add up as int64."""
    return x.sum(axis=axis, keepdims=keepdims)


def mean_dtype(x, **_):
    """Means of integers are floats."""
    return np.result_type(x, np.float64) if x.kind != "f" else x


def _spread_mean(g, shape, axis):
    """A mean's gradient in the shape of what it was taken of. A small array is filled, where a view takes longer."""
    g = g * (1.0 / (count(shape, axis) or 1))
    if axis is None and math.prod(shape) <= _SMALL:
        return np.full(shape, g.reshape(()), g.dtype)
    return broadcast_to(spread(g, shape, axis), shape=shape)


def _mean(x, *, axis, keepdims):
    return x.sum(axis=axis, keepdims=keepdims) * (1.0 / (count(x.shape, axis) or np.nan))


@primitive(
    shape=reduced_shape,
    vjps=[
        lambda g, y, x, axis, keepdims: broadcast_to(
            spread(g, x.shape, axis) * (1.0 / (count(x.shape, axis) or 1)), shape=x.shape
        )
    ],
    fused=[lambda g, y, x, axis, keepdims: _spread_mean(g, x.shape, axis)],
    linear="each", dtype=mean_dtype, kind="reduction", expansion=_mean,
    latex=r"\operatorname{{mean}}({x})", glyph="mean", onnx="ReduceMean", domain=REDUCTION,
)  # fmt: skip
def mean(x, *, axis=None, keepdims=False):
    """The arithmetic mean over `axis`; NaN of nothing."""
    if axis is None and not keepdims and x.dtype.char in "fd" and x.size:  # what NumPy does, without its Python
        return np.add.reduce(x, axis=None) / x.size
    return x.mean(axis=axis, keepdims=keepdims)
