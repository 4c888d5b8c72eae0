"""`compare`: two cells side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..derivation import Derivation, derive
from ..derivation.formats import STYLE, mathml
from ..derivation.writing import LATEX, PLAIN
from ..step.cells import one_cell
from ..step.inputs import input_of
from ..view.api import draw
from ..view.drawing import Drawing
from ..view.labels import entry_text
from .flow import STEPS, GradientFlow, gradient_flow
from .summary import Summary, summary, text_width

_NUMBERS = {"parameters": "parameters", "forward": "FLOPs forward", "backward": "FLOPs backward", "kept": "bytes kept"}


@dataclass
class Side:
    """One of the two: what it is, its derivation, what a step costs, how gradients flow, and its graph."""

    title: str
    derivation: Derivation
    summary: Summary
    flow: GradientFlow
    drawing: Drawing


@dataclass
class Comparison:
    """Two cells side by side. Print it, or save it as a page with their graphs."""

    left: Side
    right: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.left, self.right

    def __str__(self) -> str:
        columns = [
            [f"{PLAIN.write(line.left)} = {PLAIN.write(line.right)}" for line in side.derivation.sections[0].lines]
            for side in self.sides
        ]
        facts = [self._facts(side) for side in self.sides]
        names = max(len(name) for name, _ in facts[0])
        width = max(
            text_width(text) for text in [self.left.title, *columns[0], *[f"{n:{names}} {v}" for n, v in facts[0]]]
        )
        rows = [(self.left.title, self.right.title), ("", "")]
        longest = max(map(len, columns))
        padded = [column + [""] * (longest - len(column)) for column in columns]
        rows += list(zip(*padded, strict=True))
        rows += [("", "")]
        rows += [(f"{n:{names}} {a}", f"{n:{names}} {b}") for (n, a), (_, b) in zip(*facts, strict=True)]
        return "\n".join(f"{a}{' ' * (width - text_width(a))}   {b}".rstrip() for a, b in rows)

    def __repr__(self) -> str:
        return str(self)

    @staticmethod
    def _facts(side: Side) -> list[tuple[str, str]]:
        total, flow = side.summary.total, side.flow
        found = []
        for key, name in _NUMBERS.items():
            formula = total.formulas.get(key)
            found.append((name, f"{getattr(total, key):,}" + (f" = {formula}" if formula and key != "kept" else "")))
        half = flow.half_life()
        found.append(
            ("gradient", "does not fade" if math.isinf(half) else f"halves in {half:.3g} steps ({flow.states[-1]})")
        )
        found.append(("largest exponent", entry_text(flow.lyapunov[0])))
        return found

    def to_html(self) -> str:
        """A page: equations and facts in two columns, and both graphs."""
        columns = "".join(self._column(side) for side in self.sides)
        title = f"{self.left.title} and {self.right.title}"
        style = STYLE.replace("max-width: 46rem", "max-width: 80rem")
        style += "\n.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 2rem; }"
        style += "\n.graph { overflow-x: auto; } .graph svg { max-width: 100%; height: auto; }"
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><main>"
            f'<h1>{escape(title)}</h1><div class="sides">{columns}</div></main></body></html>\n'
        )

    def _column(self, side: Side) -> str:
        parts = [f"<section><h2>{escape(side.title)}</h2>"]
        for section in side.derivation.sections:
            lines = [f"{LATEX.write(line.left)} = {LATEX.write(line.right)}" for line in section.lines]
            parts.append(f"<h3>{escape(section.title)}</h3><ol>{''.join(f'<li>{mathml(x)}</li>' for x in lines)}</ol>")
        facts = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in self._facts(side))
        parts.append(f'<table>{facts}</table><div class="graph">{side.drawing.svg}</div></section>')
        return "\n".join(parts)

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


def compare(a: Any, b: Any, input: Any = None) -> Comparison:
    """Two cells side by side: equations and their derivation, graphs, costs, and how their gradients flow.

    Args:
        a, b: cells, or layers of one cell, with the same input size.
        input: the sequence (T, B, D) on which gradients are watched, or the shape of a random one, (T, B, D) or (B, D);
            default: 50 random steps.

    Raises:
        ArgumentError: they are no cells, read inputs of different sizes, or do not say of which.
        ShapeError: the input is not what they read.
    """
    cells = [one_cell("compare", thing) for thing in (a, b)]
    reads = [input_of("compare", cell, input) for cell in cells]
    if reads[0].width != reads[1].width:
        raise ArgumentError(
            with_user_line(
                f"compare: expected two cells with the same input_size, got {reads[0].width} and {reads[1].width}"
            )
        )
    xs = reads[0].sequence("compare", STEPS, np.random.default_rng(0))
    row = replace(reads[0], batch=1).row
    return Comparison(*[
        Side(
            summary(cell, row).title, derive(cell, input=row, style="simplified"), summary(cell, row),
            gradient_flow(cell, xs), draw(cell, input=row, level="gate"),
        )
        for cell in cells
    ])  # fmt: skip
