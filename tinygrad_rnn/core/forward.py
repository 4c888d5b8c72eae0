"""Forward mode: walk the graph along time with tangents. Its rules follow from the reverse ones unless declared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .apply import apply, located, non_finite
from .autodiff import pull_back
from .broadcasting import broadcast_to
from .errors import NonFiniteError, with_user_line
from .mode import changed, current, move_to
from .order import between
from .tensor import Tensor, abstract
from .watch import check_unchanged, recorded_at


def push_forward(roots: Sequence[Tensor], seeds: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor | None]:
    """The Jacobian-vector product of the whole graph: the tangents of `roots`, given those of some nodes."""
    with changed():
        return _push_forward(roots, seeds)


def _push_forward(roots: Sequence[Tensor], seeds: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor | None]:
    tangents = {x.number: t for x, t in seeds}
    for node in between([x for x, _ in seeds], roots):
        if node.op is None or node.number in tangents:
            continue
        check_unchanged(node, tangents)
        moving = [tangents.get(x.number) for x in node.inputs]
        if any(t is not None for t in moving):
            move_to(node)
            t = _tangent(node, moving)
            if t is not None and current().anomaly and (bad := non_finite(t)):
                where = f"{located(node)} {node.describe()}{recorded_at(node)}"
                raise NonFiniteError(with_user_line(f"first non-finite tangent: {bad} of {where}"))
            if t is not None:
                tangents[node.number] = t
    return [tangents.get(r.number) for r in roots]


def _tangent(node: Tensor, moving: list[Tensor | None]) -> Tensor | None:
    op, xs, attrs = node.op, node.inputs, node.attrs or {}
    assert op is not None
    if not op.differentiable or node.dtype.kind not in "fO":
        return None
    if op.jvp is not None:
        return op.jvp(moving, node, *xs, **attrs)
    if op.linear == "jointly":
        zeros = [Tensor(np.zeros(x.shape, x.dtype)) for x in xs]
        return apply(op, [z if t is None else t for t, z in zip(moving, zeros, strict=True)], attrs)
    total = None
    for i, t in enumerate(moving):
        if t is None:
            continue
        swapped = op.linear == "each"
        term = apply(op, [*xs[:i], t, *xs[i + 1 :]], attrs) if swapped else _transposed_vjp(node, i, t)
        if term is not None:
            total = term if total is None else total + term
    if total is not None and total.shape != node.shape:
        total = broadcast_to(total, shape=node.shape)
    return total


def _transposed_vjp(node: Tensor, i: int, t: Tensor) -> Tensor | None:
    """A reverse rule is linear in g, so its own gradient with respect to g is the forward rule."""
    assert node.op is not None
    g = Tensor(np.zeros(node.shape, node.dtype)) if node._array is not None else abstract(node.shape, node.dtype)
    g.requires_grad = True
    with changed(record="all"):
        gi = node.op.vjp(i, g, node, node.inputs, node.attrs)
        if gi is None or not gi.requires_grad:
            return None
        pairs = pull_back([gi], [t], wrt=[g], retain_graph=True, create_graph=True, hooks=False)
    return pairs[0][1] if pairs else None
