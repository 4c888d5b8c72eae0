"""Measuring text: every label is as wide as the shipped font says, whatever fonts a machine has."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
#: The shipped font first; the others have nearly its widths.
FAMILY = "DejaVu Sans, Verdana, Geneva, sans-serif"
SUBSCRIPT_SCALE = 0.7


def width(text: str, size: float) -> float:
    """The width of a line of text in points. A character the font lacks counts as one em, as wide as any."""
    advances, em = _metrics()
    return size * sum(advances.get(ord(c), em) for c in text) / em


def covered(text: str) -> bool:
    """Whether the shipped font has every character."""
    advances, _ = _metrics()
    return all(ord(c) in advances or c == "\n" for c in text)


@cache
def _metrics() -> tuple[dict[int, int], int]:
    """Advance widths by code point, and units per em, read from the font's tables (OpenType 1.9)."""
    data = FONT.read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0] for at in range(12, 12 + 16 * count, 16)}
    em = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    long_metrics = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]

    def advance(glyph: int) -> int:
        return struct.unpack_from(">H", data, tables[b"hmtx"] + 4 * min(glyph, long_metrics - 1))[0]

    cmap = tables[b"cmap"]
    subtables = struct.unpack_from(">H", data, cmap + 2)[0]
    for i in range(subtables):
        at = cmap + struct.unpack_from(">I", data, cmap + 4 + 8 * i + 4)[0]
        if struct.unpack_from(">H", data, at)[0] == 12:
            groups = struct.unpack_from(">I", data, at + 12)[0]
            spans = [struct.unpack_from(">III", data, at + 16 + 12 * g) for g in range(groups)]
            widths = {c: advance(glyph + c - first) for first, last, glyph in spans for c in range(first, last + 1)}
            return widths, em
    raise AssertionError("the shipped font has no full character map")
