"""Reverse and forward mode: walk the graph against time with gradients, or along it with tangents.

Both walks are loops over nodes in creation order, which is a topological order; nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .apply import apply, check_not_freed, located, non_finite
from .broadcasting import broadcast_to, cast
from .errors import (
    DTypeError,
    GradientError,
    MutatedTensorError,
    NonFiniteError,
    NonScalarBackwardError,
    ShapeError,
    with_user_line,
)
from .mode import changed, current
from .tensor import Tensor, TensorLike, abstract


def ancestors(roots: Iterable[Tensor], *, gradients_only: bool = False) -> list[Tensor]:
    """Every node the roots were computed from, in creation order."""
    stack = [r for r in roots if r.requires_grad or not gradients_only]
    seen = {r.number for r in stack}
    nodes = []
    while stack:
        node = stack.pop()
        nodes.append(node)
        inputs = node.inputs
        if inputs is None:
            check_not_freed(node)
            continue
        for x in inputs:
            if (x.requires_grad or not gradients_only) and x.number not in seen:
                seen.add(x.number)
                stack.append(x)
    nodes.sort(key=_creation)
    return nodes


def _creation(node: Tensor) -> int:
    return node.number


def backward(root: Tensor, gradient: TensorLike | None, *, retain_graph: bool, create_graph: bool) -> None:
    """`Tensor.backward`: accumulate the gradient of `root` into the `.grad` of its leaves."""
    if not root.requires_grad:
        raise GradientError(with_user_line(f"backward: {root.path} {root.describe()} does not require a gradient"))
    seed = _seed(root, gradient)
    for node, g in pull_back([root], [seed], retain_graph=retain_graph, create_graph=create_graph):
        node.grad = g if node.grad is None else _sum(node.grad, g, create_graph)


def _seed(root: Tensor, gradient: TensorLike | None) -> Tensor:
    if gradient is None:
        if root.size != 1:
            raise NonScalarBackwardError(
                with_user_line(
                    f"backward: {root.path} {root.describe()} has {root.size} entries; pass the gradient of the loss "
                    f"with respect to it (shape {root.shape}), or reduce it first, for example with .sum()"
                )
            )
        return abstract(root.shape, root.dtype) if root._array is None else Tensor(np.ones(root.shape, root.dtype))
    seed = gradient if isinstance(gradient, Tensor) else Tensor(np.asarray(gradient, root.dtype))
    if seed.shape != root.shape:
        raise ShapeError(with_user_line(f"backward: gradient of {root.describe()} has shape {seed.shape}"))
    if seed.dtype != root.dtype:
        raise DTypeError(with_user_line(f"backward: gradient of {root.describe()} has dtype {seed.dtype}"))
    return seed


def _sum(a: Tensor, b: Tensor, record: bool) -> Tensor:
    return a + b if record else Tensor(a._array + b._array)


def pull_back(
    roots: Sequence[Tensor],
    seeds: Sequence[Tensor],
    *,
    wrt: Sequence[Tensor] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> list[tuple[Tensor, Tensor]]:
    """The vector-Jacobian product of the whole graph: (node, gradient) for every leaf, or for `wrt`.

    With `create_graph` the rules run on tensors and record; without, on bare arrays. A node that the roots
    do not depend on has no pair.
    """
    order = ancestors(roots, gradients_only=True)
    wanted: set[int] | None = None
    needed: set[int] | None = None
    if wrt is not None:
        wanted = {x.number for x in wrt}
        needed = set(wanted)
        for node in order:
            if any(x.number in needed for x in node.inputs):
                needed.add(node.number)
        order = [node for node in order if node.number in needed]
    gradients: dict[int, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        old = gradients.get(root.number)
        seed = seed if create_graph else seed._array
        gradients[root.number] = seed if old is None else old + seed
    if create_graph:
        with changed(record="all" if current().record == "all" else "grad"):
            return _walk_recording(order, gradients, wanted, needed, retain_graph)
    return _walk(order, gradients, wanted, needed, retain_graph)


def _walk(
    order: list[Tensor],
    gradients: dict[int, Any],
    wanted: set[int] | None,
    needed: set[int] | None,
    retain_graph: bool,
) -> list[tuple[Tensor, Tensor]]:
    """First order: rules on bare arrays. `owned` names the gradients whose buffer may be added to in place."""
    found: list[tuple[Tensor, Tensor]] = []
    owned: set[int] = set()
    anomaly = current().anomaly
    while order:
        node = order.pop()
        key = node.number
        g = gradients.pop(key, None)
        if g is None:
            continue
        extra = node.extra
        if extra is not None:
            for hook in tuple(extra.hooks):
                replaced = hook(Tensor(g))
                if replaced is not None:
                    g, _ = np.asarray(replaced, node.dtype), owned.discard(key)
        op = node.op
        if wanted is None:
            if op is None or (extra is not None and extra.retains_grad):
                found.append((node, Tensor(g if key in owned else np.array(g))))
        elif key in wanted:
            found.append((node, Tensor(g if key in owned else np.array(g))))
        if op is None:
            continue
        inputs: Any = node.inputs
        y = node._array
        attrs = node.attrs
        rules = op.rules
        xs = [x._array for x in inputs] if rules is None or attrs or len(inputs) > 2 else None
        for i, x in enumerate(inputs):
            target = x.number
            if x.version > key:
                check_unchanged(node)
            if not x.requires_grad or (needed is not None and target not in needed):
                continue
            old = gradients.get(target)
            if rules is None:
                assert xs is not None
                if i in op.accumulate:
                    if old is None or target not in owned:
                        old = gradients[target] = np.zeros(x.shape, x.dtype) if old is None else np.array(old)
                        owned.add(target)
                    op.accumulate[i](old, g, y, *xs, **(attrs or {}))
                    continue
                gi = op.vjp(i, g, y, xs, attrs)
                if gi is None:
                    continue
            elif (rule := rules[i]) is None:
                continue
            elif xs is None:  # one or two operands, no attributes: the usual case, spelled out for speed
                gi = rule(g, y, x._array) if len(inputs) == 1 else rule(g, y, inputs[0]._array, inputs[1]._array)
            else:
                gi = rule(g, y, *xs, **(attrs or {}))
            if gi.dtype is not x._array.dtype:  # Python scalars met masks in a rule
                gi = gi.astype(x._array.dtype)
            if anomaly and not np.isfinite(gi).all():
                _report_non_finite(node, i, gi)
            if old is None:
                gradients[target] = gi
            elif target in owned:
                old += gi
            else:
                gradients[target] = gi = old + gi
                if gi.__class__ is np.ndarray:
                    owned.add(target)
        if not retain_graph:
            node.inputs = None  # type: ignore[assignment]
            node.attrs = None
    return found


def _walk_recording(
    order: list[Tensor],
    gradients: dict[int, Tensor],
    wanted: set[int] | None,
    needed: set[int] | None,
    retain_graph: bool,
) -> list[tuple[Tensor, Tensor]]:
    """Higher order: the same walk with rules on tensors, so that the backward pass is itself a graph."""
    found: list[tuple[Tensor, Tensor]] = []
    for node in reversed(order):
        g = gradients.pop(node.number, None)
        if g is None:
            continue
        op, extra = node.op, node.extra
        with changed(origin=node, scope=node.scope):
            if extra is not None:
                for hook in tuple(extra.hooks):
                    g = hook(g) or g
            kept = op is None or (extra is not None and extra.retains_grad)
            if (wanted is None and kept) or (wanted is not None and node.number in wanted):
                found.append((node, g))
            if op is None:
                continue
            check_unchanged(node)
            for i, x in enumerate(node.inputs):
                if not x.requires_grad or (needed is not None and x.number not in needed):
                    continue
                gi = op.vjp(i, g, node, node.inputs, node.attrs)
                if gi is None:
                    continue
                if gi.dtype != x.dtype:
                    gi = cast(gi, dtype=x.dtype)
                old = gradients.get(x.number)
                if old is not None:
                    with changed(origin=x, scope=x.scope):
                        gi = old + gi
                gradients[x.number] = gi
        if not retain_graph:
            node.inputs = None  # type: ignore[assignment]
    return found


def check_unchanged(node: Tensor) -> None:
    """Raise if a value that the node's gradient rules read was overwritten since it was computed."""
    assert node.op is not None
    if all(x.version <= node.number for x in node.inputs):
        return
    with changed(record="all", anomaly=False, origin=None):
        stand_ins = [abstract(x.shape, x.dtype) for x in node.inputs]
        y, g = abstract(node.shape, node.dtype), abstract(node.shape, node.dtype)
        rules = [node.op.vjp(i, g, y, stand_ins, node.attrs) for i, x in enumerate(node.inputs) if x.requires_grad]
        read = {x.number for x in ancestors([r for r in rules if isinstance(r, Tensor)])}
    for name, x, stand_in in zip(node.op.operands * len(node.inputs), node.inputs, stand_ins, strict=False):
        if x.version > node.number and stand_in.number in read:
            raise MutatedTensorError(
                with_user_line(
                    f"backward through {located(node)}: its {name} {x.describe()} was overwritten after "
                    f"{node.op.name} had used it, and the gradient needs the old value; "
                    "run backward first, or overwrite a copy"
                )
            )


