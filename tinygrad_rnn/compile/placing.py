"""Where each row value of a step is kept: arrays of results, slots of states, scratch rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Sequence

from ..core.apply import apply
from ..core.tensor import Tensor
from ..step.body import Body, is_entrywise, is_shared, width
from .passes import is_product
from .plan import COPY, RESERVED, SAVED, Place, Result, Work, has_loop, is_lookup, source_of, weight_name


class Places(defaultdict[int, list[Place]]):
    """By the number of a row value where it is written; the first place is where it is read from later."""

    def __init__(self) -> None:
        super().__init__(list)
        self.names = {SAVED}

    def name(self, wish: str | None, default: str = "v") -> str:
        """A name for an array that no other has."""
        base = re.sub(r"\W+", "", (wish or default).replace("δ", "d_").replace("∂", "d_"), flags=re.ASCII) or default
        base = f"v{base}" if base[0].isdigit() else base
        base = base if base not in RESERVED else f"{base}_"
        name, k = base, 1
        while name in self.names:
            k += 1
            name = f"{base}{k}"
        self.names.add(name)
        return name

    def place(self, n: Tensor, kind: str, wish: str, length: int | None = None) -> str:
        """Give `n` a place in an array of its own; returns the array's name."""
        array = self.name(wish)
        self[n.number].append(Place(kind, array, width(n) if length is None else length))
        return array


def place_operands(
    body: Body, saved: Sequence[Tensor], comes_in: Container[int], places: Places
) -> list[tuple[str, int]]:
    """Places of what comes in, and of saved values; returns name and width of each incoming array but theirs."""
    given = []
    for x in body.sequences:
        if x.number not in comes_in:
            given.append((places.place(x, "sequence", f"all_{x.name or 'x'}"), width(x)))
    start, length = 0, sum(map(width, saved))
    for x in saved:
        places[x.number].insert(0, Place("sequence", SAVED, length, start))
        start += width(x)
    return given


def place_states(body: Body, places: Places) -> list[tuple[str, int]]:
    """Slots of the states, which a step reads before and writes after; returns name and width of each."""
    states = []
    for before, after in zip(body.states, body.new_states, strict=True):
        w = width(before)
        array = places.place(before, "before", f"all_{after.name or 's'}")
        places[after.number].append(Place("after", array, w))
        states.append((array, w))
    return states


def place_results(wanted: Sequence[Tensor], deferred: Sequence[Tensor], places: Places) -> list[Result]:
    """Arrays for what is wanted of every step and has no place yet, and then for what is computed after the last."""
    first = [n for n in {n.number: n for n in wanted}.values() if not places[n.number]]
    return [Result(n, places.place(n, "sequence", f"all_{n.name or 'y'}"), width(n)) for n in (*first, *deferred)]


def place_pieces(nodes: Sequence[Tensor], body: Body, places: Places) -> tuple[list[Tensor], dict[int, list[Tensor]]]:
    """Give each piece of a concatenation a loop that writes it to its place.

    Returns the nodes with copies made where a piece had no such loop, and the pieces of each concatenation.
    """
    ordered: list[Tensor] = []
    pieces: dict[int, list[Tensor]] = {}
    for n in nodes:
        if n.op is not None and n.op.kind == "concatenation":
            if not places[n.number]:
                places.place(n, "scratch", f"{n.name or 'joined'}_rows")
            start = 0
            pieces[n.number] = [x if has_loop(x, body) else apply(COPY, (x,), {}) for x in n.inputs]
            for x, piece in zip(n.inputs, pieces[n.number], strict=True):
                for p in places[n.number]:
                    places[piece.number].append(Place(p.kind, p.array, p.length, p.offset + start))
                start += width(x)
            ordered += [piece for x, piece in zip(n.inputs, pieces[n.number], strict=True) if piece is not x]
        ordered.append(n)
    return ordered, pieces


def place_lookups(nodes: Sequence[Tensor], body: Body, places: Places) -> dict[int, tuple[str, Tensor]]:
    """Where rows of tables are read; returns the name of each table, by its number."""
    tables: dict[int, tuple[str, Tensor]] = {}
    for n in nodes:
        if is_lookup(n, body):
            table, symbol = n.inputs
            if table.number not in tables:
                tables[table.number] = places.name(weight_name(table), "table"), table
            by = places[symbol.number][0].array
            places[n.number].append(Place("table", tables[table.number][0], width(n), by=by))
    return tables


def overwrite_saved(work: Work, level: dict[int, int], results: Sequence[Result], comes_in: Container[int],
                    places: Places) -> Result | None:  # fmt: skip
    """Let the widest result that can take the place of the saved values do so, and return it.

    They are read for the last time when, or before, the result's pieces are written, in loops of the pieces' width.
    """
    reads: list[tuple[int, int, bool]] = []
    saved_width = 0
    for n in work.nodes:
        for x in n.inputs:
            source, offset = source_of(x, work.body)
            if source.number in comes_in and n.number not in work.merged:
                place = places[source.number][0]
                saved_width = place.length
                steps = (place.offset + offset) % max(width(n), 1) == 0
                reads.append((level[n.number], width(n), steps and is_entrywise(n) and width(n) == width(x)))
    for result in sorted(results, key=lambda result: -result.width):
        pieces = work.pieces.get(result.node.number)
        if pieces is None or result.width > saved_width:
            continue
        first, w = min(level[piece.number] for piece in pieces), width(pieces[0])
        even = all(width(piece) == w and is_entrywise(piece) for piece in pieces)
        if even and all(at < first or (at == first and wide == w and good) for at, wide, good in reads):
            for n, start in [(result.node, 0), *zip(pieces, range(0, result.width, w), strict=True)]:
                old = next(p for p in places[n.number] if p.array == result.array)
                old.array, old.length, old.offset = SAVED, saved_width, start
            return result
    return None


def place_scratch(work: Work, level: dict[int, int], places: Places) -> None:
    """Scratch rows for products, and for values read outside the loop that computes them."""
    for n in work.computed():
        if is_product(n) and not places[n.number]:
            places.place(n, "scratch", f"{n.name or 'z'}_rows", -1)
    for n in work.nodes:
        for x in n.inputs:
            source, _ = source_of(x, work.body)
            if source.number in work.body.given or is_shared(source) or source.number in work.merged:
                continue
            if is_lookup(source, work.body):
                continue
            inside = level.get(n.number) == level[source.number] and not is_product(n) and n.number not in work.pieces
            if not inside and not places[source.number]:
                places.place(source, "scratch", f"{source.name or 'v'}_rows")
