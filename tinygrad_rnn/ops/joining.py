"""Joining tensors along an axis, and cutting them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from ..core.apply import shaped
from ..core.declare import primitive
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .reduce import reduced_axes
from .shaping import reshape

__all__ = ["chunk", "concatenate", "split", "stack"]


def along(axis, index, ndim):
    """The index tuple that applies `index` along one axis."""
    return (slice(None),) * (axis % ndim) + (index,)


def _joined(*shapes, axis):
    first = shapes[0]
    (axis,) = reduced_axes(first, (axis,))
    for i, shape in enumerate(shapes):
        if len(shape) != len(first) or any(
            a != b for k, (a, b) in enumerate(zip(first, shape, strict=True)) if k != axis
        ):
            raise ShapeError(f"shapes must agree except along axis {axis}; number 0 is {first}, number {i} is {shape}")
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def _parts_of_joined(g, y, *arrays, axis):
    bounds = [0, *accumulate(x.shape[axis] for x in arrays)]
    return lambda i: g[along(axis, slice(bounds[i], bounds[i + 1]), len(g.shape))]


@primitive(
    shape=_joined, vjps=_parts_of_joined, linear="jointly", kind="concatenation", name="concatenate",
    latex=r"\left[{arrays}\right]", plain="[{arrays}]", glyph="‖", onnx="Concat",
    domain={"shapes": [((2, 3), (2, 3)), ((2, 3), (0, 3), (4, 3)), ((1, 3),)], "axis": [0, -2]},
)  # fmt: skip
def _concatenate(*arrays, axis=0):
    """Joined end to end along an existing axis."""
    return np.concatenate(arrays, axis=axis)


def concatenate(tensors: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """The tensors joined end to end along an existing axis. Their other sizes must agree; None joins all entries.

    Raises:
        ShapeError: they do not; or there is nothing to join.
    """
    if not len(tensors):
        raise ShapeError(with_user_line("concatenate: expected at least one tensor, got none"))
    if axis is None:
        return _concatenate(*[reshape(shaped(x), -1) for x in tensors], axis=0)
    return _concatenate(*tensors, axis=axis)


def _stacked(*shapes, axis):
    first = shapes[0]
    for i, shape in enumerate(shapes):
        if shape != first:
            raise ShapeError(f"shapes must be equal; number 0 is {first}, number {i} is {shape}")
    (axis,) = reduced_axes((*first, 1), (axis,))
    return (*first[:axis], len(shapes), *first[axis:])


@primitive(
    shape=_stacked, vjps=lambda g, y, *arrays, axis: lambda i: g[along(axis, i, len(g.shape))], linear="jointly",
    kind="concatenation", name="stack", latex=r"\left[{arrays}\right]", glyph="≡", onnx="ConcatFromSequence",
    domain={"shapes": [((2, 3), (2, 3)), ((), ()), ((0, 2),) * 3], "axis": [0, -1]},
)  # fmt: skip
def _stack(*arrays, axis=0):
    """Joined along a new axis."""
    return np.stack(arrays, axis=axis)


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis, number `axis` of the result.

    Raises:
        ShapeError: their shapes differ; or there is nothing to join.
    """
    if not len(tensors):
        raise ShapeError(with_user_line("stack: expected at least one tensor, got none"))
    return _stack(*tensors, axis=axis)


def split(x: TensorLike, parts: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut x along an axis into `parts` equal pieces, or before each position in `parts` (np.split).

    Raises:
        ArgumentError: the axis does not divide into `parts` equal pieces.
    """
    x, sections = shaped(x), parts
    n = _length(x, axis)
    if isinstance(sections, (int, np.integer)):
        if sections < 1 or n % sections:
            raise ArgumentError(with_user_line(f"split: axis {axis} of {x.shape} does not divide by {sections}"))
        sections = range(n // sections, n, n // sections) if n else [0] * (int(sections) - 1)
    bounds = [0, *(int(p) for p in sections), n]
    return [x[along(axis, slice(a, b), len(x.shape))] for a, b in pairwise(bounds)]


def chunk(x: TensorLike, chunks: int, axis: int = 0) -> list[Tensor]:
    """Cut x along an axis into `chunks` pieces of one size, the last one smaller if need be; fewer if x runs out.

    Raises:
        ArgumentError: `chunks` is not positive.
    """
    if chunks < 1:
        raise ArgumentError(with_user_line(f"chunk: expected at least one piece, got {chunks}"))
    x = shaped(x)
    size = max(-(-_length(x, axis) // chunks), 1)
    return split(x, range(size, _length(x, axis), size), axis)


def _length(x, axis):
    try:
        return x.shape[reduced_axes(x.shape, (axis,))[0]]
    except ShapeError as error:
        raise ShapeError(with_user_line(f"split: {error}")) from None
