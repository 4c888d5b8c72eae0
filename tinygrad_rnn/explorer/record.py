"""What the page shows, as data: nodes, the stops of a walk forward and back, and the program that computes it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.graph import Graph
from ..core.mode import changed
from ..core.op import Op
from ..core.steps import BackpropStep, recorded_backprop_steps
from ..core.tensor import Tensor, abstract
from ..step.names import clean, plain_name, split_name, subscript
from ..step.terms import Number, Symbol, Term, term_of
from ..view.labels import time_of
from .javascript import NoJavaScript
from .program import Program
from .segments import equation, said, segments

_BRIEF = 20  # characters that a node without a name may be called by
ORDERS = ("topological", "depth-first")
Data = dict[str, Any]


@dataclass
class Drawn:
    """Where nodes are in the drawing: by number the ids of what stands for a node, and the ends of every edge."""

    ids: dict[int, list[str]]
    edges: list[tuple[str, str]]


class Record:
    """A loss and its backward pass, node by node.

    Args:
        loss: of a graph that was recorded whole, or of one from which `why_still` says what is missing.
        why_still: why nothing may be computed again; "": it may be, unless an op has no JavaScript form.
    """

    def __init__(self, loss: Tensor, drawn: Drawn, why_still: str = ""):
        self.loss, self.drawn, self.why = loss, drawn, why_still
        self.graph = Graph(loss)
        self.place = {n.number: k for k, n in enumerate(self.graph.nodes)}
        self.right = recorded_backprop_steps(loss)
        self.gradients = {loss.number: self.right[0].gradient}
        for s in self.right:
            for c in s.contributions:
                self.gradients[c.operand.number] = c.accumulated
        self.terms: dict[int, Term] = {}
        for n in self.graph.nodes:
            self.terms[n.number] = self.term(n)
        self.by_label = {t.name: self.place[k] for k, t in self.terms.items() if isinstance(t, Symbol)}
        self.wanted: list[Tensor] = [loss, *self.gradients.values()]

    def data(self) -> tuple[Data, str]:
        """The data, and the program's functions in JavaScript."""
        stops = self.stops()
        nodes = [self.node(n) for n in self.graph.nodes]
        try:
            program = Program(self.wanted, live=not self.why)
        except NoJavaScript as error:
            self.why = f"{clean(str(error))} has no JavaScript form"
            program = Program(self.wanted, live=False)
        data = {
            "program": program.data(), "nodes": _placed(nodes, program), "stops": _placed(stops, program),
            "edges": self.drawn.edges,
            "loss": self.place[self.loss.number], "learned": self.learned(), "states": self.states(), "why": self.why,
            "single": self.graph.nodes[-1].dtype.itemsize < 8,
        }  # fmt: skip
        return data, program.script()

    # -- nodes ----------------------------------------------------------------------------------------------------

    def name(self, n: Tensor) -> str:
        return plain_name(*split_name(clean(n.name or ""), time_of(n)))

    def key(self, n: Tensor) -> str:
        """What the scripting handle calls a node: c_2, weight_hh."""
        t = time_of(n)
        return clean(n.name or "") + ("" if t is None or not n.name else f"_{t}")

    def term(self, n: Tensor) -> Term:
        """What a node is called: its name, its number if it is a constant, how it is computed, or a with its place."""
        if n.name and not (self.graph.is_leaf(n) and self.graph.role(n) == "constant"):
            return Symbol(self.name(n))
        if self.graph.is_leaf(n):
            array = n.numpy()
            return Number(float(array)) if array.size == 1 and not array.shape else Symbol(self.name(n) or "constant")
        made = self.made(n)
        return made if len(said(made)) <= _BRIEF else Symbol("a" + subscript(str(self.place[n.number])))

    def made(self, n: Tensor) -> Term:
        return term_of(n, {x.number: self.terms[x.number] for x in n.inputs})

    def node(self, n: Tensor) -> Data:
        found = {
            "name": self.name(n) if n.name else "",
            "label": said(self.terms[n.number]),
            "key": self.key(n),
            "path": clean(n.path),
            "role": self.graph.role(n),
            "op": "" if self.graph.is_leaf(n) or n.op is None else _word(n.op),
            "in": [self.place[x.number] for x in self.graph.operands(n)],
            "v": n,
            "ids": self.drawn.ids.get(n.number, []),
        }
        if n.number in self.gradients:
            found["g"] = self.gradients[n.number]
        step = time_of(n)
        return found | ({} if step is None else {"t": step})

    def learned(self) -> list[int]:
        """What gradient descent changes: the parameters, or where there are none what wants a gradient."""
        leaves = [n for n in self.graph.nodes if self.graph.is_leaf(n) and n.number in self.gradients]
        parameters = [n for n in leaves if self.graph.role(n) == "parameter"]
        return [self.place[n.number] for n in parameters or leaves]

    def states(self) -> dict[str, list[int]]:
        """The nodes of each state, by its name, in the order of time."""
        found: dict[str, list[int]] = {}
        for n in self.graph.nodes:
            leads = n.number in self.gradients and self.graph.role(n) in ("state", "output")
            if time_of(n) is not None and n.name and leads:
                found.setdefault(clean(n.name), []).append(self.place[n.number])
        return {name: places for name, places in found.items() if len(places) > 1}

    # -- stops ------------------------------------------------------------------------------------------------------

    def stops(self) -> Data:
        """At op level: every node is one."""
        wrong = recorded_backprop_steps(self.loss, "depth-first")
        return {
            "forward": [self.forward_stop(n) for n in self.graph.nodes if not self.graph.is_leaf(n)],
            "topological": [self.backward_stop(s) for s in self.right],
            "depth-first": [self.backward_stop(s) for s in wrong],
        }

    def forward_stop(self, n: Tensor) -> Data:
        term, made = self.terms[n.number], self.made(n)
        left_out = said(term) == said(made)
        written = segments(made, self.find) if left_out else equation(term, made, self.find)
        return self.stop(n, [{"node": self.place[n.number], "eq": written}])

    def backward_stop(self, s: BackpropStep[Tensor]) -> Data:
        self.wanted.append(s.gradient)
        mine = _adjoint(self.terms[s.node.number])
        item = {
            "node": self.place[s.node.number],
            "eq": [*segments(mine, self.find), " = ∂L/∂", *segments(_bracketed(self.terms[s.node.number]), self.find)],
            "g": s.gradient,
            "complete": s.complete,
            "passes": [self.passed(s.node, c) for c in s.contributions],
        }
        return self.stop(s.node, [item])

    def stop(self, n: Tensor, items: list[Data]) -> Data:
        step = time_of(n)
        return {"items": items, **({} if step is None else {"t": step})}

    def passed(self, node: Tensor, c: Any) -> Data:
        found = {"to": self.place[c.operand.number], "rule": self.rule(node, c.operand), "g": c.gradient}
        found["complete"] = c.complete
        if c.partial is not None:
            found["partial"] = c.partial
        if c.accumulated is not c.gradient:
            found["sum"] = c.accumulated
        self.wanted += [x for x in found.values() if isinstance(x, Tensor)]
        return found

    def rule(self, node: Tensor, operand: Tensor) -> list[Any]:
        """What goes back to the operand, in the names of this node: δa += δy ⊙ b."""
        op = node.op
        assert op is not None
        i = next(k for k, x in enumerate(node.inputs) if x is operand)
        xs = [abstract(x.shape, x.dtype) for x in node.inputs]
        y, g = abstract(node.shape, node.dtype), abstract(node.shape, node.dtype)
        with changed(record="all", scope=None, anomaly=False, origin=None):
            gradient = op.vjp(i, g, y, xs, node.attrs)
        known: dict[int, Term] = {s.number: self.terms[x.number] for s, x in zip(xs, node.inputs, strict=True)}
        known[y.number] = self.terms[node.number]
        known[g.number] = _adjoint(self.terms[node.number])
        if gradient is None:
            return []
        left = segments(_adjoint(self.terms[operand.number]), self.find)
        return [*left, " += ", *segments(term_of(gradient, known), self.find)]

    def find(self, symbol: Symbol) -> tuple[int | None, str]:
        return self.by_label.get(symbol.name), ""


def _bracketed(term: Term) -> Term:
    return term if isinstance(term, Symbol) else Symbol(f"({said(term)})")


def _adjoint(term: Term) -> Term:
    return Symbol(said(term) if isinstance(term, Symbol) else f"({said(term)})", None, "δ")


def _word(op: Op) -> str:
    """What an op is called on the page: slices and scatters as the field does."""
    return op.kind if op.kind in ("slice", "scatter") else op.name


def _placed(found: Any, program: Program) -> Any:
    """Data with places in the program for tensors. As deep as the data are nested, so recursion is safe."""
    if isinstance(found, Tensor):
        return program.place[found.number]
    if isinstance(found, dict):
        return {k: _placed(v, program) for k, v in found.items()}
    return [_placed(v, program) for v in found] if isinstance(found, list) else found


def ids_of(graph: Graph, ids: dict[int, list[str]]) -> dict[int, list[str]]:
    """Of every node what is drawn for it: itself, or else the first that is computed from it and drawn."""
    found = dict(ids)
    for n in reversed(graph.nodes):
        if n.number in found:
            for x in graph.operands(n):
                if not graph.is_leaf(x):
                    found.setdefault(x.number, found[n.number])
    return found
