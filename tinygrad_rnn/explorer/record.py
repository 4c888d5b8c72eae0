"""What the page shows: every node with its value and formula, and every step forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.graph import Graph
from ..core.mode import changed
from ..core.steps import BackpropStep, backprop_steps
from ..core.tensor import Tensor, abstract
from ..derivation.terms import Number, Symbol, Term, term_of
from ..derivation.writing import PLAIN
from ..step.names import clean, plain_name, split_name, subscript
from ..view.labels import time_of

LARGEST = 32  # rows and columns of an array that are shown
_DIGITS = 6
_BRIEF = 20  # characters that a node without a name may be called by


class Record:
    """A loss, its graph and its backward pass, as data for the page."""

    def __init__(self, loss: Tensor, graph: Graph):
        self.graph = graph
        self.place = {n.number: k for k, n in enumerate(graph.nodes)}
        self.terms: dict[int, Term] = {}
        for n in graph.nodes:
            self.terms[n.number] = self.term(n)
        self.loss = loss

    def data(self, ids: dict[int, list[str]], edges: list[tuple[str, str]]) -> dict[str, Any]:
        """Everything, in lists and dictionaries.

        Args:
            ids: by node number, the drawn nodes that stand for it.
            edges: the drawn edges, in their order.
        """
        right = list(backprop_steps(self.loss))
        return {
            "nodes": [self.node(n, ids.get(n.number, [])) for n in self.graph.nodes],
            "edges": edges,
            "forward": [self.place[n.number] for n in self.graph.nodes if not self.graph.is_leaf(n)],
            "backward": {
                "topological": [self.step(s) for s in right],
                "depth-first": [self.step(s) for s in backprop_steps(self.loss, "depth-first")],
            },
            "gradients": self.gradients(right),
            "states": self.states(right),
        }

    # -- nodes ----------------------------------------------------------------------------------------------------

    def name(self, n: Tensor) -> str:
        return plain_name(*split_name(clean(n.name or ""), time_of(n)))

    def term(self, n: Tensor) -> Term:
        """What a node is called: its name, its number if it is a constant, how it is computed, or a with its place."""
        if n.name and not (self.graph.is_leaf(n) and self.graph.role(n) == "constant"):
            return Symbol(self.name(n))
        if self.graph.is_leaf(n):
            array = n.numpy()
            return Number(float(array)) if array.size == 1 and not array.shape else Symbol(self.name(n) or "constant")
        made = term_of(n, {x.number: self.terms[x.number] for x in n.inputs})
        if len(PLAIN.write(made)) <= _BRIEF:
            return made
        return Symbol("a" + subscript(str(self.place[n.number])))

    def node(self, n: Tensor, ids: list[str]) -> dict[str, Any]:
        made = term_of(n, {x.number: self.terms[x.number] for x in n.inputs}) if not self.graph.is_leaf(n) else None
        text = PLAIN.write(self.terms[n.number])
        found = {
            "name": self.name(n) if n.name else "",
            "label": text,
            "path": clean(n.path),
            "role": self.graph.role(n),
            "op": n.op.name if made is not None and n.op is not None else "",
            "formula": "" if made is None else text if PLAIN.write(made) == text else f"{text} = {PLAIN.write(made)}",
            "inputs": [self.place[x.number] for x in self.graph.operands(n)],
            "value": array_data(n.numpy()),
            "ids": ids,
        }
        step = time_of(n)
        return found | ({} if step is None else {"t": step})

    # -- steps back -----------------------------------------------------------------------------------------------

    def step(self, s: BackpropStep) -> dict[str, Any]:
        return {
            "node": self.place[s.node.number],
            "gradient": array_data(s.gradient),
            "complete": s.complete,
            "passes": [
                {
                    "to": self.place[c.operand.number],
                    "rule": self.rule(s.node, c.operand),
                    "gradient": array_data(c.gradient),
                    **({} if c.partial is None else {"partial": array_data(c.partial)}),
                    **({} if np.array_equal(c.gradient, c.accumulated) else {"sum": array_data(c.accumulated)}),
                    "complete": c.complete,
                }
                for c in s.contributions
            ],
        }

    def rule(self, node: Tensor, operand: Tensor) -> str:
        """What goes back to the operand, in the names of this node: δa = δy ⊙ b."""
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
            return ""
        return f"{PLAIN.write(_adjoint(self.terms[operand.number]))} += {PLAIN.write(term_of(gradient, known))}"

    def gradients(self, steps: list[BackpropStep]) -> dict[int, Any]:
        """The complete gradient of every node, by its place."""
        found: dict[int, Any] = {}
        for s in steps:
            found[self.place[s.node.number]] = array_data(s.gradient)
            for c in s.contributions:
                if c.complete:
                    found[self.place[c.operand.number]] = array_data(c.accumulated)
        return found

    def states(self, steps: list[BackpropStep]) -> dict[str, list[list[float]]]:
        """‖∂L/∂s_t‖ against t, by the name of the state: pairs (t, norm)."""
        found: dict[str, list[list[float]]] = {}
        for s in reversed(steps):
            t = time_of(s.node)
            if t is not None and s.node.name and self.graph.role(s.node) in ("state", "output"):
                norm = float(np.linalg.norm(s.gradient))
                found.setdefault(clean(s.node.name), []).append([t, _rounded(norm)])
        return {name: pairs for name, pairs in found.items() if len(pairs) > 1}


def _adjoint(term: Term) -> Term:
    return Symbol(PLAIN.write(term) if isinstance(term, Symbol) else f"({PLAIN.write(term)})", None, "δ")


def array_data(array: np.ndarray) -> dict[str, Any]:
    """Shape and entries, row by row; of a large array the first rows and columns, and what all of it amounts to."""
    array = np.asarray(array)
    flat = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    shown = flat[:LARGEST, :LARGEST]
    found: dict[str, Any] = {"shape": list(array.shape), "rows": [[_rounded(float(v)) for v in row] for row in shown]}
    if shown.size < flat.size:
        found["norm"] = _rounded(float(np.linalg.norm(flat.astype(np.float64))))
    return found


def _rounded(value: float) -> Any:
    """Six digits; JSON has no word for infinities and NaN."""
    if not np.isfinite(value):
        return str(value)
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e6 else short
