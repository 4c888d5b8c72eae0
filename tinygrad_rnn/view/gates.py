"""Level "gate": an activation and the weighted sum it is applied to as one node, as textbooks draw a gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..core.op import Op
from ..core.tensor import Tensor
from ..step.names import clean, plain_name, split_name
from .sheet import Operands, Sheet, stand_in


@dataclass
class _Sum:
    """A weighted sum W x + R h + b, whatever ops it is computed by: what it reads."""

    values: dict[int, Tensor] = field(default_factory=dict)
    weights: dict[int, Tensor] = field(default_factory=dict)
    biases: dict[int, Tensor] = field(default_factory=dict)

    def take(self, other: _Sum) -> None:
        self.values |= other.values
        self.weights |= other.weights
        self.biases |= other.biases


def gates(sheet: Sheet, weights: bool = False) -> Sheet:
    """The sheet with each weighted sum drawn within the activation that it goes into, or as one node of its own.

    Args:
        sheet: a forward graph.
        weights: draw the weights W and biases b of each.
    """
    sums, inner, constant = _sums(sheet)
    operands: Operands = {}
    found = replace(sheet, order=list(sheet.order), roles=dict(sheet.roles))
    found.looks, found.glyphs = dict(sheet.looks), dict(sheet.glyphs)
    merged: dict[int, _Sum] = {}
    for node in sheet.order:
        reads = sheet.operands[node.number]
        if node.number in sheet.looks:  # what is left out, for one
            pass
        elif len(reads) == 1 and reads[0].number in inner and node.op is not None and _is_activation(node.op):
            merged[node.number] = sums[reads[0].number]
            found.looks[node.number] = "gate"
        elif node.number in sums:
            merged[node.number] = sums[node.number]
            found.looks[node.number] = "gate"
            found.glyphs[node.number] = _formula(sums[node.number], sheet.names)
        operands[node.number] = reads
    for number, total in merged.items():
        operands[number] = tuple(total.values.values())
    wanted = [n for n in sheet.order if n.number in sheet.ends and n.number not in constant]
    found.kept(operands, wanted)
    shown = {n.number for n in found.order}
    _join(found, [n for n in found.order if n.number in merged])
    if weights:
        for node in [n for n in found.order if n.number in merged]:
            _show_weights(found, node, merged[node.number])
    found.kept(found.operands, [n for n in found.order if n.number in shown])
    found.looks = {number: look for number, look in found.looks.items() if number in found.operands}
    return found


def _sums(sheet: Sheet) -> tuple[dict[int, _Sum], dict[int, _Sum], set[int]]:
    """The nodes that are weighted sums, those of them that are no result in themselves, and those computed from
    parameters and constants alone."""
    sums: dict[int, _Sum] = {}
    inner: dict[int, _Sum] = {}
    fixed: dict[int, dict[int, Tensor]] = {}  # by node: the parameters it is computed from
    for node in sheet.order:
        reads, role = sheet.operands[node.number], sheet.roles[node.number]
        if not reads:
            if role in ("parameter", "constant"):
                fixed[node.number] = {node.number: node} if role == "parameter" else {}
            continue
        if all(x.number in fixed for x in reads) and node.name and node.op is not None and node.op.kind == "slice":
            fixed[node.number] = {node.number: node}  # a gate's rows of a packed weight, by their own name
        elif all(x.number in fixed for x in reads):
            fixed[node.number] = {k: p for x in reads for k, p in fixed[x.number].items()}
        elif (total := _as_sum(node, reads, inner, fixed)) is not None:
            sums[node.number] = total
            if role != "state" and node.number not in sheet.ends:
                inner[node.number] = total
    return sums, inner, set(fixed)


def _as_sum(
    node: Tensor, reads: tuple[Tensor, ...], inner: dict[int, _Sum], fixed: dict[int, dict[int, Tensor]]
) -> _Sum | None:
    """What a node reads if it is a weighted sum."""
    op, total = node.op, _Sum()
    if op is None or not (op.variadic or len(reads) == len(op.operands)):  # it stands for more than its op
        return None
    open_ones = [x for x in reads if x.number not in fixed]
    parameters = {k: p for x in reads for k, p in fixed.get(x.number, {}).items()}
    linear = op.linear_in([i for i, x in enumerate(reads) if x.number not in fixed])
    weighted = linear and op.linear != "jointly"
    if len(open_ones) == 1 and parameters and weighted and not (op.elementwise and open_ones[0].number in inner):
        total.values[open_ones[0].number] = open_ones[0]
        total.weights |= parameters
        return total
    if not all(x.number in inner for x in open_ones):
        return None
    added = op.coefficients is not None and len(reads) == 2
    if added or (len(open_ones) == 1 and linear):
        for x in open_ones:
            total.take(inner[x.number])
        (total.biases if added else total.weights).update(parameters)
        return total
    return None


def _is_activation(op: Op) -> bool:
    return len(op.operands) == 1 and (op.elementwise or op.kind == "normalisation")


def _formula(total: _Sum, called: Mapping[str, str]) -> str:
    names = [clean(called.get(x.name, x.name)) if x.name else "·" for x in total.values.values()]
    read = f"[{', '.join(names)}]" if len(names) > 1 else "".join(names)
    weight = _letter(total.weights.values(), "W")
    text = f"{weight} {read}" if len(read) <= 8 else f"{weight} ·"
    return f"{text} + {_letter(total.biases.values(), 'b')}" if total.biases else text


def _letter(parameters: Iterable[Tensor], usual: str) -> str:
    """What a parameter of a formula is called: its own name where it is a symbol, such as W_n."""
    names = [clean(p.name) for p in parameters if p.name]
    return names[0] if len(names) == 1 and split_name(names[0])[1] else usual


def _join(sheet: Sheet, nodes: list[Tensor]) -> None:
    """Where several gates read the same values, these are joined once: [x, h′]."""
    readers: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
    for node in nodes:
        readers[tuple(x.number for x in sheet.operands[node.number])].append(node)
    for numbers, group in readers.items():
        if len(numbers) < 2 or len(group) < 2:
            continue
        values = sheet.operands[group[0].number]
        sizes = [x.shape[-1] for x in values if x.shape]
        joint = stand_in(group[0], None, shape=(*group[0].shape[:-1], sum(sizes)))
        names = [_called(x, sheet) for x in values]
        sheet.add(joint, values, "op", "joint", f"[{', '.join(names)}]")
        for node in group:
            sheet.operands[node.number] = (joint,)


def _called(x: Tensor, sheet: Sheet) -> str:
    if x.name is None:
        return "·"
    return plain_name(*split_name(sheet.names.get(x.name, x.name), sheet.moment(x)))


def _show_weights(sheet: Sheet, gate: Tensor, total: _Sum) -> None:
    """W and b of one gate, as nodes: the parts of the cell's parameters that it uses."""
    name = clean(gate.name) if gate.name else "".join(clean(x.name)[:1] for x in total.values.values() if x.name)
    for letter, parameters in (("W", total.weights), ("b", total.biases)):
        if parameters:
            node = stand_in(gate, f"{letter}_{name}" if name else letter, shape=())
            sheet.add(node, (), "parameter")
            sheet.operands[gate.number] += (node,)
