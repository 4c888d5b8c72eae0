"""`summary`: parameters, arithmetic and memory of a module, part by part, in numbers and formulas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.counting import flops
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor
from ..step.cells import cells_in, is_cell, is_module, named_parameters, refuse_class
from ..step.inputs import Input, input_of
from ..step.language import Say, spoken
from ..step.quantities import step_of, step_of_body
from ..step.scan import ScanAttrs, Stepper, scan_of
from ..step.subject import trace_module
from .counting import counts
from .formulas import formulas

_NUMBERS = ("parameters", "forward", "backward", "kept")


@dataclass
class SummaryRow:
    """A part of a summary: a gate, a layer, or everything.

    Attributes:
        name: of the part; a gate's after its layer's, ``l0/f``.
        depth: 0 for a layer, 1 for a gate.
        parameters: how many numbers.
        forward, backward: FLOPs of the whole input (all its steps and samples).
        kept: bytes kept for the backward pass.
        formulas: of the four, by name, per step and sample (kept: numbers, not bytes); None where there is none.
        shapes: of its parameters, by symbol.
    """

    name: str
    depth: int = 0
    parameters: int = 0
    forward: int = 0
    backward: int = 0
    kept: int = 0
    formulas: dict[str, str | None] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass
class Summary:
    """What a module costs. Print it, or read `rows` and `total`."""

    title: str
    about: str
    rows: list[SummaryRow]
    total: SummaryRow
    dtype: np.dtype
    language: str = "en"

    @property
    def _say(self) -> Say:
        return spoken("summary", self.language)

    def __str__(self) -> str:
        tables = "\n\n".join(_table(head, rows) for head, rows in self._tables())
        return "\n".join([f"{self.title}: {self.about}", "", tables, "", *self._notes()]).rstrip()

    def __repr__(self) -> str:
        return str(self)

    def to_markdown(self) -> str:
        """Two tables."""
        lines = [f"**{self.title}**: {self.about}", ""]
        for head, rows in self._tables():
            lines += [_bars(head), "|" + " --- |" * len(head), *[_bars(row) for row in rows], ""]
        return "\n".join([*lines, *self._notes()])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/markdown": self.to_markdown()}

    def _tables(self) -> Iterator[tuple[list[str], list[list[str]]]]:
        """Headings and rows: what it consists of, and what that takes."""
        rows = [*self.rows, self.total]
        names = ["  " * row.depth + (row.name.rpartition("/")[2] if row.depth else row.name) for row in rows]
        shapes = [", ".join(f"{n} {_shape(s)}" for n, s in row.shapes.items()) for row in rows]
        numbers = zip(names, *[self._column(rows, "parameters")], shapes, strict=True)
        yield (
            [self._say(w) for w in ("part", "parameters", "shapes")],
            [[name, *count, shape] for name, count, shape in numbers],
        )
        columns = [self._column(rows, n) for n in ("forward", "backward", "kept")]
        heads = [self._say(w) for w in ("part", "FLOPs forward", "FLOPs backward", "bytes kept")]
        yield heads, [[name, *[c[0] for c in cells]] for name, *cells in zip(names, *columns, strict=True)]

    def _column(self, rows: list[SummaryRow], name: str) -> list[list[str]]:
        """A number and its formula for each row."""
        texts = [(f"{getattr(row, name):,}", row.formulas.get(name) or "") for row in rows]
        width = max(len(number) for number, _ in texts)
        return [[f"{number:>{width}}  {formula}".rstrip()] for number, formula in texts]

    def _notes(self) -> list[str]:
        if not any(row.formulas for row in (*self.rows, self.total)):
            return []
        size = self.dtype.itemsize
        text = "Formulas: of a step and a sample, D inputs and H units; kept: numbers, of {} bytes each."
        notes = [self._say(text, size)]
        if any(row.formulas and not row.formulas.get("parameters") for row in self.rows):
            notes.append(self._say("Where there is none, no polynomial of degree 2 in D and H was found."))
        return notes


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(text_width(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = [
        "  ".join(c + " " * (w - text_width(c)) for c, w in zip(row, widths, strict=True)) for row in (head, *rows)
    ]
    lines = [line.rstrip() for line in lines]
    rule = "─" * max(map(text_width, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def text_width(text: str) -> int:
    """Columns in a terminal: accents take none, Chinese characters two."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _in_brackets(cell: str) -> str:
    """A number and its formula."""
    number, _, formula = cell.strip().partition("  ")
    return f"{number} ({formula.strip()})" if formula else number


