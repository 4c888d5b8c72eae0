"""`Program`: a compiled body. It packs weights, allocates results, and runs blocks of rows on the threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import cfunc, types

from ..core.graph import Graph
from ..core.tensor import Tensor
from ..kernels import threads
from ..kernels.products import FAST, contract, multiply, packed, product_address
from .body import Body, is_shared, width
from .cache import compiled
from .emit import emitted
from .passes import PASSES
from .plan import SAVED, Place
from .rows import lowered

_JOB = types.void(types.CPointer(types.intp), types.intp)


class Run(NamedTuple):
    """What a program leaves: outputs (T, B, width), each state's slots and last value, totals, the saved values."""

    outputs: list[np.ndarray]
    slots: list[np.ndarray]
    finals: list[np.ndarray]
    totals: list[np.ndarray]
    saved: np.ndarray | None


class Program:
    """One compiled direction of a recurrence.

    Attributes:
        passes: (name, body) before and after each pass, for reading.
        source: the generated Python.
    """

    def __init__(self, body: Body, dtype: Any, title: str, saved_in: Sequence[Tensor] = (), saved_out: int = 0):
        """`saved_in` of the sequences, or the last `saved_out` outputs, lie side by side in one array."""
        self.dtype = np.dtype(dtype)
        self.title = title
        self.passes: list[tuple[str, Body]] = [("as derived", body)]
        for name, rewrite in PASSES:
            self.passes.append((name, rewrite(self.passes[-1][1])))
        self.rows = lowered(self.passes[-1][1], saved_in, saved_out)
        self.saved_in, self.saved_out = bool(saved_in), saved_out
        made = emitted(self.rows, self.dtype, title)
        self.source, self.arrays, self.packed = made.text, made.arrays, made.packed
        self.cost = sum(2 * x.size for _, x in self.rows.weights.values())  # FLOPs of a row's step
        self.product = product_address(self.dtype)

    @cached_property
    def job(self) -> Any:
        """The compiled block of rows."""
        return compiled(self.source, lambda block, cache: cfunc(_JOB, cache=cache, **FAST)(block))

    @cached_property
    def _shared_nodes(self) -> list[Tensor]:
        """What has to be computed from the leaves before the first step (and after the last), in order."""
        totals = [x for n in self._epilogue for x in n.inputs if is_shared(x)] if self.rows.body.totals else []
        wanted = totals + [x for _, x in self.rows.shared.values()] + [x for _, x in self.rows.weights.values()]
        return Graph(wanted).nodes if wanted else []

    def run(
        self,
        T: int,
        B: int,
        given: Sequence[np.ndarray],
        states: Sequence[np.ndarray],
        leaves: dict[int, np.ndarray],
        *,
        against_time: bool = False,
        keep_states: bool = False,
        saved: np.ndarray | None = None,
        empty: Callable[[tuple[int, ...]], np.ndarray] | None = None,
        by_step: bool = False,
    ) -> Run:
        """Run all steps.

        Args:
            given: the incoming sequences, each C-contiguous (T, B, width).
            states: the initial states (B, width).
            leaves: arrays of the shared leaves, by number; others keep the value they had when traced.
            against_time: from the last time step to the first.
            keep_states: keep all T + 1 values of every state, rather than only those that are asked for.
            saved: the incoming saved values, which the run overwrites if ``rows.overwrites``.
            empty: makes the arrays that are in no result.
            by_step: give what each step adds to the totals, instead of their sums.
        """
        shared = self._shared_values(leaves)
        lag = int(against_time)
        empty = empty or (lambda shape: np.empty(shape, self.dtype))
        slots = []
        for k, (_, w) in enumerate(self.rows.states):
            shape = (T + 1 if keep_states or k in self._kept_states else min(2, T + 1), B, w)
            slots.append(np.empty(shape, self.dtype) if k in self.seen_states else empty(shape))
        if self.rows.saved_width and not self.saved_in:
            saved = empty((T, B, self.rows.saved_width))
        for slot, state in zip(slots, states, strict=True):
            slot[T % len(slot) if against_time else 0] = state.reshape(slot.shape[1:])
        out = {n.number: np.empty((T, B, w), self.dtype) for n, _, w in self.rows.sequences_out}
        known = dict(zip([name for name, _ in self.rows.given], given, strict=True))
        known |= {name: slot for (name, _), slot in zip(self.rows.states, slots, strict=True)}
        known |= {name: out[n.number] for n, name, _ in self.rows.sequences_out}
        if saved is not None:
            known[SAVED] = saved
        known |= {name: np.ascontiguousarray(shared[x.number]) for name, x in self.rows.shared.values()}
        known |= {
            name: packed(shared[x.number]) for number, (name, x) in self.rows.weights.items() if number in self.packed
        }
        if T and B:
            self._launch(T, B, known, [len(s) for s in slots], lag)
        for d in self.rows.deferred:
            target = known[self._place(d.out).array].reshape(T * B, width(d.out))
            for k, (rows, weights) in enumerate(d.terms):
                multiply(self._matrix(rows, known, T, B, lag), shared[weights.number], target, k > 0)
        seen = self.rows.body.outputs[: len(self.rows.body.outputs) - self.saved_out]
        outputs = [self._matrix(n, known, T, B, lag).reshape(T, B, width(n)) for n in seen]
        finals = [slot[0 if against_time else T % len(slot)] for slot in slots]
        finals = [final if k in self.seen_states else final.copy() for k, final in enumerate(finals)]
        totals = (self._totals_by_step if by_step else self._totals)(known, T, B, lag, shared)
        return Run(outputs, slots, finals, totals, saved)

    def _place(self, node: Tensor) -> Place:
        return self.rows.places[node.number][0]

    @property
    def _deferred_rows(self) -> list[Tensor]:
        return [rows for d in self.rows.deferred for rows, _ in d.terms]

    @cached_property
    def seen_states(self) -> set[int]:
        """States whose slots an output is a view of."""
        return self._states_of(self.rows.body.outputs)

    @cached_property
    def _kept_states(self) -> set[int]:
        """States that an output is, or that a total reads at every step."""
        operands = [x for c in self.rows.contractions for x in (c.left, c.right) if x is not None]
        return self._states_of([*operands, *self.rows.body.outputs, *self._deferred_rows])

    def _states_of(self, nodes: Sequence[Tensor]) -> set[int]:
        arrays = {name: k for k, (name, _) in enumerate(self.rows.states)}
        places = [self._place(x) for x in nodes]
        return {arrays[p.array] for p in places if p.kind in ("before", "after")}

    def _matrix(self, node: Tensor, known: dict[str, np.ndarray], T: int, B: int, lag: int) -> np.ndarray:
        """All steps and rows of a kept value, (T·B, width)."""
        place = self._place(node)
        array = known[place.array]
        if place.kind in ("before", "after"):
            first = lag if place.kind == "before" else 1 - lag
            array = array[first : first + T]
        return array.reshape(T * B, place.length)[:, place.offset : place.offset + width(node)]

    def _totals(
        self, known: dict[str, np.ndarray], T: int, B: int, lag: int, shared: dict[int, np.ndarray]
    ) -> list[np.ndarray]:
        values = dict(shared)
        sums: dict[int, np.ndarray] = {}
        summed = {c.right.number for c in self.rows.contractions if c.left is None}
        for c in self.rows.contractions:
            if c.left is not None:
                left, right = self._matrix(c.left, known, T, B, lag), self._matrix(c.right, known, T, B, lag)
                wanted = c.right.number in summed and c.right.number not in sums
                values[c.total.number], columns = contract(left, right, wanted)
                if columns is not None:
                    sums[c.right.number] = columns
        for c in self.rows.contractions:
            if c.left is None:
                if c.right.number not in sums:
                    sums[c.right.number] = np.ones(T * B, self.dtype) @ self._matrix(c.right, known, T, B, lag)
                values[c.total.number] = sums[c.right.number].reshape(c.total.shape)
        return self._finished(values)

    def _totals_by_step(
        self, known: dict[str, np.ndarray], T: int, B: int, lag: int, shared: dict[int, np.ndarray]
    ) -> list[np.ndarray]:
        """What each time step adds to the totals, (T, *shape)."""

        def rows(node: Tensor) -> np.ndarray:
            return self._matrix(node, known, T, B, lag).reshape(T, B, width(node))

        steps = []
        for t in range(T):
            values = dict(shared)
            for c in self.rows.contractions:
                right = rows(c.right)[t]
                product = right.sum(axis=0) if c.left is None else rows(c.left)[t].T @ right
                values[c.total.number] = product.reshape(c.total.shape)
            steps.append(self._finished(values))
        shapes = [n.shape for n in self.rows.body.totals]
        return [np.array([s[k] for s in steps], self.dtype).reshape(T, *shape) for k, shape in enumerate(shapes)]

    def _finished(self, values: dict[int, np.ndarray]) -> list[np.ndarray]:
        """The totals, from their sums over rows."""
        for node in self._epilogue:
            if node.number not in values:
                if node.op is None:
                    values[node.number] = node.numpy()
                else:
                    operands = [values[x.number] for x in node.inputs]
                    values[node.number] = node.op.evaluate(*operands, **(node.attrs or {}))
        return [np.asarray(values[n.number]) for n in self.rows.body.totals]

    @cached_property
    def _epilogue(self) -> list[Tensor]:
        return Graph(self.rows.body.totals, boundary=[c.total for c in self.rows.contractions]).nodes

    def _launch(self, T: int, B: int, known: dict[str, np.ndarray], slots: list[int], lag: int) -> None:
        cost = self.cost * T * B
        count = threads.size() if cost > threads.SMALL else 1
        rows = -(-B // min(count, B))
        start, stride = (T - 1, -1) if lag else (0, 1)
        # The layout that `block` in the generated source unpacks.
        numbers = [rows, T, B, start, stride, lag, self.product, *slots]
        arguments = np.array([*numbers, *[known[name].ctypes.data for name in self.arrays]], np.int64)
        threads.run(self.job.address, arguments, -(-B // rows), cost)

    def _shared_values(self, leaves: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        values: dict[int, np.ndarray] = {}
        for node in self._shared_nodes:
            if node.op is None:
                values[node.number] = leaves.get(node.number, node._array)  # type: ignore[arg-type]
            else:
                values[node.number] = node.op.evaluate(*[values[x.number] for x in node.inputs], **(node.attrs or {}))
        return values
