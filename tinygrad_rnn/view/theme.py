"""How each role looks, in three themes: told apart by shape as well as by colour, so that a grey print reads the same.

Text has a contrast of at least 4.5 to what it stands on, lines of at least 3 (WCAG 2.2, level AA).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TEXT_SIZE = 13.0
DETAIL_SIZE = 9.0
FRAME_SIZE = 11.0


@dataclass(frozen=True)
class Look:
    """Shape, colours and weight of a node. Shapes: circle (round ends if wide), box, slanted, cut, plain, point."""

    shape: str
    fill: str
    line: str
    weight: float = 1.0
    double: bool = False
    small: bool = False
    text: str = "#1a1a1a"
    detail: str = "#4a4a4a"


@dataclass(frozen=True)
class Stroke:
    """Colour, weight and dashes of an edge."""

    line: str
    weight: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Theme:
    """Looks by role, strokes by kind of edge, and the colours of what is around them."""

    name: str
    looks: dict[str, Look]
    strokes: dict[str, Stroke]
    paper: str = "#ffffff"
    frame_fills: tuple[str, ...] = ("#fafafa", "#f1f3f6", "#e8ebf0")
    frame_line: str = "#858c97"
    frame_text: str = "#4d5562"
    mark: str = "#d6006c"  # of what is highlighted

    def frame_fill(self, depth: int) -> str:
        return self.frame_fills[min(depth, len(self.frame_fills) - 1)]


LOOKS = {
    "input": Look("slanted", "#d5ecd0", "#3a7d34"),
    "parameter": Look("box", "#d3e3f5", "#2f5f94", weight=1.6),
    "constant": Look("plain", "#f4f4f4", "#f4f4f4", small=True, text="#444444"),
    "state": Look("circle", "#e3dcf5", "#6a51a3", weight=1.4),
    "function": Look("circle", "#fbeab0", "#957400"),
    "gate": Look("box", "#fbeab0", "#957400", weight=2.0),
    "pointwise": Look("circle", "#f8d9e2", "#ad4468"),
    "product": Look("box", "#ffffff", "#333333"),
    "op": Look("circle", "#ffffff", "#666666"),
    "structure": Look("plain", "#f0f0f0", "#f0f0f0", small=True, text="#444444"),
    "joint": Look("plain", "#f0f0f0", "#f0f0f0", small=True, text="#444444"),
    "group": Look("box", "#eef1f5", "#333333", weight=2.0),
    "elided": Look("plain", "#f0f0f0", "#f0f0f0", text="#444444"),
    "delay": Look("box", "#ffffff", "#6a51a3", weight=1.4, text="#54408a"),
    "output": Look("circle", "#ffffff", "#333333", double=True),
    "loss": Look("box", "#ffe4d6", "#333333", double=True),
    "gradient": Look("cut", "#fde0c2", "#b8560b"),
    "saved": Look("circle", "#ffffff", "#777777"),
}
POINT = Look("point", "#ffffff", "#ffffff", small=True)

STROKES = {
    "data": Stroke("#555555", 1.0),
    "gradient": Stroke("#c0392b", 1.2),
    "saved": Stroke("#767676", 1.0, (1.5, 3.0)),
    "lane": Stroke("#6a51a3", 2.2),
    "through": Stroke("#6a51a3", 2.2),
    "loop": Stroke("#6a51a3", 2.2),
    "link": Stroke("#555555", 1.4),
    "back_lane": Stroke("#c0392b", 2.0, (7.0, 2.5)),
}


def _recoloured(fills: dict[str, tuple[str, str]], text: str, detail: str) -> dict[str, Look]:
    """The looks in other colours; without a fill of their own they take the first."""
    looks = {}
    for role, look in LOOKS.items():
        fill, line = fills.get(role, fills[""])
        line = fill if look.line == look.fill else line
        looks[role] = replace(look, fill=fill, line=line, text=text, detail=detail)
    return looks


LIGHT = Theme("light", LOOKS, STROKES)
DARK = Theme(
    "dark",
    _recoloured(
        {
            "": ("#14181d", "#b9c0ca"), "input": ("#1f3d23", "#7cc274"), "parameter": ("#1d3550", "#7fb2e8"),
            "constant": ("#2a303a", ""), "structure": ("#2a303a", ""), "joint": ("#2a303a", ""),
            "elided": ("#2a303a", ""), "state": ("#382e5a", "#b3a0ee"), "function": ("#473a0c", "#d9b83f"),
            "gate": ("#473a0c", "#d9b83f"), "pointwise": ("#4c2433", "#ea8bad"), "loss": ("#4a2c1c", "#b9c0ca"),
            "group": ("#262d37", "#b9c0ca"), "gradient": ("#4d3013", "#f0a050"), "delay": ("#14181d", "#b3a0ee"),
            "saved": ("#14181d", "#98a0ab"),
        },
        "#f0f2f5", "#c3c9d2",
    ),
    {
        kind: replace(stroke, line={"#555555": "#b4bac4", "#c0392b": "#ff8a7a", "#6a51a3": "#b3a0ee"}.get(
            stroke.line, "#9aa2ad"))
        for kind, stroke in STROKES.items()
    },
    "#14181d", ("#191e24", "#1f252d", "#262d37"), "#727c8a", "#b9c0ca", "#ff7ac0",
)  # fmt: skip
PRINT = Theme(
    "print",
    _recoloured(
        {
            "": ("#ffffff", "#000000"), "function": ("#e6e6e6", "#000000"), "gate": ("#e6e6e6", "#000000"),
            "state": ("#f2f2f2", "#000000"), "gradient": ("#d9d9d9", "#000000"),
        },
        "#000000", "#333333",
    ),
    {kind: replace(stroke, line="#000000" if kind != "saved" else "#555555") for kind, stroke in STROKES.items()},
    "#ffffff", ("#ffffff", "#ffffff", "#ffffff"), "#767676", "#333333", "#000000",
)  # fmt: skip
#: By what `draw(theme=…)` takes; "auto" is light, and dark where the reader's browser is.
THEMES = {"auto": LIGHT, "light": LIGHT, "dark": DARK, "print": PRINT}


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colours_in_the_dark() -> dict[str, str]:
    """Each colour of the light theme with the one that takes its place in the dark."""
    pairs: dict[str, str] = {LIGHT.paper: DARK.paper, LIGHT.mark: DARK.mark}
    for role, look in LIGHT.looks.items():
        other = DARK.looks[role]
        pairs |= {look.fill: other.fill, look.line: other.line, look.text: other.text, look.detail: other.detail}
    pairs |= {stroke.line: DARK.strokes[kind].line for kind, stroke in LIGHT.strokes.items()}
    pairs |= dict(zip(LIGHT.frame_fills, DARK.frame_fills, strict=True))
    return pairs | {LIGHT.frame_line: DARK.frame_line, LIGHT.frame_text: DARK.frame_text}