def _bars(cells: list[str]) -> str:
    return "| " + " | ".join(_in_brackets(c).replace("|", "\\|") for c in cells) + " |"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "1"


def summary(thing: Any, input: Any = None, *, language: str = "en") -> Summary:
    """Parameters, FLOPs forward and backward, and bytes kept for BPTT, by layer and gate.

    Args:
        thing: a cell, or a module.
        input: the shape of its input, or an array of it: (T, B, D) for recurrent layers; for a cell also (B, D), one
            step, or None, one step of one sample, if it says its input_size.
        language: of the words, "en" or "zh".

    An entry of an elementwise function counts as one FLOP, whichever function; a product of (M, K) and (K, N) as 2MKN.
    The backward pass gives the gradients of all parameters and of the input. What is kept are the states and the values
    of a step that its backward pass reads, after the compiler chose which to compute again; the input is not counted.

    Raises:
        ArgumentError: it is neither, or needs the shape of its input.
        ShapeError: the input does not fit.

    >>> print(tg.summary(tg.nn.RNNCell(64, 128)).total.forward)  # 2H(D+H) + 4H
    49664
    """
    refuse_class("summary", thing)
    if is_cell(thing):
        return _of_cell(thing, input_of("summary", thing, input), language)
    if is_module(thing):
        return _of_module(thing, input, language)
    raise ArgumentError(with_user_line(f"summary: expected a cell or a module, got {type(thing).__name__}"))


def _of_cell(cell: Any, x: Input, language: str) -> Summary:
    say = spoken("summary", language)
    T, B = x.steps or 1, x.batch or 1
    dtype = np.dtype(getattr(cell, "dtype", np.float32))
    rows = list(_cell_rows(cell, x, T * B, dtype, ""))
    total = SummaryRow(say("total"), *[0] * 5, formulas=rows[0].formulas)
    for name in _NUMBERS:
        setattr(total, name, getattr(rows[0], name))
    for row in rows[1:]:
        row.depth = 0
    return Summary(
        _title(cell), say("{} of {}, {}", _steps(T, say), _samples(B, say), dtype), rows[1:], total, dtype, language
    )


def _cell_rows(cell: Any, x: Input, times: int, dtype: np.dtype, name: str) -> Iterator[SummaryRow]:
    """The cell's row, then its gates'."""

    def numbers(c: Any) -> dict[str, int]:
        found = {}
        for part in counts(step_of("summary", c, x if c is cell else input_of("summary", c))):
            for n in _NUMBERS:
                found[f"{part.name}/{n}"] = getattr(part, n)
                found[f"/{n}"] = found.get(f"/{n}", 0) + getattr(part, n)
        return found

    found = formulas(cell, numbers)
    gates = counts(step_of("summary", cell, x))
    whole = SummaryRow(name or _title(cell), formulas={n: found[f"/{n}"] for n in _NUMBERS})
    rows = []
    for gate in gates:
        row = SummaryRow(f"{name}/{gate.name}" if name else gate.name, 1, gate.parameters, gate.forward * times,
                  gate.backward * times, gate.kept * times * dtype.itemsize,
                  {n: found[f"{gate.name}/{n}"] for n in _NUMBERS}, gate.shapes)  # fmt: skip
        for n in _NUMBERS:
            setattr(whole, n, getattr(whole, n) + getattr(row, n))
        rows.append(row)
    return iter([whole, *rows])


