"""The chain rule, quantity by quantity: what each passes back to what it was computed from, by the engine's rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..core.autodiff import pull_back
from ..core.graph import Graph
from ..core.mode import changed
from ..core.op import Op
from ..core.tensor import Tensor, abstract
from ..step.quantities import Quantity, Step
from ..step.terms import Number, Symbol, Term, shifted, term_of
from .writing import PLAIN


@dataclass
class Contribution:
    """What `source` adds to the adjoint of `target`, δsource times ∂source/∂target.

    Attributes:
        source: the quantity that reads the target.
        target: the stand-in or leaf it reads.
        gradient: the contribution as a graph over the step's values and `Adjoints.seeds`.
        term: the same as a term, of the step that the source belongs to.
        rules: of the ops between them.
    """

    source: Quantity
    target: Tensor
    gradient: Tensor
    term: Term
    rules: tuple[str, ...]


class Adjoints:
    """Everything the chain rule says about one step.

    Attributes:
        seeds: δq of each quantity, a leaf, by the number of the quantity's node.
        to_quantity, to_state, to_input, to_parameter: contributions by the number of what they go to: a quantity's
            node, a state's leaf, an input, a parameter (or block of one).
        states_of: the states (leaf, lag) that hold a quantity, by the number of its node.
    """

    def __init__(self, step: Step):
        self.step = step
        self.seeds: dict[int, Tensor] = {}
        self.known: dict[int, Term] = dict(step.symbols)
        for q in step.quantities:
            seed = abstract(q.node.shape, q.node.dtype).named(f"δ{q.symbol.name}")
            seed.requires_grad = True
            self.seeds[q.node.number] = seed
            self.known[seed.number] = Symbol(q.symbol.name, q.symbol.lag, "δ")
        self.all: list[Contribution] = []
        quantity_of = {stand.number: number for number, stand in step.stand_ins.items()}
        self.to_quantity: dict[int, list[Contribution]] = {q.node.number: [] for q in step.quantities}
        self.to_state: dict[int, list[Contribution]] = {s.number: [] for s, _, _ in step.states}
        self.to_input: dict[int, list[Contribution]] = {x.number: [] for x in step.inputs}
        self.to_parameter: dict[int, list[Contribution]] = {p.number: [] for p in step.parameters}
        self.states_of: dict[int, list[tuple[Tensor, int]]] = {}
        for state, holder, lag in step.states:
            self.states_of.setdefault(holder, []).append((state, lag))
        for q in step.quantities:
            for c in self.contributions(q):
                number = c.target.number
                if number in quantity_of:
                    self.to_quantity[quantity_of[number]].append(c)
                for into in (self.to_state, self.to_input, self.to_parameter):
                    if number in into:
                        into[number].append(c)
                self.all.append(c)

    def contributions(self, q: Quantity) -> list[Contribution]:
        reads = {n.number: n for n in Graph(q.value).nodes if n.number in self.step.symbols and n.dtype.kind == "f"}
        if q.value.number in reads:  # another name for what it reads
            seed = self.seeds[q.node.number]
            return [Contribution(q, q.value, seed, self.known[seed.number], ("the same value",))]
        graph = Graph(q.value, boundary=list(reads.values()))
        targets = [reads[n.number] for n in graph.nodes if n.number in reads]
        with changed(record="all", scope=None, anomaly=False, origin=None):
            pairs = pull_back(
                [q.value], [self.seeds[q.node.number]], wrt=targets, retain_graph=True, create_graph=True, hooks=False
            )
        found = {x.number: g for x, g in pairs}
        made = []
        known = self.known | {q.value.number: q.symbol}
        for x in targets:
            if x.number in found:
                term = term_of(found[x.number], known)
                if term != Number(0.0):
                    made.append(Contribution(q, x, found[x.number], term, self.rules(graph, x)))
        return made

    def of_quantity(self, number: int) -> list[tuple[Term, Contribution]]:
        """The terms of δq_t: from quantities of the same step, then through states from later steps."""
        terms = [(c.term, c) for c in self.to_quantity.get(number, [])]
        return terms + self.from_later(number)

    def from_later(self, number: int) -> list[tuple[Term, Contribution]]:
        found = []
        for state, lag in self.states_of.get(number, []):
            found += [(shifted(c.term, lag), c) for c in self.to_state[state.number]]
        return found

    def rules(self, graph: Graph, target: Tensor) -> tuple[str, ...]:
        """The rules of the ops from which the target is reached, each once."""
        above = {target.number}
        texts: list[str] = []
        for n in graph.nodes:
            if graph.is_leaf(n):
                continue
            for i, x in enumerate(n.inputs):
                if x.number in above:
                    above.add(n.number)
                    text = rule_text(n, i)
                    if text and text not in texts:
                        texts.append(text)
        return tuple(reversed(texts))


_WORDS = {
    "slice": "a slice's gradient goes to its place",
    "concatenation": "each part takes its share",
}


def rule_text(node: Tensor, operand: int) -> str:
    """The rule of an op for one operand, in words or as the op declares it."""
    op = node.op
    assert op is not None
    if op.kind == "matrix product":
        return "the matrix product's transpose" if operand == 0 else "the matrix product's other factor"
    if op.coefficients is not None and op.coefficients[operand] in (1, -1):
        return "the minus sign, which stays" if op.coefficients[operand] < 0 else ""
    if op.sums:
        return "a sum passes it on to every entry"
    if not op.elementwise:
        return _WORDS.get(op.kind, "") if op.linear else ""
    return _declared(op, operand, tuple(sorted((node.attrs or {}).items(), key=lambda kv: kv[0])))


@cache
def _declared(op: Op, operand: int, attrs: tuple[tuple[str, Any], ...]) -> str:
    """∂y/∂x of an elementwise op as its rule says it."""
    names = ("x",) if len(op.operands) == 1 else ("a", "b", "c", "d")
    xs = [abstract((2,), np.float64).named(names[i % 4]) for i in range(len(op.operands))]
    with changed(record="all", scope=None, anomaly=False, origin=None):
        y, g = abstract((2,), np.float64).named("y"), abstract((2,), np.float64).named("δy")
        gradient = op.vjp(operand, g, y, xs, dict(attrs))
    if gradient is None:
        return ""
    known: dict[int, Term] = {x.number: Symbol(x.name or "") for x in (*xs, y)}
    known[g.number] = Symbol("y", None, "δ")
    rule = PLAIN.write(term_of(gradient, known))
    return f"{op.glyph or op.name} (δ{names[operand % 4]} = {rule})"
