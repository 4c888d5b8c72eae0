"""Names as people read them: on one line, with their subscripts apart."""

from __future__ import annotations

import unicodedata

_SUBSCRIPTS = str.maketrans("0123456789+-−t", "₀₁₂₃₄₅₆₇₈₉₊₋₋ₜ")
_STEPS = set("0123456789+-−t")


def clean(text: str) -> str:
    """Text on one line: control characters, lone surrogates and noncharacters, which no format can carry, escaped."""
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in _NO_TEXT or _is_noncharacter(c) else c for c in text)


_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")


def _is_noncharacter(c: str) -> bool:
    """Whether it is one of the 66 code points that Unicode keeps from ever being characters (Unicode 16.0, 23.7)."""
    return ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF


def subscript(text: str) -> str:
    """Digits and signs as Unicode subscripts."""
    return text.translate(_SUBSCRIPTS)


def split_name(name: str, step: int | str | None = None) -> tuple[str, str]:
    """A name as base and subscript: ``W_xf`` → W, xf; ``c`` at step 3 → c, 3. A word keeps its underscores."""
    name = clean(name)
    base, _, index = name.partition("_")
    letters = sum(not unicodedata.combining(c) for c in base)
    plain = all(c.isalnum() or unicodedata.combining(c) for c in index)
    if not (1 <= letters <= 2 and index and len(index) <= 4 and plain):
        base, index = name, ""
    return base, ",".join(part for part in (index, "" if step is None else str(step).replace("-", "−")) if part)


def plain_name(base: str, index: str) -> str:
    """Base and subscript in one plain string: c₃, W_xf."""
    if not index:
        return base
    return base + subscript(index) if set(index) <= _STEPS else f"{base}_{index}"
