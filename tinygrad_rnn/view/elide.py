"""Long unrolled sequences, shortened: the first steps, "⋯ × N", and the last."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from math import isinf

from ..core.mode import Scope
from ..core.tensor import Tensor
from .blocks import Blocks
from .sheet import Operands, Sheet, stand_in

FIRST = 3  # steps shown before what is left out
FEW = 3  # values that one node reads of what is left out; more are drawn as one line


@dataclass
class _Gap:
    """The steps of one loop that are left out: one node for their forward part, one for their gradients."""

    scope: Scope
    count: int
    nodes: dict[bool, Tensor] = field(default_factory=dict)  # by "gradient"
    stand_ins: dict[int, Tensor] = field(default_factory=dict)  # by the number of a value left out


def elide(sheet: Sheet, limit: int) -> Sheet:
    """The sheet without the middle of every loop of more than `limit` steps."""
    blocks = Blocks(sheet.order, sheet.operands, {n.number for n in sheet.order} - sheet.backward)
    gaps, gap_of = _gaps(sheet, blocks, limit)
    if not gaps:
        return sheet
    lost = {number: gap_of[block] for number, block in blocks.home.items() if block in gap_of}
    found = replace(sheet, order=[], operands={}, roles=dict(sheet.roles), looks=dict(sheet.looks))
    found.notes, found.glyphs = dict(sheet.notes), dict(sheet.glyphs)
    operands: Operands = {}
    for node in sheet.order:
        if node.number not in lost:
            found.order.append(node)
            operands[node.number] = _read(sheet, found, operands, node, lost)
        else:
            _feed(sheet, found, operands, node, lost)
    shown = [n for n in found.order if n.number in sheet.outputs or n.number not in lost]
    used = {x.number for reads in operands.values() for x in reads}
    found.kept(operands, [n for n in shown if operands.get(n.number) or n.number in used])
    found.outputs = {number for number in sheet.outputs if number in found.operands}
    return found


def _gaps(sheet: Sheet, blocks: Blocks, limit: int) -> tuple[list[_Gap], dict[int, _Gap]]:
    """What is left out of each loop, and the blocks that are."""
    rows: dict[int, list[int]] = defaultdict(list)
    scopes: dict[int, Scope] = {}
    for node in sheet.order:
        if (block := blocks.home.get(node.number)) is not None and block not in scopes and node.scope is not None:
            scope: Scope = node.scope
            while scope.parent is not None and scope.parent.step is not None:
                scope = scope.parent
            if scope.step is not None:
                scopes[block] = scope
    for k, block in enumerate(blocks.blocks):
        if k in scopes and not isinf(blocks.times[k]):
            rows[block.row].append(k)
    gaps, gap_of = [], {}
    for steps in rows.values():
        middle = steps[FIRST:-1]
        if len(steps) > max(limit, FIRST + 2):
            first, last = scopes[middle[0]], scopes[middle[-1]]
            gap = _Gap(Scope(f"t={first.step} … {last.step}", last.parent, last.step), len(middle))
            gaps.append(gap)
            gap_of.update(dict.fromkeys(middle, gap))
    return gaps, gap_of


def _node(sheet: Sheet, found: Sheet, operands: Operands, gap: _Gap, like: Tensor) -> Tensor:
    """The node that stands for a gap, or for the gradients in it."""
    backward = like.number in sheet.backward
    if backward not in gap.nodes:
        node = stand_in(like, None, scope=gap.scope, shape=())
        found.add(node, (), "op", "elided", "⋯")
        found.notes[node.number] = (f"× {gap.count}",)
        operands[node.number] = ()
        if backward:
            found.backward = found.backward | {node.number}
        gap.nodes[backward] = node
    return gap.nodes[backward]


def _feed(sheet: Sheet, found: Sheet, operands: Operands, node: Tensor, lost: dict[int, _Gap]) -> None:
    """What a node left out reads of its own loop's steps that are not: the gap reads it."""
    gap = lost[node.number]
    for x in sheet.operands[node.number]:
        same = (x.number in sheet.backward) == (node.number in sheet.backward)
        if x.number not in lost and same and sheet.operands[x.number] and x.scope is not None:
            whole = _node(sheet, found, operands, gap, node)
            if _within(x.scope, gap.scope.parent) and all(x is not known for known in operands[whole.number]):
                operands[whole.number] += (x,)


def _within(scope: Scope | None, outer: Scope | None) -> bool:
    while scope is not None and outer is not None and scope.path != outer.path:
        scope = scope.parent
    return scope is not None


def _read(
    sheet: Sheet, found: Sheet, operands: Operands, node: Tensor, lost: dict[int, _Gap]
) -> tuple[Tensor, ...]:  # fmt: skip
    """The operands of a node that is kept; values left out are read from the gap."""
    reads = sheet.operands[node.number]
    missing = [x for x in reads if x.number in lost]
    new: list[Tensor] = []
    for x in reads:
        if x.number not in lost:
            new.append(x)
            continue
        gap, saved = lost[x.number], sheet.roles[x.number] == "saved"
        whole = None if saved else _node(sheet, found, operands, gap, x)
        if whole is None or len(missing) <= FEW:
            if x.number not in gap.stand_ins:
                near = stand_in(x, x.name, scope=gap.scope)
                backward = x.number in sheet.backward
                look = "gradient" if backward else "state" if sheet.roles[x.number] == "state" else "saved"
                found.add(near, (), sheet.roles[x.number], look, "" if x.name else "·")
                operands[near.number] = () if whole is None else (whole,)
                if backward:
                    found.backward = found.backward | {near.number}
                gap.stand_ins[x.number] = near
            new.append(gap.stand_ins[x.number])
        elif all(whole is not known for known in new):
            new.append(whole)
    return tuple(new)
