"""`Drawing`: a picture to save, or to see in a notebook."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.errors import DrawingError, with_user_line
from .arrange import arrange
from .dot import to_dot
from .legend import add_legend
from .mermaid import to_mermaid
from .picture import Picture
from .svg import MARGIN, to_svg
from .text import FONT, covered
from .theme import DARK

_MAX_PIXELS = 100_000_000  # 400 MB while it is being drawn


class Drawing:
    """A picture of a graph. Shows itself in a notebook; equal graphs give equal bytes.

    Attributes:
        dot: as DOT, for any Graphviz.
        mermaid: as Mermaid, for Markdown pages. Neither asks for a layout.
        svg: as SVG text.
        html: as a page on which the picture can be moved and enlarged.
        png, pdf: as bytes.
    """

    def __init__(self, picture: Picture, *, engine: str, time_limit: float):
        self._picture, self._engine, self._time_limit = picture, engine, time_limit

    @cached_property
    def dot(self) -> str:
        return to_dot(self._picture)

    @cached_property
    def placed(self) -> Picture:
        placed = arrange(self._picture.copy(), engine=self._engine, time_limit=self._time_limit)
        if placed.legend:
            add_legend(placed)
        return placed

    @cached_property
    def svg(self) -> str:
        return to_svg(self.placed)

    @cached_property
    def mermaid(self) -> str:
        return to_mermaid(self._picture)

    @cached_property
    def html(self) -> str:
        from .html import to_html

        theme, picture = self.placed.theme, self.placed
        light, dark = ((t.paper, t.looks["op"].text, t.frame_line) for t in (theme, DARK))
        return to_html(
            self.svg, title=picture.title, about=picture.description, colours=light,
            dark=dark if picture.adaptive else None,
        )  # fmt: skip

    @cached_property
    def png(self) -> bytes:
        return self.to_png()

    def to_png(self, scale: float = 2.0) -> bytes:
        """As PNG bytes, `scale` pixels a point. Only the shipped font is used, unless it lacks a character.

        Raises:
            DrawingError: more than 100 million pixels.
        """
        from resvg_py import svg_to_bytes

        wide, high = (round((side + 2 * MARGIN) * scale) for side in (self.placed.wide, self.placed.high))
        if wide * high > _MAX_PIXELS:
            raise DrawingError(
                with_user_line(
                    f"PNG: {wide} × {high} pixels are too many; save as .svg or .pdf, draw fewer time steps, or use "
                    f"to_png(scale=…) with less than {scale:g}"
                )
            )
        svg = self.svg
        return bytes(
            svg_to_bytes(
                svg_string=svg, dpi=96, zoom=scale, font_files=[str(FONT)], font_family="DejaVu Sans",
                sans_serif_family="DejaVu Sans", skip_system_fonts=covered(svg),
            )
        )  # fmt: skip

    @cached_property
    def pdf(self) -> bytes:
        from .pdf import to_pdf

        return to_pdf(self.placed)

    def save(self, path: str | Path) -> Path:
        """Write a .svg, .png, .pdf, .html, .dot or .mmd (Mermaid) file; returns its path.

        Raises:
            DrawingError: another suffix, or a directory that does not exist.
        """
        path = Path(path)
        kinds = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".html": "html", ".dot": "dot", ".mmd": "mermaid"}
        kind = kinds.get(path.suffix.lower())
        if kind is None:
            known = " ".join(kinds)
            raise DrawingError(with_user_line(f"save: cannot tell a format from {path.name!r}; suffixes are {known}"))
        if not path.parent.is_dir():
            raise DrawingError(with_user_line(f"save: there is no directory {str(path.parent)!r}"))
        content = getattr(self, kind)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Drawing of {self._picture.title}: {self._picture.description}>"
