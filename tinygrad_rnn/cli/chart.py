"""Small line charts, as text for the terminal and as SVG for the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Series = Mapping[str, Sequence[tuple[float, float]]]
#: What a page's style sheet says of charts, for one that is a file of its own.
_STYLE = """<style>
svg { background: white; font: 12px system-ui, sans-serif } text { fill: #222 }
.axis { fill: none; stroke: #666 } .grid { stroke: #ddd }
polyline, .line0, .line1, .line2, .line3 { fill: none; stroke-width: 1.6 }
.line0 { stroke: #1f5fae } .line1 { stroke: #b3341f } .line2 { stroke: #5b6b1a } .line3 { stroke: #7a3f9d }
</style>"""
_DASHES = ("", "7 4", "2 3", "10 3 2 3")


def bars(values: Sequence[float], labels: Sequence[str], width: int = 44, top: float | None = None) -> str:
    """One line a value; bar lengths are logarithmic, over ten decades below `top` (default: the largest)."""
    top = max(top or max(values), 1e-300)
    lines = []
    for label, value in zip(labels, values, strict=True):
        decades = math.log10(max(value, top * 1e-10) / top) + 10
        lines.append(f"  {label:>6} {'█' * max(1, round(width * decades / 10)):<{width}} {value:.1e}")
    return "\n".join(lines)


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Four to eight round numbers, evenly spaced, the first not above `low` and the last not below `high`."""
    rough = max((high - low) / 5, abs(high) * 1e-9, 1e-12)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough * 0.999)
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def alone(chart: str) -> str:
    """A chart as a file of its own, with its style in it."""
    head, rest = chart.split("\n", 1)
    return f"{head}\n{_STYLE}\n{rest}\n"


def line_chart(series: Series, title: str, x_label: str, y_label: str, *, logarithmic: bool = False) -> str:
    """An SVG of some lines, told apart by dash as well as colour, each labelled in the legend."""
    width, height, left, bottom, top = 640, 300, 64, 44, 34
    points = [p for line in series.values() for p in line]
    xs = [x for x, _ in points]
    ys = [math.log10(max(y, 1e-16)) if logarithmic else y for _, y in points]
    x0, x1 = min(xs), max(max(xs), min(xs) + 1e-9)
    x_marks = ticks(x0, x1)
    near = 0.05 * (x1 - x0)  # an axis that nearly reaches a round number goes on to it
    x0 = x_marks[0] if x0 - x_marks[0] < near else x0
    x1 = x_marks[-1] if x_marks[-1] - x1 < near else x1
    y_marks = ticks(min(ys), max(ys), whole=logarithmic)
    y0, y1 = y_marks[0], y_marks[-1]

    def at(x: float, y: float) -> str:
        y = math.log10(max(y, 1e-16)) if logarithmic else y
        across = left + (x - x0) / (x1 - x0) * (width - left - 16)
        return f"{across:.1f},{height - bottom - (y - y0) / (y1 - y0) * (height - bottom - top):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" class="chart">',
        f"<title>{escape(title)}</title>",
        f'<path d="M{left} {top}V{height - bottom}H{width - 16}" class="axis"/>',
    ]
    for value in y_marks:
        level = height - bottom - (value - y0) / (y1 - y0) * (height - bottom - top)
        text = f"1e{value:.0f}" if logarithmic else f"{value:g}"
        parts.append(f'<path d="M{left} {level:.1f}H{width - 16}" class="grid"/>')
        parts.append(f'<text x="{left - 8}" y="{level + 4:.1f}" text-anchor="end">{text}</text>')
    for value in x_marks:
        if x0 <= value <= x1:
            across = left + (value - x0) / (x1 - x0) * (width - left - 16)
            parts.append(f'<text x="{across:.1f}" y="{height - bottom + 18}" text-anchor="middle">{value:g}</text>')
    key = left + 12.0
    for k, (name, line) in enumerate(series.items()):
        path = " ".join(at(x, y) for x, y in line)
        parts.append(f'<polyline points="{path}" class="line{k % 4}" stroke-dasharray="{_DASHES[k % 4]}"/>')
        parts.append(f'<path d="M{key:.0f} 16h28" class="line{k % 4}" stroke-dasharray="{_DASHES[k % 4]}"/>')
        parts.append(f'<text x="{key + 34:.0f}" y="20">{escape(name)}</text>')
        key += 62 + 6.5 * len(name)
    parts.append(f'<text x="{(left + width) / 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>')
    middle = (top + height - bottom) / 2
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    return "\n".join([*parts, "</svg>"])
