"""What a derivation speaks of: the named quantities of a step, each in terms of others."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import ArgumentError, DeclarationError, TinygradError, with_user_line
from ..core.mode import changed
from ..core.order import walk
from ..core.tensor import Tensor, abstract
from ..core.tracing import trace
from .body import Body, is_row, is_shared, on_rows
from .cells import CellLike, initial_state, named_parameters
from .gates import in_blocks, is_block, rows_taken
from .inputs import Input
from .terms import Symbol, Term, term_of
from .tracing import traced_cell

#: What usual names of parameters are written as; b_R is the bias that a step adds to R h.
_LETTERS = {
    "weight_ih": "W", "weight_hh": "R", "bias_ih": "b", "bias_hh": "b_R", "weight_hr": "P", "weight": "W", "bias": "b",
}  # fmt: skip
_LAYER = re.compile(r"_l\d+(_reverse)?$")  # as PyTorch's layers end the names of their parameters


@dataclass
class Quantity:
    """A named value of the step, or one worth a name.

    Attributes:
        node: its node in the step as it was written.
        symbol: how it is called; `lag` 0 for a value of step t, None for what is the same at every step.
        value: its value on `Step.stand_ins`, so that it reads other quantities and leaves only.
        term: the same as a term.
    """

    node: Tensor
    symbol: Symbol
    value: Tensor
    term: Term


@dataclass
class Step:
    """One step in quantities.

    Attributes:
        quantities: in the order they are computed.
        symbols: of every quantity, input, state and parameter, by the number of its stand-in.
        stand_ins: what `Quantity.value` reads in place of a quantity, by the quantity's number; leaves stand for
            themselves.
        inputs: x_t. parameters: leaves or blocks of them, with the parameter each belongs to.
        states: the stand-in of each state, the quantity it holds (or input) and how many steps ago that was.
        outputs: the nodes that the loss sees directly.
    """

    title: str
    body: Body
    quantities: list[Quantity]
    symbols: dict[int, Symbol]
    stand_ins: dict[int, Tensor]
    inputs: list[Tensor]
    parameters: list[Tensor]
    states: list[tuple[Tensor, int, int]]
    outputs: list[int]
    blocks: dict[str, tuple[str, tuple[int, int] | None]] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)

    def by_number(self) -> dict[int, Quantity]:
        return {q.node.number: q for q in self.quantities}

    def path(self, leaf: Tensor) -> str:
        """What a parameter is called in its cell."""
        return self.paths.get(leaf.number, leaf.name or "k")

    def whole(self) -> dict[str, Tensor]:
        """The parameters that the step reads, or reads blocks of, by their paths."""
        leaves = [p if p.op is None else p.inputs[0] for p in self.parameters]
        return {self.path(leaf): leaf for leaf in leaves}


def step_of(reader: str, cell: CellLike, x: Input) -> Step:
    """Trace one step of a cell that reads x, and find its quantities.

    Raises:
        ArgumentError: its step is not row by row.
        DeclarationError: it does not return (output, new state).
    """
    name = type(cell).__name__
    try:
        body = traced_cell(cell, x.width, x.dtype, initial_state(cell, 1))[0]
    except DeclarationError:
        raise
    except TinygradError as error:
        raise ArgumentError(with_user_line(f"{reader}: {name}: {str(error).splitlines()[0]}")) from None
    return step_of_body(body, name, {p.number: path for path, p in named_parameters(cell)})


def step_of_body(body: Body, title: str, paths: dict[int, str]) -> Step:
    """The quantities of a step that was traced already; `paths` names its parameters."""
    return _Namer(in_blocks(body), title, paths).step()


def step_of_function(function: Any, specs: Sequence[Any]) -> Step:
    """The quantities of a function of tensors: a step without time.

    Raises:
        ArgumentError: a spec is none, or the function asks for a value.
    """
    graph = trace(function, *specs)
    for x, name in zip(graph.inputs, argument_names(function, len(graph.inputs)), strict=True):
        x.named(name)
    body = Body(list(graph.inputs), [], list(graph.outputs), [])
    return _Namer(body, getattr(function, "__name__", "function"), {}).step()


def argument_names(function: Any, count: int) -> list[str]:
    """The function's own names for its arguments, where each is one tensor."""
    try:
        named = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        named = []
    return named if len(named) == count else [f"x_{k}" for k in range(count)]


