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
from ..kernels.generated import ORDERED
from ..kernels.native import address
from ..kernels.products import multiply, packed, product_address
from ..step.body import Body, is_shared, width
from .cache import compiled
from .emit import emitted
from .lowering import lower
from .passes import PASSES
from .totals import Kept, Totals

#: Rows to a block at most: more blocks than threads share out the work of a core that is busy with something else.
ROWS = 32
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

    Where everything is found is settled when the program is made: at the smallest sizes a run takes ten microseconds,
    and looking things up by name would take longer.

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
        self.plan = plan = lower(self.passes[-1][1], saved_in, saved_out)
        made = emitted(plan, self.dtype, title)
        self.source = made.text
        self.cost = sum(2 * x.size for _, x in plan.weights.values())  # FLOPs of a row's step
        self.product = product_address(self.dtype)

        # A run's arrays: those that the compiled block takes, in its order, and then the results of deferred products.
        late = {plan.places[d.out.number][0].array for d in plan.deferred}
        results = [(name, w) for _, name, w in plan.results]
        names = [*made.arrays, *[name for name, _ in results if name in late]]
        self._number = {name: k for k, name in enumerate(names)}
        self._makes_saved = bool(plan.saved_width) and not saved_in
        self._results = [w for name, w in results if name not in late]
        self._late_results = [w for name, w in results if name in late]
        self._vectors = [x.number for _, x in plan.shared.values()]
        self._matrices = [x.number for number, (_, x) in plan.weights.items() if number in made.packed]
        self._outputs = [self._kept(n) for n in plan.body.outputs[: len(plan.body.outputs) - saved_out]]
        self._deferred = [
            (self._kept(d.out), [(self._kept(left), weights.number) for left, weights in d.terms])
            for d in plan.deferred
        ]
        self.totals = Totals(plan, self._kept)
        #: States whose slots an output is a view of.
        self.seen_states = self._states_among([self._kept(n) for n in plan.body.outputs])
        later = [left for _, terms in self._deferred for left, _ in terms]
        self._kept_states = self.seen_states | self._states_among([*self.totals.operands, *later])
        self._shared = self._settled_shared()

    @cached_property
    def job(self) -> Any:
        """The compiled block of rows."""
        return compiled(self.source, lambda block, cache: cfunc(_JOB, cache=cache, **ORDERED)(block))

    def run(
        self,
        T: int,
        B: int,
        given: Sequence[np.ndarray],
        states: Sequence[np.ndarray],
        leaves: dict[int, np.ndarray],
        *,
        reverse: bool = False,
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
            reverse: from the last time step to the first.
            keep_states: keep all T + 1 values of every state, rather than only those that are asked for.
            saved: the incoming saved values, which the run overwrites if ``plan.overwrites``.
            empty: makes the arrays that are in no result.
            by_step: give what each step adds to the totals, instead of their sums.
        """
        dtype, lag = self.dtype, int(reverse)
        shared = self._shared_values(leaves)
        if self._makes_saved:
            shape = (T, B, self.plan.saved_width)
            saved = np.empty(shape, dtype) if empty is None else empty(shape)
        slots = []
        for k, (_, w) in enumerate(self.plan.states):
            shape = (T + 1 if keep_states or k in self._kept_states else min(2, T + 1), B, w)
            slot = np.empty(shape, dtype) if empty is None or k in self.seen_states else empty(shape)
            slot[T % shape[0] if reverse else 0] = states[k].reshape(B, w)
            slots.append(slot)
        arrays = [*given] if saved is None else [*given, saved]
        arrays += slots
        arrays += [np.empty((T, B, w), dtype) for w in self._results]
        arrays += [np.ascontiguousarray(shared[number]) for number in self._vectors]
        arrays += [packed(shared[number]) for number in self._matrices]
        if T and B:
            self._launch(T, B, lag, slots, arrays)
        arrays += [np.empty((T, B, w), dtype) for w in self._late_results]
        for out, terms in self._deferred:
            target = out.rows(arrays, T, B, lag)
            for k, (left, weights) in enumerate(terms):
                multiply(left.rows(arrays, T, B, lag), shared[weights], target, k > 0)
        outputs = [kept.rows(arrays, T, B, lag).reshape(T, B, kept.width) for kept in self._outputs]
        finals = []
        for k, slot in enumerate(slots):
            final = slot[0 if reverse else T % len(slot)]
            finals.append(final if k in self.seen_states else final.copy())
        totals = (self.totals.by_step if by_step else self.totals)(arrays, T, B, lag, shared)
        return Run(outputs, slots, finals, totals, saved)

    def _launch(self, T: int, B: int, lag: int, slots: list[np.ndarray], arrays: list[np.ndarray]) -> None:
        cost = self.cost * T * B
        count = threads.size() if cost > threads.SMALL else 1
        blocks = count * -(-B // (count * ROWS))
        rows = -(-B // min(blocks, B))
        start, stride = (T - 1, -1) if lag else (0, 1)
        # The layout that `block` in the generated source unpacks.
        numbers = [rows, T, B, start, stride, lag, self.product, *[len(s) for s in slots], *map(address, arrays)]
        threads.run(self.job.address, np.array(numbers, np.int64), -(-B // rows), cost)

    def _kept(self, node: Tensor) -> Kept:
        place = self.plan.places[node.number][0]
        moment = place.kind if place.kind in ("before", "after") else None
        return Kept(self._number[place.array], moment, place.length, place.offset, width(node))

    def _states_among(self, values: Sequence[Kept]) -> set[int]:
        states = {self._number[name]: k for k, (name, _) in enumerate(self.plan.states)}
        return {states[v.number] for v in values if v.moment is not None}

    def _settled_shared(self) -> list[tuple[int, np.ndarray | None, Any, list[int], dict[str, Any]]]:
        """What has to be computed from the leaves before the first step, and for the totals, in order."""
        wanted = [x for n in self.totals.last for x in n.inputs if is_shared(x)]
        wanted += [x for _, x in self.plan.shared.values()] + [x for _, x in self.plan.weights.values()]
        return [
            (n.number, n._array, None if n.op is None else n.op.evaluate, [x.number for x in n.inputs], n.attrs or {})
            for n in (Graph(wanted).nodes if wanted else [])
        ]

    def _shared_values(self, leaves: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        values: dict[int, np.ndarray] = {}
        for number, array, evaluate, inputs, attrs in self._shared:
            if evaluate is None:
                values[number] = leaves.get(number, array)  # type: ignore[arg-type]
            else:
                values[number] = evaluate(*[values[x] for x in inputs], **attrs)
        return values