def _of_module(module: Any, input: Any, language: str) -> Summary:
    say = spoken("summary", language)
    graph = trace_module("summary", module, input)
    known = {p.number: path for path, p in module.named_parameters()}
    dtype = np.dtype(getattr(module, "dtype", graph.outputs[0].dtype))
    rows: dict[str, SummaryRow] = {}
    backward = graph.backward()
    kept = [
        n for n in backward.nodes if backward.role(n) == "saved" and n.op is not None and graph.role(n) != "parameter"
    ]
    inside = {n.number for n in graph.nodes}
    claimed: set[int] = set()
    cells: dict[str, list[SummaryRow]] = {}
    layers = {_module_of(n) for n in graph.nodes if scan_of(n)}

    def around(n: Tensor) -> str:
        """The row of a node that is in no step."""
        return say("{}, between steps", _module_of(n)) if _module_of(n) in layers else _module_of(n)

    for n in graph.nodes:
        if n.op is None:
            continue
        if (scan := scan_of(n)) is not None:
            name = _place(n, rows)
            cell = _cell_of(module, n)
            T, B = n.inputs[0].shape[:2]
            if cell is None:
                made = _scan_rows(n, scan, name, known)
            else:
                made = _cell_rows(cell, input_of("summary", cell, n.inputs[0]), T * B, n.inputs[0].dtype, name)
            rows[name], *cells[name] = made
            claimed |= {x.number for x in n.inputs}
            continue
        row = rows.setdefault(around(n), SummaryRow(around(n)))
        row.forward += flops(n)
        for x in n.inputs:
            if x.number in known and x.number not in claimed:
                claimed.add(x.number)
                row.parameters += x.size
                row.shapes[known[x.number]] = x.shape
    for n in backward.nodes:
        origin = n.origin
        if n.op is None or n.number in inside or origin is None or scan_of(origin) or origin.op is None:
            continue
        if origin.op.kind != "element" and around(origin) in rows:
            rows[around(origin)].backward += flops(n)
    for n in kept:
        if n.number not in inside or n.op is None or scan_of(n):
            continue
        if n.op.kind != "element" and around(n) in rows:
            rows[around(n)].kept += n.size * n.dtype.itemsize
    ordered = [r for name, row in rows.items() for r in (row, *cells.get(name, []))]
    ordered = [r for r in ordered if r.depth or any(getattr(r, n) for n in _NUMBERS)]
    total = SummaryRow(say("total"))
    for row in ordered:
        if row.depth == 0:
            for name in _NUMBERS:
                setattr(total, name, getattr(total, name) + getattr(row, name))
    about = say("for an input of {}, {}", _shape(graph.inputs[0].shape), dtype)
    return Summary(_title(module), about, ordered, total, dtype, language)


def _scan_rows(n: Tensor, scan: ScanAttrs[Stepper], name: str, paths: dict[int, str]) -> Iterator[SummaryRow]:
    """The rows of a scan whose cell is not at hand: without formulas."""
    T, B = n.inputs[0].shape[:2]
    itemsize = n.inputs[0].dtype.itemsize
    whole, rows = SummaryRow(name), []
    for gate in counts(step_of_body(scan.recurrence.body, name, paths)):
        numbers = (gate.forward * T * B, gate.backward * T * B, gate.kept * T * B * itemsize)
        rows.append(SummaryRow(f"{name}/{gate.name}", 1, gate.parameters, *numbers, {}, gate.shapes))
        for key in _NUMBERS:
            setattr(whole, key, getattr(whole, key) + getattr(rows[-1], key))
    return iter([whole, *rows])


def _cell_of(module: Any, scan: Tensor) -> Any:
    """The cell in a module whose parameters a scan reads."""
    leaves = {x.number for x in scan.inputs}
    for _, cell in cells_in(module):
        own = {p.number for _, p in named_parameters(cell)}
        if own and own <= leaves:
            return cell
    return None


def _place(n: Tensor, taken: dict[str, SummaryRow]) -> str:
    """What a scan is called: its module, and which of its layers, by the names of its weights if they say it."""
    base = _module_of(n)
    ends = [re.search(r"_(l\d+(_reverse)?)$", x.name or "") for x in n.inputs]
    end = next((f"/{end[1]}" for end in ends if end), "")
    name = base if base.endswith(end) else base + end
    k = 1
    while name in taken:
        k += 1
        name = f"{base}, {k}"
    return name


def _module_of(n: Tensor) -> str:
    """The scopes it was computed in, without time steps."""
    labels, scope = [], n.scope
    while scope is not None:
        if scope.step is None:
            labels.append(scope.label)
        scope = scope.parent
    return "/".join(reversed(labels)) or "(outside)"


def _title(thing: Any) -> str:
    extra = thing.extra_repr() if hasattr(thing, "extra_repr") else ""
    return f"{type(thing).__name__}({extra})"


def _steps(T: int, say: Say) -> str:
    return say("one step") if T == 1 else say("{} steps", f"{T:,}")


def _samples(B: int, say: Say) -> str:
    return say("one sample") if B == 1 else say("{} samples", f"{B:,}")
