"""`Recurrence`: a traced step with the programs that run it and its gradient over a sequence, made when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.counting import flops
from ..core.mode import reads
from ..core.tensor import Tensor
from ..step.body import BATCH, Body, NotRowWise
from ..step.scan import Operands, operands_of
from .plan import Contraction
from .program import Program
from .reverse import choose_saved, reversed_step
from .tables import read_from_table
from .tuples import tuple_array


@dataclass
class Residuals:
    """Rides along as the last entry of a scan's results: what its backward pass reads."""

    states: list[np.ndarray] | None = None  # all T + 1 values of each state
    saved: np.ndarray | None = None  # the saved values, side by side
    seams: list[Sequence[np.ndarray]] | None = None  # of a checkpointed pass: the states before each segment


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
        """Take the residuals' arrays; they no longer have them. Only those of the newest shapes are kept."""
        states = [s for k, s in enumerate(residuals.states or []) if k not in forward.seen_states]
        self.arrays = [*states, *([] if residuals.saved is None else [residuals.saved])]
        residuals.states = residuals.saved = None


@dataclass
class Adjoint:
    """The gradient of a recurrence on tensors: one that outputs its states, the reverse step, its sums over steps."""

    states: Recurrence
    reverse: Recurrence
    contractions: list[Contraction]
    totals: list[Tensor]


@dataclass
class Tangent:
    """A recurrence of values and tangents; `stand_ins` are those of the tangents, by the number of their operand."""

    recurrence: Recurrence
    stand_ins: dict[int, Tensor]


