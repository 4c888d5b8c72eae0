"""Reading entries at positions that are themselves data: gather, take, embedding; and their reverses.

The indices are an operand of integers, so that a traced graph can be run on others.
"""

from __future__ import annotations

import math

import numpy as np

from ..core.apply import shaped
from ..core.declare import primitive
from ..core.errors import DTypeError, OutOfRangeError, ShapeError
from ..core.tensor import Tensor, TensorLike
from .indexing import add_at
from .joining import along
from .reduce import reduced_axes

__all__ = ["embedding", "gather", "scatter_add"]


def check_indices(indices, size, what, *, negative=True):
    """Integers in range, or an error that names the first one that is not."""
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"indices must be integers, not {indices.dtype}")
    if not indices.size:
        return
    low = -size if negative else 0
    if indices.min() < low or indices.max() >= size:
        first = tuple(int(i) for i in np.argwhere((indices < low) | (indices >= size))[0])
        where = f" at {list(first)}" if first else ""
        raise OutOfRangeError(f"index {indices[first]}{where} is out of range for {size} {what} ({low} … {size - 1})")


def _first_dtype(x, indices, **_):
    if indices.kind not in "iu":
        raise TypeError(f"indices must be integers, not {indices}")
    return x


def _gathered(x, indices, *, axis):
    (a,) = reduced_axes(x, (axis,))
    if len(indices) != len(x) or any(n > m for k, (n, m) in enumerate(zip(indices, x, strict=True)) if k != a):
        raise ShapeError(f"indices need {len(x)} axes, none larger than that of x except axis {axis}")
    return indices


def _positions(indices, axis):
    """The index tuple of all entries (…, indices[…], …)."""
    grid = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    grid[axis] = indices
    return tuple(grid)


@primitive(
    shape=_gathered,
    vjps=[lambda g, y, x, indices, axis: put_along(g, indices, axis=axis, shape=x.shape), None],
    accumulate={0: lambda buffer, g, y, x, indices, axis: add_at(buffer, _positions(indices, axis), g)},
    linear="each", kind="lookup", promotes=("x",), dtype=_first_dtype, latex=r"{x}_{{[{indices}]}}", glyph="gather",
    onnx="GatherElements",
    domain={"cases": [
        (((3, 4), np.array([[0, 1, 2, 0], [2, 2, 1, 0]])), {"axis": 0}),
        (((3, 4), np.array([[3, -1], [0, 0], [2, 1]])), {"axis": -1}),
        (((3, 4), np.zeros((0, 4), int)), {"axis": 0}),
    ]},
)  # fmt: skip
def gather(x, indices, *, axis=-1):
    """Entries of x at `indices` along an axis: y[i, j] = x[i, indices[i, j]] for the last axis of two.

    `indices` has as many axes as x, none larger but `axis` (np.take_along_axis, torch.gather).

    Raises:
        OutOfRangeError: an index is not in the axis.
        DTypeError: indices are not integers.
    """
    _gathered(x.shape, indices.shape, axis=axis)
    check_indices(indices, x.shape[axis], "entries")
    return x[_positions(indices, axis)]


def _put_along_shape(x, indices, *, axis, shape):
    if x != indices:
        raise ShapeError("x and indices differ in shape")
    return tuple(shape)


@primitive(
    shape=_put_along_shape,
    vjps=[lambda g, y, x, indices, axis, shape: gather(g, indices, axis=axis), None],
    linear="each", kind="scatter", promotes=("x",), dtype=_first_dtype,
    latex=r"\operatorname{{scatter}}({x})", glyph="scatter",
    onnx="ScatterElements",
    domain={"cases": [(((2, 2), np.array([[0, 0], [2, 1]])), {"axis": -1, "shape": (2, 3)})]},
)  # fmt: skip
def put_along(x, indices, *, axis, shape):
    """Zeros of `shape` with x added at `indices` along an axis: the reverse of `gather`."""
    out = np.zeros(shape, x.dtype)
    _put_along_shape(x.shape, indices.shape, axis=axis, shape=shape)
    check_indices(indices, shape[axis], "entries")
    add_at(out, _positions(indices, axis), x)
    return out


