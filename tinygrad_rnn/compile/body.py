"""`Body`: one time step as a graph, with rows of a batch flowing through it. Forward steps are traced from a cell;
reverse steps are derived from them.

Shapes are traced with a stand-in batch size, a large prime, so that the batch axis is known wherever it appears and
anything that depends on the actual batch is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.autodiff import pull_back
from ..core.errors import TinygradError
from ..core.graph import Graph
from ..core.mode import changed, reads
from ..core.op import REGISTRY
from ..core.tensor import Tensor, abstract

BATCH = 7919
Rewrite = Callable[[Tensor, tuple[Tensor, ...]], Tensor | None]


class NotRowWise(TinygradError):
    """The step mixes rows of the batch, or does something the compiler has no code for."""


@dataclass
class Body:
    """One step. Row values have shape (BATCH, width) or (BATCH,).

    `sequences` and `states` are the rows that come in (a time step of each sequence; the state before), `outputs` and
    `new_states` those that go out. `shared` are the leaves that are the same at every step. `totals` are sums over all
    steps and rows: the gradients of `shared` in a reverse body.
    """

    sequences: list[Tensor]
    states: list[Tensor]
    outputs: list[Tensor]
    new_states: list[Tensor]
    totals: list[Tensor] = field(default_factory=list)

    @cached_property
    def graph(self) -> Graph:
        given = [*self.sequences, *self.states]
        return Graph([*self.outputs, *self.new_states, *self.totals], given, boundary=given)

    @cached_property
    def shared(self) -> list[Tensor]:
        """Leaves with values: parameters and constant arrays."""
        return [n for n in self.graph.nodes if n.op is None and not n.is_abstract and n.size > 0]

    @cached_property
    def given(self) -> set[int]:
        return {n.number for n in (*self.sequences, *self.states)}

    def mapped(self, rule: Rewrite, leaves: dict[int, Tensor] | None = None) -> Body:
        """Rebuild the graph: ``rule(node, new inputs)`` gives a replacement, or None to keep the node's op."""
        new: dict[int, Tensor] = {}
        with changed(record="all"):
            for node in self.graph.nodes:
                if self.graph.is_leaf(node):
                    new[node.number] = (leaves or {}).get(node.number, node)
                    continue
                inputs = tuple(new[x.number] for x in node.inputs)
                made = rule(node, inputs)
                if made is None:
                    same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
                    made = node if same else rebuilt(node, inputs)
                if made.name is None and made.op is not None and made.number not in self.given:
                    made.name = node.name
                new[node.number] = made

        def at(nodes: Sequence[Tensor]) -> list[Tensor]:
            return [new[n.number] for n in nodes]

        outputs, new_states, totals = at(self.outputs), at(self.new_states), at(self.totals)
        return replace(self, outputs=outputs, new_states=new_states, totals=totals)


def rebuilt(node: Tensor, inputs: Sequence[Tensor]) -> Tensor:
    """The same op on other inputs."""
    return on_rows(node, inputs, dict(node.attrs or {}))


