"""Derivatives of a scan as scans: its gradient on tensors, and its tangent. Both can be differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.forward import push_forward
from ..core.graph import Graph
from ..core.mode import changed
from ..core.op import REGISTRY
from ..core.tensor import Tensor, abstract
from ..step.body import Body, zero_row
from .plan import Contraction, contractions_of
from .recurrence import Recurrence
from .reverse import reversed_body
from .tuples import get_element, make_tuple

Runner = Callable[..., list[Tensor]]


def pulled_back(
    run: Runner, g: Tensor, xs: Sequence[Tensor], recurrence: Recurrence, reverse: bool, specs: Any
) -> dict[int, Tensor]:
    """∂L/∂operand for every operand that requires a gradient: a scan of the derived step, against time.

    The states are computed once more (they are results of a scan, so the gradient flows through them too); everything
    else is computed again within the step.
    """
    body = recurrence.body
    count = len(body.outputs)
    parts = [get_element(g, k, specs) for k in range(len(specs))]
    numbers = recurrence.all_operands
    states, derived, found = _derived(recurrence, numbers)
    along = run(states, _operands(states, recurrence, xs, []), reverse)[: len(body.states)]
    first = len(body.sequences)
    befores = [_before(s, xs[first + k], reverse) for k, s in enumerate(along)]
    afters = {n.number: s for n, s in zip(body.new_states, along, strict=True)}.values()
    given = [*xs[:first], *befores, *afters, *parts[:count], *parts[count:]]
    results = run(derived, _operands(derived, recurrence, xs, given), not reverse, title="scan′")
    answers: dict[int, Tensor] = {first + k: d for k, d in enumerate(results[len(derived.body.outputs) :])}
    rows = iter(results)
    for i in numbers:
        if i < first:
            answers[i] = next(rows)
    totals = _totals(found, list(rows), recurrence, xs)
    for i in numbers:
        if i >= first:
            answers[i] = totals.pop(0)
    return answers


def _derived(recurrence: Recurrence, numbers: tuple[int, ...]) -> tuple[Recurrence, Recurrence, Any]:
    """The recurrence whose outputs are its states, and the reverse one, with its sums over steps taken apart."""
    if numbers not in recurrence.derived:
        body = recurrence.body
        states = Recurrence(replace(body, outputs=list(body.new_states)), f"{recurrence.title}, states")
        operands = [*body.sequences, *body.states, *recurrence.leaves]
        back, _ = reversed_body(body, [], [operands[i] for i in numbers])
        found = contractions_of(back)
        rows = [x for c in found for x in (c.left, c.right) if x is not None]
        stepwise = Body(back.sequences, back.states, [*back.outputs, *rows], back.new_states)
        recurrence.derived[numbers] = (
            states,
            Recurrence(stepwise, f"{recurrence.title}, derived"),
            (found, back.totals),
        )
    return recurrence.derived[numbers]


def _operands(of: Recurrence, origin: Recurrence, xs: Sequence[Tensor], given: Sequence[Tensor]) -> list[Tensor]:
    """Operands for `of`, whose leaves are those of `origin`, which has the operands `xs`."""
    count = len(origin.body.sequences) + len(origin.body.states)
    actual = dict(zip([x.number for x in origin.leaves], xs[count:], strict=True))
    return [*(given or xs[:count]), *[actual.get(x.number, x) for x in of.leaves]]


def _before(along: Tensor, initial: Tensor, reverse: bool) -> Tensor:
    """The state before each step, from the states after each."""
    first = initial.reshape((1, *initial.shape))
    pair = (along[1:], first) if reverse else (first, along[:-1])
    return apply(REGISTRY["concatenate"], pair, {"axis": 0})


def _totals(found: Any, rows: list[Tensor], recurrence: Recurrence, xs: Sequence[Tensor]) -> list[Tensor]:
    contractions, totals = found
    values: dict[int, Tensor] = {}
    operands = [*recurrence.body.sequences, *recurrence.body.states, *recurrence.leaves]
    values.update({leaf.number: x for leaf, x in zip(operands, xs, strict=True)})
    left_rows = iter(rows)
    for c in contractions:
        left = None if c.left is None else _flat(next(left_rows))
        right = _flat(next(left_rows))
        values[c.total.number] = right.sum(axis=0).reshape(c.total.shape) if left is None else left.mT @ right
    for node in Graph(totals, boundary=[c.total for c in contractions]).nodes:
        if node.number not in values:
            inputs = [values[x.number] for x in node.inputs]
            values[node.number] = apply(node.op, inputs, dict(node.attrs or {})) if node.op else node
    return [values[n.number] for n in totals]


def _flat(rows: Tensor) -> Tensor:
    """All steps and rows of a sequence, (T·B, width)."""
    return rows.reshape((rows.shape[0] * rows.shape[1], -1 if rows.size else int(np.prod(rows.shape[2:]))))


def pushed_forward(
    run: Runner, moving: Sequence[Tensor | None], xs: Sequence[Tensor], recurrence: Recurrence, reverse: bool
) -> Tensor:
    """The tangents of a scan's results, given those of its operands: one scan of values and tangents together."""
    body = recurrence.body
    numbers = tuple(i for i, t in enumerate(moving) if t is not None)
    key = ("tangent", numbers)
    if key not in recurrence.derived:
        recurrence.derived[key] = _tangent_recurrence(recurrence, numbers)
    derived, stand_ins = recurrence.derived[key]
    first, last = len(body.sequences), len(body.sequences) + len(body.states)
    tangents = [t for t in moving[:first] if t is not None]
    d_states = [Tensor(np.zeros(x.shape, x.dtype)) if t is None else t for t, x in zip(moving, xs, strict=True)][
        first:last
    ]
    given = [*xs[:first], *tangents, *xs[first:last], *d_states]
    actual = {stand_ins[i].number: moving[i] for i in numbers if i >= last}
    actual |= dict(zip([x.number for x in recurrence.leaves], xs[last:], strict=True))
    results = run(derived, [*given, *[actual.get(x.number, x) for x in derived.leaves]], reverse, title="scan˙")
    count = len(body.outputs)
    return make_tuple([*results[:count], *results[count + len(body.states) :]])


