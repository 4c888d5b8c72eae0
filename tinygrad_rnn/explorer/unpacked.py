"""A cell run on a sequence with its gates unpacked: every node is a quantity of its derivation or leads to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.graph import Graph
from ..core.mode import changed, current, scope
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..derivation.quantities import Quantity, Step
from ..step.body import BATCH
from ..step.cells import CellLike, initial_state
from ..step.gates import is_block


@dataclass
class Run:
    """A cell's steps and the loss L = Σ_t ½‖y_t‖² of its first output.

    Attributes:
        loss: L. losses: ℓ_t of each step, L itself if there is one. squares: y_t², where ∂ℓ/∂y_t begins.
        known: by name, as the derivation has it, and step: the node. States before the first step are of step −1;
            what is the same at every step is of step None.
        output: the name of y.
    """

    loss: Tensor
    losses: list[Tensor]
    squares: list[Tensor]
    output: str
    known: dict[tuple[str, int | None], Tensor] = field(default_factory=dict)


def unpacked_run(cell: CellLike, xs: np.ndarray, step: Step) -> Run:
    """Run a cell on xs, (T, B, D), by the quantities of its step."""
    with changed(record="all"), scope(getattr(cell, "label", type(cell).__name__)):
        return _Runner(cell, xs, step).run()


class _Runner:
    def __init__(self, cell: CellLike, xs: np.ndarray, step: Step):
        self.cell, self.xs, self.step = cell, xs, step
        self.batch = xs.shape[1]
        self.known: dict[tuple[str, int | None], Tensor] = {}
        self.shared: dict[int, Tensor] = {}
        for leaf in step.parameters:
            name = step.symbols[leaf.number].name
            node = leaf
            if is_block(leaf):
                node = apply(leaf.op, leaf.inputs, dict(leaf.attrs or {})).named(name)  # type: ignore[arg-type]
            self.shared[leaf.number] = self.known[name, None] = node

    def run(self) -> Run:
        state = flatten(initial_state(self.cell, self.batch))[0]
        for s, (leaf, _, lag) in zip(state, self.step.states, strict=True):
            if s.op is None and s.dtype.kind == "f":
                s.requires_grad = True
            if s.op is None and s.name is None:
                s.named(self.step.symbols[leaf.number].name, role="state")
            self.known[self.step.symbols[leaf.number].name, -lag] = s
        squares, losses, output = [], [], ""
        for t in range(len(self.xs)):
            with scope(f"t={t}", step=t):
                values = self.one_step(t, state)
                y = self.step.body.outputs[0]
                output = next((q.symbol.name for q in self.step.quantities if q.node.number == y.number), y.name or "y")
                squares.append(values[y.number] ** 2)
                losses.append((squares[-1].sum() * 0.5).named("ℓ"))
                self.known["ℓ", t] = losses[-1]
            state = [values[s.number] for s in self.step.body.new_states]
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        if len(losses) > 1:
            total.named("L")
        self.known["L", None] = total
        return Run(total, losses, squares, output, self.known)

    def one_step(self, t: int, state: Sequence[Tensor]) -> dict[int, Tensor]:
        """The values of a step: of its inputs, states and quantities, by the numbers of their nodes in the body."""
        body = self.step.body
        values = {s.number: now for s, now in zip(body.states, state, strict=True)}
        for leaf in body.sequences:
            x = Tensor(np.array(self.xs[t])).named(leaf.name or "x", role="input")
            x.scope, x.requires_grad = current().scope, self.xs.dtype.kind == "f"
            values[leaf.number] = self.known[leaf.name or "x", t] = x
        stood = dict(values) | self.shared  # by what reads them: stand-ins, leaves and blocks
        for q in self.step.quantities:
            value = self.quantity(q, t, stood)
            values[q.node.number] = stood[self.step.stand_ins[q.node.number].number] = value
        return values

    def quantity(self, q: Quantity, t: int, stood: Mapping[int, Tensor]) -> Tensor:
        key = (q.symbol.name, None if q.symbol.lag is None else t)
        if key not in self.known:
            value = self.computed(q.value, stood)
            if value.name is None and value.op is not None:
                role = "state" if q.node.number in {s.number for s in self.step.body.new_states} else None
                value.named(q.symbol.name)
                value.role = role
            self.known[key] = value
        return self.known[key]

    def computed(self, value: Tensor, stood: Mapping[int, Tensor]) -> Tensor:
        """A value of the traced step, for the batch at hand."""
        graph = Graph(value, boundary=[n for n in Graph(value).nodes if n.number in stood])
        found: dict[int, Tensor] = {}
        for n in graph.nodes:
            if n.number in stood:
                found[n.number] = stood[n.number]
            elif n.op is None:
                found[n.number] = n
            else:
                attrs = {k: _for_batch(v, self.batch) for k, v in (n.attrs or {}).items()}
                found[n.number] = apply(n.op, [found[x.number] for x in n.inputs], attrs)
        return found[value.number]


def _for_batch(value: Any, batch: int) -> Any:
    """An attribute of a traced op with the batch size that there is."""
    if isinstance(value, tuple):
        return tuple(_for_batch(v, batch) for v in value)
    if isinstance(value, slice):
        return slice(*[_for_batch(v, batch) for v in (value.start, value.stop, value.step)])
    return batch if isinstance(value, int) and not isinstance(value, bool) and value == BATCH else value
