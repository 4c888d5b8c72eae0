"""Reverse mode: walk the graph against time with gradients, on bare arrays or recording what the rules do."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from .apply import gathered, located
from .broadcasting import cast
from .errors import DTypeError, GradientError, NonScalarBackwardError, ShapeError, with_user_line
from .mode import changed, current, move_to
from .operands import owned
from .order import ancestors, between
from .tensor import Tensor, TensorLike, Writes
from .watch import check_finite, check_finite_sum, check_unchanged


def backward(root: Tensor, gradient: TensorLike | None, *, retain_graph: bool, create_graph: bool) -> None:
    """`Tensor.backward`: accumulate the gradient of `root` into the `.grad` of its leaves."""
    seed = first_gradient(root, gradient)
    if root.is_abstract or current().record == "all":  # traced: the backward pass is part of the graph
        retain_graph = create_graph = True
    for node, g in pull_back([root], [seed], retain_graph=retain_graph, create_graph=create_graph):
        node.grad = g if node.grad is None else _sum(node.grad, g, create_graph)


def first_gradient(root: Tensor, gradient: TensorLike | None = None) -> Tensor:
    """What a backward pass starts with: the given gradient of `root`, or 1 for a scalar."""
    if not root.requires_grad:
        raise GradientError(with_user_line(f"backward: {root.path} {root.describe()} does not require a gradient"))
    if gradient is None:
        if root.size != 1:
            raise NonScalarBackwardError(
                with_user_line(
                    f"backward: {root.path} {root.describe()} has {root.size} entries; pass the gradient of the loss "
                    f"with respect to it (shape {root.shape}), or reduce it first, for example with .sum()"
                )
            )
        one = Tensor(np.ones(root.shape, root.dtype))
        one.role = "constant"
        return one
    seed = _given(gradient, root)
    if seed.shape != root.shape:
        raise ShapeError(with_user_line(f"backward: gradient of {root.describe()} has shape {seed.shape}"))
    if seed.dtype != root.dtype:
        raise DTypeError(with_user_line(f"backward: gradient of {root.describe()} has dtype {seed.dtype}"))
    return seed


def _given(gradient: TensorLike, node: Tensor) -> Tensor:
    """A gradient that a user gave for a node, as a tensor of its own in the node's dtype."""
    gradient = gathered(gradient)
    return gradient if isinstance(gradient, Tensor) else Tensor(owned(gradient, node.dtype))


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

    Without `wrt` gradients flow to what requires one; with it, to `wrt` and no further back, whatever requires
    a gradient. With `create_graph` the rules run on tensors and record; without, on bare arrays. A node that
    the roots do not depend on has no pair.
    """
    wanted: set[int] | None = None
    needed: set[int] | None = None
    if wrt is None:
        order = ancestors(roots, gradients_only=True)
    else:
        wanted = {x.number for x in wrt}
        order = between(wrt, roots)
        needed = {node.number for node in order}
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
    collectors: dict[int, Any] = {}
    anomaly = current().anomaly
    while order:
        node = order.pop()
        key = node.number
        g = gradients.pop(key, None)
        if key in collectors:
            collected = collectors.pop(key).total()
            g = collected if g is None else g + collected
            owned.add(key)
        if g is None:
            continue
        extra = node.extra
        if extra is not None and extra.hooks:
            g, _ = hooked(node, Tensor(g))._array, owned.discard(key)
        if anomaly:
            check_finite_sum(node, g)
        op = node.op
        if wanted is None:
            if op is None or (extra is not None and extra.retains_grad):
                found.append((node, Tensor(g if key in owned else np.array(g))))
        elif key in wanted:
            found.append((node, Tensor(g if key in owned else np.array(g))))
        if op is None:
            continue
        if Writes.latest > key:
            check_unchanged(node, needed)
        inputs: Any = node.inputs
        y = node._array
        attrs = node.attrs
        rules = op.rules
        xs = [x._array for x in inputs] if rules is None or attrs or len(inputs) > 2 else None
        pull = op.pull(g, y, xs or (), attrs) if op.variadic else None
        for i, x in enumerate(inputs):
            target = x.number
            if not x.requires_grad if needed is None else target not in needed:
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
                gi = op.vjp(i, g, y, xs, attrs) if pull is None else pull(i)
                if gi is None:
                    continue
            elif (rule := rules[i]) is None:
                continue
            elif op.collect and i in op.collect and not anomaly:
                if target not in collectors:
                    collectors[target] = op.collect[i]()
                collectors[target].add(g, y, *[x._array for x in inputs])
                continue
            elif xs is None:  # one or two operands, no attributes: the usual case, spelled out for speed
                gi = rule(g, y, x._array) if len(inputs) == 1 else rule(g, y, inputs[0]._array, inputs[1]._array)
            else:
                gi = rule(g, y, *xs, **(attrs or {}))
            if gi.dtype is not x._array.dtype:  # Python scalars met masks in a rule
                gi = gi.astype(x._array.dtype)
            if anomaly:
                check_finite(node, i, gi)
            if old is None:
                gradients[target] = gi
            elif target in owned:
                old += gi
            else:
                gradients[target] = gi = old + gi
                if gi.__class__ is np.ndarray:
                    owned.add(target)
        if not retain_graph and (wanted is None or key not in wanted):
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
    anomaly = current().anomaly
    for node in reversed(order):
        g = gradients.pop(node.number, None)
        if g is None:
            continue
        op, extra = node.op, node.extra
        move_to(node)
        if extra is not None and extra.hooks:
            g = hooked(node, g)
        if anomaly:
            check_finite_sum(node, g)
        kept = op is None or (extra is not None and extra.retains_grad)
        if (wanted is None and kept) or (wanted is not None and node.number in wanted):
            found.append((node, g))
        if op is None:
            continue
        check_unchanged(node, needed)
        pull = op.pull(g, node, node.inputs, node.attrs)
        for i, x in enumerate(node.inputs):
            if not x.requires_grad if needed is None else x.number not in needed:
                continue
            gi = pull(i)
            if gi is None:
                continue
            if anomaly:
                check_finite(node, i, gi)
            if gi.dtype != x.dtype:
                gi = cast(gi, dtype=x.dtype)
            old = gradients.get(x.number)
            if old is not None:
                move_to(x)
                gi = old + gi
                move_to(node)
            gradients[x.number] = gi
        if not retain_graph and (wanted is None or node.number not in wanted):
            node.inputs = None  # type: ignore[assignment]
            node.attrs = None
    return found


def local_gradient(node: Tensor, i: int, g: np.ndarray, needed: Container[int] | None = None) -> np.ndarray | None:
    """What a node passes on to operand `i`, given its own gradient: its rule, on arrays, for one step at a time."""
    assert node.op is not None
    check_unchanged(node, needed)
    gi = node.op.vjp(i, g, node._array, [x._array for x in node.inputs], node.attrs)
    return gi if gi is None else np.asarray(gi, node.inputs[i].dtype)


def hooked(node: Tensor, g: Tensor) -> Tensor:
    """The gradient of a node after its hooks, each of which may replace it."""
    assert node.extra is not None
    for hook in tuple(node.extra.hooks):
        replaced = hook(g)
        if replaced is None:
            continue
        replaced = _given(replaced, node)
        if replaced.shape != node.shape:
            raise ShapeError(
                with_user_line(
                    f"a hook of {located(node)} {node.describe()} returned shape {replaced.shape}; "
                    f"the gradient has shape {node.shape}"
                )
            )
        g = replaced if replaced.dtype == node.dtype else cast(replaced, dtype=node.dtype)
    return g
