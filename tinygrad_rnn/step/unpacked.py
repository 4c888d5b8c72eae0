"""A cell run with its gates unpacked: every node is a quantity of its step, by its name, or leads to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.graph import Graph
from ..core.mode import changed, current, scope
from ..core.tensor import Tensor, abstract
from ..core.trees import flatten
from .body import BATCH
from .cells import CellLike, initial_state
from .gates import is_block
from .inputs import Input
from .quantities import Quantity, Step


class Unpacked:
    """Computes a step by its quantities, as often as asked, for a batch of any size.

    Args:
        parameter: what to read for a parameter, or block of one, given its name.

    Attributes:
        known: by name and time step, the nodes; what is the same at every step is of step None.
    """

    def __init__(self, step: Step, batch: int, parameter: Callable[[Tensor, str], Tensor]):
        self.step, self.batch = step, batch
        self.known: dict[tuple[str, int | None], Tensor] = {}
        self.shared: dict[int, Tensor] = {}
        for leaf in step.parameters:
            name = step.symbols[leaf.number].name
            self.shared[leaf.number] = self.known[name, None] = parameter(leaf, name)

    def one_step(self, t: int | None, xs: Sequence[Tensor], state: Sequence[Tensor]) -> dict[int, Tensor]:
        """The values of a step: of its inputs, states and quantities, by the numbers of their nodes in its body."""
        body = self.step.body
        values = {s.number: now for s, now in zip(body.states, state, strict=True)}
        for leaf, x in zip(body.sequences, xs, strict=True):
            values[leaf.number] = self.known[leaf.name or "x", t] = x
        stood = dict(values) | self.shared  # by what reads them: stand-ins, leaves and blocks
        for q in self.step.quantities:
            value = self.quantity(q, t, stood)
            values[q.node.number] = stood[self.step.stand_ins[q.node.number].number] = value
        return values

    def after(self, values: Mapping[int, Tensor]) -> list[Tensor]:
        """The state after a step."""
        return [values[s.number] for s in self.step.body.new_states]

    def quantity(self, q: Quantity, t: int | None, stood: Mapping[int, Tensor]) -> Tensor:
        fixed = q.symbol.lag is None
        key = (q.symbol.name, None if fixed else t)
        if fixed and key in self.known:
            return self.known[key]
        value = self.computed(q.value, stood)
        if value.name is None and value.op is not None:
            value.named(q.symbol.name)
            if q.node.number in {s.number for s in self.step.body.new_states}:
                value.role = "state"
        self.known[key] = value
        return value

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


def unpacked_graph(cell: CellLike, x: Input, step: Step) -> tuple[Graph, dict[int, Tensor]]:
    """The graph of one step, or of `x.steps`, with shapes only; its outputs end with the states after the last.

    Returns also the parameter that each leaf is, or is rows of, by the leaf's number.
    """
    parts: dict[int, Tensor] = {}

    def parameter(leaf: Tensor, name: str) -> Tensor:
        made = _leaf(leaf.shape, leaf.dtype, name, "parameter")
        parts[made.number] = leaf.inputs[0] if is_block(leaf) else leaf
        return made

    batch = x.batch or 1
    states = [_leaf(s.shape, s.dtype, step.symbols[own.number].name, "state")
              for s, own in zip(flatten(initial_state(cell, batch))[0], step.body.states, strict=True)]  # fmt: skip
    xs: list[Tensor] = []
    outputs: list[Tensor] = []
    with changed(record="all"), scope(getattr(cell, "label", type(cell).__name__)):
        made, state = Unpacked(step, batch, parameter), states
        for t in range(x.steps or 1):
            with nullcontext() if x.steps is None else scope(f"t={t}", step=t):
                row = _leaf(x.row, x.dtype, step.body.sequences[0].name or "x", "input")
                row.scope = current().scope
                xs.append(row)
                values = made.one_step(None if x.steps is None else t, [row], state)
                state = made.after(values)
                outputs += [values[y.number] for y in step.body.outputs]
    kept = {s.number for s in state}
    return Graph([*[y for y in outputs if y.number not in kept], *state], [*xs, *states]), parts


@dataclass
class Run:
    """A cell's steps and the loss L = Σ_t ½‖y_t‖² of its first output.

    Attributes:
        loss: L. losses: ℓ_t of each step, L itself if there is one. squares: y_t², where ∂ℓ/∂y_t begins.
        known: by name and step: the node. States before the first step are of step −1.
        output: the name of y.
    """

    loss: Tensor
    losses: list[Tensor]
    squares: list[Tensor]
    output: str
    known: dict[tuple[str, int | None], Tensor] = field(default_factory=dict)


def unpacked_run(cell: CellLike, xs: np.ndarray, step: Step) -> Run:
    """Run a cell on xs, (T, B, D), by the quantities of its step."""

    def parameter(leaf: Tensor, name: str) -> Tensor:
        if not is_block(leaf):
            return leaf
        assert leaf.op is not None
        return apply(leaf.op, leaf.inputs, dict(leaf.attrs or {})).named(name)

    y = step.body.outputs[0]
    output = next((q.symbol.name for q in step.quantities if q.node.number == y.number), y.name or "y")
    squares: list[Tensor] = []
    losses: list[Tensor] = []
    with changed(record="all"), scope(getattr(cell, "label", type(cell).__name__)):
        made = Unpacked(step, xs.shape[1], parameter)
        state = flatten(initial_state(cell, xs.shape[1]))[0]
        for s, (leaf, _, lag) in zip(state, step.states, strict=True):
            if s.op is None and s.dtype.kind == "f":
                s.requires_grad = True
            made.known[step.symbols[leaf.number].name, -lag] = s
        for t in range(len(xs)):
            with scope(f"t={t}", step=t):
                x = Tensor(np.array(xs[t])).named(step.body.sequences[0].name or "x", role="input")
                x.scope, x.requires_grad = current().scope, xs.dtype.kind == "f"
                values = made.one_step(t, [x], state)
                squares.append(values[y.number] ** 2)
                losses.append((squares[-1].sum() * 0.5).named("ℓ"))
                made.known["ℓ", t] = losses[-1]
            state = made.after(values)
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        if len(losses) > 1:
            total.named("L")
        made.known["L", None] = total
    return Run(total, losses, squares, output, made.known)


def _leaf(shape: Sequence[int], dtype: Any, name: str, role: str) -> Tensor:
    leaf = abstract(tuple(shape), dtype).named(name, role=role)
    leaf.requires_grad = leaf.dtype.kind == "f"
    return leaf


def _for_batch(value: Any, batch: int) -> Any:
    """An attribute of a traced op with the batch size that there is."""
    if isinstance(value, tuple):
        return tuple(_for_batch(v, batch) for v in value)
    if isinstance(value, slice):
        return slice(*[_for_batch(v, batch) for v in (value.start, value.stop, value.step)])
    return batch if isinstance(value, int) and not isinstance(value, bool) and value == BATCH else value
