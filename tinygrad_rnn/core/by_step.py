"""The gradient of a weight, time step by time step: which of its uses taught it what."""

from __future__ import annotations

import numpy as np

from .autodiff import first_gradient, local_gradient
from .errors import ArgumentError, GradientError, NotInGraphError, with_user_line
from .order import ancestors, between
from .tensor import Tensor


def grad_by_step(loss: Tensor, weight: Tensor, *, outside: bool = False) -> Tensor:
    """The gradient of `weight` by the time step at which it was used; leaves the graph and ``.grad`` alone.

        ∂L/∂W = Σ_t ∂L/∂W_t,   where W_t is the W that step t reads

    A use belongs to the time step of the first node on the way from `weight` to `loss` that lies in one, so a
    transpose or a slice of the weight counts for the step that uses it, wherever it was made. Steps of the same
    number in several scopes (two layers, both directions) are added. The steps inside a `scan` count as if unrolled.

    Args:
        loss: a scalar; its graph must not have been freed.
        weight: a tensor it depends on.
        outside: append one more row for uses on a way through no time step at all (weight decay, for example).

    Returns:
        (T, *weight.shape), T being the highest step in the graph plus one; the rows sum to ``weight.grad``.

    Raises:
        ArgumentError: there are such uses outside the time steps and `outside` is false.
        NotInGraphError: `loss` does not depend on `weight`.
        GradientError: nothing in the graph lies in a time step.
    """
    seed = first_gradient(loss)._array
    order = between([weight], [loss])
    if not order or order[-1] is not loss or order[0] is not weight:
        raise NotInGraphError(with_user_line(f"grad_by_step: the loss does not depend on {_called(weight)}"))
    steps = [step for node in ancestors([loss], gradients_only=True) for step in _steps(node)]
    if not steps:
        raise GradientError(
            with_user_line(
                "grad_by_step: nothing behind the loss lies in a time step: mark steps by tg.scope(label, step=t)"
            )
        )
    needed = {node.number for node in order}
    # Nodes made of the weight before any time step: their gradients are kept apart by the step they come from.
    before = {weight.number}
    for node in order:
        if _step(node) is None and any(x.number in before for x in node.inputs):
            before.add(node.number)
    gradients: dict[int, dict[int | None, np.ndarray]] = {loss.number: {None: seed}}
    for node in reversed(order[1:]):
        arrived = gradients.pop(node.number, {})
        by_step = node.op.by_step if node.op is not None else None
        if by_step is not None and arrived:
            g = _sum(list(arrived.values()))
            for i, x in enumerate(node.inputs):
                if x.number in needed:
                    inside = by_step(node, i, g)
                    parts = gradients.setdefault(x.number, {})
                    for key, gi in inside.items() if x.number in before else [(None, _sum(list(inside.values())))]:
                        parts[key] = parts[key] + gi if key in parts else gi
            continue
        if node.number not in before and arrived:
            arrived = {_step(node): _sum(list(arrived.values()))}
        for step, g in arrived.items():
            for i, x in enumerate(node.inputs):
                if x.number in needed and (gi := local_gradient(node, i, g, needed)) is not None:
                    parts = gradients.setdefault(x.number, {})
                    key = step if x.number in before else None
                    parts[key] = parts[key] + gi if key in parts else gi
    parts = gradients.get(weight.number, {})
    rows = [*range(max(steps) + 1), None] if outside else range(max(steps) + 1)
    if None in parts and not outside:
        raise ArgumentError(
            with_user_line(
                f"grad_by_step: {_called(weight)} is also used outside every time step; "
                "outside=True returns those uses as one more row"
            )
        )
    return Tensor(np.stack([parts.get(t, np.zeros(weight.shape, weight.dtype)) for t in rows]))


def _steps(node: Tensor) -> list[int]:
    """The time steps a node lies in, or holds."""
    if node.op is not None and node.op.by_step is not None:
        return list(range(node.inputs[0].shape[0]))
    step = _step(node)
    return [] if step is None else [step]


def _step(node: Tensor) -> int | None:
    return node.scope.step if node.scope is not None else None


def _sum(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else sum(arrays[1:], arrays[0])


def _called(x: Tensor) -> str:
    return f"{x.path} {x.describe()}"
