"""Recurrences folded and unfolded: one step that stands for all, with states that loop back; or every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isinf
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import Scope
from ..core.tensor import Tensor
from ..step.body import BATCH
from ..step.quantities import step_of_body
from ..step.scan import ScanAttrs, Stepper, operands_of, scan_of
from .blocks import Blocks
from .sheet import Operands, Sheet, stand_in

LAST = "t = T−1"


def with_bodies(sheet: Sheet, unrolled: bool, packed: bool = True) -> Sheet:
    """The sheet with every `tg.scan` node replaced by its step: once, with loops, or as often as there are steps.

    Unless it is to be drawn `packed`, a forward step has its gates unpacked, with their names.
    """
    if not any(scan_of(node) for node in sheet.order):
        return sheet
    found = replace(sheet, order=[], operands={}, roles=dict(sheet.roles), loops=list(sheet.loops))
    found.looks, found.glyphs, found.backward = dict(sheet.looks), dict(sheet.glyphs), set(sheet.backward)
    found.notes, found.moments, found.parts = dict(sheet.notes), dict(sheet.moments), dict(sheet.parts)
    results: dict[int, list[Any]] = {}  # by scan node: what it hands out, one after the other
    for node in sheet.order:
        reads = sheet.operands[node.number]
        if (attrs := scan_of(node)) is not None and reads:
            scan = _Scan(found, node, reads, attrs, node.number in sheet.backward, packed)
            results[node.number] = scan.results(unrolled)
        elif reads and reads[0].number in results and node.op is not None and node.op.kind == "element":
            values, glyph = results[reads[0].number][(node.attrs or {})["k"]]
            found.add(node, values, sheet.roles[node.number], "structure" if node.name is None else "", glyph)
        else:
            found.add(node, reads, sheet.roles[node.number])
    found.kept(found.operands, [n for n in found.order if n.number in found.ends])
    return found


@dataclass
class _Scan:
    """One scan node being replaced."""

    sheet: Sheet
    node: Tensor
    reads: tuple[Tensor, ...]
    attrs: ScanAttrs[Stepper]
    backward: bool
    packed: bool
    called: dict[int, str] = field(default_factory=dict)  # quantities of an unpacked step, by number
    blocks: dict[int, Tensor] = field(default_factory=dict)  # what is drawn for a parameter of it, or block of one

    def __post_init__(self) -> None:
        self.body, self.reverse = self.attrs.recurrence.body, self.attrs.reverse
        self.steps, self.batch = self.reads[0].shape[:2]
        own = operands_of(self.body)
        reads = own.like(self.reads)
        self.sequences, self.states = reads.sequences, reads.states
        self.shared = {leaf.number: x for leaf, x in zip(own.leaves, reads.leaves, strict=True)}
        if not (self.packed or self.backward):
            self.unpack()

    def unpack(self) -> None:
        step = step_of_body(self.body, "", {leaf.number: leaf.name for leaf in self.body.shared if leaf.name})
        self.body = step.body
        self.called = {q.node.number: q.symbol.name for q in step.quantities}
        for p in step.parameters:
            name = step.symbols[p.number].name
            shown = self.blocks[p.number] = stand_in(p, name, self.node.scope)
            leaf = p if p.op is None else p.inputs[0]
            self.sheet.parts[shown.number] = self.shared.get(leaf.number, leaf)
            self.put(shown, (), "parameter")

    def put(self, node: Tensor, reads: tuple[Tensor, ...], role: str, look: str = "", glyph: str = "") -> Tensor:
        if self.backward:
            self.sheet.backward.add(node.number)
        return self.sheet.add(node, reads, role, look, glyph)

    def results(self, unrolled: bool) -> list[tuple[tuple[Tensor, ...], str]]:
        """Of each result what it reads, and its sign."""
        return self.every_step() if unrolled else self.one_step()

    def one_step(self) -> list[tuple[tuple[Tensor, ...], str]]:
        scope = Scope(f"t=0 … {self.steps - 1}", Scope(self.node.name or "scan", self.node.scope), 0)
        given: dict[int, Tensor] = {}
        for x, own in zip(self.sequences, self.body.sequences, strict=True):
            given[own.number] = self.put(self.like(own, scope), (x,), "op", "" if own.name else "structure", "[t]")
        for s, own in zip(self.states, self.body.states, strict=True):
            zero = s.op is None and not s.is_abstract and not np.any(s.numpy())
            state = self.put(
                self.like(own, scope), () if zero else (s,), "state", "delay", "t+1" if self.reverse else "t−1"
            )
            self.sheet.notes[state.number] = ("at first 0",) if zero else ()
            given[own.number] = state
        made = self.step(scope, given)
        before = "t+1" if self.reverse else "t−1"
        states = {given[own.number].number for own in self.body.states}
        fixed = {x.number for x in (*self.shared.values(), *self.blocks.values())}
        computed = [n for n in made.values() if n.number not in fixed]
        self.sheet.moments |= {n.number: before if n.number in states else "t" for n in computed}
        for own, new in zip(self.body.states, self.body.new_states, strict=True):
            self.sheet.loops.append((made[new.number], given[own.number]))
        outputs = [((made[y.number],), "t = 0 … T−1") for y in self.body.outputs]
        return outputs + [((made[s.number],), "t = 0" if self.reverse else LAST) for s in self.body.new_states]

    def every_step(self) -> list[tuple[tuple[Tensor, ...], str]]:
        run = Scope(self.node.name or "scan", self.node.scope)
        states, outputs = self.states, [[] for _ in self.body.outputs]
        for t in range(self.steps)[:: -1 if self.reverse else 1]:
            scope = Scope(f"t={t}", run, t)
            given = {own.number: s for own, s in zip(self.body.states, states, strict=True)}
            for x, own in zip(self.sequences, self.body.sequences, strict=True):
                given[own.number] = self.put(self.like(own, scope), (x,), "op", "", f"[{t}]")
            made = self.step(scope, given)
            states = [made[s.number] for s in self.body.new_states]
            for ys, y in zip(outputs, self.body.outputs, strict=True):
                ys.append(made[y.number])
        in_time = [tuple(ys[:: -1 if self.reverse else 1]) for ys in outputs]
        return [(ys, "≡") for ys in in_time] + [((s,), "t = 0" if self.reverse else LAST) for s in states]

    def step(self, scope: Scope, given: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """A copy of the step's nodes, reading what is given."""
        made: dict[int, Tensor] = dict(given) | self.shared | self.blocks
        handed_on = {n.number for n in self.body.new_states}
        graph = self.body.graph
        for own in graph.nodes:
            if own.number in made:
                continue
            if graph.is_leaf(own):
                made[own.number] = own
                if own.number not in self.sheet.operands:
                    self.put(own, (), graph.role(own))
                continue
            copy = self.like(own, scope)
            copy.op, copy.attrs = own.op, own.attrs
            copy.inputs = tuple(made[x.number] for x in own.inputs)
            role = "state" if own.number in handed_on or own.role == "state" else "op"
            made[own.number] = self.put(copy, copy.inputs, role)
        return made

    def like(self, own: Tensor, scope: Scope) -> Tensor:
        """A node for a copy; steps are traced with a batch that is no batch of anybody's."""
        shape = tuple(self.batch if size == BATCH else size for size in own.shape)
        name = self.called.get(own.number, own.name)
        if name is not None and name.endswith("_before"):  # what scans call the states they trace with
            name = name.removesuffix("_before")
        return stand_in(own, name, scope, shape)


