"""Which nodes are laid out together: one block a time step, in rows, and what lies before and after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import inf
from typing import NamedTuple

from ..core.mode import Scope
from ..core.tensor import Tensor
from .picture import Block


class _Key(NamedTuple):
    """What nodes of one block share. Blocks stand in rows, one per unrolled loop, in order of time."""

    row: int
    time: float
    frames: tuple[str, ...]


class Blocks:
    """Assigns each node a block, those of `before` one of their own before the first step.

    `home` lacks the leaves outside all steps: each reader's block draws its own copy.
    """

    def __init__(
        self,
        order: Sequence[Tensor],
        operands: Mapping[int, tuple[Tensor, ...]],
        forward: Set[int],
        flat: bool = False,
        before: Set[int] = frozenset(),
    ):
        self.flat = flat
        self.runs: list[tuple[str, ...]] = []  # the places that own time steps: a cell, a loop
        keys: dict[int, _Key | None] = {}
        for node in order:
            inputs = operands[node.number]
            if (key := self._step_key(node)) is None and inputs:
                if node.number not in forward:
                    key = _gradient_key(node, inputs, keys)
                row = max(len(self.runs) - 1, 0)
                key = key or _Key(row, inf if self.runs else -inf, ())
            keys[node.number] = key
        if not self.runs:
            computed = [n for n in order if operands[n.number]]
            own = [n for n in computed if n.number in forward] or [n for n in computed if n.scope is not None]
            keys = dict.fromkeys(keys, _Key(0, 0.0, _shared([_labels(n.scope) for n in own])))
        self._put_before(order, operands, before, keys)
        ordered = sorted({key for key in keys.values() if key is not None} or {_Key(0, 0.0, ())})
        place = {key: i for i, key in enumerate(ordered)}
        self.home = {number: place[key] for number, key in keys.items() if key is not None}
        self.blocks = [Block(key.frames, key.row) for key in ordered]
        self.times = [key.time for key in ordered]

    def _put_before(
        self, order: Sequence[Tensor], operands: Mapping[int, tuple[Tensor, ...]], before: Set[int],
        keys: dict[int, _Key | None],
    ) -> None:  # fmt: skip
        near = [(x, node) for node in order for x in operands[node.number]]
        for a, b in [*near, *[(node, x) for x, node in near]]:
            if a.number in before and b.number not in before and (key := keys.get(b.number)) is not None:
                keys[a.number] = _Key(key.row, -1.0, ())

    def frames(self, node: Tensor, block: int) -> tuple[str, ...]:
        """The scopes to frame inside the block: the node's own, without those around the block."""
        labels, around = _labels(node.scope), self.blocks[block].frames
        if self.flat:
            return ()
        if around:  # other nodes here are ghosts, or gradients summed over steps
            return labels[len(around) :] if labels[: len(around)] == around else ()
        run = next((run for run in self.runs if run and labels[: len(run)] == run), ())
        return labels[len(run) :]

    def _step_key(self, node: Tensor) -> _Key | None:
        scope = None if self.flat else _step_scope(node.scope)
        if scope is None or scope.step is None:
            return None
        frames = _labels(scope)
        if frames[:-1] not in self.runs:
            self.runs.append(frames[:-1])
        return _Key(self.runs.index(frames[:-1]), float(scope.step), frames)


def _gradient_key(node: Tensor, inputs: tuple[Tensor, ...], keys: Mapping[int, _Key | None]) -> _Key | None:
    """A gradient belongs to the step of its forward node; a sum over steps to that of its latest term."""
    origin = [node.origin] if node.origin is not None else []
    candidates = [*origin, *sorted(inputs, key=lambda x: -x.number)]
    return next((key for x in candidates if (key := keys.get(x.number)) is not None), None)


def _labels(scope: Scope | None) -> tuple[str, ...]:
    labels = []
    while scope is not None:
        labels.append(scope.label)
        scope = scope.parent
    return tuple(reversed(labels))


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The labels that all paths begin with."""
    first, last = min(paths, default=()), max(paths, default=())
    same = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def _step_scope(scope: Scope | None) -> Scope | None:
    """The outermost scope that is a time step."""
    found = None
    while scope is not None and scope.step is not None:
        found, scope = scope, scope.parent
    return found