class _Namer:
    def __init__(self, body: Body, title: str, paths: dict[int, str]):
        self.body, self.title, self.paths = body, title, paths
        self.graph = body.graph
        self.readers: dict[int, list[Tensor]] = {}
        for edge in self.graph.edges:
            self.readers.setdefault(edge.source.number, []).append(edge.target)
        self.names: dict[int, str] = {}
        self.taken: set[str] = {"L", "ℓ", "t"}

    def step(self) -> Step:
        chosen = self.chosen()
        symbols: dict[int, Symbol] = {}
        stand_ins: dict[int, Tensor] = {}
        for x in self.body.sequences:
            symbols[x.number] = Symbol(x.name or "x", 0 if is_row(x) else None)
            self.taken.add(x.name or "x")
        states = self.states()
        for x, holder, lag in states:
            held = symbols.get(holder)
            symbols[x.number] = Symbol(held.name if held else self.names.get(holder, "s"), -lag)
        parameters, blocks = self.parameters(chosen, symbols)
        quantities: list[Quantity] = []
        values: dict[int, Tensor] = {n.number: n for n in self.graph.nodes if self.graph.is_leaf(n) or is_block(n)}
        with changed(record="all", scope=None, anomaly=False, origin=None):
            for n in self.graph.nodes:
                if n.number in values:
                    continue
                made = on_rows(n, [values[x.number] for x in n.inputs], dict(n.attrs or {}))
                if n.number in chosen:
                    stand = abstract(n.shape, n.dtype).named(chosen[n.number])
                    stand.requires_grad = True
                    symbol = Symbol(chosen[n.number], 0 if is_row(n) else None)
                    quantities.append(Quantity(n, symbol, made, term_of(made, symbols)))
                    symbols[stand.number], stand_ins[n.number], values[n.number] = symbol, stand, stand
                else:
                    values[n.number] = made
        outputs = [y.number for y in self.body.outputs]
        return Step(self.title, self.body, quantities, symbols, stand_ins, list(self.body.sequences), parameters,
                    states, outputs, blocks, self.paths)  # fmt: skip

    # -- which nodes get a name -------------------------------------------------------------------------------------

    def chosen(self) -> dict[int, str]:
        """The name of every node that is a quantity."""
        nodes = [n for n in self.graph.nodes if n.op is not None and not self.graph.is_leaf(n) and not is_block(n)]
        results = {n.number for n in (*self.body.outputs, *self.body.new_states)}
        wanted: dict[int, str | None] = {}
        for n in nodes:
            if n.name and not (n.op is not None and n.op.kind == "slice" and is_shared(n)):
                wanted[n.number] = n.name
            elif n.number in results:
                wanted[n.number] = "s" if n.number not in {y.number for y in self.body.outputs} else "y"
        products = self.with_products(nodes)
        auto: dict[int, str] = {}  # what a function other than a sum or product is applied to: z
        for n in nodes:
            rows = [x for x in n.inputs if is_row(x)]
            if n.op is not None and len(rows) == 1 and n.op.linear is None:
                (p,) = rows
                if p.number not in wanted and p.number in products:
                    auto.setdefault(p.number, "".join((wanted.get(n.number) or "").partition("_")[::2]))
        for number, reader in auto.items():
            wanted[number] = "z" if len(auto) == 1 or not reader else f"z_{reader}"
        counts = Counter(x.number for e in self.graph.edges for x in (e.source,))
        k = 0
        for n in nodes:  # what several read and is no short expression
            if n.number not in wanted and counts[n.number] > 1 and (n.number in products or not _brief(n)):
                if n.op is not None and (n.op.arranges or n.op.kind == "transpose"):
                    continue
                k += 1
                wanted[n.number] = f"u_{k}"
        for n in sorted(nodes, key=lambda n: n.number):
            if n.number in wanted:
                self.names[n.number] = self.unique(wanted[n.number] or "u")
        return {n.number: self.names[n.number] for n in nodes if n.number in self.names}

    def unique(self, name: str) -> str:
        name = name.strip() or "u"
        made, k = name, 1
        while made in self.taken:
            k += 1
            made = f"{name}_{k}" if "_" not in name else f"{name}{k}"
        self.taken.add(made)
        return made

    def with_products(self, nodes: list[Tensor]) -> set[int]:
        """Unnamed row nodes whose expression has a matrix product in it."""
        found: set[int] = set()
        for n in nodes:
            if n.op is not None and is_row(n):
                inside = any(x.number in found and not x.name for x in n.inputs)
                if n.op.kind == "matrix product" or inside:
                    found.add(n.number)
        return found

    # -- states and parameters --------------------------------------------------------------------------------------

    def states(self) -> list[tuple[Tensor, int, int]]:
        """Of each state its leaf, the node whose value it holds, and how many steps ago that was computed."""
        place = {s.number: k for k, s in enumerate(self.body.states)}
        found = []
        for s in self.body.states:
            lag, k = 1, place[s.number]
            held = self.body.new_states[k]
            while held.number in place and lag <= len(place):
                lag, held = lag + 1, self.body.new_states[place[held.number]]
            found.append((s, held.number, lag))
        return found

    def parameters(
        self, chosen: dict[int, str], symbols: dict[int, Symbol]
    ) -> tuple[list[Tensor], dict[str, tuple[str, tuple[int, int] | None]]]:
        """Leaves that are the same at every step, and blocks of them, with their symbols."""
        found: list[Tensor] = []
        blocks: dict[str, tuple[str, tuple[int, int] | None]] = {}
        for n in self.graph.nodes:
            if not (is_block(n) or (n.op is None and is_shared(n) and n.number not in self.body.given)):
                continue
            if n.op is None and (n.role == "constant" or n.size == 1) and n.role != "parameter":
                continue
            if n.op is None and all(is_block(r) for r in self.readers.get(n.number, [])):
                continue  # only its blocks are spoken of
            leaf = n if n.op is None else n.inputs[0]
            span = None if n.op is None else rows_taken((n.attrs or {})["index"], leaf.shape)
            name = self.unique(self.parameter_name(leaf, n, chosen))
            symbols[n.number] = Symbol(name)
            blocks[name] = (self.paths.get(leaf.number, leaf.name or "k"), span)
            found.append(n)
        place = {number: k for k, number in enumerate(self.paths)}

        def order(n: Tensor) -> tuple[int, int]:
            """As the cell has its parameters, blocks from the top."""
            leaf, span = n if n.op is None else n.inputs[0], blocks[symbols[n.number].name][1]
            return place.get(leaf.number, len(place)), span[0] if span else 0

        found.sort(key=order)
        return found, {symbols[n.number].name: blocks[symbols[n.number].name] for n in found}

    def parameter_name(self, leaf: Tensor, node: Tensor, chosen: dict[int, str]) -> str:
        path = self.paths.get(leaf.number, leaf.name or "k").split(".")
        letter = _LETTERS.get(_LAYER.sub("", path[-1]), path[-1])
        if node.op is None:
            above = [p for p in path[:-1] if len(p) <= 3]
            return f"{letter}_{above[-1]}" if above and "_" not in letter else letter
        readers = walk([node], lambda n: [] if n.number in chosen else self.readers.get(n.number, []))
        first = min((n.number for n in readers if n.number in chosen), default=None)  # that it is read for
        if first is None:
            return letter
        gate = chosen[first].removeprefix("z_")
        return f"{letter}{gate}" if "_" in letter else f"{letter}_{gate}"


def _brief(n: Tensor) -> bool:
    """An op on named values or numbers: short enough to be written wherever it is read."""
    return n.op is not None and n.op.elementwise and all(x.op is None or x.name for x in n.inputs)
