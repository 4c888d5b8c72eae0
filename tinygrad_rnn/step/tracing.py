"""Tracing a step: its graph, from widths and dtypes alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.graph import Graph
from ..core.mode import changed, reads
from ..core.tensor import Tensor, abstract
from ..core.trees import flatten
from .body import BATCH, Body, NotRowWise, is_row, rebuilt, same_rows
from .cells import CellLike, stepped
from .looping import held

Rebuild = Callable[[list[Any]], Any]


def traced_cell(
    cell: CellLike, width: int | None, dtype: np.dtype, state: Any, masked: bool = False
) -> tuple[Body, Rebuild, Rebuild]:
    """One step of a cell, and what nests leaves as its output and its state are.

    Args:
        width: D of the input; None: symbols.
        state: any one, with a batch axis.
        masked: a second sequence, (B, 1), says which samples still take a step.

    Raises:
        NotRowWise: the step mixes samples.
        DeclarationError: it does not return (output, new state).
    """
    leaves, rebuild_state = flatten(state)
    kinds = [(s.shape[1:], s.dtype) for s in leaves]
    for shape, kind in kinds:
        if len(shape) > 1:
            raise NotRowWise(f"a state is {kind} of shape (B, {', '.join(map(str, shape))}), not (B, width)")
    rebuilds: list[Rebuild] = []

    def step(row: Tensor, *rest: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        before = rebuild_state(list(rest[1:] if masked else rest))
        output, after = stepped(cell, row, before)
        if masked:
            output, after = held(rest[0] > 0.5, output, after, before)
        outputs, rebuild_output = flatten(output)
        afters, rebuild_after = flatten(after)
        rebuilds.extend((rebuild_output, rebuild_after))
        return outputs, afters

    sequences: list[tuple[int | None, Any]] = [(width, dtype)]
    if masked:
        sequences.append((1, dtype))
    body = traced(step, sequences, [(shape[0] if shape else None, kind) for shape, kind in kinds])
    if masked:
        body.sequences[1].named("inside").requires_grad = False
    return body, *rebuilds  # type: ignore[return-value]


def traced(
    step: Callable[..., Any], sequences: Sequence[tuple[int | None, Any]], states: Sequence[tuple[int | None, Any]]
) -> Body:
    """Trace ``step(*rows, *states) -> (outputs, new states)``, given widths (None: no feature axis) and dtypes."""
    ins = [_row(w, dtype, f"x{k}" if len(sequences) > 1 else "x") for k, (w, dtype) in enumerate(sequences)]
    befores = [_row(w, dtype, f"s{k}") for k, (w, dtype) in enumerate(states)]
    taken: list[Tensor | None] = []
    token = reads.set(taken)
    try:
        with changed(record="all", scope=None, anomaly=False, origin=None):
            outputs, new_states = step(*ins, *befores)
    finally:
        reads.reset(token)
    for x in taken:
        if x is None or x.is_abstract:
            raise NotRowWise("the step uses no_grad() or detach(), where gradients stop")
        old = [n for n in Graph([x]).nodes if n.op is None and n.number < ins[0].number]
        if old:  # older than the trace, so it can change
            raise NotRowWise(f"the step takes values of {old[0].describe()} as numbers (numpy(), item(), a branch)")
    for state, after in zip(befores, new_states, strict=True):
        if after.name:
            state.named(f"{after.name}_before", role="state")
    for before, after in zip(befores, new_states, strict=True):
        if (before.shape, before.dtype) != (after.shape, after.dtype):
            raise NotRowWise(f"a state begins with {_kind(before)} and the step makes it {_kind(after)}")
    return without_frozen_rows(Body(ins, befores, list(outputs), list(new_states)))


def _kind(row: Tensor) -> str:
    return f"{row.dtype} of shape ({', '.join(['B', *map(str, row.shape[1:])])})"


def without_frozen_rows(body: Body) -> Body:
    """Let what the step made for the stand-in batch (``tg.zeros(batch, n)``) have one row per sample of any batch.

    Raises:
        NotRowWise: its rows differ, so it is not known what they would be for another batch.
    """

    def thawed(x: Tensor) -> Tensor:
        if x.is_abstract or BATCH not in x.shape:
            return x
        array = x.numpy()
        if not is_row(x) or not (array == array[:1]).all():
            raise NotRowWise(f"the step makes an array with rows of its own for each sample, {x.name or 'unnamed'}")
        return same_rows(array[0], x.shape)

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        thawed_xs = tuple(thawed(x) for x in xs) if node.is_abstract else xs
        return None if all(a is b for a, b in zip(xs, thawed_xs, strict=True)) else rebuilt(node, thawed_xs)

    made = body.mapped(rule)
    return replace(made, outputs=[thawed(y) for y in made.outputs], new_states=[thawed(s) for s in made.new_states])


def _row(w: int | None, dtype: Any, name: str) -> Tensor:
    row = abstract((BATCH,) if w is None else (BATCH, w), dtype).named(name)
    row.requires_grad = np.dtype(dtype).kind == "f"
    return row
