"""Nodes with several results: an array of arrays, and the ops that take one out and put some together.

`take_part` and `put_together` are each other's gradients, so every walk over the graph handles such nodes with the
rules it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import apply, recorded
from ..core.mode import current
from ..core.op import Op
from ..core.tensor import Tensor

Spec = tuple[tuple[int, ...], np.dtype]


def array_of_arrays(arrays: Sequence[Any]) -> np.ndarray:
    """An object array that holds arrays."""
    out = np.empty(len(arrays), object)
    out[:] = [None] * len(arrays)
    for k, array in enumerate(arrays):
        out[k] = array
    return out


def _add_part(buffer: np.ndarray, g: Any, y: Any, values: Any, k: int, specs: tuple[Spec, ...]) -> None:
    buffer[k] = g if isinstance(buffer[k], int) else buffer[k] + g


def _part_gradient(g: Any, y: Any, values: Any, k: int, specs: tuple[Spec, ...]) -> Any:
    parts = [g if i == k else Tensor(np.zeros(shape, dtype)) for i, (shape, dtype) in enumerate(specs)]
    return put_together(parts)


def _taken(values: np.ndarray, k: int, specs: tuple[Spec, ...]) -> np.ndarray:
    """Part k; in a gradient, the parts that nothing reached are the number 0."""
    return np.zeros(*specs[k]) if isinstance(values[k], int) else values[k]


TAKE = Op(
    "part", _taken, ("values",), {"k": 0, "specs": ()},
    shape=lambda values, k, specs: specs[k][0],
    dtype=lambda values, k, specs: specs[k][1],
    vjps=[_part_gradient], accumulate={0: _add_part}, linear="each", kind="part", latex="{values}", glyph="·",
)  # fmt: skip

TOGETHER = Op(
    "parts", lambda *xs: array_of_arrays(xs), ("x",), {},
    shape=lambda *xs: (len(xs),),
    dtype=lambda *_: np.dtype(object),
    vjps=lambda g, y, *xs: lambda i: take_part(g, i, specs_of(xs)),
    variadic=True, promotes=(), linear="jointly", kind="arrangement", glyph="( )",
)  # fmt: skip


def specs_of(parts: Sequence[Any]) -> tuple[Spec, ...]:
    return tuple((tuple(p.shape), p.dtype) for p in parts)


def take_part(values: Any, k: int, specs: tuple[Spec, ...]) -> Any:
    """Result `k` of a node with several."""
    attrs = {"k": k, "specs": specs}
    if isinstance(values, Tensor) and values._array is not None:  # there is nothing to check
        return recorded(Tensor(_taken(values._array, **attrs)), TAKE, (values,), attrs, current())
    return apply(TAKE, (values,), attrs)


def put_together(parts: Sequence[Any]) -> Any:
    """Several arrays as one node."""
    return apply(TOGETHER, tuple(parts), {})
