"""Which nodes a walk visits, in which order. Creation order is a topological order; nothing recurses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from .apply import check_not_freed
from .tensor import Tensor


def walk(roots: Iterable[Tensor], onward: Callable[[Tensor], Iterable[Tensor]]) -> Iterator[Tensor]:
    """The roots and what `onward` leads to from them, each node once, in no order to rely on."""
    stack, seen = list(roots), set()
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen.add(node.number)
            yield node
            stack.extend(onward(node))


def in_order(nodes: Iterable[Tensor]) -> list[Tensor]:
    """In creation order: each after its inputs."""
    return sorted(nodes, key=_creation)


def ancestors(roots: Iterable[Tensor], *, gradients_only: bool = False, since: int = -1) -> list[Tensor]:
    """Every node the roots were computed from, in creation order; with `since`, none older than that number.

    A `walk` without a function to call at every node: every backward pass begins with it.
    """
    stack = [r for r in roots if (r.requires_grad or not gradients_only) and r.number >= since]
    seen = {r.number for r in stack}
    nodes = []
    while stack:
        node = stack.pop()
        nodes.append(node)
        if node.number == since:
            continue
        inputs = node.inputs
        if inputs is None:
            check_not_freed(node)
            continue
        for x in inputs:
            if (x.requires_grad or not gradients_only) and x.number not in seen and x.number >= since:
                seen.add(x.number)
                stack.append(x)
    nodes.sort(key=_creation)
    return nodes


def between(wrt: Sequence[Tensor], roots: Sequence[Tensor]) -> list[Tensor]:
    """The nodes through which a gradient flows from `roots` back to `wrt`, both included, in creation order."""
    reached = {x.number for x in wrt}
    order = ancestors(roots, since=min(reached, default=_END))
    for node in order:
        op = node.op
        if op is not None and op.differentiable and node.dtype.kind in "fO":
            for x in node.inputs or ():
                if x.number in reached:
                    reached.add(node.number)
                    break
    return [node for node in order if node.number in reached]


_END = 1 << 62  # newer than every node


def _creation(node: Tensor) -> int:
    return node.number
