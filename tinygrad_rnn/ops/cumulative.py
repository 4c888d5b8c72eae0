"""Products and running sums along an axis."""

from __future__ import annotations

import math

import numpy as np

from ..core.apply import shaped
from ..core.declare import primitive
from ..core.errors import ShapeError
from ..core.tensor import Tensor, TensorLike
from .joining import concatenate
from .reduce import REDUCTION, entries_read, reduced_axes, reduced_shape, spread, summed_dtype
from .shaping import flip, permute


def _product_of_others(x, g):
    """For every row of x, g times the product of all other rows: exact when some are zero.

    Halves are multiplied together until one row is left; going back, each half gets what came for the product, times
    the other half. That costs three multiplications an entry and can be differentiated again.
    """
    halves = []
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        left, right = x[:half], x[half : 2 * half]
        halves.append((left, right))
        x = concatenate([left * right, x[2 * half :]])
    for left, right in reversed(halves):
        half = left.shape[0]
        g = concatenate([g[:half] * right, g[:half] * left, g[half:]])
    return g


def _prod_vjp(g, y, x, axis, keepdims):
    axes = reduced_axes(x.shape, axis)
    order = (*axes, *(i for i in range(len(x.shape)) if i not in axes))
    moved = permute(x, axes=order)
    rows = moved.reshape((math.prod(moved.shape[: len(axes)]), *moved.shape[len(axes) :]))
    if not rows.shape[0]:
        return x * 0
    first = permute(spread(g, x.shape, axis), axes=order).reshape((1, *rows.shape[1:]))
    back = tuple(order.index(i) for i in range(len(order)))
    return permute(_product_of_others(rows, first).reshape(moved.shape), axes=back)


@primitive(
    shape=reduced_shape, vjps=[_prod_vjp], dtype=summed_dtype, cost=entries_read, kind="reduction",
    latex=r"\prod {x}", glyph="Π", onnx="ReduceProd", domain={**REDUCTION, "x": [(2, 3), (3, 1), (2, 3, 2), (5,)]},
)  # fmt: skip
def prod(x, *, axis=None, keepdims=False):
    """The product over `axis`, 1 of nothing. The gradient is exact when entries are 0, at every order."""
    return x.prod(axis=axis, keepdims=keepdims)


def _cumulated(x, *, axis):
    if not isinstance(axis, (int, np.integer)):
        raise ShapeError(f"axis is one number, not {axis!r}")
    reduced_axes(x, axis)
    return x


@primitive(
    shape=_cumulated,
    vjps=[lambda g, y, x, axis: flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)],
    linear="each", dtype=summed_dtype, cost=entries_read, name="cumsum",
    latex=r"\operatorname{{cumsum}}({x})", glyph="Σ≤", onnx="CumSum",
    domain={"x": [(2, 3), (3, 1), (0, 3)], "axis": [0, -1]},
)  # fmt: skip
def _cumsum(x, *, axis):
    """Running sums along `axis`."""
    return x.cumsum(axis=axis)


def cumsum(x: TensorLike, axis: int | None = None) -> Tensor:
    """Running sums along `axis`: entry i is the sum of entries 0 … i. None runs through all entries in order."""
    if axis is None:
        x, axis = shaped(x).reshape(-1), 0
    return _cumsum(x, axis=axis)
