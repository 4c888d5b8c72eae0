"""A laid-out `Picture` as a one-page PDF with the shipped font inside."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from itertools import groupby
from warnings import warn

from ..core.errors import ArgumentError, with_user_line
from ..step.names import clean
from .layout import Point
from .marks import arrow, barrier, outline, texts
from .picture import Picture
from .svg import MARGIN
from .text import FONT, covered, width
from .theme import FRAME_SIZE

_FONT_NAME = "DejaVuSans"
_CHINESE = "STSong-Light"  # one of the fonts that readers of PDF have, or replace, for Chinese (ISO 32000-1, 9.7.5.2)
_LARGEST = 14_400.0  # units a side, as much as a page may have (ISO 32000-1, annex C); larger ones are made smaller


def to_pdf(picture: Picture) -> bytes:
    """The picture as PDF bytes: vector graphics, text that can be searched; the same bytes every time.

    Raises:
        ArgumentError: the extra pdf is not installed.
    """
    return _Page(picture).bytes()


class _Page:
    def __init__(self, picture: Picture):
        try:
            from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        except ImportError:
            text = "PDF needs the package reportlab: pip install 'tinygrad_rnn[pdf]'; SVG, PNG and HTML do without"
            raise ArgumentError(with_user_line(text)) from None
        from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        if _FONT_NAME not in getRegisteredFontNames():
            registerFont(TTFont(_FONT_NAME, str(FONT)))
            registerFont(UnicodeCIDFont(_CHINESE))
        self.file = BytesIO()
        self.high = picture.high + MARGIN
        size = (picture.wide + 2 * MARGIN, picture.high + 2 * MARGIN)
        scale = min(1.0, _LARGEST / max(size))
        self.canvas = Canvas(self.file, pagesize=(size[0] * scale, size[1] * scale), invariant=1, pageCompression=1)
        self.canvas.scale(scale, scale)
        self.lacking: set[str] = set()
        self.canvas.setTitle(clean(picture.title))
        self.canvas.setSubject(picture.description)
        self.draw(picture)

    def bytes(self) -> bytes:
        if self.lacking:
            warn(
                f"PDF: the shipped font lacks {' '.join(sorted(self.lacking))}, drawn as boxes; SVG has them",
                stacklevel=5,
            )
        self.canvas.save()
        return self.file.getvalue()

    def draw(self, picture: Picture) -> None:
        canvas, theme = self.canvas, picture.theme
        if theme.paper != "#ffffff":
            canvas.setFillColor(theme.paper)
            canvas.rect(0, 0, picture.wide + 2 * MARGIN, picture.high + 2 * MARGIN, stroke=0, fill=1)
        for frame in picture.frames:
            self.stroke(theme.frame_line, 0.8)
            canvas.setFillColor(theme.frame_fill(frame.depth))
            x, y = self.at((frame.x, frame.y + frame.high))
            canvas.roundRect(x, y, frame.wide, frame.high, 7, stroke=1, fill=1)
            self.text(frame.x + frame.indent, frame.y + 15, frame.label, FRAME_SIZE, theme.frame_text, "start")
        for edge in picture.edges:
            if edge.path:
                stroke = edge.stroke(theme)
                self.stroke(stroke.line, stroke.weight, stroke.dash)
                self.spline(edge.path, closed=False, fill=False)
                if edge.cut:
                    self.stroke(theme.strokes["gradient"].line, 2)
                    for start, end in barrier(edge.path):
                        self.spline([start, start, end, end], closed=False, fill=False)
                if not edge.runs_on:
                    self.tip(arrow(edge.path, stroke.weight), stroke.line)
        for node in picture.nodes.values():
            for points, kind in outline(node):
                self.stroke(node.look.line, node.look.weight, (3, 2) if node.ghost else ())
                canvas.setFillColor(node.look.fill)
                self.spline(points, closed=True, fill=kind == "filled")
            for text in texts(node):
                self.text(text.x, text.y, text.text, text.size, text.colour, text.anchor)

    def at(self, p: Point) -> Point:
        """PDF's y runs upwards."""
        return p[0] + MARGIN, self.high - p[1]

    def stroke(self, colour: str, weight: float, dash: tuple[float, ...] = ()) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(weight)
        self.canvas.setDash(list(dash))  # type: ignore[arg-type]  (the stub forgets lists)

    def spline(self, points: list[Point], *, closed: bool, fill: bool) -> None:
        path = self.canvas.beginPath()
        placed = [self.at(p) for p in points]
        path.moveTo(*placed[0])
        for a, b, c in zip(placed[1::3], placed[2::3], placed[3::3], strict=True):
            path.curveTo(*a, *b, *c)
        if closed:
            path.close()
        self.canvas.drawPath(path, stroke=1, fill=int(fill))

    def tip(self, points: list[Point], colour: str) -> None:
        path = self.canvas.beginPath()
        path.moveTo(*self.at(points[0]))
        for p in points[1:]:
            path.lineTo(*self.at(p))
        path.close()
        self.canvas.setFillColor(colour)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def text(self, x: float, y: float, text: str, size: float, colour: str, anchor: str) -> None:
        self.canvas.setFillColor(colour)
        x -= width(text, size) / 2 if anchor == "middle" else 0.0
        for chinese, run in groupby(text, key=_is_chinese):
            part = "".join(run)
            self.lacking.update(c for c in part if not (chinese or covered(c)))
            self.canvas.setFont(_CHINESE if chinese else _FONT_NAME, size)
            self.canvas.drawString(*self.at((x, y)), part)
            x += width(part, size)


def _is_chinese(c: str) -> bool:
    """Whether it is a character of East Asian texts, as wide as high, that the shipped font lacks."""
    return not covered(c) and unicodedata.east_asian_width(c) in "WF" and ord(c) < 0x10000