def scatter_add(x: TensorLike, indices: TensorLike, updates: TensorLike, axis: int = -1) -> Tensor:
    """x with each of `updates` added at its index along an axis; an entry named twice is added to twice.

    `indices` and `updates` have one shape, which fits x as in `gather` (torch.scatter_add).

    Raises:
        OutOfRangeError: an index is not in the axis.
    """
    x = shaped(x)
    return x + put_along(updates, indices, axis=axis, shape=tuple(x.shape))


def _taken(x, indices, *, axis):
    (axis,) = reduced_axes(x, (axis,))
    return (*x[:axis], *indices, *x[axis + 1 :])


def _put_taken_rule(g, y, x, indices, axis):
    return put_taken(g, indices, axis=axis, shape=x.shape)


@primitive(
    shape=_taken, vjps=[_put_taken_rule, None],
    accumulate={0: lambda buffer, g, y, x, indices, axis: add_at(buffer, along(axis, indices, x.ndim), g)},
    linear="each", kind="lookup", promotes=("x",), dtype=_first_dtype, latex=r"{x}_{{[{indices}]}}", glyph="take",
    onnx="Gather", numpy="np.take(x, indices, axis=axis)",
    domain={"shapes": [((3, 3), np.array([[0, 2], [2, -1]])), ((3, 3), np.array(1))], "axis": [0, 1, -1]},
)  # fmt: skip
def take(x, indices, *, axis=0):
    """Slices of x along an axis: the axis is replaced by those of `indices`, which may have any shape (np.take).

    Raises:
        OutOfRangeError: an index is not in the axis.
        DTypeError: indices are not integers.
    """
    check_indices(indices, x.shape[axis], "entries")
    return np.take(x, indices, axis=axis)


@primitive(
    shape=lambda x, indices, axis, shape: tuple(shape),
    vjps=[lambda g, y, x, indices, axis, shape: take(g, indices, axis=axis), None],
    linear="each", kind="scatter", promotes=("x",), dtype=_first_dtype,
    latex=r"\operatorname{{scatter}}({x})", glyph="scatter",
    onnx="ScatterND", cost=lambda out, x, *_, **__: math.prod(x),
    domain={"cases": [(((2, 3), np.array([0, 0])), {"axis": 0, "shape": (4, 3)}),
                      (((2, 2, 2), np.array([[0, 2], [0, 1]])), {"axis": -1, "shape": (2, 3)})]},
)  # fmt: skip
def put_taken(x, indices, *, axis, shape):
    """Zeros of `shape` with slices x added at `indices` along an axis: the reverse of `take`."""
    out = np.zeros(shape, x.dtype)
    add_at(out, along(axis, indices, len(shape)), x)
    return out


def _embedded(weight, indices):
    if len(weight) != 2:
        raise ShapeError(f"weight has shape (number of rows, width), not {weight}")
    return (*indices, weight[1])


@primitive(
    shape=_embedded, vjps=[lambda g, y, weight, indices: put_taken(g, indices, axis=0, shape=weight.shape), None],
    accumulate={0: lambda buffer, g, y, weight, indices: add_at(buffer, (indices,), g)},
    linear="each", kind="lookup", promotes=("weight",), dtype=_first_dtype, latex=r"{weight}_{{[{indices}]}}",
    glyph="lookup", onnx="Gather", domain={"shapes": [((4, 3), np.array([[0, 2], [2, 3]])), ((4, 3), np.array(1))]},
)  # fmt: skip
def embedding(weight, indices):
    """Rows of a table: y[…] = weight[indices[…]].  weight: (N, D); indices: integers 0 … N − 1 of any shape.

    Raises:
        OutOfRangeError: an index is not a row.
        DTypeError: indices are not integers.
    """
    _embedded(weight.shape, indices.shape)
    check_indices(indices, len(weight), "rows", negative=False)
    return weight[indices]
