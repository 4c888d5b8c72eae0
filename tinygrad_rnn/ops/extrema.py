"""Largest and smallest entries along axes, and where they are."""

from __future__ import annotations

import numpy as np

from ..core.broadcasting import cast
from ..core.declare import primitive
from ..core.errors import ShapeError
from .reduce import REDUCTION, count, entries_read, reduced_shape, spread


def _extreme_shape(x, *, axis, keepdims):
    shape = reduced_shape(x, axis=axis, keepdims=keepdims)
    if not count(x, axis) and 0 not in shape:
        raise ShapeError(f"axis {axis} has no entries to choose from")
    return shape


def _shared_by_ties(g, y, x, axis, keepdims):
    """The gradient goes to the extreme entry; entries that tie share it equally."""
    ties = cast(x == spread(y, x.shape, axis), dtype=g.dtype)
    return ties * (spread(g, x.shape, axis) / ties.sum(axis=axis, keepdims=True))


@primitive(
    shape=_extreme_shape, vjps=[_shared_by_ties], cost=entries_read, kind="reduction",
    fold=(-np.inf, "x if x > total or x != x else total"),
    latex=r"\max {x}", glyph="max", onnx="ReduceMax", domain={**REDUCTION, "apart": 0.05},
)  # fmt: skip
def max(x, *, axis=None, keepdims=False):
    """The largest entry over `axis`, NaN if one is. Ties share the gradient equally, as in PyTorch's amax.

    Raises:
        ShapeError: there are no entries to choose from.
    """
    return x.max(axis=axis, keepdims=keepdims)


@primitive(
    shape=_extreme_shape, vjps=[_shared_by_ties], cost=entries_read, kind="reduction",
    fold=(np.inf, "x if x < total or x != x else total"),
    latex=r"\min {x}", glyph="min", onnx="ReduceMin", domain={**REDUCTION, "apart": 0.05},
)  # fmt: skip
def min(x, *, axis=None, keepdims=False):
    """The smallest entry over `axis`, NaN if one is. Ties share the gradient equally, as in PyTorch's amin.

    Raises:
        ShapeError: there are no entries to choose from.
    """
    return x.min(axis=axis, keepdims=keepdims)


_POSITION = {"x": [(2, 3), (3, 1), (2, 3, 2)], "axis": [None, 0, -1], "keepdims": [False, True]}


@primitive(
    shape=_extreme_shape, vjps=[None], dtype=lambda x, **_: np.int64, cost=entries_read, kind="reduction",
    latex=r"\operatorname{{argmax}} {x}", glyph="argmax", onnx="ArgMax", domain=_POSITION,
)  # fmt: skip
def argmax(x, *, axis=None, keepdims=False):
    """The position of the largest entry along `axis`, the first of equals; None counts through all entries."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@primitive(
    shape=_extreme_shape, vjps=[None], dtype=lambda x, **_: np.int64, cost=entries_read, kind="reduction",
    latex=r"\operatorname{{argmin}} {x}", glyph="argmin", onnx="ArgMin", domain=_POSITION,
)  # fmt: skip
def argmin(x, *, axis=None, keepdims=False):
    """The position of the smallest entry along `axis`, the first of equals; None counts through all entries."""
    return np.argmin(x, axis=axis, keepdims=keepdims)
