"""Reverse mode: walk the graph against time with gradients, on bare arrays or recording what the rules do."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np

from .apply import gathered, located
from .broadcasting import cast
from .errors import DTypeError, GradientError, NonScalarBackwardError, ShapeError, with_user_line
from .mode import Recorder, changed, current, move_to
from .op import Collector
from .operands import owned
from .order import ancestors, between
from .tensor import Tensor, TensorLike, Writes, abstract
from .watch import check_finite, check_finite_sum, check_unchanged


def backward(
    self: Tensor,
    gradient: TensorLike | None = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Add ∂self/∂leaf to ``leaf.grad`` for every leaf that requires a gradient.

    `gradient` is ∂L/∂self, needed unless this is a scalar. The graph is freed unless
    `retain_graph`; `create_graph` records the backward pass so that it can be differentiated again.

    Raises:
        NonScalarBackwardError, FreedGraphError, MutatedTensorError, GradientError.
    """
    seed = first_gradient(self, gradient)
    retain_graph = create_graph if retain_graph is None else retain_graph
    tape = current().tape
    if tape is None and (self.is_abstract or current().record == "all"):  # the backward pass is part of the graph
        retain_graph = create_graph = True
    for node, g in pull_back([self], [seed], retain_graph=retain_graph, create_graph=create_graph):
        node.grad = g if node.grad is None else _sum(node.grad, g, create_graph or tape is not None)


Tensor.backward = backward


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
    hooks: bool = True,
) -> list[tuple[Tensor, Tensor]]:
    """The vector-Jacobian product of the whole graph: (node, gradient) for every leaf, or for `wrt`.

    Without `wrt` gradients flow to what requires one; with it, to `wrt` and no further back, whatever requires
    a gradient. With `create_graph` the rules run on tensors and record, with or without the `hooks` of nodes (which
    are no part of a derivation); else on bare arrays. A node that the roots do not depend on has no pair.
    """
    wanted: set[int] | None = None
    needed: set[int] | None = None
    if wrt is None:
        order = ancestors(roots, gradients_only=True)
    else:
        wanted = {x.number for x in wrt}
        order = between(wrt, roots)
        needed = {node.number for node in order}
    if create_graph:
        with changed(record="all" if current().record == "all" else "grad"):
            return _walk_recording(order, _seeded(roots, seeds), wanted, needed, retain_graph, hooks)
    if (tape := current().tape) is not None:
        pulled = Pulled(order, roots, seeds, wrt, retain_graph, tape)
        tape.add(pulled)
        return [*pulled.results.values()]
    return _walk(order, _seeded(roots, [seed._array for seed in seeds]), wanted, needed, retain_graph)


