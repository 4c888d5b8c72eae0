"""The loop over time steps, every node in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.mode import scope
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..ops import stack, where
from .cells import CellLike, stepped


def run_steps(
    cell: CellLike,
    length: int,
    read: Callable[[int], Tensor],
    begin: Callable[[Tensor], Any],
    *,
    reverse: bool = False,
    then: Callable[[int, Any, Any, Any], tuple[Any, Any]] | None = None,
) -> tuple[list[Any], Any]:
    """The outputs of all steps, in the order of time, and the state after the last; step t is in the scope ``t=<t>``.

    Args:
        read: gives x of step t.
        begin: gives the state before the first step, given its x.
        reverse: run from the last step to the first.
        then: what else happens in a step: (t, output, new state, state before) -> (output, new state).

    Raises:
        DeclarationError: `step` does not return (output, new state).
    """
    outputs: list[Any] = [None] * length
    state = None
    for k in range(length):
        t = length - 1 - k if reverse else k
        with scope(f"t={t}", step=t):
            x = read(t)
            before = begin(x) if k == 0 else state
            outputs[t], state = stepped(cell, x, before)
            if then is not None:
                outputs[t], state = then(t, outputs[t], state, before)
    return outputs, state


def stacked(outputs: Sequence[Any]) -> Any:
    """The outputs of all steps along a first axis of time."""
    _, rebuild = flatten(outputs[0])
    return rebuild([stack(list(column)) for column in zip(*(flatten(y)[0] for y in outputs), strict=True)])


def held(inside: Any, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
    """(output, new state) of a step that only some samples still take: of the others 0, and the state before.

    `inside`, (B, 1), says which do.
    """

    def rows(like: Tensor) -> Any:
        return inside if like.ndim == 2 else inside.reshape(inside.shape[0])

    ys, rebuild_output = flatten(output)
    afters, rebuild_state = flatten(after)
    ys = [where(rows(y), y, 0.0).named(y.name or "y") for y in ys]
    pairs = zip(afters, flatten(before)[0], strict=True)
    return rebuild_output(ys), rebuild_state([where(rows(b), a, b).named(a.name or "s") for a, b in pairs])
