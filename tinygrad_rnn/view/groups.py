"""Levels "cell" and "layer": all that one scope computes as one node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import replace
from itertools import takewhile

from ..core.counting import flops
from ..core.mode import Scope
from ..core.tensor import Tensor
from ..step.names import clean
from .sheet import Operands, Sheet, stand_in

Key = tuple[str, ...]


def groups(sheet: Sheet, level: str, show: Set[str] = frozenset()) -> Sheet:
    """The sheet with the nodes of each time step of a cell, or of each layer, as one node.

    Args:
        sheet: a forward graph.
        level: "cell": the outermost time step, or where there is none the module; "layer": the module, all its steps.
        show: "weights" draws the parameters each reads; "cost" adds up its members' operations.
    """
    keys = _keys(sheet, level)
    members: dict[Key, list[Tensor]] = defaultdict(list)
    readers: dict[int, set[Key | None]] = defaultdict(set)
    for node in sheet.order:
        if (key := keys.get(node.number)) is not None:
            members[key].append(node)
        for x in sheet.operands[node.number]:
            readers[x.number].add(key)
    found = replace(sheet, order=list(sheet.order), roles=dict(sheet.roles), notes=dict(sheet.notes))
    found.looks, found.glyphs, found.flat = dict(sheet.looks), dict(sheet.glyphs), level == "layer"
    operands: Operands = {n.number: sheet.operands[n.number] for n in sheet.order if n.number not in keys}
    for key, nodes in members.items():
        _contract(sheet, found, operands, key, nodes, keys, readers, show)
    found.kept(operands, [n for n in sheet.order if n.number in sheet.ends])
    return found


def _contract(
    sheet: Sheet, found: Sheet, operands: Operands, key: Key, nodes: list[Tensor], keys: dict[int, Key],
    readers: dict[int, set[Key | None]], show: Set[str],
) -> None:  # fmt: skip
    """One group: a node that reads what its members read elsewhere, and what others read of it."""
    outside: dict[int, Tensor] = {}
    for x in (x for node in nodes for x in sheet.operands[node.number]):
        if keys.get(x.number) != key:
            outside[x.number] = x
    parameters = [x for x in outside.values() if sheet.roles[x.number] == "parameter"]
    hidden = set() if "weights" in show else {x.number for x in parameters}
    reads = [x for x in outside.values() if x.number not in hidden and sheet.roles[x.number] != "constant"]
    results = [n for n in nodes if n.number in sheet.ends or readers[n.number] - {key}]
    step = [label for label in key if not label.startswith("t=")]
    title = clean(step[-1]) if step else clean(key[-1])
    note = (f"{sum(p.size for p in parameters):,} parameters",) if parameters else ()
    if "cost" in show and (count := sum(map(flops, nodes))):
        note += (f"{count:,} FLOPs",)
    if len(results) == 1 and sheet.roles[results[0].number] != "state":
        whole = results[0]
        operands[whole.number] = tuple(reads)
        found.looks[whole.number], found.glyphs[whole.number], found.notes[whole.number] = "group", title, note
        return
    whole = stand_in(results[0], None, scope=results[0].scope, shape=())
    found.add(whole, reads, "op", "group", title)
    found.notes[whole.number] = note
    operands[whole.number] = tuple(reads)
    for result in results:
        operands[result.number] = (whole,)
        found.glyphs[result.number] = "" if result.name else "·"
        found.looks[result.number] = "state" if sheet.roles[result.number] == "state" else "saved"


def _keys(sheet: Sheet, level: str) -> dict[int, Key]:
    """To which group each computed node belongs."""
    paths = {n.number: _path(n.scope) for n in sheet.order if sheet.operands[n.number] and n.number not in sheet.looks}
    labels = [tuple(label for label, _ in path) for path in paths.values()]
    low, high = min(labels, default=()), max(labels, default=())
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))))
    before = {number: len(list(takewhile(lambda part: part[1] is None, path))) for number, path in paths.items()}
    loops = {tuple(label for label, _ in path[: before[n]]) for n, path in paths.items() if before[n] < len(path)}
    found: dict[int, Key] = {}
    for number, path in paths.items():
        plain = before[number]  # labels before the first step
        stepped = plain < len(path)
        if not stepped and tuple(label for label, _ in path) in loops:
            if level == "layer":
                found[number] = tuple(label for label, _ in path)
            continue
        reach = plain + (1 if level == "cell" else 0) if stepped else shared + 1
        if 0 < reach <= len(path):
            found[number] = tuple(label for label, _ in path[:reach])
    if not found and shared:
        found = {number: tuple(label for label, _ in path[:shared]) for number, path in paths.items()}
    return found


def _path(scope: Scope | None) -> list[tuple[str, int | None]]:
    """Labels from the outside in, each with its time step."""
    path = []
    while scope is not None:
        path.append((scope.label, scope.step))
        scope = scope.parent
    return path[::-1]
