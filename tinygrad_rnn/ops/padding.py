"""Padding in NumPy's modes: indices that repeat entries, or slabs that are joined on at both ends of an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import extrema, reduce, shaping
from .averages import median
from .joining import along, concatenate
from .lookup import take

__all__ = ["pad"]

#: Modes whose new entries are entries of x: np.pad of the positions says which.
_REPEATING = ("edge", "reflect", "symmetric", "wrap")
#: Modes whose new entries are computed from those near the edge.
_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": extrema.max,
    "minimum": extrema.min,
    "mean": reduce.mean,
    "median": median,
}


def pad(
    x: TensorLike,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0.0,
    end_values: Any = 0.0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Tensor:
    """x with entries around it, as np.pad.

    Args:
        pad_width: one pair (before, after) per axis, one pair or one count for all, or a dict of axis to either.
        mode: "constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp" (to `end_values`), or "maximum",
            "mean", "median", "minimum" (of the `stat_length` entries at the edge, None for all).

    Raises:
        ShapeError: the widths do not fit the axes.
        ArgumentError: another mode, or reflect_type "odd".
    """
    x = shaped(x)
    widths = [(int(before), int(after)) for before, after in _pairs("pad_width", pad_width, x)]
    if reflect_type != "even":
        raise ArgumentError(with_user_line(f"pad: reflect_type is 'even', not {reflect_type!r}"))
    if not widths:
        return x
    if mode == "constant" and np.ndim(constant_values) == 0:
        return shaping.pad(x, widths, constant_values)
    if min((n for pair in widths for n in pair), default=0) < 0:
        raise ShapeError(with_user_line(f"pad: widths are counts, not {widths}"))
    if mode == "constant":
        slab = _constant(_pairs("constant_values", constant_values, x))
    elif mode == "linear_ramp":
        slab = _ramp(_pairs("end_values", end_values, x))
    elif mode in _STATISTICS:
        slab = _statistic(_STATISTICS[mode], _pairs("stat_length", stat_length, x))
    elif mode in _REPEATING:
        for axis, pair in enumerate(widths):
            if pair != (0, 0):
                x = take(x, np.pad(np.arange(x.shape[axis]), pair, mode=mode), axis=axis)  # type: ignore[call-overload]
        return x
    else:
        raise ArgumentError(with_user_line(f"pad: no mode {mode!r}"))
    for axis, (before, after) in enumerate(widths):
        if (before, after) != (0, 0):
            x = concatenate([slab(x, axis, 0, before), x, slab(x, axis, 1, after)], axis=axis)
    return x


def _pairs(name: str, value: Any, x: Any) -> list[list[Any]]:
    """One (before, after) for each axis, from any of NumPy's spellings."""
    n = len(x.shape)
    if isinstance(value, dict):
        given = {axis % n: pair for axis, pair in value.items()}
        value = [given.get(axis, 0) for axis in range(n)]
        value = [pair if isinstance(pair, (tuple, list)) else (pair, pair) for pair in value]
    try:
        return np.broadcast_to(np.asarray(value), (n, 2)).tolist()
    except ValueError:
        why = f"{name} {value} is not one pair (before, after) for each of {n} axes"
        raise ShapeError(with_user_line(f"pad: {why}")) from None


def _edge(x: Any, axis: int, side: int, length: int) -> Any:
    """The entries at one end of an axis."""
    n = x.shape[axis]
    return x[along(axis, slice(0, length) if side == 0 else slice(max(n - length, 0), n), len(x.shape))]


def _spread(entry: Any, axis: int, n: int) -> Any:
    """One entry along an axis, n times."""
    return broadcast_to(entry, shape=(*entry.shape[:axis], n, *entry.shape[axis + 1 :]))


def _constant(values: list[list[Any]]) -> Callable[[Any, int, int, int], Any]:
    def slab(x: Any, axis: int, side: int, n: int) -> Any:
        return np.full((*x.shape[:axis], n, *x.shape[axis + 1 :]), values[axis][side], x.dtype)

    return slab


def _ramp(ends: list[list[Any]]) -> Callable[[Any, int, int, int], Any]:
    def slab(x: Any, axis: int, side: int, n: int) -> Any:
        part = (np.arange(n) / max(n, 1)).astype(x.dtype)[:: 1 if side == 0 else -1]
        part = part.reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
        return ends[axis][side] * (1 - part) + _edge(x, axis, side, 1) * part

    return slab


def _statistic(reduce: Callable[..., Any], lengths: list[list[Any]]) -> Callable[[Any, int, int, int], Any]:
    def slab(x: Any, axis: int, side: int, n: int) -> Any:
        near = _edge(x, axis, side, lengths[axis][side] or x.shape[axis])
        return _spread(reduce(near, axis=axis, keepdims=True), axis, n)

    return slab
