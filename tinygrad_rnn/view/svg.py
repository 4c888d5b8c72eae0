"""A laid-out `Picture` as SVG text. The same picture gives the same bytes on every machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from ..step.names import clean
from .marks import Text, arrow, barrier, outline, texts
from .picture import Edge, Frame, Node, Picture
from .text import FAMILY
from .theme import FRAME_SIZE, Theme, colours_in_the_dark

MARGIN = 10.0


def to_svg(picture: Picture) -> str:
    """The picture as a self-contained SVG document: no script, no external reference."""
    wide, high = picture.wide + 2 * MARGIN, picture.high + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(wide)}" height="{number(high)}" '
        f'viewBox="{number(-MARGIN)} {number(-MARGIN)} {number(wide)} {number(high)}" role="img" '
        f'font-family="{FAMILY}">'
    )
    theme = picture.theme
    lines = [
        head,
        f"<title>{escape(clean(picture.title))}</title>",
        f"<desc>{escape(clean(picture.description))}</desc>",
        f'<rect x="{number(-MARGIN)}" y="{number(-MARGIN)}" width="{number(wide)}" height="{number(high)}" '
        f'fill="{theme.paper}"/>',
        *(_frame(frame, theme) for frame in picture.frames),
        *(_edge(edge, theme) for edge in picture.edges if edge.path),
        *(line for node in picture.nodes.values() for line in _node(node)),
        "</svg>",
    ]
    if picture.adaptive:
        own = f"drawing-{sha256(''.join(lines).encode()).hexdigest()[:12]}"  # its style is for it alone
        lines[0] = lines[0].replace("<svg ", f'<svg id="{own}" ', 1)
        lines.insert(3, _dark_style("".join(lines), own))
    return "\n".join(lines) + "\n"


def _dark_style(svg: str, own: str) -> str:
    """What makes a drawing dark where the reader's device is: every colour in it changed for another."""
    pairs = {c: dark for c, dark in colours_in_the_dark().items() if f'"{c}"' in svg}
    rules = "".join(
        f'#{own} [fill="{c}"]{{fill:{dark}}}#{own} [stroke="{c}"]{{stroke:{dark}}}' for c, dark in pairs.items()
    )
    return f"<style>@media (prefers-color-scheme: dark) {{{rules}}}</style>"


def number(value: float) -> str:
    """A coordinate, to a hundredth of a point."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def path_data(points: list[tuple[float, float]]) -> str:
    """A cubic Bézier spline as SVG path data."""
    pairs = [f"{number(x)},{number(y)}" for x, y in points]
    return f"M{pairs[0]}C" + " ".join(pairs[1:])


def _frame(frame: Frame, theme: Theme) -> str:
    return (
        f'<rect x="{number(frame.x)}" y="{number(frame.y)}" width="{number(frame.wide)}" '
        f'height="{number(frame.high)}" rx="7" fill="{theme.frame_fill(frame.depth)}" stroke="{theme.frame_line}" '
        f'stroke-width="0.8"/>'
        f'<text x="{number(frame.x + frame.indent)}" y="{number(frame.y + 15)}" font-size="{number(FRAME_SIZE)}" '
        f'fill="{theme.frame_text}">{escape(frame.label)}</text>'
    )


def _edge(edge: Edge, theme: Theme) -> str:
    stroke = edge.stroke(theme)
    dash = f' stroke-dasharray="{" ".join(number(d) for d in stroke.dash)}"' if stroke.dash else ""
    ends = ' stroke-linecap="round"' if edge.kind in ("lane", "through", "loop") else ""
    note = f"<title>{escape(edge.note)}</title>" if edge.note else ""
    line = (
        f'<g class="edge {edge.kind}">{note}<path d="{path_data(edge.path)}" fill="none" stroke="{stroke.line}" '
        f'stroke-width="{number(stroke.weight)}"{dash}{ends}/>'
    )
    if edge.cut:
        for (x0, y0), (x1, y1) in barrier(edge.path):
            ends = f'x1="{number(x0)}" y1="{number(y0)}" x2="{number(x1)}" y2="{number(y1)}"'
            line += f'<line {ends} stroke="{theme.strokes["gradient"].line}" stroke-width="2"/>'
    if edge.runs_on:
        return line + "</g>"
    tip = " ".join(f"{number(x)},{number(y)}" for x, y in arrow(edge.path, stroke.weight))
    return f'{line}<polygon points="{tip}" fill="{stroke.line}"/></g>'


def _node(node: Node) -> Iterator[str]:
    look = node.look
    yield f'<g class="node" id="{node.id}"><title>{escape(clean(node.tooltip))}</title>'
    dash = ' stroke-dasharray="3 2"' if node.ghost else ""
    for points, closed in outline(node):
        fill = look.fill if closed == "filled" else "none"
        yield (
            f'<path d="{path_data(points)}Z" fill="{fill}" stroke="{look.line}" '
            f'stroke-width="{number(look.weight)}"{dash}/>'
        )
    for text in texts(node):
        yield _text(text)
    yield "</g>"


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return (
        f'<text x="{number(text.x)}" y="{number(text.y)}" font-size="{number(text.size)}" fill="{text.colour}"'
        f"{anchor}>{_spaced(text.text)}</text>"
    )


def _spaced(text: str) -> str:
    """Escaped, with runs of spaces kept."""
    return re.sub(r"  +", lambda m: "\u00a0" * len(m.group()), escape(text))
