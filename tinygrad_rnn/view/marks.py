"""The marks a node and an edge consist of, as plain geometry: SVG and PDF write the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .layout import Point
from .picture import Node
from .text import SUBSCRIPT_SCALE, width
from .theme import DETAIL_SIZE

_CURVE = 0.5523  # a quarter circle as a cubic Bézier curve
_SLANT = 5.0  # how far an input's sides lean


@dataclass
class Text:
    """One run of text on its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "middle"


def outline(node: Node) -> Iterator[tuple[list[Point], str]]:
    """Closed Bézier splines: the filled outline, the second line of a double border, the circle around a glyph."""
    wide, high = node.extent
    if node.look.shape == "point":
        return
    yield _shape(node.look.shape, node.x, node.y, wide, high), "filled"
    if node.look.double:
        yield _shape(node.look.shape, node.x, node.y, wide - 5, high - 5), "line"
    if node.badge and node.look.shape == "circle" and len(node.label.glyph) == 1:
        radius, x, y = node.size * 0.64, *_badge_centre(node)
        yield _rounded_box(x, y, 2 * radius, 2 * radius, radius), "line"


def texts(node: Node) -> Iterator[Text]:
    """The glyph, the name and its subscript, and the small lines."""
    label, size, colour = node.label, node.size, node.look.text
    if node.look.shape == "point":
        return
    baseline = _middle(node) + size * 0.36
    if label.base:
        main = label.name_width(size)
        x = node.x - (main + node.badge) / 2 + node.badge
        if label.glyph:
            centre, _ = _badge_centre(node)
            yield Text(centre, baseline - size * 0.04, label.glyph, size * 0.85, colour)
        yield Text(x, baseline, label.base, size, colour, "start")
        if label.index:
            x += width(label.base, size)
            yield Text(x, baseline + size * 0.22, label.index, size * SUBSCRIPT_SCALE, colour, "start")
    else:
        yield Text(node.x, baseline, label.glyph, size, colour)
    drop = size * (0.4 if node.badge else 0.28)
    for k, line in enumerate(label.details):
        yield Text(node.x, baseline + drop + DETAIL_SIZE * (0.9 + 1.25 * k), line, DETAIL_SIZE, node.look.detail)


def _badge_centre(node: Node) -> Point:
    left = node.x - (node.label.name_width(node.size) + node.badge) / 2
    return left + (node.badge - 6) / 2, _middle(node)


def _middle(node: Node) -> float:
    """The height of the main text's middle."""
    return node.y - (
        DETAIL_SIZE * 0.625 * len(node.label.details) + (1.0 if node.badge else 0.0) if node.label.details else 0.0
    )


def arrow(path: list[Point], weight: float) -> list[Point]:
    """The triangle at the end of a spline."""
    tip = path[-1]
    back = next((p for p in reversed(path) if abs(p[0] - tip[0]) + abs(p[1] - tip[1]) > 0.5), (tip[0], tip[1] - 1))
    dx, dy = tip[0] - back[0], tip[1] - back[1]
    length = (dx * dx + dy * dy) ** 0.5
    dx, dy = dx / length, dy / length
    long, half = 4.5 + 1.2 * weight, 2.0 + 0.7 * weight
    x, y = tip[0] - long * dx, tip[1] - long * dy
    return [tip, (x - half * dy, y + half * dx), (x + half * dy, y - half * dx)]


def barrier(path: list[Point]) -> list[tuple[Point, Point]]:
    """Two strokes across the middle of a spline: nothing comes back along it."""
    middle = len(path) // 2
    (x0, y0), (x1, y1) = path[middle - 1], path[middle]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    ends = []
    for shift in (-2.0, 2.0):
        cx, cy = x + shift * dx, y + shift * dy
        ends.append(((cx - 6 * dy, cy + 6 * dx), (cx + 6 * dy, cy - 6 * dx)))
    return ends


def meeting(path: list[Point], tail: Node, head: Node) -> list[Point]:
    """A spline drawn on to the outlines of its two nodes: engines stop at the box around a node."""
    return _onto(tail, _onto(head, path)[::-1])[::-1]


def _onto(node: Node, path: list[Point]) -> list[Point]:
    tip = path[-1]
    back = next((p for p in reversed(path) if abs(p[0] - tip[0]) + abs(p[1] - tip[1]) > 0.5), None)
    if back is None or _inside(node, tip):
        return path
    dx, dy = tip[0] - back[0], tip[1] - back[1]
    length = (dx * dx + dy * dy) ** 0.5
    for k in range(1, 25):
        p = (tip[0] + dx / length * k / 2, tip[1] + dy / length * k / 2)
        if _inside(node, p):
            return [*path, tip, p, p]
    return path


def _inside(node: Node, p: Point) -> bool:
    """Whether a point is on or within the outline."""
    (wide, high), dx, dy = node.extent, abs(p[0] - node.x), abs(p[1] - node.y)
    if node.look.shape == "circle":
        r = min(high / 2, 15.0)
        x, y = max(dx - wide / 2 + r, 0.0), max(dy - high / 2 + r, 0.0)
        return x * x + y * y <= (r + 0.2) ** 2
    if node.look.shape == "slanted":
        lean = (p[1] - node.y) / high * _SLANT  # the outline's shift to the left at this height
        return abs(p[0] - node.x + lean) <= (wide - _SLANT) / 2 + 0.2 and dy <= high / 2 + 0.2
    return True


def _shape(shape: str, x: float, y: float, wide: float, high: float) -> list[Point]:
    w, h = wide / 2, high / 2
    if shape == "circle":
        return _rounded_box(x, y, wide, high, min(h, 15.0))
    if shape == "slanted":
        return _polygon([(x - w + _SLANT, y - h), (x + w, y - h), (x + w - _SLANT, y + h), (x - w, y + h)])
    if shape == "cut":
        c = 5.0
        corners = [(w - c, -h), (w, c - h), (w, h - c), (w - c, h), (c - w, h), (-w, h - c), (-w, c - h), (c - w, -h)]
        return _polygon([(x + dx, y + dy) for dx, dy in corners])
    return _rounded_box(x, y, wide, high, 3.0 if shape == "plain" else 1.5)


def _polygon(corners: list[Point]) -> list[Point]:
    path = [corners[0]]
    for p in [*corners[1:], corners[0]]:
        path += [path[-1], p, p]
    return path


def _rounded_box(x: float, y: float, wide: float, high: float, radius: float) -> list[Point]:
    """A box whose corners are quarter circles; a circle if the radius is half of both sides."""
    w, h, r = wide / 2, high / 2, radius
    k = r * (1 - _CURVE)
    quarter = [((w - r, -h), (w - k, -h), (w, k - h), (w, r - h)), ((w, h - r), (w, h - k), (w - k, h), (w - r, h))]
    quarter += [tuple((-dx, -dy) for dx, dy in q) for q in quarter]
    path = [(quarter[-1][3][0] + x, quarter[-1][3][1] + y)]
    for start, *curve in quarter:
        start = (start[0] + x, start[1] + y)
        path += [path[-1], start, start]
        path += [(dx + x, dy + y) for dx, dy in curve]
    return path
