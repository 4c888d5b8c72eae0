"""Broadcasting and its reverse, in one place; and casts. Every elementwise op's gradient passes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .declare import primitive
from .errors import ShapeError
from .op import Shape


def broadcast_shapes(name: str, operands: Sequence[str], *shapes: Shape, **attrs: Any) -> Shape:
    """The common shape, by NumPy's rule: aligned at the right, entries equal or 1."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        for axis in range(1, max(map(len, shapes)) + 1):
            sizes = {s[-axis] for s in shapes if len(s) >= axis} - {1}
            if len(sizes) > 1:
                clash = " != ".join(map(str, sorted(sizes)))
                raise ShapeError(f"shapes do not broadcast, axis -{axis}: {clash}") from None
        raise


def summed_axes(shape: Shape, to: Shape) -> tuple[int, ...]:
    """The axes along which an array of `shape` was broadcast from one of shape `to`."""
    lead = len(shape) - len(to)
    return tuple(range(lead)) + tuple(lead + i for i, n in enumerate(to) if n == 1 and shape[lead + i] != 1)


def _sum_to_shape(x: Shape, *, shape: Shape) -> Shape:
    return tuple(shape)


def _summed(x, *, shape):
    axes = summed_axes(x.shape, shape)
    if not axes:
        return x.reshape(shape)
    axis = axes if axes[1:] else axes[0]
    y = x.sum(axis=axis, keepdims=len(shape) == len(x.shape))
    return y if y.shape == tuple(shape) else y.reshape(shape)


@primitive(
    shape=_sum_to_shape,
    vjps=[lambda g, y, x, shape: broadcast_to(g, shape=x.shape)],
    linear="each", kind="reduction", fold=(0, "total + x"), expansion=_summed,
    cost=lambda out, x, shape: int(np.prod(x, dtype=np.int64)),
    latex=r"\textstyle\sum_j {x}", plain="Σⱼ({x})",
    glyph="Σ",
    onnx="ReduceSum",
    domain={"x": [(3, 4)], "shape": [(4,), (3, 1), ()]},
)  # fmt: skip
def sum_to(x, *, shape):
    """Sum over the axes along which something of `shape` was broadcast: the reverse of broadcasting."""
    axes = summed_axes(x.shape, shape)
    return x.sum(axis=axes, keepdims=True).reshape(shape) if axes else x.reshape(shape)


def _broadcast_shape(x: Shape, *, shape: Shape) -> Shape:
    try:
        if np.broadcast_shapes(x, shape) == tuple(shape):
            return tuple(shape)
    except ValueError:
        pass
    raise ShapeError(f"{x} does not broadcast to {tuple(shape)}")


@primitive(
    shape=_broadcast_shape,
    vjps=[lambda g, y, x, shape: unbroadcast(g, x.shape)],
    linear="each",
    kind="broadcast",
    scalar="x",
    numpy="np.broadcast_to(x, shape)",
    latex="{x}",
    glyph="⇱",
    onnx="Expand",
    domain={"x": [(4,), (3, 1), ()], "shape": [(3, 4)]},
)
def broadcast_to(x, *, shape):
    """Repeat `x` to `shape` by NumPy's broadcasting rule."""
    return np.broadcast_to(x, shape)


@primitive(
    shape=lambda x, dtype: x,
    dtype=lambda x, dtype: dtype,
    vjps=[lambda g, y, x, dtype: cast(g, dtype=x.dtype)],
    linear="each",
    kind="cast",
    scalar="number(x)",
    numpy="x.astype(dtype)",
    latex="{x}",
    glyph="cast",
    onnx="Cast",
    domain={"x": [(3,)], "dtype": [np.float64]},
)
def cast(x, *, dtype):
    """The same values in another dtype."""
    return np.asarray(x).astype(dtype)


@primitive(
    shape=lambda x: x,
    vjps=[lambda g, y, x: g],
    linear="each",
    kind="reshape",
    numpy="x",
    latex="{x}",
    glyph="=",
    onnx="Identity",
    domain={"x": [(3,)]},
)
def alias(x):
    """The same values as a node of its own, so that they can be differentiated by apart from where they came from."""
    return x


def unbroadcast(g: Any, shape: Shape) -> Any:
    """Bring a gradient back to the shape its operand had before broadcasting."""
    return g if g.shape == shape else sum_to(g, shape=shape)