def _report_non_finite(node: Tensor, i: int, g: np.ndarray) -> None:
    assert node.op is not None
    operand = node.inputs[i]
    line = node.extra.line if node.extra else None
    raise NonFiniteError(
        with_user_line(
            f"first non-finite gradient: {non_finite(np.asarray(g))} flows from {located(node)} ({node.op.name}) "
            f"to its operand {operand.path} {operand.describe()}" + (f"\n  recorded at {line}" if line else "")
        )
    )


def push_forward(roots: Sequence[Tensor], seeds: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor | None]:
    """The Jacobian-vector product of the whole graph: the tangents of `roots`, given those of some nodes."""
    tangents = {x.number: t for x, t in seeds}
    for node in ancestors(roots):
        if node.op is None or node.number in tangents:
            continue
        moving = [tangents.get(x.number) for x in node.inputs]
        if any(t is not None for t in moving):
            with changed(origin=node, scope=node.scope):
                t = _tangent(node, moving)
            if t is not None:
                tangents[node.number] = t
    return [tangents.get(r.number) for r in roots]


def _tangent(node: Tensor, moving: list[Tensor | None]) -> Tensor | None:
    op, xs, attrs = node.op, node.inputs, node.attrs or {}
    assert op is not None
    if not op.differentiable or node.dtype.kind != "f":
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
        pairs = pull_back([gi], [t], wrt=[g], retain_graph=True, create_graph=True)
    return pairs[0][1] if pairs else None
