"""The stops a person would make: the weighted sums of a step, its gates, its states; and back, by the derivation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.tensor import Tensor
from ..derivation.derivation import Derivation
from ..derivation.formats import Line
from ..step.names import clean, plain_name, split_name
from ..step.quantities import Quantity, Step
from ..step.terms import OverTime, Symbol, symbols
from ..step.unpacked import Run
from ..view.labels import time_of
from .record import Data, Drawn, Record, ids_of
from .segments import Find, equation


class GateRecord(Record):
    """A run of a cell, quantity by quantity.

    Quantities of a step that do not need one another are one stop. Each shows its equation, and back its adjoint's, as
    `tg.derive` writes them, for the time step at hand.
    """

    def __init__(self, run: Run, derivation: Derivation, drawn: Drawn):
        self.run, self.derivation, self.step = run, derivation, derivation.step
        self.called: dict[int, tuple[str, int | None]] = {}
        for (name, t), node in run.known.items():
            self.called.setdefault(node.number, (name, t))
        self.length = len(run.losses)
        super().__init__(run.loss, drawn)
        self.drawn.ids = ids_of(self.graph, self.drawn.ids)
        forward, chain, self.totals = (derivation.sections[k].lines for k in (0, 1, -1))
        self.forward = {line.left.name: line for line in forward if isinstance(line.left, Symbol)}
        self.chain = {line.left.name: line for line in chain if isinstance(line.left, Symbol)}
        self.levels = levels(self.step)

    def name(self, n: Tensor) -> str:
        if n.number not in self.called:
            return super().name(n)
        name, t = self.called[n.number]
        return plain_name(*split_name(clean(name), t))

    def key(self, n: Tensor) -> str:
        if n.number not in self.called:
            return super().key(n)
        name, t = self.called[n.number]
        return clean(name) + ("" if t is None else f"_{t}")

    # -- stops ------------------------------------------------------------------------------------------------------

    def stops(self) -> Data:
        steps = range(self.length)
        timed = [[q for q in level if q.symbol.lag is not None] for level in self.levels]
        fixed = [q for level in self.levels for q in level if q.symbol.lag is None]
        there = [self.at(t, level) for t in steps for level in timed]
        back = [self.at(t, level, back=True) for t in reversed(steps) for level in reversed(timed)]
        if fixed:
            there.insert(0, self.at(None, fixed))
            back.append(self.at(None, fixed, back=True))
        return {
            "forward": [s for s in [*there, self.losses()] if s["items"]],
            "topological": [s for s in [self.seed(), *back, self.inputs(), self.weights()] if s["items"]],
        }

    def at(self, t: int | None, quantities: Sequence[Quantity], back: bool = False) -> Data:
        items = []
        for q in quantities:
            node = self.run.known.get((q.symbol.name, t))
            if node is None or node.number not in self.place:
                continue
            line = (self.chain if back else self.forward)[q.symbol.name]
            item: Data = {"node": self.place[node.number], "eq": equation(line.left, line.right, self.finder(t))}
            if back:
                if node.number not in self.gradients:
                    continue
                item |= {"g": self.gradients[node.number], "why": [str(reason) for reason in line.reasons]}
                if q.symbol.name == self.run.output and t is not None:
                    item["own"] = self.own(t, node)
            items.append(item)
        return {"items": items, **({} if t is None else {"t": t})}

    def own(self, t: int, output: Tensor) -> Tensor:
        """∂ℓ/∂y: what the loss of a step itself says."""
        square = self.run.squares[t].number
        steps = [s for s in self.right if s.node.number == square]
        found = next(c.gradient for s in steps for c in s.contributions if c.operand is output)
        self.wanted.append(found)
        return found

    def losses(self) -> Data:
        """ℓ_t of every step, and L."""
        place = self.place
        terms: list[Any] = []
        items = []
        for t, loss in enumerate(self.run.losses):
            y = self.run.squares[t].inputs[0]
            mine = [*split_name("ℓ", t), place[loss.number], ""]
            eq = [mine, " = ½ ‖", [*split_name(self.run.output, t), place[y.number], ""], "‖²"]
            items.append({"node": place[loss.number], "eq": eq})
            terms += [" + ", mine]
        if self.length > 1:
            whole = place[self.loss.number]
            items.append({"node": whole, "eq": [["L", "", whole, ""], " = ", *terms[1:]]})
        return {"items": items}

    def seed(self) -> Data:
        place = self.place[self.loss.number]
        eq = [["L", "", place, "δ"], " = ∂L/∂L = 1"]
        return {"items": [{"node": place, "eq": eq, "g": self.gradients[self.loss.number]}]}

    def inputs(self) -> Data:
        """δx of every step, and of the states before the first."""
        items: list[Data] = []
        for line in self.totals:
            left = line.left
            if not isinstance(left, Symbol) or left.lag is None:
                continue
            for t in [0] if left.lag < 0 else range(self.length):
                node = self.run.known.get((left.name, t + left.lag))
                if node is not None and node.number in self.gradients and node.number in self.place:
                    eq = equation(left, line.right, self.finder(t))
                    items.append({"node": self.place[node.number], "eq": eq, "g": self.gradients[node.number]})
        return {"items": items}

    def weights(self) -> Data:
        """The gradient of every parameter, or block of one, with what each step adds to it."""
        items = []
        for line in self.totals:
            node = self.run.known.get((line.left.name, None)) if isinstance(line.left, Symbol) else None
            if node is None or node.number not in self.gradients or node.number not in self.place:
                continue
            parts = [
                [time_of(s.node), c.gradient]
                for s in self.right for c in s.contributions if c.operand is node and time_of(s.node) is not None
            ]  # fmt: skip
            self.wanted += [g for _, g in parts]
            item = {"node": self.place[node.number], "eq": equation(line.left, line.right, self.finder(None))}
            items.append(item | {"g": self.gradients[node.number], "parts": parts, "factors": self.factors(line)})
        return {"items": items}

    def factors(self, line: Line) -> list[Any]:
        """Where Σ_t δ xᵀ is a sum of products of two named vectors: their names with lags, δ first."""
        right = line.right.of if isinstance(line.right, OverTime) else None
        found = symbols(right) if right is not None else []
        if len(found) not in (1, 2) or any(s.lag is None for s in found) or not found[0].mark:
            return []
        rows = []
        for t in reversed(range(self.length)):
            nodes = [self.run.known.get((s.name, t + (s.lag or 0))) for s in found]
            if any(n is None or n.number not in self.place for n in nodes):
                return []
            rows.append([t, *[self.place[n.number] for n in nodes if n is not None]])
        return rows

    def finder(self, t: int | None) -> Find:
        """Symbols of the derivation at step t; after the last step there is none."""

        def find(symbol: Symbol) -> tuple[int | None, str]:
            if symbol.lag is None:
                when, step = None, ""
            elif t is None:
                return None, "t" + (f"{symbol.lag:+d}".replace("-", "−") if symbol.lag else "")
            else:
                when, step = t + symbol.lag, str(t + symbol.lag).replace("-", "−")
            node = self.run.known.get((symbol.name, when))
            if symbol.mark == "ℓ":
                node = self.run.known.get(("ℓ", when))
            return (None if node is None else self.place.get(node.number)), step

        return find


def levels(step: Step) -> list[list[Quantity]]:
    """The quantities of a step in groups that need only what is in groups before."""
    depth: dict[str, int] = {}
    found: list[list[Quantity]] = []
    for q in step.quantities:
        reads = [s.name for s in symbols(q.term) if s.lag == q.symbol.lag and s.name in depth]
        depth[q.symbol.name] = k = 1 + max((depth[name] for name in reads), default=-1)
        found += [[] for _ in range(k + 1 - len(found))]
        found[k].append(q)
    return found
