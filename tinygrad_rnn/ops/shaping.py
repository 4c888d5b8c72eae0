"""The same entries in another shape or order."""

from __future__ import annotations

import numpy as np

from ..core.declare import primitive
from ..core.errors import ShapeError
from ..core.tensor import Tensor, TensorLike
from .reduce import reduced_axes


def _reshaped(x, *, shape):
    size = int(np.prod(x, dtype=np.int64))
    known = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
    unknown = sum(n == -1 for n in shape)
    if unknown == 1 and known and size % known == 0:
        return tuple(size // known if n == -1 else int(n) for n in shape)
    if unknown == 0 and known == size:
        return tuple(int(n) for n in shape)
    raise ShapeError(f"{size} entries do not fill {tuple(shape)}")


@primitive(
    shape=_reshaped,
    vjps=[lambda g, y, x, shape: g.reshape(x.shape)],
    linear="each", latex="{x}", glyph="reshape", onnx="Reshape",
    name="reshape", domain={"x": [(2, 6)], "shape": [(3, 4), (12,), (-1, 3), (2, 2, 3)]},
)  # fmt: skip
def _reshape(x, *, shape):
    """The same entries in row-major order under another shape; one size may be −1."""
    return x.reshape(shape)


def reshape(x: TensorLike, *shape: int | tuple[int, ...]) -> Tensor:
    """The same entries in row-major order under another shape; one size may be −1."""
    sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    return _reshape(x, shape=tuple(sizes))  # type: ignore[arg-type]


def _permuted(x, *, axes):
    if len(reduced_axes(x, tuple(axes))) != len(x):
        raise ShapeError(f"axes {axes} do not name each of {len(x)} axes once")
    return tuple(x[a] for a in axes)


@primitive(
    shape=_permuted,
    vjps=[lambda g, y, x, axes: permute(g, axes=tuple(int(i) for i in np.argsort([a % len(axes) for a in axes])))],
    linear="each", latex="{x}^{{T}}", glyph="T", onnx="Transpose",
    domain={"x": [(2, 3, 4)], "axes": [(2, 0, 1), (0, 1, 2), (-1, 1, 0)]},
)  # fmt: skip
def permute(x, *, axes):
    """Axes in another order: result axis i is axis ``axes[i]`` of x."""
    return np.transpose(x, axes)
