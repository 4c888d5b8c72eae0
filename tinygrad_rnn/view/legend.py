"""The legend of a picture: each look and each kind of edge that occurs in it, with what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..step.language import spoken
from .picture import Edge, Frame, Label, Node, Picture
from .text import width
from .theme import Look

SAYS = {
    "input": ("x", "input"),
    "parameter": ("W", "parameter: a weight or a bias"),
    "constant": ("1", "constant"),
    "state": ("h", "state: handed to the next step"),
    "delay": ("t−1", "state of the step before"),
    "function": ("σ", "function of each entry"),
    "gate": ("σ", "gate: W·x + b and its function"),
    "pointwise": ("⊙", "entry by entry: + − ⊙ ÷"),
    "product": ("×", "matrix product"),
    "structure": ("T", "moves entries: slice, transpose"),
    "joint": ("[x, h]", "joined side by side"),
    "group": ("cell", "all that a cell or layer does"),
    "elided": ("⋯", "time steps left out"),
    "op": ("Σ", "another operation"),
    "output": ("y", "result"),
    "loss": ("L", "loss"),
    "gradient": ("δ", "gradient"),
    "saved": ("y", "value from the forward pass"),
}
EDGES = {
    "data": "value",
    "lane": "state, through time",
    "loop": "state, to the next step",
    "link": "value, to another step",
    "gradient": "gradient",
    "back_lane": "gradient, back in time",
    "saved": "value that a gradient reads",
}
SAME = {"through": "lane"}
SAMPLE, LINE, ROW, GAP = 46.0, 34.0, 24.0, 14.0


@dataclass
class Entry:
    """One line of the legend: a sample of a node or of an edge, and what it means."""

    look: Look | None
    kind: str
    sign: str
    meaning: str
    ghost: bool = False


def entries(picture: Picture) -> Iterator[Entry]:
    """What the legend of a picture says: only what occurs in it."""
    looks, say = picture.theme.looks, spoken("draw", picture.language)
    kinds = {node.kind for node in picture.nodes.values() if not node.ghost and node.look.shape != "point"}
    for kind, (sign, meaning) in SAYS.items():
        if kind in kinds:
            yield Entry(looks[kind], kind, sign, say(meaning))
    if any(node.look.double for node in picture.nodes.values()) and "output" not in kinds:
        yield Entry(looks["output"], "output", "y", say("double rim: a result"))
    if any(node.ghost and node.look.shape != "point" for node in picture.nodes.values()):
        ghost = replace(looks["parameter"], fill=picture.theme.paper)
        yield Entry(ghost, "ghost", "W", say("dashed: drawn elsewhere"), ghost=True)
    if any(edge.marked for edge in picture.edges):
        marked = replace(looks["op"], line=picture.theme.mark, weight=looks["op"].weight + 1.2)
        yield Entry(marked, "marked", "c", say("highlighted"))
    if any(edge.cut for edge in picture.edges):
        yield Entry(None, "cut", "", say("cut: no gradient goes back here"))
    drawn = {SAME.get(edge.kind, edge.kind) for edge in picture.edges}
    for kind, meaning in EDGES.items():
        if kind in drawn:
            yield Entry(None, kind, "", say(meaning))


def add_legend(picture: Picture) -> None:
    """Put the legend below a picture that has been laid out."""
    found = list(entries(picture))
    paper = picture.theme.frame_fills[0]
    caption = Look("plain", paper, paper, small=True, text=picture.theme.frame_text)
    widest = SAMPLE + max(width(entry.meaning, 9.0) for entry in found) + GAP
    columns = max(1, min(len(found), int((max(picture.wide, 2 * widest) - GAP) // widest)))
    rows = -(-len(found) // columns)
    columns = -(-len(found) // rows)
    left, top = 0.0, picture.high + GAP
    for i, entry in enumerate(found):
        x, y = left + GAP / 2 + (i // rows) * widest, top + ROW * (i % rows) + ROW * 0.7
        if entry.look is None:
            path = [(x + 4, y), (x + 14, y), (x + 26, y), (x + LINE, y)]
            cut = entry.kind == "cut"
            picture.edges.append(Edge("", "", "lane" if cut else entry.kind, path, cut=cut))
        else:
            look = replace(entry.look, small=True)
            sample = Node(f"legend{i}", look, Label(entry.sign), ghost=entry.ghost, kind=entry.kind)
            sample.x, sample.y = x + SAMPLE / 2 - 3, y
            picture.nodes[sample.id] = sample
        text = Node(f"legend{i}says", caption, Label(entry.meaning), kind="caption")
        text.x, text.y = x + SAMPLE + text.extent[0] / 2 - 2, y
        picture.nodes[text.id] = text
    wide, high = columns * widest + GAP / 2, rows * ROW + ROW * 0.4
    picture.frames.append(Frame("", left, top, wide, high))
    picture.wide, picture.high = max(picture.wide, left + wide), top + high
