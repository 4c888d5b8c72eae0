"""`compare`: cells side by side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..derivation import Derivation, derive
from ..derivation.derivation import Line
from ..derivation.formats import STYLE, mathml
from ..derivation.writing import LATEX, PLAIN
from ..step.cells import one_cell
from ..step.inputs import input_of
from ..step.language import spoken
from ..view.api import draw
from ..view.drawing import Drawing
from ..view.labels import entry_text
from .flow import STEPS, GradientFlow, gradient_flow
from .summary import Summary, summary, text_width

_NUMBERS = {"parameters": "parameters", "forward": "FLOPs forward", "backward": "FLOPs backward", "kept": "bytes kept"}


@dataclass
class Side:
    """One of them: what it is, its derivation, what a step costs, how gradients flow, and its graph."""

    title: str
    derivation: Derivation
    summary: Summary
    flow: GradientFlow
    drawing: Drawing


@dataclass
class Comparison:
    """Cells side by side. Print it, or save it as a page with their graphs."""

    sides: tuple[Side, ...]
    language: str = "en"

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, width: int = 120) -> str:
        """Columns within `width` characters: equations of the same quantity beside one another, ≠ where they differ."""
        limit = max(20, (width - 2) // len(self.sides) - 3)
        rows = [(" ", [side.title for side in self.sides]), (" ", [""] * len(self.sides))]
        for line in self._equations():
            texts = ["" if e is None else f"{PLAIN.write(e.left)} = {PLAIN.write(e.right)}" for e in line]
            rows.append((_mark(texts), texts))
        rows.append((" ", [""] * len(self.sides)))
        facts = [self._facts(side) for side in self.sides]
        names = max(text_width(name) for name, _ in facts[0])
        for same in zip(*facts, strict=True):
            values = [value for _, value in same]
            rows.append((_mark(values), [f"{name}{' ' * (names - text_width(name))} {value}" for name, value in same]))
        wrapped = [(mark, [_wrapped(text, limit) for text in texts]) for mark, texts in rows]
        widths = [max(text_width(x) for _, row in wrapped for x in row[k]) for k in range(len(self.sides))]
        lines = []
        for mark, row in wrapped:
            for k, parts in enumerate(zip_longest(*row, fillvalue="")):
                padded = [x + " " * (w - text_width(x)) for x, w in zip(parts, widths, strict=True)]
                lines.append(f"{' ' if k else mark} {'   '.join(padded)}".rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _equations(self) -> list[list[Line | None]]:
        """The forward equations, a row for every quantity that some cell computes; None where one does not."""
        found = [{PLAIN.write(x.left): x for x in side.derivation.sections[0].lines} for side in self.sides]
        order: list[str] = []
        for lines in found:
            place = 0
            for name in lines:
                if name not in order:
                    order.insert(place, name)
                place = order.index(name) + 1
        return [[lines.get(name) for lines in found] for name in order]

    def _facts(self, side: Side) -> list[tuple[str, str]]:
        say = spoken("compare", self.language)
        total, flow = side.summary.total, side.flow
        found = []
        for key, name in _NUMBERS.items():
            formula = total.formulas.get(key)
            found.append(
                (say(name), f"{getattr(total, key):,}" + (f" = {formula}" if formula and key != "kept" else ""))
            )
        half = flow.half_life()
        found.append(
            (
                say("gradient"),
                say("does not fade")
                if math.isinf(half)
                else say("halves in {} steps ({})", f"{half:.3g}", flow.states[-1]),
            )
        )
        found.append((say("largest exponent"), entry_text(flow.lyapunov[0])))
        return found

    def to_html(self) -> str:
        """A page: equations beside one another, marked where they differ; facts, derivations and graphs in columns."""
        say = spoken("compare", self.language)
        title = say("{} and {}", ", ".join(side.title for side in self.sides[:-1]), self.sides[-1].title)
        rows = ["<tr>" + "".join(f"<th>{escape(side.title)}</th>" for side in self.sides) + "</tr>"]
        for line in self._equations():
            texts = ["" if e is None else f"{LATEX.write(e.left)} = {LATEX.write(e.right)}" for e in line]
            kind = ' class="differs"' if _mark(texts).strip() else ""
            rows.append(f"<tr{kind}>" + "".join(f"<td>{mathml(x) if x else '–'}</td>" for x in texts) + "</tr>")
        columns = "".join(self._column(side) for side in self.sides)
        style = STYLE.replace("max-width: 46rem", "max-width: 90rem") + _STYLE
        return (
            f'<!DOCTYPE html>\n<html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{style}</style></head>\n"
            f'<body><main><h1>{escape(title)}</h1><div class="scrolls"><table class="equations">'
            f'{"".join(rows)}</table></div><div class="sides">{columns}</div></main></body></html>\n'
        )

    def _column(self, side: Side) -> str:
        parts = [f'<section><h2>{escape(side.title)}</h2><div class="scrolls">{side.drawing.svg}</div>']
        facts = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in self._facts(side))
        parts.append(f"<table>{facts}</table>")
        for section in side.derivation.sections[1:]:
            lines = [f"{LATEX.write(line.left)} = {LATEX.write(line.right)}" for line in section.lines]
            shown = "".join(f"<li>{mathml(x)}</li>" for x in lines)
            parts.append(f'<h3>{escape(section.title)}</h3><ol class="scrolls">{shown}</ol>')
        return "\n".join([*parts, "</section>"])

    def save(self, path: str | Path) -> Path:
        """Write it as .html or .txt.

        Raises:
            ArgumentError: another ending.
            OSError: the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".txt"):
            raise ArgumentError(with_user_line(f"compare: a file ends in .html or .txt, not {path.name!r}"))
        path.write_text(self.to_html() if path.suffix.lower() == ".html" else f"{self}\n", encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.to_html()}