def on_rows(node: Tensor, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Tensor:
    """The op of `node` on other inputs and attributes. Rows made of constants alone stay without values."""
    assert node.op is not None
    made = apply(node.op, inputs, attrs)
    if not made.is_abstract and BATCH in made.shape:
        made._spec, made._array = (made.shape, made.dtype), None
    return made


def is_row(node: Tensor) -> bool:
    """Whether it has one row per sample: (BATCH, width) or (BATCH,)."""
    return node.ndim in (1, 2) and node.shape[0] == BATCH and BATCH not in node.shape[1:]


def is_shared(node: Tensor) -> bool:
    """Whether it is the same at every step."""
    return not node.is_abstract


def width(node: Tensor) -> int:
    return node.shape[1] if node.ndim == 2 else 1


def traced(
    step: Callable[..., Any], sequences: Sequence[tuple[int, Any]], states: Sequence[tuple[int | None, Any]]
) -> Body:
    """Trace ``step(*rows, *states) -> (outputs, new states)``, given widths (None: no feature axis) and dtypes."""
    ins = [_row(w, dtype, f"x{k}" if len(sequences) > 1 else "x") for k, (w, dtype) in enumerate(sequences)]
    befores = [_row(w, dtype, f"s{k}") for k, (w, dtype) in enumerate(states)]
    taken: list[Tensor | None] = []
    token = reads.set(taken)
    try:
        with changed(record="all", scope=None, anomaly=False, origin=None):
            outputs, new_states = step(*ins, *befores)
    finally:
        reads.reset(token)
    for x in taken:
        if x is None or x.is_abstract:
            raise NotRowWise("the step uses no_grad() or detach(), where gradients stop")
        old = [n for n in Graph([x]).nodes if n.op is None and n.number < ins[0].number]
        if old:  # older than the trace, so it can change
            raise NotRowWise(f"the step takes values of {old[0].describe()} as numbers (numpy(), item(), a branch)")
    for state, after in zip(befores, new_states, strict=True):
        if after.name:
            state.named(f"{after.name}_before", role="state")
    for before, after in zip(befores, new_states, strict=True):
        if (before.shape, before.dtype) != (after.shape, after.dtype):
            raise NotRowWise(f"a state begins with {_kind(before)} and the step makes it {_kind(after)}")
    return without_frozen_rows(Body(ins, befores, list(outputs), list(new_states)))


def _kind(row: Tensor) -> str:
    return f"{row.dtype} of shape ({', '.join(['B', *map(str, row.shape[1:])])})"


def without_frozen_rows(body: Body) -> Body:
    """Let what the step made for the stand-in batch (``tg.zeros(batch, n)``) have one row per sample of any batch.

    Raises:
        NotRowWise: its rows differ, so it is not known what they would be for another batch.
    """

    def thawed(x: Tensor) -> Tensor:
        if x.is_abstract or BATCH not in x.shape:
            return x
        array = x.numpy()
        if not is_row(x) or not (array == array[:1]).all():
            raise NotRowWise(f"the step makes an array with rows of its own for each sample, {x.name or 'unnamed'}")
        return same_rows(array[0], x.shape)

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        thawed_xs = tuple(thawed(x) for x in xs) if node.is_abstract else xs
        return None if all(a is b for a, b in zip(xs, thawed_xs, strict=True)) else rebuilt(node, thawed_xs)

    made = body.mapped(rule)
    return replace(made, outputs=[thawed(y) for y in made.outputs], new_states=[thawed(s) for s in made.new_states])


def _row(w: int | None, dtype: Any, name: str) -> Tensor:
    row = abstract((BATCH,) if w is None else (BATCH, w), dtype).named(name)
    row.requires_grad = np.dtype(dtype).kind == "f"
    return row


def reversed_body(body: Body, saved: Sequence[Tensor], wrt: Sequence[Tensor]) -> tuple[Body, list[Tensor]]:
    """The step of back-propagation through time, derived.

    Its sequences are those of `body`, the states before and after each step, the `saved` values, and ∂L/∂output; its
    states are ∂L/∂state, flowing against time. `wrt` are the sequences and shared leaves to differentiate by (∂L/∂state
    before is always computed). Returns it and the ∂L/∂output sequences.
    """
    results = [*body.outputs, *body.new_states]
    seeds = [_like(out, f"d_{out.name or 'y'}") for out in results]
    targets = [*body.states, *wrt]
    with changed(record="all", scope=None, anomaly=False, origin=None):
        pairs = pull_back(results, seeds, wrt=targets, retain_graph=True, create_graph=True)
    found = {x.number: g for x, g in pairs}
    with changed(record="all"):
        gradients = [found.get(x.number) for x in targets]
        d_befores = [zero_row(s) if g is None else g for s, g in zip(body.states, gradients, strict=False)]
        rest = list(zip(wrt, gradients[len(body.states) :], strict=True))
        d_sequences = [zero_row(x) if g is None else g for x, g in rest if x.number in body.given]
        totals = [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for x, g in rest if x.number not in body.given]
    d_outputs, d_states = seeds[: len(body.outputs)], seeds[len(body.outputs) :]
    before = [*body.sequences, *body.states, *_unique([*body.new_states, *saved])]
    return cut(Body([*before, *d_outputs], d_states, d_sequences, d_befores, totals)), d_outputs


def cut(body: Body) -> Body:
    """The same step with true leaves for what comes in, so that no gradient can flow past them."""
    stand_ins, sequences, seen = {}, [], set()
    for x in body.sequences:
        again = x.number in seen  # a state handed on comes in twice; its gradient must not
        like = x
        if x.op is not None or again:
            like = _like(x, x.name or "saved")
            like.requires_grad = x.requires_grad
        if x.op is not None and not again:
            stand_ins[x.number] = like
        sequences.append(like)
        seen.add(x.number)
    rebuilt_body = body.mapped(lambda node, xs: None, stand_ins)
    return replace(rebuilt_body, sequences=sequences)


def _like(node: Tensor, name: str) -> Tensor:
    like = abstract(node.shape, node.dtype).named(name)
    like.requires_grad = node.dtype.kind == "f"
    return like


def zero_row(x: Tensor) -> Tensor:
    """Zeros like x, for what nothing depends on."""
    return same_rows(np.zeros((), x.dtype), x.shape)


def same_rows(row: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """A row value with the same entries for every sample."""
    constant = Tensor(row)
    constant.role = "constant"
    rows = apply(REGISTRY["broadcast_to"], (constant,), {"shape": shape})
    rows._array, rows._spec = None, (shape, row.dtype)
    return rows


def _unique(nodes: Sequence[Tensor]) -> list[Tensor]:
    return list({n.number: n for n in nodes}.values())


def choose_saved(body: Body, wrt: Sequence[Tensor]) -> list[Tensor]:
    """The forward values worth saving for the backward pass.

    Inputs and states are at hand anyway. Of the rest that the backward step reads, an entrywise function of what is at
    hand is computed again if it costs at most one transcendental function; everything else is saved.
    """
    everything, _ = reversed_body(body, [], wrt)
    forward = {n.number for n in body.graph.nodes}
    at_hand = body.given | {n.number for n in body.new_states}
    free = Graph([*everything.outputs, *everything.new_states, *everything.totals], boundary=body.graph.nodes)
    read = [n for n in free.nodes if n.number in forward and n.is_abstract]
    saved: list[Tensor] = []
    for node in read:
        if node.number in at_hand or _cost_again(node, at_hand) <= 1:
            continue
        saved.append(node)
        at_hand.add(node.number)
    return saved


def _cost_again(node: Tensor, at_hand: set[int]) -> float:
    """Transcendental functions it takes to compute a node from what is at hand; infinite if not entry by entry."""
    cost, stack, seen = 0.0, [node], set()
    while stack:
        n = stack.pop()
        if n.number in seen or n.number in at_hand or is_shared(n):
            continue
        seen.add(n.number)
        if n.op is None or not n.op.elementwise:
            return float("inf")
        cost += n.op.flops((1,), [], n.attrs) > 4
        stack.extend(n.inputs)
    return cost
