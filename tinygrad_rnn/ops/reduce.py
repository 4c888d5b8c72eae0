"""Reductions along axes. `axis` is None (all), a number or a tuple, negative from the end; as in NumPy."""

from __future__ import annotations

import numpy as np

from ..core.broadcasting import broadcast_to
from ..core.declare import primitive
from ..core.errors import ShapeError


def reduced_axes(shape, axis):
    """`axis` as a tuple of non-negative numbers, checked against the shape."""
    axes = tuple(range(len(shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
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
    return int(np.prod([shape[a] for a in reduced_axes(shape, axis)], dtype=np.int64))


REDUCTION = {"axis": [None, 0, -1, (0, 1)], "keepdims": [False, True], "x": [(2, 3), (3, 1), (2, 3, 2)]}


@primitive(
    shape=reduced_shape,
    vjps=[lambda g, y, x, axis, keepdims: broadcast_to(spread(g, x.shape, axis), shape=x.shape)],
    linear="each",
    cost=lambda out, x, **_: int(np.prod(x, dtype=np.int64)),
    latex=r"\sum {x}", glyph="Σ", onnx="ReduceSum", domain=REDUCTION,
)  # fmt: skip
def sum(x, *, axis=None, keepdims=False):
    """The sum over `axis`."""
    return x.sum(axis=axis, keepdims=keepdims)


@primitive(
    shape=reduced_shape,
    vjps=[
        lambda g, y, x, axis, keepdims: broadcast_to(
            spread(g, x.shape, axis) * (1.0 / max(count(x.shape, axis), 1)), shape=x.shape
        )
    ],
    linear="each",
    cost=lambda out, x, **_: int(np.prod(x, dtype=np.int64)),
    latex=r"\operatorname{{mean}}({x})", glyph="mean", onnx="ReduceMean", domain=REDUCTION,
)  # fmt: skip
def mean(x, *, axis=None, keepdims=False):
    """The arithmetic mean over `axis`; NaN of nothing."""
    return x.mean(axis=axis, keepdims=keepdims)
