"""Level "gate" backward: beside every quantity its gradient δ, which reads the δ of whatever read the quantity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ..core.tensor import Tensor
from .sheet import Sheet, stand_in


def with_adjoints(sheet: Sheet, direction: str, loops: Sequence[tuple[Tensor, Tensor]]) -> Sheet:
    """A forward sheet with the gradients of its named values, or these alone.

    Args:
        direction: "both" or "backward".
        loops: (new state, state before) where the sheet is one step, whose states more steps read, as a folded one's.
    """
    found = replace(sheet, order=list(sheet.order), operands=dict(sheet.operands), roles=dict(sheet.roles))
    found.looks, found.backward, found.moments = dict(sheet.looks), set(sheet.backward), dict(sheet.moments)
    readers: dict[int, list[Tensor]] = defaultdict(list)
    for node in sheet.order:
        for x in sheet.operands[node.number]:
            if _passes_back(node, x):
                readers[x.number].append(node)
    adjoint: dict[int, Tensor] = {}
    going_on = {new.number for new, _ in (*loops, *sheet.loops)}

    def add(node: Tensor, name: str, operands: Sequence[Tensor]) -> Tensor:
        made = stand_in(node, name)
        found.add(made, operands, "op" if operands else "input", "gradient")
        found.backward.add(made.number)
        found.moments[made.number] = found.moment(node) if node.name else None
        return made

    for node in reversed(sheet.order):
        name = _called(sheet, node)
        if name is None or node.dtype.kind != "f" or sheet.roles[node.number] in ("parameter", "constant"):
            continue
        reads = [adjoint[n.number] for n in _named_readers(sheet, node, readers) if n.number in adjoint]
        if node.number in sheet.ends and reads:
            later = node.number in going_on
            reads.append(add(node, "from t+1" if later else f"∂ℓ/∂{node.name}", ()))
            if later:
                found.moments[reads[-1].number] = None
        if reads or node.number in sheet.ends:
            adjoint[node.number] = add(node, f"δ{name}", reads)
    last = [g.number for number, g in adjoint.items() if not sheet.operands[number]]
    found.outputs = set(last) | (sheet.outputs if direction == "both" else set())
    wanted = [
        n for n in found.order if n.number in found.outputs or (direction == "both" and n.number in sheet.operands)
    ]
    found.loops = list(sheet.loops) if direction == "both" else []
    found.order = [*sheet.order, *[n for n in found.order if n.number in found.backward]]
    found.kept(found.operands, wanted)
    return found


def _passes_back(node: Tensor, x: Tensor) -> bool:
    """Whether a gradient goes from a node to what it reads: not through comparisons, conditions and indices."""
    if node.dtype.kind != "f" or x.dtype.kind != "f":
        return False
    places = [i for i, y in enumerate(node.inputs or ()) if y is x]
    if node.op is None or not places or callable(node.op.vjps):
        return True
    return any(node.op.vjps[i] is not None for i in places)


def _called(sheet: Sheet, node: Tensor) -> str | None:
    """Its name; what is joined for several gates is called by what it consists of."""
    return sheet.glyphs[node.number] if sheet.looks.get(node.number) == "joint" else node.name


def _named_readers(sheet: Sheet, node: Tensor, readers: dict[int, list[Tensor]]) -> list[Tensor]:
    """What has a name and is computed from a node, by way of what has none."""
    found: dict[int, Tensor] = {}
    stack, seen = list(readers[node.number]), set()
    while stack:
        n = stack.pop()
        if n.number in seen:
            continue
        seen.add(n.number)
        if _called(sheet, n) is not None:
            found[n.number] = n
        else:
            stack.extend(readers[n.number])
    return sorted(found.values(), key=lambda n: n.number)