def _seeded(roots: Sequence[Tensor], seeds: Sequence[Any]) -> dict[int, Any]:
    """The gradients that a walk begins with, by node."""
    gradients: dict[int, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        old = gradients.get(root.number)
        gradients[root.number] = seed if old is None else old + seed
    return gradients


class Pulled:
    """Of a `Tape`: a backward pass of first order over nodes that get their values when the step is done again.

    Attributes:
        results: (node, its gradient) by the node's identity. A gradient that no rule gave has no value.
    """

    def __init__(
        self, order: list[Tensor], roots: Sequence[Tensor], seeds: Sequence[Tensor], wrt: Sequence[Tensor] | None,
        retain_graph: bool, tape: Recorder,
    ):  # fmt: skip
        self.order, self.roots, self.seeds, self.wrt = order, roots, seeds, wrt
        for node in order:
            extra = node.extra
            if node.number in tape.freed:
                tape.refuse(f"the graph of {node.path} was freed by an earlier backward()")
            if extra is not None and (extra.retains_grad or extra.hooks) and node.number in tape.made:
                tape.refuse(f"{node.path} has a hook or retains its gradient, and is made by the step itself")
        self.results = {
            id(node): (node, abstract(node.shape, node.dtype)) for node in _reached(order, roots, wrt)
        }  # fmt: skip
        if not retain_graph:
            tape.freed |= {node.number for node in order if node.op is not None and id(node) not in self.results}

    @property
    def reads(self) -> Iterable[Tensor]:
        operands = [x for node in self.order if node.op is not None for x in node.inputs]
        return (*self.order, *operands, *self.roots, *self.seeds)

    @property
    def makes(self) -> Iterable[Tensor]:
        return [g for _, g in self.results.values()]

    def run(self) -> None:
        wanted = None if self.wrt is None else {x.number for x in self.wrt}
        needed = None if self.wrt is None else {node.number for node in self.order}
        gradients = _seeded(self.roots, [seed._array for seed in self.seeds])
        for node, g in _walk([*self.order], gradients, wanted, needed, retain_graph=True):
            self.results[id(node)][1]._array = g._array


def _reached(order: list[Tensor], roots: Sequence[Tensor], wrt: Sequence[Tensor] | None) -> list[Tensor]:
    """The nodes whose gradients a walk gives, in its order, as far as that can be said without values."""
    wanted = None if wrt is None else {x.number for x in wrt}
    needed = None if wrt is None else {node.number for node in order}
    reached, results = {root.number for root in roots}, []
    for node in reversed(order):
        if node.number not in reached:
            continue
        if _is_result(node, wanted):
            results.append(node)
        if node.op is not None:
            rules = node.op.vjps
            for i, x in enumerate(node.inputs):
                if (x.requires_grad if needed is None else x.number in needed) and (callable(rules) or rules[i]):
                    reached.add(x.number)
    return results


class _Sums:
    """The gradients that have arrived so far, by node. `owned` names those whose array may be added to in place."""

    __slots__ = ("arrays", "collectors", "owned")

    def __init__(self, arrays: dict[int, Any]):
        self.arrays = arrays
        self.owned: set[int] = set()
        self.collectors: dict[int, Collector] = {}

    def add(self, x: Tensor, g: Any) -> None:
        """Add to the gradient of x."""
        if g.dtype is not x._array.dtype:  # Python scalars met masks in a rule
            g = g.astype(x._array.dtype)
        key = x.number
        old = self.arrays.get(key)
        if old is None:
            self.arrays[key] = g
        elif key in self.owned:
            old += g
        else:
            self.arrays[key] = g = old + g
            if g.__class__ is np.ndarray:
                self.owned.add(key)

    def buffer(self, x: Tensor) -> np.ndarray:
        """The gradient of x, to be added to in place."""
        old = self.arrays.get(x.number)
        if old is None or x.number not in self.owned:
            old = self.arrays[x.number] = np.zeros(x.shape, x.dtype) if old is None else np.array(old)
            self.owned.add(x.number)
        return old

    def collector(self, x: Tensor, kind: type[Collector]) -> Collector:
        """What gathers the contributions to the gradient of x."""
        if x.number not in self.collectors:
            self.collectors[x.number] = kind()
        return self.collectors[x.number]

    def completed(self, node: Tensor, g: Any) -> Any:
        """The gradient of a node, given what arrived in its array: with what was collected, after its hooks."""
        key = node.number
        if key in self.collectors:
            collected = self.collectors.pop(key).total()
            g = collected if g is None else g + collected
            self.owned.add(key)
        if g is not None and node.extra is not None and node.extra.hooks:
            g = hooked(node, Tensor(g))._array
            self.owned.discard(key)
        return g

    def tensor(self, node: Tensor, g: Any) -> Tensor:
        """The gradient as a result, which shares memory with no other."""
        return Tensor(g if node.number in self.owned else np.array(g))


def _walk(
    order: list[Tensor],
    gradients: dict[int, Any],
    wanted: set[int] | None,
    needed: set[int] | None,
    retain_graph: bool,
) -> list[tuple[Tensor, Tensor]]:
    """First order: rules on bare arrays."""
    found: list[tuple[Tensor, Tensor]] = []
    sums = _Sums(gradients)
    add, collectors = sums.add, sums.collectors
    anomaly = current().anomaly
    while order:
        node = order.pop()
        g, op = gradients.pop(node.number, None), node.op
        if collectors or node.extra is not None:
            g = sums.completed(node, g)
        if g is None:
            continue
        if anomaly:
            check_finite_sum(node, g)
        if (op is None or node.extra is not None or wanted is not None) and _is_result(node, wanted):
            found.append((node, sums.tensor(node, g)))
        if op is None:
            continue
        if Writes.latest > node.number:
            check_unchanged(node, needed)
        inputs: Any = node.inputs
        y, attrs = node._array, node.attrs
        if op.rules is None or op.collect or anomaly:
            _pull_generally(node, g, needed, sums, anomaly)
        elif attrs or len(inputs) > 2:
            xs = [x._array for x in inputs]
            for rule, x in zip(op.rules, inputs, strict=True):
                if rule is not None and (x.requires_grad if needed is None else x.number in needed):
                    add(x, rule(g, y, *xs, **(attrs or {})))
        else:  # one or two operands, no attributes, the first to contribute: the usual case, spelled out for speed
            a = inputs[0]._array
            for rule, x in zip(op.rules, inputs):  # noqa: B905
                key = x.number
                if rule is None or (not x.requires_grad if needed is None else key not in needed):
                    continue
                gi = rule(g, y, a) if len(inputs) == 1 else rule(g, y, a, inputs[1]._array)
                if key in gradients or gi.dtype is not x._array.dtype:
                    add(x, gi)
                else:
                    gradients[key] = gi
        if not retain_graph and (wanted is None or node.number not in wanted):
            node.inputs = node.attrs = None  # type: ignore[assignment]
    return found


def _pull_generally(node: Tensor, g: Any, needed: Container[int] | None, sums: _Sums, anomaly: bool) -> None:
    """Any op: rules for all operands at once, sums into a buffer or a collector; each checked for anomalies."""
    op, y, attrs = node.op, node._array, node.attrs or {}
    assert op is not None
    xs = [x._array for x in node.inputs]
    rules = op.rules or op.vjps
    pull = rules(g, y, *xs, **attrs) if callable(rules) else None
    for i, x in enumerate(node.inputs):
        if not x.requires_grad if needed is None else x.number not in needed:
            continue
        if i in op.accumulate:
            op.accumulate[i](sums.buffer(x), g, y, *xs, **attrs)
        elif i in op.collect and not anomaly:
            sums.collector(x, op.collect[i]).add(g, y, *xs)
        else:
            rule = pull or rules[i]  # type: ignore[index]
            gi = rule and (rule(i) if pull else rule(g, y, *xs, **attrs))
            if gi is not None:
                if anomaly:
                    check_finite(node, i, gi)
                first = x.number not in sums.arrays
                sums.add(x, gi)
                if first and op.fresh:
                    sums.owned.add(x.number)


def _is_result(node: Tensor, wanted: Container[int] | None) -> bool:
    """Whether its gradient is asked for: of leaves and nodes that retain theirs, or of the `wanted`."""
    if wanted is not None:
        return node.number in wanted
    return node.op is None or (node.extra is not None and node.extra.retains_grad)


def _walk_recording(
    order: list[Tensor],
    gradients: dict[int, Tensor],
    wanted: set[int] | None,
    needed: set[int] | None,
    retain_graph: bool,
    hooks: bool,
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
        if extra is not None and extra.hooks and hooks:
            g = hooked(node, g)
        if anomaly:
            check_finite_sum(node, g)
        if _is_result(node, wanted):
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
            node.inputs = node.attrs = None  # type: ignore[assignment]
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
