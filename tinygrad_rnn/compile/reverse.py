"""The step of back-propagation through time, derived from a step; and what of the forward step to save for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.autodiff import pull_back
from ..core.graph import Graph
from ..core.mode import changed
from ..core.order import walk
from ..core.tensor import Tensor, abstract
from ..step.body import Body, is_shared, zero_row


@dataclass
class ReverseStep:
    """The step of back-propagation; `saved` and `d_outputs` are those of its sequences that bring these values."""

    body: Body
    saved: list[Tensor]
    d_outputs: list[Tensor]


def reversed_step(body: Body, saved: Sequence[Tensor], wrt: Sequence[Tensor]) -> ReverseStep:
    """The step of back-propagation through time, derived.

    Its sequences are those of `body`, the states before and after each step, the `saved` values, and ∂L/∂output; its
    states are ∂L/∂state, flowing against time. `wrt` are the sequences and shared leaves to differentiate by (∂L/∂state
    before is always computed).
    """
    results = [*body.outputs, *body.new_states]
    seeds = [_like(out, f"d_{out.name or 'y'}") for out in results]
    targets = [*body.states, *wrt]
    with changed(record="all", scope=None, anomaly=False, origin=None):
        pairs = pull_back(results, seeds, wrt=targets, retain_graph=True, create_graph=True, hooks=False)
    found = {x.number: g for x, g in pairs}
    with changed(record="all"):
        gradients = [found.get(x.number) for x in targets]
        d_befores = [zero_row(s) if g is None else g for s, g in zip(body.states, gradients, strict=False)]
        rest = list(zip(wrt, gradients[len(body.states) :], strict=True))
        d_sequences = [zero_row(x) if g is None else g for x, g in rest if x.number in body.given]
        totals = [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for x, g in rest if x.number not in body.given]
    d_outputs, d_states = seeds[: len(body.outputs)], seeds[len(body.outputs) :]
    before = [*body.sequences, *body.states, *_unique([*body.new_states, *saved])]
    made = cut(Body([*before, *d_outputs], d_states, d_sequences, d_befores, totals))
    return ReverseStep(made, made.sequences[len(before) - len(saved) : len(before)], d_outputs)


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


def _unique(nodes: Sequence[Tensor]) -> list[Tensor]:
    return list({n.number: n for n in nodes}.values())


def choose_saved(body: Body, wrt: Sequence[Tensor]) -> list[Tensor]:
    """The forward values worth saving for the backward pass.

    Inputs and states are at hand anyway. Of the rest that the backward step reads, an entrywise function of what is at
    hand is computed again if it costs at most one transcendental function; everything else is saved.
    """
    everything = reversed_step(body, [], wrt).body
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
    cost = 0
    for n in walk([node], lambda n: [x for x in n.inputs if x.number not in at_hand and not is_shared(x)]):
        if n.op is None or not n.op.elementwise:
            return float("inf")
        cost += n.op.entry_cost > 4
    return cost