class Recurrence:
    """A step, and its programs.

    Attributes:
        operands: what stands in the step for each operand of a scan.
        differentiable: numbers of the sequences and leaves that can have gradients; those of states always follow.
        saved: values of a step kept for the backward pass, besides states.
    """

    def __init__(self, body: Body, title: str):
        self.body = body
        self.title = title
        self.dtype = (body.new_states or body.outputs)[0].dtype
        self.operands = operands_of(body)
        wrt = [x for x in body.sequences if x.requires_grad]
        wrt += [x for x in self.operands.leaves if x.dtype.kind == "f" and x.role != "constant"]
        self.differentiable = tuple(x.number for x in wrt)
        self.saved = choose_saved(body, wrt)
        self.store = Store(self.dtype)
        self.adjoint: Adjoint | None = None
        self.tangents: dict[tuple[int, ...], Tangent] = {}
        self._tables: dict[int, tuple[Recurrence, Tensor] | None] = {}
        self._programs: dict[tuple[str, tuple[int, ...]], Program] = {}

    @cached_property
    def cost(self) -> int:
        """FLOPs of a step for one row."""
        rows = [n for n in self.body.graph.nodes if BATCH in n.shape]
        return sum(map(flops, rows)) // BATCH

    def of_table(self, rows: int) -> tuple[Recurrence, Tensor] | None:
        """The same step reading its input from a table of so many rows by their numbers, and what stands for the table.

        None: the step does something else with its input than can be done so.
        """
        if rows not in self._tables:
            try:
                body, table = read_from_table(self.body, rows)
                made = Recurrence(body, f"{self.title} of a table")
                made.program("forward")
                made.program("backward", made.differentiable)
                self._tables[rows] = made, table
            except NotRowWise:
                self._tables[rows] = None
        return self._tables[rows]

    def program(self, kind: str, wrt: tuple[int, ...] = ()) -> Program:
        """The program of one kind: "infer" (keeps nothing), "forward", or "backward" by the operands `wrt`."""
        key = (kind, wrt)
        if key not in self._programs:
            token = reads.set(None)  # constants of the step are no values that a trace around it takes
            try:
                self._programs[key] = self._made(kind, wrt)
            finally:
                reads.reset(token)
        return self._programs[key]

    def _made(self, kind: str, wrt: tuple[int, ...]) -> Program:
        title = f"{self.title}, {kind}"
        if kind == "backward":
            step = reversed_step(self.body, self.saved, [x for x in self.operands if x.number in wrt])
            return Program(step.body, self.dtype, title, saved_in=step.saved)
        extra = self.saved if kind == "forward" else []
        body = replace(self.body, outputs=[*self.body.outputs, *extra])
        return Program(body, self.dtype, title, saved_out=len(extra))

    def forward(self, operands: Operands[np.ndarray], reverse: bool, keep: bool) -> np.ndarray:
        """The outputs of all steps, the final states, and `Residuals`: with `keep`, what `backward` needs."""
        T, B = operands.sequences[0].shape[:2]
        run = self.program("forward" if keep else "infer").run(
            T, B, self._contiguous(operands), operands.states, self._by_number(operands),
            reverse=reverse, keep_states=keep, empty=self.store.take,
        )  # fmt: skip
        ys = [y.reshape(T, B, *n.shape[1:]) for y, n in zip(run.outputs, self.body.outputs, strict=False)]
        finals = [final.reshape(state.shape) for final, state in zip(run.finals, operands.states, strict=True)]
        return tuple_array([*ys, *finals, Residuals(run.slots, run.saved) if keep else Residuals()])

    def backward(
        self,
        gradients: Sequence[Any] | np.ndarray,
        residuals: Residuals,
        operands: Operands[np.ndarray],
        reverse: bool,
        wrt: tuple[int, ...],
        by_step: bool = False,
    ) -> Operands[np.ndarray | None]:
        """∂L/∂operand for every operand in `wrt` and every state, given ∂L/∂result (0: none) of a scan.

        They are new arrays, which share memory with no other.
        `by_step` gives those of the shared leaves one for each time step, (T, *shape).
        """
        body = self.body
        if residuals.states is None:
            residuals = self.forward(operands, reverse, keep=True)[-1]
        assert residuals.states is not None
        T, B = operands.sequences[0].shape[:2]
        count = len(body.outputs)
        d_outputs = [
            np.zeros((T, B, *n.shape[1:]), n.dtype) if isinstance(g, int) else np.ascontiguousarray(g)
            for g, n in zip(gradients[:count], body.outputs, strict=True)
        ]
        d_finals = [
            np.zeros(s.shape, s.dtype) if isinstance(g, int) else g
            for g, s in zip(gradients[count:], operands.states, strict=True)
        ]
        lag = int(reverse)
        before = [s[lag : lag + T] for s in residuals.states]
        after = {n.number: s[1 - lag : 1 - lag + T] for n, s in zip(body.new_states, residuals.states, strict=True)}
        program = self.program("backward", wrt)
        run = program.run(
            T, B, [*self._contiguous(operands), *before, *after.values(), *d_outputs], d_finals,
            self._by_number(operands), reverse=not reverse, saved=residuals.saved, by_step=by_step,
        )  # fmt: skip
        if program.plan.overwrites:
            self.store.give_back(residuals, self.program("forward"))
        made = zip(run.outputs, program.own_outputs, strict=True)
        outputs = iter([array if own else array.copy() for array, own in made])
        finals = [x.copy() if k in program.seen_states else x for k, x in enumerate(run.finals)]
        totals = iter(run.totals)
        return Operands(
            [next(outputs).reshape(x.shape) if n.number in wrt else None
             for n, x in zip(body.sequences, operands.sequences, strict=True)],
            [final.reshape(state.shape) for final, state in zip(finals, operands.states, strict=True)],
            [next(totals) if n.number in wrt else None for n in self.operands.leaves],
        )  # fmt: skip

    def _contiguous(self, operands: Operands[np.ndarray]) -> list[np.ndarray]:
        return [np.ascontiguousarray(x) for x in operands.sequences]

    def _by_number(self, operands: Operands[np.ndarray]) -> dict[int, np.ndarray]:
        return {n.number: x for n, x in zip(self.operands.leaves, operands.leaves, strict=True)}
