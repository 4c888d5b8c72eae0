"""Tracing the step of a cell, once for as long as the cell stays what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..core.apply import as_operand
from ..core.errors import DeclarationError, ShapeError, TinygradError, with_user_line
from ..core.tensor import Tensor, TensorLike
from ..core.trees import flatten
from ..step.cells import CellLike, initial_state, refuse_class
from ..step.tracing import Rebuild, traced_cell
from .recurrence import Recurrence
from .trace_cache import Uncompiled, cached_trace


def arguments(cell: CellLike, xs: TensorLike, state: Any) -> tuple[Tensor, Any, list[Tensor], Rebuild]:
    """The sequence, the state before the first step, its leaves, and what nests leaves like it."""
    refuse_class("scan", cell)
    x = as_operand(xs if hasattr(xs, "__array__") else list(xs), getattr(cell, "dtype", None))
    if x.ndim != 3:
        raise ShapeError(with_user_line(f"scan: xs is {x.shape}, expected (T, B, D)"))
    state = initial_state(cell, x.shape[1]) if state is None else state
    states, rebuild = flatten(state)
    states = [as_operand(s, x.dtype) for s in states]
    for s in states:
        if not s.shape or s.shape[0] != x.shape[1]:
            raise ShapeError(
                with_user_line(f"scan: a state is {s.describe()}, expected ({x.shape[1]}, …) as xs is {x.shape}")
            )
    return x, state, states, rebuild


@dataclass(frozen=True)
class TracedCell:
    """A cell's step as a recurrence, and what nests its outputs and states as the cell does."""

    recurrence: Recurrence
    rebuild_outputs: Rebuild
    rebuild_state: Rebuild


def traced_once(
    cell: CellLike, x: Tensor, state: Any, states: list[Tensor], rebuild: Rebuild, masked: bool
) -> TracedCell | Uncompiled | None:
    """The cell traced, as long as it stays what it is, or why it cannot be compiled; None without a compiler."""
    kinds = tuple((s.shape[1:], s.dtype) for s in states)

    def trace() -> TracedCell | Uncompiled:
        _check(cell, x, states, rebuild)
        try:
            return _traced(cell, x, rebuild(states), masked)
        except DeclarationError:
            raise
        except TinygradError as error:
            return Uncompiled(str(error).split("\n")[0])

    if DISABLE_JIT and x._array is not None:  # a graph of shapes only needs no compiler
        _check(cell, x, states, rebuild)
        return None
    return cached_trace(cell, (x.shape[2], x.dtype, kinds, masked, _structure(state)), trace)


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


def _traced(cell: CellLike, x: Tensor, state: Any, masked: bool) -> TracedCell:
    body, *rebuilds = traced_cell(cell, x.shape[2], x.dtype, state, masked)
    recurrence = Recurrence(body, type(cell).__name__)
    if not DISABLE_JIT:  # finds out now whether there is code for every op
        recurrence.program("infer")
        recurrence.program("backward", recurrence.differentiable)
    return TracedCell(recurrence, *rebuilds)
