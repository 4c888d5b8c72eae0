"""The same entries in another shape or order."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.declare import primitive
from ..core.errors import ShapeError
from ..core.tensor import Tensor, TensorLike
from .comparisons import where
from .reduce import reduced_axes

__all__ = ["expand", "flip", "permute", "reshape", "roll", "squeeze", "unsqueeze"]


def _reshaped(x, *, shape):
    size, known = math.prod(x), math.prod(n for n in shape if n != -1)
    unknown = sum(n == -1 for n in shape)
    if unknown == 1 and known and size % known == 0:
        return tuple(size // known if n == -1 else int(n) for n in shape)
    if unknown == 0 and known == size:
        return tuple(int(n) for n in shape)
    raise ShapeError(f"{size} entries do not fill {tuple(shape)}")


@primitive(
    shape=_reshaped,
    vjps=[lambda g, y, x, shape: g.reshape(x.shape)],
    linear="each", kind="reshape", numpy="x.reshape(shape)", latex="{x}", glyph="reshape", onnx="Reshape",
    name="reshape", domain={"x": [(2, 6)], "shape": [(3, 4), (12,), (-1, 3), (2, 2, 3)]},
)  # fmt: skip
def _reshape(x, *, shape):
    """The same entries in row-major order under another shape; one size may be −1."""
    return x.reshape(shape)


def reshape(x: TensorLike, *shape: int | tuple[int, ...]) -> Tensor:
    """The same entries in row-major order under another shape; one size may be −1."""
    return _reshape(x, shape=_sizes(shape))


def _sizes(shape):
    """``(2, 3)`` from ``f(2, 3)`` or ``f((2, 3))``."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else tuple(shape)


def _permuted(x, *, axes):
    if len(reduced_axes(x, tuple(axes))) != len(x):
        raise ShapeError(f"axes {axes} do not name each of {len(x)} axes once")
    return tuple(x[a] for a in axes)


@functools.cache
def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that brings axes back."""
    return tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


@primitive(
    shape=_permuted,
    vjps=[lambda g, y, x, axes: permute(g, axes=_inverse(tuple(axes)))],
    linear="each", kind="transpose", latex="{x}^{{T}}", glyph="T", onnx="Transpose",
    domain={"x": [(2, 3, 4)], "axes": [(2, 0, 1), (0, 1, 2), (-1, 1, 0)]},
)  # fmt: skip
def permute(x, *, axes):
    """Axes in another order: result axis i is axis ``axes[i]`` of x."""
    return x.transpose(axes)


def transpose(x: TensorLike, a: int = -2, b: int = -1) -> Tensor:
    """Axes a and b exchanged, as in PyTorch (np.swapaxes); the last two unless told otherwise."""
    x = shaped(x)
    axes = list(range(len(x.shape)))
    i, j = reduced_axes(x.shape, (a,)) + reduced_axes(x.shape, (b,))
    axes[i], axes[j] = axes[j], axes[i]
    return permute(x, axes=tuple(axes))


def _squeezed(x, *, axis):
    if axis is None:
        return tuple(n for n in x if n != 1)
    axes = reduced_axes(x, axis)
    for a in axes:
        if x[a] != 1:
            raise ShapeError(f"axis {a} has {x[a]} entries, not one")
    return tuple(n for i, n in enumerate(x) if i not in axes)


@primitive(
    shape=_squeezed, vjps=[lambda g, y, x, axis: g.reshape(x.shape)],
    linear="each", kind="reshape", latex="{x}", glyph="squeeze", onnx="Squeeze",
    domain={"x": [(1, 3, 1)], "axis": [None, 0, -1, (0, 2)]},
)  # fmt: skip
def squeeze(x, *, axis=None):
    """Without the axes of one entry: all of them, or those in `axis`."""
    return np.squeeze(x, axis)


def _unsqueezed(x, *, axis):
    (axis,) = reduced_axes((*x, 1), axis if isinstance(axis, tuple) else (axis,))
    return (*x[:axis], 1, *x[axis:])


@primitive(
    shape=_unsqueezed, vjps=[lambda g, y, x, axis: g.reshape(x.shape)],
    linear="each", kind="reshape", latex="{x}", glyph="unsqueeze", onnx="Unsqueeze",
    domain={"x": [(2, 3), ()], "axis": [0, -1]},
)  # fmt: skip
def unsqueeze(x, *, axis):
    """With a new axis of one entry, number `axis` of the result (np.expand_dims)."""
    return np.expand_dims(x, axis)


def expand(x: TensorLike, *shape: int | tuple[int, ...]) -> Tensor:
    """Repeat x to `shape` by NumPy's broadcasting rule; −1 keeps a size, as in PyTorch."""
    x, sizes = shaped(x), _sizes(shape)
    lead = len(sizes) - len(x.shape)
    return broadcast_to(x, shape=tuple(
        x.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(sizes)
    ))  # fmt: skip


def _same(x, *, axis, **_):
    reduced_axes(x, axis)
    return x


@primitive(
    shape=_same, vjps=[lambda g, y, x, axis: flip(g, axis=axis)],
    linear="each", kind="arrangement", latex=r"\operatorname{{flip}}({x})", glyph="⇄", onnx="Slice",
    domain={"x": [(2, 3)], "axis": [None, 0, -1, (0, 1)]},
)  # fmt: skip
def flip(x, *, axis=None):
    """Entries in reverse order along `axis`."""
    return np.flip(x, axis)


@primitive(
    shape=_same, vjps=[lambda g, y, x, shift, axis: roll(g, shift=_opposite(shift), axis=axis)],
    linear="each", kind="arrangement", latex=r"\operatorname{{roll}}({x})", glyph="↻", onnx="Concat(Slice, Slice)",
    domain={"x": [(2, 3)], "shift": [1, -2], "axis": [None, 0, -1, (0, 1)]},
)  # fmt: skip
def roll(x, *, shift, axis=None):
    """Entries moved by `shift` places along `axis`, those pushed out at one end coming in at the other."""
    return np.roll(x, shift, axis)


def _opposite(shift):
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


def _padded(x, *, widths, value):
    if len(widths) != len(x) or any(len(w) != 2 or min(w) < 0 for w in widths):
        raise ShapeError(f"widths {widths} are not one pair (before, after) of counts for each of {len(x)} axes")
    return tuple(before + n + after for n, (before, after) in zip(x, widths, strict=True))


@primitive(
    shape=_padded,
    vjps=[lambda g, y, x, widths, value: g[tuple(slice(w[0], w[0] + n) for n, w in zip(x.shape, widths, strict=True))]],
    latex=r"\operatorname{{pad}}({x})", glyph="pad", onnx="Pad",
    composed=lambda x, widths, value: where(
        np.pad(np.ones(x.shape, bool), widths), pad(x, widths), value
    ),
    name="pad", domain={"x": [(2, 3), (0, 3)], "widths": [((1, 0), (0, 2)), ((0, 0), (1, 1))], "value": [0.0, 1.5]},
)  # fmt: skip
def _pad(x, *, widths, value=0.0):
    """x with `value` around it."""
    _padded(x.shape, widths=widths, value=value)
    return np.pad(x, widths, constant_values=value)


def pad(x: TensorLike, widths: Any, value: float = 0.0) -> Tensor:
    """x with `value` around it. `widths` are one pair (before, after) per axis, as in np.pad; or one for all axes."""
    x = shaped(x)
    pairs = np.broadcast_to(np.asarray(widths), (len(x.shape), 2)) if np.ndim(widths) < 2 else np.asarray(widths)
    return _pad(x, widths=tuple(tuple(int(n) for n in pair) for pair in pairs), value=value)
