"""How each role looks: told apart by shape as well as by colour, so that a print in grey reads the same."""

from __future__ import annotations

from dataclasses import dataclass

TEXT_SIZE = 13.0
DETAIL_SIZE = 9.0
FRAME_SIZE = 11.0


@dataclass(frozen=True)
class Look:
    """Shape, colours and weight of a node. Shapes: circle (round ends if wide), box, slanted, cut, plain."""

    shape: str
    fill: str
    line: str
    weight: float = 1.0
    double: bool = False
    small: bool = False
    text: str = "#1a1a1a"


@dataclass(frozen=True)
class Stroke:
    """Colour, weight and dashes of an edge."""

    line: str
    weight: float
    dash: tuple[float, ...] = ()


LOOKS = {
    "input": Look("slanted", "#d5ecd0", "#3a7d34"),
    "parameter": Look("box", "#d3e3f5", "#2f5f94", weight=1.6),
    "constant": Look("plain", "#f4f4f4", "#f4f4f4", small=True, text="#444444"),
    "state": Look("circle", "#e3dcf5", "#6a51a3", weight=1.4),
    "function": Look("circle", "#fbeab0", "#a07c00"),
    "pointwise": Look("circle", "#f8d9e2", "#ad4468"),
    "product": Look("box", "#ffffff", "#333333"),
    "op": Look("circle", "#ffffff", "#666666"),
    "structure": Look("plain", "#f0f0f0", "#f0f0f0", small=True, text="#444444"),
    "output": Look("circle", "#ffffff", "#333333", double=True),
    "loss": Look("box", "#ffe4d6", "#333333", double=True),
    "gradient": Look("cut", "#fde0c2", "#b8560b"),
    "saved": Look("circle", "#ffffff", "#777777"),
}

STROKES = {
    "data": Stroke("#555555", 1.0),
    "gradient": Stroke("#c0392b", 1.2),
    "saved": Stroke("#767676", 1.0, (1.5, 3.0)),
    "lane": Stroke("#6a51a3", 2.2),
    "link": Stroke("#555555", 1.4),
    "back_lane": Stroke("#c0392b", 2.0, (7.0, 2.5)),
}

FRAME_FILLS = ("#fafafa", "#f1f3f6", "#e8ebf0")
FRAME_LINE = "#b5bac2"
FRAME_TEXT = "#4d5562"
DETAIL_TEXT = "#555555"
