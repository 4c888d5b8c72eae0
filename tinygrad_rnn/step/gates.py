"""A step written in blocks: a slice of a packed product becomes a product with a slice of the weights.

Cells compute their gates with one product, ``z = x @ W.mT`` cut into ``z_i, z_f, …``; a page says z_i = W_i x.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.op import REGISTRY
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
    """x[:, a:b], below what acts entry by entry and below products with shared matrices."""
    width = x.shape[-1]
    order, stack, seen = [], [x], set()
    while stack:
        n = stack.pop()
        if n.number in seen:
            continue
        seen.add(n.number)
        order.append(n)
        if _splits(n, body):
            stack.extend(i for i in n.inputs if i.shape[-1:] == (width,) and (is_row(i) or i.ndim == 1))
    done: dict[int, Tensor] = {}
    for n in sorted(order, key=lambda n: n.number):
        if is_row(n) and n.op is not None and n.op.kind == "matrix product" and is_shared(n.inputs[1]):
            done[n.number] = apply(n.op, (n.inputs[0], _last_axis(n.inputs[1], span)), {})
        elif _splits(n, body):
            assert n.op is not None
            attrs = {"shape": (BATCH, span[1] - span[0])} if n.op.kind == "broadcast" else dict(n.attrs or {})
            done[n.number] = on_rows(
                n, [made if (made := done.get(i.number)) is not None else i for i in n.inputs], attrs
            )
        elif is_shared(n) and n.ndim == 1:
            done[n.number] = block(n, span)
        else:
            done[n.number] = apply(REGISTRY["getitem"], (n,), {"index": (Ellipsis, slice(*span))})
    return done[x.number]


def _splits(n: Tensor, body: Body) -> bool:
    return n.name is None and is_entrywise(n) and is_row(n) and n.number not in body.given


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
