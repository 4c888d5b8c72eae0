"""What one step of a cell costs, quantity by quantity: parameters, FLOPs, values kept for its backward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..compile.reverse import choose_saved
from ..core.counting import flops
from ..core.graph import Graph
from ..core.tensor import Tensor
from ..derivation.adjoints import Adjoints
from ..step.body import BATCH, width
from ..step.gates import is_block
from ..step.quantities import Step


@dataclass
class Count:
    """Of one gate (or other part) of a step.

    Attributes:
        name: of the gate; what it is applied to, z_i, counts for it.
        parameters: numbers in the parameters, or blocks of them, that it is the first to read.
        shapes: of those, by their symbols.
        forward, backward: floating-point operations per step and sample.
        kept: numbers kept per step and sample, for back-propagation through time.
    """

    name: str
    parameters: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    forward: int = 0
    backward: int = 0
    kept: int = 0


def per_sample(node: Tensor) -> int:
    """Floating-point operations of a node for one sample."""
    return flops(node) // (BATCH if any(BATCH in x.shape for x in (*node.inputs, node)) else 1)


def _entries(node: Tensor) -> int:
    return math.prod(n for n in node.shape if n != BATCH)


def counts(step: Step) -> list[Count]:
    """The parts of a step, in the order they are computed."""
    adjoints = Adjoints(step)
    found: dict[str, Count] = {}
    owner = _kept(step)
    claimed: set[int] = set()
    #: what several quantities read is computed once, and a block of a product not at all where the whole is
    counted = _blocks_of_wholes([n for q in step.quantities for n in Graph(q.value).nodes])
    wanted = {x.number for x in (*step.inputs, *step.parameters)} | {s.number for s, _, _ in step.states}
    for q in step.quantities:
        readers = [c.source for c in adjoints.to_quantity[q.node.number]]
        gate = q.symbol.name if q.node.name or not readers else readers[0].symbol.name
        part = found.setdefault(gate, Count(gate))
        nodes = Graph(q.value).nodes
        per_step = q.symbol.lag is not None
        new = [n for n in nodes if BATCH in n.shape and n.number not in counted]
        part.forward += sum(map(per_sample, new)) if per_step else 0
        counted |= {n.number for n in nodes}
        for n in nodes:
            if n.number in step.symbols and n.number in {p.number for p in step.parameters} - claimed:
                claimed.add(n.number)
                part.parameters += n.size
                part.shapes[step.symbols[n.number].name] = n.shape
        gradients = [c.gradient for c in adjoints.all if c.source is q]
        if gradients and per_step:
            known = [n for n in nodes if n.number not in wanted] + list(adjoints.seeds.values())
            part.backward += sum(
                per_sample(n) for n in Graph(gradients, boundary=known).nodes if not any(n is k for k in known)
            )
        terms = len(adjoints.of_quantity(q.node.number)) + (q.node.number in step.outputs)
        part.backward += max(0, terms - 1) * _entries(q.node) if per_step else 0
        part.kept += owner.get(q.node.number, 0)
    order = [step.symbols[p.number].name for p in step.parameters]
    for part in found.values():
        part.shapes = {name: part.shapes[name] for name in order if name in part.shapes}
    return list(found.values())


def _blocks_of_wholes(nodes: list[Tensor]) -> set[int]:
    """The products with rows of a matrix whose operand is multiplied by all of it as well."""
    products = [n for n in nodes if n.op is not None and n.op.kind == "matrix product" and n.inputs[1].inputs]
    whole = {(n.inputs[0].number, n.inputs[1].inputs[0].number) for n in products}
    blocks = [(n, n.inputs[1].inputs[0]) for n in products if is_block(n.inputs[1].inputs[0])]
    return {n.number for n, block in blocks if (n.inputs[0].number, block.inputs[0].number) in whole}


def _kept(step: Step) -> dict[int, int]:
    """How many numbers are kept for the backward pass, by the quantity they count for."""
    body = step.body
    wrt = [x for x in body.sequences if x.requires_grad]
    wrt += [x for x in body.shared if x.dtype.kind == "f" and x.role != "constant"]
    numbers = {q.node.number for q in step.quantities}
    found: dict[int, int] = {}
    readers: dict[int, list[Tensor]] = {}
    for edge in body.graph.edges:
        readers.setdefault(edge.source.number, []).append(edge.target)
    kept = {n.number: n for n in (*body.new_states, *choose_saved(body, wrt)) if n.number not in body.given}
    for number, n in kept.items():
        home = n
        while home.number not in numbers and readers.get(home.number):  # of the quantity it goes into
            home = min(readers[home.number], key=lambda r: r.number)
        found[home.number] = found.get(home.number, 0) + width(kept[number])
    return found
