"""Sorting along an axis. Sorted values are gathered, so gradients go back to where each entry came from."""

from __future__ import annotations

import numpy as np

from ..core.apply import shaped
from ..core.declare import primitive
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .joining import along
from .lookup import gather
from .reduce import reduced_axes
from .shaping import reshape

__all__ = ["argsort", "sort", "topk"]


def _sorted(x, *, axis, descending):
    reduced_axes(x, (axis,))
    return x


@primitive(
    shape=_sorted, vjps=[None], dtype=lambda x, **_: np.int64,
    latex=r"\operatorname{{argsort}}({x})", glyph="argsort", onnx="TopK",
    domain={"x": [(3, 4), (0, 2)], "axis": [0, -1], "descending": [False, True], "apart": 0.05},
)  # fmt: skip
def argsort(x, *, axis=-1, descending=False):
    """The positions along `axis` of the entries in rising (or falling) order; equal entries keep their order."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    backward = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backward, axis)


def sort(x: TensorLike, axis: int | None = -1, descending: bool = False) -> Tensor:
    """The entries in rising (or falling) order along `axis` (None: all of them); equal entries keep their order."""
    if axis is None:
        x, axis = reshape(shaped(x), -1), 0
    return gather(x, argsort(x, axis=axis, descending=descending), axis=axis)


def topk(x: TensorLike, k: int, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The k largest entries along `axis`, falling, and their positions (integers).

    Raises:
        ArgumentError: the axis has fewer than k entries.
    """
    x = shaped(x)
    n = x.shape[axis]
    if not 0 <= k <= n:
        raise ArgumentError(with_user_line(f"topk: k={k} of {n} entries along axis {axis} of shape {x.shape}"))
    order = argsort(x, axis=axis, descending=True)
    positions = order[along(axis, slice(0, k), len(x.shape))]
    return gather(x, positions, axis=axis), positions