_STYLE = """
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 2rem; }
.sides > section { min-width: 0; }
.scrolls { overflow-x: auto; }
.scrolls svg { max-width: 100%; height: auto; }
.equations td, .equations th { padding: 0.2rem 0.8rem; text-align: left; white-space: nowrap; }
.equations .differs td { background: color-mix(in srgb, #d9a400 18%, transparent); }
"""


def _mark(texts: Sequence[str]) -> str:
    """Whether they differ."""
    return " " if len(set(texts)) == 1 else "≠"


def _wrapped(text: str, limit: int) -> list[str]:
    """Lines of a column, broken at spaces."""
    return textwrap.wrap(text, limit, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False) or [""]


def compare(*things: Any, input: Any = None, language: str = "en") -> Comparison:
    """Cells side by side: equations and their derivation, graphs, costs, and how their gradients flow.

    Args:
        things: two cells or more, or layers of one cell, with the same input size.
        input: the sequence (T, B, D) on which gradients are watched, or the shape of a random one, (T, B, D) or (B, D);
            default: 50 random steps.
        language: of the words, "en" or "zh".

    Raises:
        ArgumentError: they are fewer than two, no cells, read inputs of different sizes, or do not say of which.
        ShapeError: the input is not what they read.

    >>> print(str(tg.compare(tg.nn.RNNCell(2, 3), tg.nn.GRUCell(2, 3), tg.nn.LSTMCell(2, 3))).splitlines()[0].split())
    ['RNNCell', 'GRUCell', 'LSTMCell']
    """
    cells = [one_cell("compare", thing) for thing in things]
    if len(cells) < 2:
        raise ArgumentError(with_user_line(f"compare: expected two cells or more, got {len(cells)}"))
    reads = [input_of("compare", cell, input) for cell in cells]
    if len({x.width for x in reads}) > 1:
        sizes = ", ".join(str(x.width) for x in reads)
        raise ArgumentError(with_user_line(f"compare: expected cells with the same input_size, got {sizes}"))
    xs = reads[0].sequence("compare", STEPS, np.random.default_rng(0))
    row = replace(reads[0], batch=1).row
    return Comparison(tuple(
        Side(
            summary(cell, row).title, derive(cell, input=row, style="simplified", language=language),
            summary(cell, row), gradient_flow(cell, xs), draw(cell, input=row, level="gate"),
        )
        for cell in cells
    ), language)  # fmt: skip
