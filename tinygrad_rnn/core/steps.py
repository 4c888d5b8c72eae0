"""The backward pass one node at a time: to watch it, and to see what a wrong order does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .autodiff import first_gradient, hooked, local_gradient
from .errors import ArgumentError, with_user_line
from .order import ancestors
from .tensor import Tensor


@dataclass(frozen=True)
class Contribution:
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
    partial: np.ndarray | None
    gradient: np.ndarray
    accumulated: np.ndarray
    complete: bool


@dataclass(frozen=True)
class BackpropStep:
    """A node, its gradient when it was its turn, whether that was `complete`, and what it passed on."""

    node: Tensor
    gradient: np.ndarray
    complete: bool
    contributions: tuple[Contribution, ...]


def backprop_steps(loss: Tensor, order: str = "topological") -> Iterator[BackpropStep]:
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
    if order not in ("topological", "depth-first"):
        raise ArgumentError(with_user_line(f"backprop_steps: order is 'topological' or 'depth-first', not {order!r}"))
    seed = first_gradient(loss)._array
    return _steps(loss, seed, ancestors([loss], gradients_only=True), depth_first=order == "depth-first")


def _steps(loss: Tensor, seed: np.ndarray, nodes: list[Tensor], *, depth_first: bool) -> Iterator[BackpropStep]:
    pending = dict.fromkeys((node.number for node in nodes), 0)  # contributions still to come
    for node in nodes:
        for i, x in enumerate(node.inputs):
            if x.requires_grad and _has_rule(node, i):
                pending[x.number] += 1
    gradients = {loss.number: seed}
    waiting = [loss] if depth_first else nodes
    done: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node.number in done or node.number not in gradients:
            continue
        done.add(node.number)
        g = gradients[node.number]
        if node.extra is not None and node.extra.hooks:
            g = gradients[node.number] = hooked(node, Tensor(g))._array
        complete = pending[node.number] == 0
        contributions = []
        for i, x in enumerate(node.inputs):
            gi = local_gradient(node, i, g) if x.requires_grad else None
            if gi is None:
                continue
            pending[x.number] -= 1
            total = gradients[x.number] = np.asarray(gradients[x.number] + gi) if x.number in gradients else gi
            contributions.append(Contribution(x, _partial(node, i), gi, total, pending[x.number] == 0))
        if depth_first:
            waiting.extend(reversed([c.operand for c in contributions]))
        yield BackpropStep(node, g, complete, tuple(contributions))


def _has_rule(node: Tensor, i: int) -> bool:
    assert node.op is not None
    return callable(node.op.vjps) or node.op.vjps[i] is not None


def _partial(node: Tensor, i: int) -> np.ndarray | None:
    """∂node/∂operand, of the node's shape: the rule applied to ones and to operands broadcast beforehand."""
    assert node.op is not None
    if not node.op.elementwise:
        return None
    spread = [np.broadcast_to(x._array, node.shape) for x in node.inputs]
    partial = node.op.vjp(i, np.ones(node.shape, node.dtype), node._array, spread, node.attrs)
    return np.asarray(partial, node.inputs[i].dtype)
