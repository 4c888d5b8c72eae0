"""`Picture`: what is to be drawn, before anybody decides where. DOT, SVG and PDF are all written from it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace

from ..step.names import plain_name
from .text import SUBSCRIPT_SCALE, width
from .theme import DETAIL_SIZE, LIGHT, TEXT_SIZE, Look, Stroke, Theme


@dataclass
class Label:
    """What a node says: the op's glyph, its name with a subscript, and small lines below."""

    glyph: str = ""
    base: str = ""
    index: str = ""
    details: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return plain_name(self.base, self.index)

    @property
    def lines(self) -> list[str]:
        """As plain text: glyph and name, then the small lines."""
        first = "  ".join(part for part in (self.glyph, self.name) if part)
        return [line for line in (first, *self.details) if line]

    def name_width(self, size: float) -> float:
        return width(self.base, size) + width(self.index, size * SUBSCRIPT_SCALE)


@dataclass
class Node:
    """A drawn node. `ghost`: a copy of a node drawn elsewhere. Sizes and positions in points, y downwards."""

    id: str
    look: Look
    label: Label
    block: int = 0
    frames: tuple[str, ...] = ()
    ghost: bool = False
    backward: bool = False
    entry: bool = False  # where something comes in from another block, or from before the first step
    leaves: bool = False  # where a state leaves the last step
    order: tuple[int, int] = (0, 0)  # leaves first, by role, then ops, each in order of creation
    tooltip: str = ""
    kind: str = "op"  # the name of its look in the theme
    x: float = 0.0
    y: float = 0.0

    @property
    def size(self) -> float:
        """The size of its main text."""
        return TEXT_SIZE if not self.look.small else DETAIL_SIZE

    @property
    def badge(self) -> float:
        """The width taken by the glyph when it stands beside a name."""
        if not (self.label.glyph and self.label.base):
            return 0.0
        return max(width(self.label.glyph, self.size) + 10, self.size + 9)

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height."""
        label, size = self.label, self.size
        main = label.name_width(size) if label.base else width(label.glyph, size)
        details = max((width(line, DETAIL_SIZE) for line in label.details), default=0.0)
        high = size * 1.2 + 7 + (DETAIL_SIZE * 1.25) * len(label.details) + (3 if self.badge else 0)
        wide = max(self.badge + main, details) + (14 if self.look.shape in ("box", "plain") else 18)
        if self.look.shape == "point":
            return 1.0, 1.0
        if self.look.shape == "plain":
            wide, high = wide - 8, high - 4
        if self.look.shape == "circle" and not label.base and not label.details and wide < high + 16:
            wide = high
        rim = 5.0 if self.look.double else 0.0
        return max(wide, high) + rim, high + rim


@dataclass
class Edge:
    """A drawn edge. `kind`: data, gradient, saved (a forward value that a gradient reads), through (a state on its way
    through a step), loop (a state, back to the next step); between blocks lane (a state), link (another value),
    back_lane (a gradient)."""

    tail: str
    head: str
    kind: str = "data"
    path: list[tuple[float, float]] = field(default_factory=list)  # a cubic Bézier spline: 1 + 3n points
    runs_on: bool = False  # at its head another edge begins: no arrow
    marked: bool = False  # highlighted
    cut: bool = False  # no gradient comes back along it
    wide: float | None = None  # instead of its kind's width
    note: str = ""  # for a pointer resting on it

    def stroke(self, theme: Theme) -> Stroke:
        """Its colour, width and dashes."""
        own = theme.strokes[self.kind]
        if self.wide is not None:
            own = replace(own, weight=self.wide)
        if self.marked:
            own = replace(own, line=theme.mark, weight=own.weight + 1.2)
        return replace(own, dash=(2.0, 4.0)) if self.cut else own


@dataclass
class Frame:
    """A rounded frame around a scope or a time step."""

    label: str
    x: float
    y: float
    wide: float
    high: float
    depth: int = 0
    indent: float = 9.0  # of the label


@dataclass
class Block:
    """What is laid out together: one time step, or what lies before, between or after the steps."""

    frames: tuple[str, ...] = ()
    row: int = 0


@dataclass
class Picture:
    """Nodes, edges and blocks; after layout also frames and a size. `across`: within a step too, from left to right."""

    title: str
    description: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    wide: float = 0.0
    high: float = 0.0
    theme: Theme = LIGHT
    adaptive: bool = False  # dark where the reader's device is
    across: bool = False
    legend: bool = False
    language: str = "en"  # of the legend and the tooltips
    ids: dict[int, list[str]] = field(default_factory=dict)  # by tensor's number: the node that is it, and its ghosts

    def copy(self) -> Picture:
        """One that can be laid out while this one stays as it is."""
        nodes = {name: copy(node) for name, node in self.nodes.items()}
        return replace(self, nodes=nodes, edges=[copy(edge) for edge in self.edges], frames=list(self.frames))