def _tangent_recurrence(recurrence: Recurrence, numbers: tuple[int, ...]) -> tuple[Recurrence, dict[int, Tensor]]:
    body = recurrence.body
    operands = [*body.sequences, *body.states, *recurrence.leaves]
    first, last = len(body.sequences), len(body.sequences) + len(body.states)
    stand_ins: dict[int, Tensor] = {}
    for i, x in enumerate(operands):
        if first <= i < last or (i in numbers and i < first):
            stand_ins[i] = abstract(x.shape, x.dtype).named(f"{x.name or 'x'}_dot")
            stand_ins[i].requires_grad = True
        elif i in numbers:
            stand_ins[i] = Tensor(np.ones(x.shape, x.dtype)).named(f"{x.name or 'W'}_dot")
            stand_ins[i].requires_grad = True
    with changed(record="all", scope=None, anomaly=False, origin=None):
        results = [*body.outputs, *body.new_states]
        tangents = push_forward(results, [(operands[i], t) for i, t in stand_ins.items()])
        moved = [zero_row(x) if t is None else t for x, t in zip(results, tangents, strict=True)]
    count = len(body.outputs)
    derived = Body(
        [*body.sequences, *[stand_ins[i] for i in range(first) if i in stand_ins]],
        [*body.states, *[stand_ins[i] for i in range(first, last)]],
        moved[:count],
        [*body.new_states, *moved[count:]],
    )
    return Recurrence(derived, f"{recurrence.title}, tangent"), stand_ins


__all__ = ["Contraction", "pulled_back", "pushed_forward"]
