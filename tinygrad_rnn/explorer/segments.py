"""Equations whose symbols can be clicked: text and symbols in turn, each symbol with the node that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..derivation.writing import PLAIN, Plain
from ..step.names import clean, split_name
from ..step.terms import Symbol, Term

#: What a symbol stands for: a place in the page's list of nodes, and the time step to write; None: none.
Find = Callable[[Symbol], tuple[int | None, str]]
_MARK = re.compile("\x01(.*?)\x1f(.*?)\x1f(.*?)\x1f(.*?)\x02")  # none of these survives `clean`


class _Linked(Plain):
    def __init__(self, find: Find):
        self.find = find

    def symbol(self, symbol: Symbol) -> str:
        place, step = self.find(symbol)
        base, index = split_name(symbol.name)
        below = ",".join(part for part in (index, step) if part)
        return f"\x01{'' if place is None else place}\x1f{symbol.mark}\x1f{base}\x1f{below}\x02"


def segments(term: Term, find: Find) -> list[Any]:
    """The term as strings and symbols [text, subscript, place or None, mark]; a mark is "δ", "ℓ" or ""."""
    found: list[Any] = []
    for k, part in enumerate(_MARK.split(_Linked(find).write(term))):
        if k % 5 == 0:
            found += [part] if part else []
        elif k % 5 == 1:
            found.append([None if part == "" else int(part)])
        else:
            found[-1].append(part)
    return [s if isinstance(s, str) else [s[2], s[3], s[0], s[1]] for s in found]


def equation(left: Term, right: Term, find: Find) -> list[Any]:
    """left = right."""
    return [*segments(left, find), " = ", *segments(right, find)]


def said(term: Term) -> str:
    """The same as plain text."""
    return clean(PLAIN.write(term))
