"""NumPy's names for the same entries in another shape or order; all are `reshape`, `permute` and `flip`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import alias, broadcast_shapes, broadcast_to
from ..core.errors import ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import shaping
from .reduce import reduced_axes
from .shaping import flip, permute, reshape

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "expand_dims", "fliplr", "flipud", "moveaxis",
    "ravel", "rollaxis", "rot90", "swapaxes", "transpose",
]  # fmt: skip

Axes = int | Sequence[int]


def checked_axes(what: str, shape: tuple[int, ...], axes: Axes) -> tuple[int, ...]:
    """Axes as non-negative numbers, or an error that names the user's line."""
    try:
        return reduced_axes(shape, tuple(axes) if isinstance(axes, Sequence) else (axes,))
    except ShapeError as error:
        raise ShapeError(with_user_line(f"{what}: {error}")) from None


def checked_axis(what: str, shape: tuple[int, ...], axis: Any) -> int:
    """One axis as a non-negative number, or an error that names the user's line."""
    if not isinstance(axis, (int, np.integer)):
        raise ShapeError(with_user_line(f"{what}: axis is one number, not {axis!r}"))
    return checked_axes(what, shape, (int(axis),))[0]


def copy(x: TensorLike) -> Tensor:
    """The same values as a node, or an array, of its own."""
    return alias(x) if isinstance(x, Tensor) else np.array(x)  # type: ignore[return-value]


def ravel(x: TensorLike) -> Tensor:
    """All entries along one axis, in row-major order."""
    return reshape(shaped(x), -1)


def moveaxis(x: TensorLike, source: Axes, destination: Axes) -> Tensor:
    """The axes `source` moved to the places `destination`; the others keep their order.

    Raises:
        ShapeError: an axis is out of range or named twice, or there are not as many of both.
    """
    x = shaped(x)
    taken, places = checked_axes("moveaxis", x.shape, source), checked_axes("moveaxis", x.shape, destination)
    if len(taken) != len(places):
        raise ShapeError(with_user_line(f"moveaxis: {len(taken)} axes cannot move to {len(places)} places"))
    order = [axis for axis in range(len(x.shape)) if axis not in taken]
    for place, axis in sorted(zip(places, taken, strict=True)):
        order.insert(place, axis)
    return permute(x, axes=tuple(order))


def rollaxis(x: TensorLike, axis: int, start: int = 0) -> Tensor:
    """One axis moved before axis `start`; `moveaxis` says the same more plainly.

    Raises:
        ShapeError: start is out of range.
    """
    x = shaped(x)
    n = len(x.shape)
    if not -n <= start <= n:
        raise ShapeError(with_user_line(f"rollaxis: start {start} is out of range for shape {x.shape}"))
    axis, start = checked_axis("rollaxis", x.shape, axis), start + n if start < 0 else start
    return moveaxis(x, axis, start - (axis < start))


def transpose(x: TensorLike, *axes: Any) -> Tensor:
    """Axes in another order, ``transpose(x, 1, 0, 2)`` or ``transpose(x, (1, 0, 2))``; without it, in reverse order."""
    x = shaped(x)
    order = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], Sequence)) else axes
    return permute(x, axes=tuple(order) if order else tuple(reversed(range(len(x.shape)))))


def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    return shaping.transpose(shaped(x), axis1, axis2)


def expand_dims(x: TensorLike, axis: Axes) -> Tensor:
    """With new axes of one entry, at the places `axis` of the result."""
    x = shaped(x)
    count = len(x.shape) + (len(axis) if isinstance(axis, Sequence) else 1)
    new, sizes = checked_axes("expand_dims", (1,) * count, axis), iter(x.shape)
    return reshape(x, tuple(1 if i in new else next(sizes) for i in range(count)))


def atleast_1d(*xs: TensorLike) -> Tensor | tuple[Tensor, ...]:
    """With at least one axis."""
    return _each([x if x.shape else x.reshape(1) for x in map(shaped, xs)])


def atleast_2d(*xs: TensorLike) -> Tensor | tuple[Tensor, ...]:
    """With at least two axes: new ones stand first, so that vectors are rows."""
    return _each([reshape(x, (1,) * (2 - len(x.shape)) + x.shape) for x in map(shaped, xs)])


def atleast_3d(*xs: TensorLike) -> Tensor | tuple[Tensor, ...]:
    """With at least three axes: a vector lies along the second, a matrix along the first two."""
    return _each([
        x if len(x.shape) > 2 else reshape(x, (1,) * (2 - len(x.shape)) + x.shape + (1,)) for x in map(shaped, xs)
    ])  # fmt: skip


def _each(results: list[Tensor]) -> Tensor | tuple[Tensor, ...]:
    return results[0] if len(results) == 1 else tuple(results)


def fliplr(x: TensorLike) -> Tensor:
    """Columns in reverse order."""
    return flip(x, axis=1)


def flipud(x: TensorLike) -> Tensor:
    """Rows in reverse order."""
    return flip(x, axis=0)


def rot90(x: TensorLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned k times by a quarter in the plane of two axes, from the first towards the second."""
    x = shaped(x)
    a, b = checked_axes("rot90", x.shape, axes)
    if k % 4 == 2:
        return flip(x, axis=(a, b))
    if k % 2:
        return swapaxes(flip(x, axis=b), a, b) if k % 4 == 1 else flip(swapaxes(x, a, b), axis=b)
    return x


def broadcast_arrays(*xs: TensorLike) -> tuple[Tensor, ...]:
    """All repeated to their common shape."""
    parts = [shaped(x) for x in xs]
    shape = broadcast_shapes("broadcast_arrays", (), *[x.shape for x in parts])
    return tuple(broadcast_to(x, shape=shape) for x in parts)
