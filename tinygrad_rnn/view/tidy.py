"""What only rearranges is folded into what reads it, and sums of sums are one sum."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..core.counting import flops
from ..core.tensor import Tensor
from .labels import glyph_of
from .sheet import Operands, Sheet


def tidied(sheet: Sheet) -> Sheet:
    """The sheet without unnamed transposes, reshapes, broadcasts and casts, and with a + b + c as one node."""
    found = replace(sheet, order=list(sheet.order), roles=dict(sheet.roles), folded=dict(sheet.folded))
    same: dict[int, Tensor] = {}  # what is read in place of a node that only rearranges
    operands: Operands = {}
    timed = any(n.scope is not None and n.scope.step is not None for n in sheet.order)
    readers = Counter(x.number for reads in sheet.operands.values() for x in reads)
    for node in sheet.order:
        reads = tuple(same.get(x.number, x) for x in sheet.operands[node.number])
        if _rearranges(sheet, node, reads):
            same[node.number] = reads[0]
        elif (x := _only(sheet, node, readers)) is not None:  # a weight's gradient: δ xᵀ, transposed once more
            reads = operands[x.number]
            found.folded[node.number] = flops(x)
            found.glyphs = found.glyphs | {node.number: glyph_of(x)}
        elif _is_sum(sheet, node):
            inner = {x.number for x in reads if readers[x.number] == 1 and _within(sheet, x, node, timed)}
            found.folded[node.number] = sum(
                flops(x) + found.folded.get(x.number, 0) for x in reads if x.number in inner
            )
            reads = tuple(y for x in reads for y in (operands[x.number] if x.number in inner else (x,)))
        operands[node.number] = reads
    found.kept(operands, [n for n in sheet.order if n.number in sheet.ends])
    return found


def _rearranges(sheet: Sheet, node: Tensor, reads: tuple[Tensor, ...]) -> bool:
    plain = node.op is not None and (node.op.arranges or node.op.kind == "transpose")
    return plain and len(reads) == 1 and not _stands(sheet, node)


def _only(sheet: Sheet, node: Tensor, readers: Counter[int]) -> Tensor | None:
    """The product that a named gradient is the transpose of."""
    if node.number not in sheet.backward or node.op is None or node.op.kind != "transpose":
        return None
    (x,) = sheet.operands[node.number] or (None,)
    product = x is not None and x.op is not None and x.op.kind == "matrix product" and not _stands(sheet, x)
    return x if product and readers[x.number] == 1 else None  # type: ignore[union-attr]


def _stands(sheet: Sheet, node: Tensor) -> bool:
    """Whether a node is there for itself: it has a name, is a result, or stands for more than its op."""
    return node.name is not None or node.number in sheet.ends or node.number in sheet.looks


def _is_sum(sheet: Sheet, node: Tensor) -> bool:
    return node.op is not None and node.op.adds and node.number not in sheet.looks


def _within(sheet: Sheet, x: Tensor, node: Tensor, timed: bool) -> bool:
    """Whether a sum is a part of another one, of the same step and direction."""
    back = node.number in sheet.backward
    if back and timed and (node.scope is None or node.scope.step is None):
        return False  # each step adds to the gradient of a weight
    together = x.scope is node.scope and (x.number in sheet.backward) == back
    return together and _is_sum(sheet, x) and not _stands(sheet, x) and bool(sheet.operands[x.number])
