"""NumPy's names for joining, repeating and cutting apart: compositions of `concatenate`, `take` and slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .joining import concatenate, split
from .lookup import take
from .rearranging import atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, checked_axis, moveaxis, ravel
from .shaping import reshape

__all__ = [
    "append", "array_split", "block", "column_stack", "dsplit", "dstack", "hsplit", "hstack", "meshgrid", "repeat",
    "tile", "unstack", "vsplit", "vstack",
]  # fmt: skip


def vstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the first axis; vectors are rows."""
    return concatenate([atleast_2d(x) for x in tensors])


def hstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the second axis; vectors end to end."""
    parts: list[Any] = [atleast_1d(x) for x in tensors]
    return concatenate(parts, axis=0 if parts and len(parts[0].shape) == 1 else 1)


def dstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the third axis."""
    return concatenate([atleast_3d(x) for x in tensors], axis=2)


def column_stack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the second axis; vectors are columns."""
    parts = [shaped(x) for x in tensors]
    return concatenate([reshape(x, -1, 1) if len(x.shape) < 2 else x for x in parts], axis=1)


def append(x: TensorLike, values: TensorLike, axis: int | None = None) -> Tensor:
    """x with `values` at its end along an axis; None takes the entries of both in order."""
    return concatenate([ravel(x), ravel(values)] if axis is None else [shaped(x), shaped(values)], axis=axis or 0)


def tile(x: TensorLike, reps: int | Sequence[int]) -> Tensor:
    """x repeated as a whole, `reps` times along each axis; missing counts, and missing axes, stand first and are 1."""
    x, counts = shaped(x), tuple(reps) if isinstance(reps, Sequence) else (reps,)
    n = max(len(x.shape), len(counts))
    sizes, counts = (1,) * (n - len(x.shape)) + x.shape, (1,) * (n - len(counts)) + counts
    spread = broadcast_to(
        reshape(x, tuple(size for pair in zip((1,) * n, sizes, strict=True) for size in pair)),
        shape=tuple(size for pair in zip(counts, sizes, strict=True) for size in pair),
    )
    return reshape(spread, tuple(count * size for count, size in zip(counts, sizes, strict=True)))


def repeat(x: TensorLike, repeats: Any, axis: int | None = None) -> Tensor:
    """Every entry (or slice along an axis) `repeats` times, one count for all or one for each.

    Raises:
        ShapeError: the counts do not fit the axis.
    """
    x, axis = (ravel(x), 0) if axis is None else (shaped(x), axis)
    axis = checked_axis("repeat", x.shape, axis)
    try:
        return take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis=axis)
    except ValueError as error:
        raise ShapeError(with_user_line(f"repeat: {error}")) from None


def array_split(x: TensorLike, parts: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """As `split`, but pieces may differ by one in size.

    Raises:
        ArgumentError: fewer than one piece.
    """
    x = shaped(x)
    axis = checked_axis("array_split", x.shape, axis)
    if not isinstance(parts, (int, np.integer)):
        return split(x, parts, axis)
    if parts < 1:
        raise ArgumentError(with_user_line(f"array_split: expected at least one piece, got {parts}"))
    each, more = np.divmod(x.shape[axis], parts)
    return split(x, np.cumsum([each + (i < more) for i in range(parts - 1)]).tolist(), axis)


def hsplit(x: TensorLike, parts: int | Sequence[int]) -> list[Tensor]:
    """`split` along the second axis; a vector's only one."""
    return split(shaped(x), parts, 0 if len(shaped(x).shape) == 1 else 1)


def vsplit(x: TensorLike, parts: int | Sequence[int]) -> list[Tensor]:
    """`split` along the first axis."""
    return split(shaped(x), parts, 0)


def dsplit(x: TensorLike, parts: int | Sequence[int]) -> list[Tensor]:
    """`split` along the third axis."""
    return split(shaped(x), parts, 2)


def unstack(x: TensorLike, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without it: the reverse of `stack`."""
    return tuple(moveaxis(x, axis, 0))


def block(parts: Any) -> Tensor:
    """Nested lists of blocks as one: the innermost joined along the last axis, those around along the one before."""
    depth, level = 0, parts
    while isinstance(level, list):
        depth, level = depth + 1, level[0] if level else None

    def joined(part: Any, below: int) -> Any:
        if not isinstance(part, list):
            part = shaped(part)
            return reshape(part, (1,) * (depth - len(part.shape)) + part.shape)
        return concatenate([joined(inner, below - 1) for inner in part], axis=-below)

    return joined(parts, depth)


def meshgrid(*xs: TensorLike, indexing: str = "xy", sparse: bool = False) -> tuple[Tensor, ...]:
    """Coordinates of a grid from those along each axis; with indexing "xy" the first runs along the second axis.

    Raises:
        ArgumentError: indexing is neither "xy" nor "ij".
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(with_user_line(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}"))
    places = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        places[:2] = 1, 0
    sizes = [tuple(-1 if i == place else 1 for i in range(len(xs))) for place in places]
    sides = [reshape(shaped(x), size) for x, size in zip(xs, sizes, strict=True)]
    return tuple(sides) if sparse else broadcast_arrays(*sides)
