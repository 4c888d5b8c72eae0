"""Derivatives of a scan as scans: its gradient on tensors, and its tangent. Both can be differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..core.apply import apply
from ..core.forward import push_forward
from ..core.graph import Graph
from ..core.mode import changed
from ..core.op import REGISTRY
from ..core.tensor import Tensor, abstract
from ..ops.lookup import put_taken
from ..step.body import Body, zero_row
from ..step.scan import Operands, ScanAttrs
from .plan import contractions_of
from .recurrence import Adjoint, Recurrence, Tangent
from .reverse import reversed_step
from .tuples import get_element, make_tuple

Runner = Callable[..., list[Tensor]]


def pulled_back(run: Runner, g: Tensor, xs: Operands[Tensor], scan: ScanAttrs[Recurrence]) -> Operands[Tensor | None]:
    """∂L/∂operand for every operand that can have one: a scan of the derived step, against time.

    The states are computed once more (they are results of a scan, so the gradient flows through them too); everything
    else is computed again within the step.
    """
    recurrence, reverse, body = scan.recurrence, scan.reverse, scan.recurrence.body
    recurrence.adjoint = adjoint = recurrence.adjoint or _adjoint(recurrence)
    d_results = [get_element(g, k, scan.specs) for k in range(len(scan.specs))]
    d_outputs, d_finals = d_results[: len(body.outputs)], d_results[len(body.outputs) :]
    actual = {n.number: x for n, x in zip(recurrence.operands.leaves, xs.leaves, strict=True)}
    states = Operands(xs.sequences, xs.states, _leaves(adjoint.states, actual))
    along = run(adjoint.states, states, reverse)[: len(body.states)]
    befores = [_before(s, initial, reverse) for s, initial in zip(along, xs.states, strict=True)]
    afters = {n.number: s for n, s in zip(body.new_states, along, strict=True)}.values()
    given = [*xs.sequences, *befores, *afters, *d_outputs]
    results = run(
        adjoint.reverse, Operands(given, d_finals, _leaves(adjoint.reverse, actual)), not reverse, title="scan′"
    )
    count = len(adjoint.reverse.body.outputs)
    outputs = iter(results[:count])
    d_sequences = [next(outputs) if n.number in recurrence.differentiable else None for n in body.sequences]
    totals = iter(_totals(adjoint, list(outputs), {n.number: x for n, x in zip(recurrence.operands, xs, strict=True)}))
    d_leaves = [next(totals) if n.number in recurrence.differentiable else None for n in recurrence.operands.leaves]
    return Operands(d_sequences, results[count:], d_leaves)


def _adjoint(recurrence: Recurrence) -> Adjoint:
    body = recurrence.body
    states = Recurrence(replace(body, outputs=list(body.new_states)), f"{recurrence.title}, states")
    wrt = [x for x in recurrence.operands if x.number in recurrence.differentiable]
    back = reversed_step(body, [], wrt).body
    found = contractions_of(back)
    rows = [x for c in found for x in (None if c.scattered else c.left, c.right) if x is not None]
    stepwise = Body(back.sequences, back.states, [*back.outputs, *rows], back.new_states)
    return Adjoint(states, Recurrence(stepwise, f"{recurrence.title}, derived"), found, back.totals)


def _leaves(of: Recurrence, actual: dict[int, Tensor]) -> list[Tensor]:
    return [actual.get(n.number, n) for n in of.operands.leaves]


def _before(along: Tensor, initial: Tensor, reverse: bool) -> Tensor:
    """The state before each step, from the states after each."""
    first = initial.reshape((1, *initial.shape))
    pair = (along[1:], first) if reverse else (first, along[:-1])
    return apply(REGISTRY["concatenate"], pair, {"axis": 0})


def _totals(adjoint: Adjoint, outputs: list[Tensor], values: dict[int, Tensor]) -> list[Tensor]:
    """The sums over all steps: of the reverse step's last `outputs`, and of the operands' `values`."""
    rows = iter(outputs)
    for c in adjoint.contractions:
        left = None if c.left is None or c.scattered else _flat(next(rows))
        right = _flat(next(rows))
        if c.scattered and c.left is not None:
            total = put_taken(right, values[c.left.number].reshape(-1), axis=0, shape=c.total.shape)
        else:
            total = right.sum(axis=0).reshape(c.total.shape) if left is None else left.mT @ right
        values[c.total.number] = total
    for node in Graph(adjoint.totals, boundary=[c.total for c in adjoint.contractions]).nodes:
        if node.number not in values:
            inputs = [values[x.number] for x in node.inputs]
            values[node.number] = apply(node.op, inputs, dict(node.attrs or {})) if node.op else node
    return [values[n.number] for n in adjoint.totals]


def _flat(rows: Tensor) -> Tensor:
    """All steps and rows of a sequence, (T·B, width)."""
    return rows.reshape((rows.shape[0] * rows.shape[1], -1 if rows.size else int(np.prod(rows.shape[2:]))))


def pushed_forward(
    run: Runner, moving: Operands[Tensor | None], xs: Operands[Tensor], scan: ScanAttrs[Recurrence]
) -> Tensor:
    """The tangents of a scan's results, given those of its operands: one scan of values and tangents together."""
    recurrence, body = scan.recurrence, scan.recurrence.body
    tangents = {n.number: t for n, t in zip(recurrence.operands, moving, strict=True) if t is not None}
    moved = tuple(tangents)
    if moved not in recurrence.tangents:
        recurrence.tangents[moved] = _tangent(recurrence, moved)
    tangent = recurrence.tangents[moved]
    actual = {n.number: x for n, x in zip(recurrence.operands.leaves, xs.leaves, strict=True)}
    actual |= {tangent.stand_ins[number].number: t for number, t in tangents.items()}
    states = zip(moving.states, xs.states, strict=True)
    d_states = [Tensor(np.zeros(x.shape, x.dtype)) if t is None else t for t, x in states]
    operands = Operands(
        [*xs.sequences, *[t for t in moving.sequences if t is not None]],
        [*xs.states, *d_states],
        _leaves(tangent.recurrence, actual),
    )
    results = run(tangent.recurrence, operands, scan.reverse, title="scan˙")
    count = len(body.outputs)
    return make_tuple([*results[:count], *results[count + len(body.states) :]])


def _tangent(recurrence: Recurrence, moved: Sequence[int]) -> Tangent:
    body = recurrence.body
    sequences = [x for x in body.sequences if x.number in moved]
    leaves = [x for x in recurrence.operands.leaves if x.number in moved]
    dots = {x.number: abstract(x.shape, x.dtype).named(f"{x.name or 'x'}_dot") for x in (*sequences, *body.states)}
    dots |= {x.number: Tensor(np.ones(x.shape, x.dtype)).named(f"{x.name or 'W'}_dot") for x in leaves}
    for dot in dots.values():
        dot.requires_grad = True
    with changed(record="all", scope=None, anomaly=False, origin=None):
        results = [*body.outputs, *body.new_states]
        pairs = [(x, dots[x.number]) for x in recurrence.operands if x.number in dots]
        tangents = [zero_row(x) if t is None else t for x, t in zip(results, push_forward(results, pairs), strict=True)]
    count = len(body.outputs)
    derived = Body(
        [*body.sequences, *[dots[x.number] for x in sequences]],
        [*body.states, *[dots[x.number] for x in body.states]],
        tangents[:count],
        [*body.new_states, *tangents[count:]],
    )
    return Tangent(Recurrence(derived, f"{recurrence.title}, tangent"), dots)
