"""`unroll`: a cell over a sequence, every time step in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ShapeError, with_user_line
from ..core.mode import current, scope
from ..core.tensor import Tensor, TensorLike
from ..step.cells import refuse_class
from ..step.looping import run_steps, stacked
from .cell import Cell


def unroll(cell: Cell, xs: TensorLike | Sequence[TensorLike], state: Any = None) -> tuple[Tensor, Any]:
    """Run a cell over a sequence, every time step in the graph; backward through it is BPTT.

        s_t = step(x_t, s_{t−1}),  t = 0 … T−1

    Args:
        cell: any `Cell`.
        xs: (T, B, D), or (T, D) without a batch: a tensor, an array, or a sequence of T tensors.
        state: the state before the first step; default: the cell's `initial_state`.

    Returns:
        (outputs, final_state): the outputs of all steps, (T, B, H), and the state after the last.

    Nodes of step t lie in the scope ``<cell>/t=<t>``, so that drawings and errors call them x_3, c_3, h_3.

    Raises:
        ShapeError: there are no time steps, or the sequence or the state does not fit the cell.
        DeclarationError: `step` does not return (output, new state).
        DTypeError: the dtype of the sequence or the state is not the cell's.

    >>> outputs, (h, c) = tg.unroll(tg.nn.LSTMCell(3, 4), np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, c.shape, c.path
    ((5, 2, 4), (2, 4), 'LSTMCell/t=4/c')
    """
    refuse_class("unroll", cell)
    if not isinstance(xs, (Tensor, np.ndarray, list, tuple)):
        xs = list(xs)
    if isinstance(xs, (Tensor, np.ndarray)) and xs.ndim not in (2, 3):
        raise ShapeError(with_user_line(f"unroll: xs is {tuple(xs.shape)}, expected (T, B, D) or (T, D)"))
    if not len(xs):
        raise ShapeError(with_user_line("unroll: the sequence has no time steps, T = 0"))
    first: list[Tensor] = []

    def read(t: int) -> Tensor:
        x = cell.checked_input(_step_input(xs, t))
        if first and x.shape != first[0].shape:
            raise ShapeError(with_user_line(f"unroll: x at step {t} is {x.shape}, at step 0 it is {first[0].shape}"))
        first[:] = first or [x]
        return x

    with scope(cell.label):
        outputs, state = run_steps(cell, len(xs), read, lambda x: cell.checked_state(state, x))
        return stacked(outputs), state


def _step_input(xs: Any, t: int) -> TensorLike:
    """x of step t; one cut out of a tensor is named, and placed in its step even where nothing is recorded."""
    x = xs[t]
    if isinstance(xs, Tensor):
        x.named("x")
        if x.op is None:
            x.scope, x.role = current().scope, "input"
    return x
