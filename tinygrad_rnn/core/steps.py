"""The backward pass one node at a time: to watch it, and to see what a wrong order does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from .autodiff import first_gradient, hooked, local_gradient
from .broadcasting import broadcast_to, cast
from .errors import ArgumentError, with_user_line
from .mode import changed
from .order import ancestors
from .tensor import Tensor
from .watch import check_unchanged

G = TypeVar("G")  # what gradients are: arrays, or tensors


@dataclass(frozen=True)
class Contribution(Generic[G]):
    """What a node passes on to one of its operands.

    Attributes:
        operand: the tensor that receives it.
        partial: ∂node/∂operand entry by entry, of the node's shape, if the op acts entry by entry; else None (the
            derivative is a matrix or more, and the op's rule multiplies by it without forming it).
        gradient: the contribution itself, of the operand's shape: the rule applied to the node's gradient.
        accumulated: the operand's gradient after adding it.
        complete: whether every node that uses the operand has now contributed.
    """

    operand: Tensor
    partial: G | None
    gradient: G
    accumulated: G
    complete: bool


@dataclass(frozen=True)
class BackpropStep(Generic[G]):
    """A node, its gradient when it was its turn, whether that was `complete`, and what it passed on."""

    node: Tensor
    gradient: G
    complete: bool
    contributions: tuple[Contribution[G], ...]


def backprop_steps(loss: Tensor, order: str = "topological") -> Iterator[BackpropStep[np.ndarray]]:
    """The backward pass from a scalar, one node at a time; changes neither the graph nor any ``.grad``.

    Args:
        loss: a scalar that requires a gradient.
        order: "topological": every node after all nodes that use it, so its gradient is complete at its turn.
            "depth-first": the naive recursion, for comparison: a node passes its gradient on as soon as it gets
            any, and only once. What arrives later is lost to everything behind it, so **gradients come out wrong**
            wherever a node is used twice.

    Raises:
        ArgumentError: another order.
        NonScalarBackwardError, FreedGraphError, MutatedTensorError, GradientError: as `Tensor.backward`.
    """
    return _steps(loss, order, _Arrays())


def recorded_backprop_steps(loss: Tensor, order: str = "topological") -> list[BackpropStep[Tensor]]:
    """The same with every gradient a tensor, so that the backward pass is a graph that can be computed again."""
    with changed(record="all", scope=None, anomaly=False, origin=None):
        return list(_steps(loss, order, _Tensors()))


class _Rules(Protocol[G]):
    """How gradients of one kind are passed on and added."""

    def first(self, loss: Tensor) -> G: ...

    def passed(self, node: Tensor, i: int, g: G) -> G | None: ...

    def partial(self, node: Tensor, i: int) -> G | None: ...

    def hooked(self, node: Tensor, g: G) -> G: ...

    def added(self, a: G, b: G) -> G: ...


class _Arrays:
    def first(self, loss: Tensor) -> np.ndarray:
        return first_gradient(loss)._array

    def passed(self, node: Tensor, i: int, g: np.ndarray) -> np.ndarray | None:
        return local_gradient(node, i, g)

    def partial(self, node: Tensor, i: int) -> np.ndarray | None:
        """∂node/∂operand, of the node's shape: the rule applied to ones and to operands broadcast beforehand."""
        assert node.op is not None
        if not node.op.elementwise:
            return None
        spread = [np.broadcast_to(x._array, node.shape) for x in node.inputs]
        partial = node.op.vjp(i, np.ones(node.shape, node.dtype), node._array, spread, node.attrs)
        return np.asarray(partial, node.inputs[i].dtype)

    def hooked(self, node: Tensor, g: np.ndarray) -> np.ndarray:
        return hooked(node, Tensor(g))._array

    def added(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a + b)


class _Tensors:
    def first(self, loss: Tensor) -> Tensor:
        return first_gradient(loss)

    def passed(self, node: Tensor, i: int, g: Tensor) -> Tensor | None:
        assert node.op is not None
        check_unchanged(node, None)
        gi = node.op.vjp(i, g, node, node.inputs, node.attrs)
        return gi if gi is None or gi.dtype == node.inputs[i].dtype else cast(gi, dtype=node.inputs[i].dtype)

    def partial(self, node: Tensor, i: int) -> Tensor | None:
        assert node.op is not None
        if not node.op.elementwise:
            return None
        ones = Tensor(np.ones(node.shape, node.dtype))
        ones.role = "constant"
        spread = [x if x.shape == node.shape else broadcast_to(x, shape=node.shape) for x in node.inputs]
        partial: Any = node.op.vjp(i, ones, node, spread, node.attrs)
        return partial

    def hooked(self, node: Tensor, g: Tensor) -> Tensor:
        return hooked(node, g)

    def added(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


def _steps(loss: Tensor, order: str, rules: _Rules[G]) -> Iterator[BackpropStep[G]]:
    if order not in ("topological", "depth-first"):
        raise ArgumentError(with_user_line(f"backprop_steps: order is 'topological' or 'depth-first', not {order!r}"))
    seed = rules.first(loss)
    nodes = ancestors([loss], gradients_only=True)
    return _walk(loss, seed, nodes, rules, depth_first=order == "depth-first")


def _walk(
    loss: Tensor, seed: G, nodes: list[Tensor], rules: _Rules[G], *, depth_first: bool
) -> Iterator[BackpropStep[G]]:
    pending = dict.fromkeys((node.number for node in nodes), 0)  # contributions still to come
    for node in nodes:
        for i, x in enumerate(node.inputs):
            if x.requires_grad and _has_rule(node, i):
                pending[x.number] += 1
    gradients: dict[int, G] = {loss.number: seed}
    waiting = [loss] if depth_first else nodes
    done: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node.number in done or node.number not in gradients:
            continue
        done.add(node.number)
        g = gradients[node.number]
        if node.extra is not None and node.extra.hooks:
            g = gradients[node.number] = rules.hooked(node, g)
        complete = pending[node.number] == 0
        contributions = []
        for i, x in enumerate(node.inputs):
            gi = rules.passed(node, i, g) if x.requires_grad else None
            if gi is None:
                continue
            pending[x.number] -= 1
            before = gradients.get(x.number)
            total = gradients[x.number] = gi if before is None else rules.added(before, gi)
            contributions.append(Contribution(x, rules.partial(node, i), gi, total, pending[x.number] == 0))
        if depth_first:
            waiting.extend(reversed([c.operand for c in contributions]))
        yield BackpropStep(node, g, complete, tuple(contributions))


def _has_rule(node: Tensor, i: int) -> bool:
    assert node.op is not None
    return callable(node.op.vjps) or node.op.vjps[i] is not None