def folded(sheet: Sheet) -> Sheet:
    """An unrolled graph with one step of every loop for all of them.

    Raises:
        ArgumentError: a loop's steps are not alike, or fewer than three.
    """
    blocks = Blocks(sheet.order, sheet.operands, {n.number for n in sheet.order} - sheet.backward)
    members: dict[int, list[Tensor]] = {k: [] for k in range(len(blocks.blocks))}
    position: dict[int, int] = {}
    for node in sheet.order:
        if sheet.operands[node.number] and (home := blocks.home.get(node.number)) is not None:
            position[node.number] = len(members[home])
            members[home].append(node)
    rows: dict[int, list[int]] = {}
    for k, block in enumerate(blocks.blocks):
        if block.frames and not isinf(blocks.times[k]):
            rows.setdefault(block.row, []).append(k)
    chosen = {block: steps[len(steps) // 2] for steps in rows.values() for block in steps if len(steps) > 2}
    found = replace(sheet, order=[], roles=dict(sheet.roles), looks=dict(sheet.looks), glyphs=dict(sheet.glyphs))
    found.loops, found.moments, found.frames = list(sheet.loops), dict(sheet.moments), dict(sheet.frames)
    found.notes = dict(sheet.notes)
    for steps in rows.values():
        if steps[0] in chosen:
            first, last = (blocks.times[steps[k]] for k in (0, -1))
            found.frames[blocks.blocks[chosen[steps[0]]].frames[-1]] = f"t = {first:.0f} … {last:.0f}"
    operands: Operands = {}
    delays: dict[tuple[int, int], Tensor] = {}

    def alike(x: Tensor) -> Tensor:
        """What stands for x: the same node of the chosen step."""
        home = blocks.home.get(x.number)
        if home is None or home not in chosen or x.number not in position:
            return x
        if len(members[home]) != len(members[chosen[home]]):
            raise ArgumentError(with_user_line("draw: the time steps are not alike, so that none stands for all"))
        return members[chosen[home]][position[x.number]]

    def delayed(x: Tensor, same: Tensor, lag: int, scope: Scope | None) -> Tensor:
        if (same.number, lag) not in delays:
            before = stand_in(x, x.name, scope)
            found.moments[before.number] = f"t−{lag}" if lag > 0 else f"t+{-lag}"
            found.add(before, (), "state", "delay", f"t−{lag}" if lag > 0 else f"t+{-lag}")
            if x.number in sheet.backward:
                found.backward = found.backward | {before.number}
            operands[before.number] = ()
            found.loops.append((same, before))
            delays[same.number, lag] = before
        return delays[same.number, lag]

    for node in sheet.order:
        home = blocks.home.get(node.number)
        if home in chosen and chosen[home] != home:
            continue
        reads: list[Tensor] = []
        for x in sheet.operands[node.number]:
            same, other = alike(x), blocks.home.get(x.number)
            if (
                home in chosen
                and other in chosen
                and other != home
                and blocks.blocks[other].row == blocks.blocks[home].row
            ):
                same = delayed(x, same, home - other, node.scope)
            elif home not in chosen and any(same is known for known in reads):
                continue
            reads.append(same)
        operands[node.number] = tuple(reads)
        found.order.append(node)
        if home in chosen:
            found.moments[node.number] = "t"
    found.outputs = {alike(n).number for n in sheet.order if n.number in sheet.outputs}
    found.kept(operands, [n for n in found.order if n.number in found.ends])
    return found
