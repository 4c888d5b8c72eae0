"""Tracing the step of a cell, once for as long as the cell stays what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..core.apply import as_operand
from ..core.errors import ShapeError, TinygradError, with_user_line
from ..core.tensor import Tensor, TensorLike
from ..core.trees import arranged, flatten
from ..ops import where
from .body import NotRowWise, traced
from .known import Uncompiled, known
from .recurrence import Recurrence

Rebuild = Callable[[list[Any]], Any]


def arguments(cell: Any, xs: TensorLike, state: Any) -> tuple[Tensor, Any, list[Tensor], Rebuild]:
    """The sequence, the state before the first step, its leaves, and what nests leaves like it."""
    x = as_operand(xs if hasattr(xs, "__array__") else list(xs), getattr(cell, "dtype", None))
    if x.ndim != 3:
        raise ShapeError(with_user_line(f"scan: xs is {x.shape}, expected (T, B, D)"))
    state = cell.initial_state(x.shape[1]) if state is None else state
    states, rebuild = flatten(state)
    states = [as_operand(s, x.dtype) for s in states]
    for s in states:
        if not s.shape or s.shape[0] != x.shape[1]:
            raise ShapeError(
                with_user_line(f"scan: a state is {s.describe()}, expected ({x.shape[1]}, …) as xs is {x.shape}")
            )
    return x, state, states, rebuild


def traced_once(cell: Any, x: Tensor, state: Any, states: list[Tensor], rebuild: Rebuild, masked: bool) -> Any:
    """(recurrence, rebuild outputs, rebuild state), as long as the cell stays what it is, or why there is none."""
    kinds = tuple((s.shape[1:], s.dtype) for s in states)

    def trace() -> Any:
        _check(cell, x, states, rebuild)
        try:
            return _traced(cell, x, kinds, rebuild, masked)
        except TinygradError as error:
            return Uncompiled(str(error).split("\n")[0])

    if DISABLE_JIT and x._array is not None:  # a graph of shapes only needs no compiler
        return _check(cell, x, states, rebuild)
    return known(cell, (x.shape[2], x.dtype, kinds, masked, _structure(state)), trace)


def _check(cell: Any, x: Tensor, states: list[Tensor], rebuild: Rebuild) -> None:
    """Raise what stepping through the sequence would raise about its input and state."""
    if hasattr(cell, "checked_input"):
        row = cell.checked_input(Tensor(np.zeros(x.shape[1:], x.dtype)))
        cell.checked_state(rebuild(states), row)


def _structure(state: Any) -> Any:
    """How a state is nested: leaves are None."""
    if isinstance(state, dict):
        return tuple((key, _structure(value)) for key, value in state.items())
    return tuple(_structure(value) for value in state) if isinstance(state, (list, tuple)) else None


def _traced(cell: Any, x: Tensor, kinds: tuple[Any, ...], rebuild: Rebuild, masked: bool) -> Any:
    for shape, dtype in kinds:
        if len(shape) > 1:
            raise NotRowWise(f"a state is {dtype} of shape (B, {', '.join(map(str, shape))}), not (B, width)")
    rebuilds: list[Any] = []

    def step(row: Tensor, *rest: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        befores = list(rest[1:] if masked else rest)
        output, after = cell.step(row, rebuild(befores))
        outputs, rebuild_output = flatten(output)
        try:
            afters, rebuild_state = flatten(arranged(after, rebuild(befores)))
        except ValueError:
            raise NotRowWise("the state that the step returns is not nested like the one before it") from None
        rebuilds.extend((rebuild_output, rebuild_state))
        if masked:
            inside = rest[0] > 0.5
            outputs = [where(_column(inside, y), y, 0.0).named(y.name or "y") for y in outputs]
            afters = [
                where(_column(inside, b), a, b).named(a.name or "s") for a, b in zip(afters, befores, strict=True)
            ]
        return outputs, afters

    sequences = [(x.shape[2], x.dtype), *([(1, x.dtype)] if masked else [])]
    body = traced(step, sequences, [(shape[0] if shape else None, dtype) for shape, dtype in kinds])
    if masked:
        body.sequences[1].named("inside").requires_grad = False
    recurrence = Recurrence(body, type(cell).__name__)
    if not DISABLE_JIT:  # finds out now whether there is code for every op
        recurrence.program("infer")
        recurrence.program("backward", recurrence.all_operands)
    return recurrence, *rebuilds


def _column(inside: Tensor, row: Tensor) -> Tensor:
    return inside if row.ndim == 2 else inside.reshape(inside.shape[0])
