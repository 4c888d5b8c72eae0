"""A step written in blocks: a slice of a packed product becomes a product with a slice of the weights.

Cells compute their gates with one product, ``z = x @ W.mT`` cut into ``z_i, z_f, …``; a page says z_i = W_i x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.op import REGISTRY
from ..core.order import in_order, walk
from ..core.tensor import Tensor
from .body import BATCH, Body, feature_slice, is_entrywise, is_row, is_shared, on_rows


def in_blocks(body: Body) -> Body:
    """The same step with every slice along features moved towards the weights."""

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op is None or node.op.kind != "slice":
            return None
        index = (node.attrs or {})["index"]
        if is_row(node) and is_row(xs[0]):
            span = feature_slice(index, xs[0].shape)
            return None if span is None else _columns(xs[0], span, body)
        span = rows_taken(index, xs[0].shape) if is_shared(xs[0]) else None
        return None if span is None else block(xs[0], span)

    return body.mapped(rule)


def _columns(x: Tensor, span: tuple[int, int], body: Body) -> Tensor:
    """x[:, a:b], below what acts entry by entry and has no name, and below products with shared matrices."""

    def cut(n: Tensor) -> Tensor:
        if is_row(n) and n.op is not None and n.op.kind == "matrix product" and is_shared(n.inputs[1]):
            return apply(n.op, (n.inputs[0], _last_axis(n.inputs[1], span)), {})
        return block(n, span) if is_shared(n) and n.ndim == 1 else _last_axis(n, span)

    return sliced(x, span, body, lambda n: n.name is None, cut)


def sliced(
    x: Tensor, span: tuple[int, int], body: Body, splits: Callable[[Tensor], bool], cut: Callable[[Tensor], Tensor]
) -> Tensor:
    """x[:, a:b], moved below all rows that act entry by entry and may be split; `cut` slices what is below them."""

    def through(n: Tensor) -> bool:
        return is_entrywise(n) and is_row(n) and n.number not in body.given and splits(n)

    def onward(n: Tensor) -> list[Tensor]:
        return [i for i in n.inputs if i.shape[-1:] == x.shape[-1:]] if through(n) else []

    done: dict[int, Tensor] = {}
    for n in in_order(walk([x], onward)):
        if through(n):
            attrs = dict(n.attrs or {})
            if n.op is not None and n.op.kind == "broadcast":
                attrs["shape"] = (BATCH, span[1] - span[0])
            done[n.number] = on_rows(n, [done.get(i.number, i) for i in n.inputs], attrs)
        else:
            done[n.number] = cut(n)
    return done[x.number]


def _last_axis(weights: Tensor, span: tuple[int, int]) -> Tensor:
    if weights.op is not None and weights.op.kind == "transpose" and weights.ndim == 2:
        return block(weights.inputs[0], span).mT
    return apply(REGISTRY["getitem"], (weights,), {"index": (Ellipsis, slice(*span))})


def block(x: Tensor, span: tuple[int, int]) -> Tensor:
    """Rows a to b of a leaf, also where x is itself a block of it."""
    inner = rows_taken((x.attrs or {})["index"], x.inputs[0].shape) if is_block(x) else None
    if inner is not None:
        x, span = x.inputs[0], (inner[0] + span[0], inner[0] + span[1])
    return x if span == (0, x.shape[0]) else apply(REGISTRY["getitem"], (x,), {"index": (slice(*span),)})


def is_block(x: Tensor) -> bool:
    """Whether it is a run of rows of a leaf."""
    if x.op is None or x.op.kind != "slice" or x.inputs[0].op is not None or not is_shared(x):
        return False
    return rows_taken((x.attrs or {})["index"], x.inputs[0].shape) is not None


def rows_taken(index: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(start, stop) if the index takes a run of rows, whole."""
    parts = [p for p in tuple(index) if p is not Ellipsis]
    if len(shape) == 1 and len(parts) == 1 and isinstance(parts[0], slice):
        start, stop, step = parts[0].indices(shape[0])
        return (start, stop) if step == 1 else None
    if Ellipsis in tuple(index)[:1] or not parts or not isinstance(parts[0], slice):
        return None
    if any(not isinstance(p, slice) or p != slice(None) for p in parts[1:]) or not np.size(shape):
        return None
    start, stop, step = parts[0].indices(shape[0])
    return (start, stop) if step == 1 else None
