"""Triangles, diagonals and choices, made of `where`, indexing and its reverse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_shapes, broadcast_to
from ..core.errors import ArgumentError, OutOfRangeError, ShapeError, with_user_line
from ..core.operands import array_of
from ..core.tensor import Tensor, TensorLike
from . import lookup
from .comparisons import where
from .indexing import put, read_at
from .rearranging import checked_axis, moveaxis, ravel
from .reduce import sum

__all__ = [
    "compress", "delete", "diag", "diagflat", "diagonal", "extract", "select", "take", "take_along_axis", "tril",
    "triu",
]  # fmt: skip


def _triangle(what: str, x: TensorLike, k: int) -> tuple[Any, np.ndarray]:
    x = shaped(x)
    if len(x.shape) < 2:
        raise ShapeError(with_user_line(f"{what}: expected a matrix (…, M, N), got shape {x.shape}"))
    return x, np.tri(x.shape[-2], x.shape[-1], k, dtype=bool)


def tril(x: TensorLike, k: int = 0) -> Tensor:
    """The lower triangle of matrices (…, M, N), up to the k-th diagonal; zeros above."""
    x, lower = _triangle("tril", x, k)
    return where(lower, x, 0)


def triu(x: TensorLike, k: int = 0) -> Tensor:
    """The upper triangle of matrices (…, M, N), from the k-th diagonal; zeros below."""
    x, below = _triangle("triu", x, k - 1)
    return where(below, 0, x)


def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The entries (i, i + offset) of two axes, which are replaced by one at the end.

    Raises:
        ShapeError: x has fewer than two axes.
    """
    x = shaped(x)
    if len(x.shape) < 2:
        raise ShapeError(with_user_line(f"diagonal: expected at least two axes, got shape {x.shape}"))
    moved = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = moved.shape[-2:]
    i = np.arange(max(0, -offset), max(0, -offset, min(rows, columns - offset)))
    return moved[..., i, i + offset]


def diag(x: TensorLike, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix; of a vector, the matrix that has it there.

    Raises:
        ShapeError: x is neither a vector nor a matrix.
    """
    x = shaped(x)
    if len(x.shape) not in (1, 2):
        raise ShapeError(with_user_line(f"diag: expected a vector or a matrix, got shape {x.shape}"))
    return diagonal(x, k) if len(x.shape) == 2 else diagflat(x, k)


def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """The square matrix that has the entries of x, in order, on its k-th diagonal."""
    entries = ravel(x)
    n = entries.shape[0]
    i = np.arange(n)
    return put(entries, index=(i + max(0, -k), i + max(0, k)), shape=(n + abs(k), n + abs(k)))


def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


def select(conditions: Sequence[TensorLike], choices: Sequence[TensorLike], default: TensorLike = 0) -> Tensor:
    """From the first choice whose condition holds, entry by entry; `default` where none does.

    Raises:
        ArgumentError: there are not as many choices as conditions, or none.
    """
    if len(conditions) != len(choices) or not len(choices):
        counts = f"{len(conditions)} conditions, {len(choices)} choices"
        raise ArgumentError(with_user_line(f"select: expected a choice for each condition, got {counts}"))
    chosen = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = where(condition, choice, chosen)
    return chosen


def take(x: TensorLike, indices: TensorLike, axis: int | None = None, mode: str = "raise") -> Tensor:
    """Slices of x along an axis, which those of `indices` replace; without one, entries in row-major order (np.take).

    Raises:
        ArgumentError: another mode.
        OutOfRangeError: an index is not in the axis; mode "wrap" counts around and "clip" takes the last one instead.
    """
    x, axis = (ravel(x), 0) if axis is None else (shaped(x), axis)
    if mode == "raise":
        return lookup.take(x, shaped(indices), axis=axis)
    if mode not in ("wrap", "clip"):
        raise ArgumentError(with_user_line(f"take: mode is 'raise', 'wrap' or 'clip', not {mode!r}"))
    positions, n = array_of(indices), x.shape[axis]
    places = positions % n if mode == "wrap" else np.clip(positions, 0, n - 1)
    return read_at(lookup.take(x, places, axis=axis), indices)


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = -1) -> Tensor:
    """Entries at `indices` along an axis, as `gather`; but the other axes broadcast (np.take_along_axis).

    Raises:
        ShapeError: the indices have not as many axes as x.
    """
    x, indices = shaped(x), shaped(indices)
    if axis is None:
        return lookup.take(ravel(x), indices, axis=0)
    axis = checked_axis("take_along_axis", x.shape, axis)
    others = [(*shape[:axis], 1, *shape[axis + 1 :]) for shape in (x.shape, indices.shape)]
    if len(x.shape) != len(indices.shape):
        raise ShapeError(with_user_line(f"take_along_axis: indices need {len(x.shape)} axes, not {indices.shape}"))
    common = broadcast_shapes("take_along_axis", (), *others)
    sizes = [(*common[:axis], y.shape[axis], *common[axis + 1 :]) for y in (x, indices)]
    return lookup.gather(broadcast_to(x, shape=sizes[0]), broadcast_to(indices, shape=sizes[1]), axis=axis)


def compress(condition: Any, x: TensorLike, axis: int | None = None) -> Tensor:
    """The slices along an axis (without one, the entries in order) for which a vector of conditions holds."""
    return read_at(take(x, np.flatnonzero(array_of(condition)), axis), condition)


def extract(condition: Any, x: TensorLike) -> Tensor:
    """The entries where the condition holds, in row-major order."""
    return read_at(compress(np.ravel(array_of(condition)), x), condition)


def delete(x: TensorLike, index: Any, axis: int | None = None) -> Tensor:
    """x without the slices at `index` along an axis; without one, the entries in order without some.

    Raises:
        OutOfRangeError: an index is not in the axis.
    """
    x, axis = (ravel(x), 0) if axis is None else (shaped(x), axis)
    try:
        n = x.shape[checked_axis("delete", x.shape, axis)]
        left = np.delete(np.arange(n), array_of(index) if isinstance(index, Tensor) else index)
    except IndexError as error:
        raise OutOfRangeError(with_user_line(f"delete: {error}")) from None
    return read_at(take(x, left, axis), index)
