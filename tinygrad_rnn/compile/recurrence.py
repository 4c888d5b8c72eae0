"""`Recurrence`: a traced step with the programs that run it and its gradient over a sequence, made when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.counting import flops
from ..core.tensor import Tensor
from ..step.body import BATCH, Body
from .program import Program
from .reverse import choose_saved, reversed_body
from .tuples import tuple_array


@dataclass
class Residuals:
    """Rides along as the last entry of a scan's results: what its backward pass reads."""

    states: list[np.ndarray] | None = None  # all T + 1 values of each state
    saved: np.ndarray | None = None  # the saved values, side by side
    seams: list[list[np.ndarray]] | None = None  # of a checkpointed pass: the states before each segment


class Store:
    """Arrays that a backward pass has done with, for the next forward pass of the same shapes: no new pages to fill."""

    def __init__(self, dtype: np.dtype):
        self.dtype = dtype
        self.arrays: list[np.ndarray] = []

    def take(self, shape: tuple[int, ...]) -> np.ndarray:
        for k, array in enumerate(self.arrays):
            if array.shape == shape:
                return self.arrays.pop(k)
        return np.empty(shape, self.dtype)

    def give_back(self, residuals: Residuals, forward: Program) -> None:
        """Take a residuals's arrays; it no longer has them. Only those of the newest shapes are kept."""
        states = [s for k, s in enumerate(residuals.states or []) if k not in forward.seen_states]
        self.arrays = [*states, *([] if residuals.saved is None else [residuals.saved])]
        residuals.states = residuals.saved = None


class Recurrence:
    """Operands, in this order: sequences (T, B, width), initial states (B, width), shared leaves."""

    def __init__(self, body: Body, title: str):
        self.body = body
        self.title = title
        self.dtype = (body.new_states or body.outputs)[0].dtype
        self.leaves: list[Tensor] = body.shared
        float_leaves = [x for x in self.leaves if x.dtype.kind == "f" and x.role != "constant"]
        self.wrt = [x for x in body.sequences if x.requires_grad] + float_leaves
        self.saved = choose_saved(body, self.wrt)
        self.store = Store(self.dtype)
        self.derived: dict[Any, Any] = {}  # recurrences of higher order, made from this one
        self._programs: dict[Any, Program] = {}

    @cached_property
    def cost(self) -> int:
        """FLOPs of a step for one row."""
        rows = [n for n in self.body.graph.nodes if BATCH in n.shape]
        return sum(map(flops, rows)) // BATCH

    @cached_property
    def all_operands(self) -> tuple[int, ...]:
        """The operands (numbers) that can have gradients, states aside; a backward program always computes those."""
        wanted = {x.number for x in self.wrt}
        operands = [*self.body.sequences, *self.body.states, *self.leaves]
        return tuple(i for i, x in enumerate(operands) if x.number in wanted)

    def program(self, kind: str, wrt: tuple[int, ...] = ()) -> Program:
        """The program of one kind: "infer" (keeps nothing), "forward", or "backward" by the operands `wrt`."""
        key = (kind, wrt)
        if key not in self._programs:
            if kind == "backward":
                operands = [*self.body.sequences, *self.body.states, *self.leaves]
                body, _ = reversed_body(self.body, self.saved, [operands[i] for i in wrt])
                first = len(body.sequences) - len(self.body.outputs) - len(self.saved)
                saved = body.sequences[first : first + len(self.saved)]
                self._programs[key] = Program(body, self.dtype, f"{self.title}, {kind}", saved_in=saved)
            else:
                extra = self.saved if kind == "forward" else []
                body = replace(self.body, outputs=[*self.body.outputs, *extra])
                self._programs[key] = Program(body, self.dtype, f"{self.title}, {kind}", saved_out=len(extra))
        return self._programs[key]

    def forward(self, arrays: Sequence[np.ndarray], against_time: bool, keep: bool) -> np.ndarray:
        """The outputs of all steps, the final states, and a `Residuals`; with `keep`, of what `backward` needs."""
        body = self.body
        xs, states, leaves = self._split(arrays)
        T, B = xs[0].shape[:2]
        run = self.program("forward" if keep else "infer").run(
            T, B, xs, states, leaves, against_time=against_time, keep_states=keep, empty=self.store.take
        )
        ys = [y.reshape(T, B, *n.shape[1:]) for y, n in zip(run.outputs, body.outputs, strict=False)]
        finals = [final.reshape(state.shape) for final, state in zip(run.finals, states, strict=True)]
        return tuple_array([*ys, *finals, Residuals(run.slots, run.saved) if keep else Residuals()])

    def backward(
        self,
        gradients: Sequence[Any],
        residuals: Residuals,
        arrays: Sequence[np.ndarray],
        against_time: bool,
        wrt: tuple[int, ...],
        by_step: bool = False,
    ) -> dict[int, np.ndarray]:
        """∂L/∂operand for every operand in `wrt` and every state, given ∂L/∂result (0: none).

        `by_step` gives those of the shared leaves one for each time step, (T, *shape).
        """
        body = self.body
        if residuals.states is None:
            residuals = self.forward(arrays, against_time, keep=True)[-1]
        assert residuals.states is not None
        xs, states, leaves = self._split(arrays)
        T, B = xs[0].shape[:2]
        zero = [isinstance(g, int) for g in gradients]
        specs = [((T, B, *n.shape[1:]), n.dtype) for n in body.outputs] + [(s.shape, s.dtype) for s in states]
        full = [
            np.zeros(shape, dtype) if none else np.ascontiguousarray(g)
            for g, none, (shape, dtype) in zip(gradients, zero, specs, strict=True)
        ]
        d_outputs, d_finals = full[: len(body.outputs)], full[len(body.outputs) :]
        lag = int(against_time)
        before = [s[lag : lag + T] for s in residuals.states]
        after = {n.number: s[1 - lag : 1 - lag + T] for n, s in zip(body.new_states, residuals.states, strict=True)}
        program = self.program("backward", tuple(i for i in wrt if not self.is_state(i)))
        given = [*xs, *before, *after.values(), *d_outputs]
        run = program.run(
            T, B, given, d_finals, leaves, against_time=not against_time, saved=residuals.saved, by_step=by_step
        )
        if program.rows.overwrites:
            self.store.give_back(residuals, self.program("forward"))
        rows, totals = iter(run.outputs), iter(run.totals)
        found: dict[int, np.ndarray] = {}
        for i in wrt:
            if i < len(xs):
                found[i] = next(rows).reshape(xs[i].shape)
            elif not self.is_state(i):
                found[i] = next(totals)
        for k, (final, state) in enumerate(zip(run.finals, states, strict=True)):
            found[len(xs) + k] = final.reshape(state.shape)
        return found

    def is_state(self, operand: int) -> bool:
        return len(self.body.sequences) <= operand < len(self.body.sequences) + len(self.body.states)

    def _split(self, arrays: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray], dict[int, np.ndarray]]:
        a, b = len(self.body.sequences), len(self.body.sequences) + len(self.body.states)
        xs = [np.ascontiguousarray(x) for x in arrays[:a]]
        leaves = {x.number: array for x, array in zip(self.leaves, arrays[b:], strict=True)}
        return xs, list(arrays[a:b]), leaves
