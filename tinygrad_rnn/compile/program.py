"""`Program`: a compiled body, which runs bound to a number of steps and rows (`Bound`)."""

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
from ..kernels.products import product_address
from ..step.body import Body, is_shared, width
from .bound import Bound, Run, Scratch, Size
from .cache import compiled
from .emit import emitted
from .lowering import lower
from .passes import PASSES
from .plan import SAVED
from .totals import Kept, Totals

#: Numbers of steps and rows that a program stays bound to.
KEPT = 64
_JOB = types.void(types.CPointer(types.intp), types.intp)


class Matrix(NamedTuple):
    """Weights (K, N) that all steps share: those of the node x, or transposed."""

    x: Tensor
    transposed: bool
    K: int
    N: int


class Program:
    """One compiled direction of a recurrence.

    Where everything is found is settled when the program is made: at the smallest sizes a run takes ten microseconds,
    and looking things up by name would take longer.

    Attributes:
        passes: (name, body) before and after each pass, for reading.
        source: the generated Python; `text` is the same without its title, by which equal programs are one.
    """

    def __init__(self, body: Body, dtype: Any, title: str, saved_in: Sequence[Tensor] = (), saved_out: int = 0):
        """`saved_in` of the sequences, or the last `saved_out` outputs, lie side by side in one array."""
        self.dtype = np.dtype(dtype)
        self.title = title
        self.passes: list[tuple[str, Body]] = [("as derived", body)]
        for name, rewrite in PASSES:
            self.passes.append((name, rewrite(self.passes[-1][1])))
        self.plan = plan = lower(self.passes[-1][1], saved_in, saved_out)
        made = emitted(plan, self.dtype)
        self.text = made.text
        self.source = f'"""{title}"""\n\n{made.text}'
        self.cost = sum(2 * x.size for _, x in plan.weights.values())  # FLOPs of a row's step
        self.product = product_address(self.dtype)

        # A run's arrays: what it is given, states, results, and what all steps share.
        saved = [SAVED] if plan.saved_width else []
        names = [*[name for name, _ in plan.given], *saved, *[name for name, _ in plan.states]]
        names += [name for _, name, _ in plan.results]
        names += [name for name, _ in plan.shared.values()]
        self._number = {name: k for k, name in enumerate(names)}
        self.given = len(plan.given) + len(saved)
        self.results = [w for _, _, w in plan.results]
        self.vectors = [x.number for _, x in plan.shared.values()]
        self.makes_saved = bool(saved) and not saved_in
        self.outputs = [self._kept(n) for n in plan.body.outputs[: len(plan.body.outputs) - saved_out]]
        #: Which outputs are arrays that nobody else has.
        rows = [(kept.number, kept.width) for kept in self.outputs]
        first = self.given + len(plan.states)
        new = {(first + k, w) for k, w in enumerate(self.results)}
        self.own_outputs = [row in new and rows.count(row) == 1 for row in rows]
        self.deferred = [
            (self._kept(d.out), [(self._kept(left), weights.number) for left, weights in d.terms])
            for d in plan.deferred
        ]
        self.totals = Totals(plan, self._kept)
        #: The matrices to pack, those that the compiled block multiplies by, and the arrays that it takes before them.
        self.matrices = {x.number: _matrix(x) for number, (_, x) in plan.weights.items() if number in made.packed}
        self.multiplied = [*self.matrices]
        self.matrices |= {x.number: _matrix(x) for d in plan.deferred for _, x in d.terms}
        self.arrays = [self._number[name] for name in made.arrays if name in self._number]
        #: States whose slots an output is a view of.
        self.seen_states = self._states_among([self._kept(n) for n in plan.body.outputs])
        later = [left for _, terms in self.deferred for left, _ in terms]
        self.kept_states = self.seen_states | self._states_among([*self.totals.operands, *later])
        self.scratch = Scratch()
        self._computed = self._computed_from_leaves()
        self._bound: dict[Size, Bound] = {}

    @cached_property
    def job(self) -> Any:
        """The compiled block of rows."""
        return compiled(self.text, lambda block, cache: cfunc(_JOB, cache=cache, **ORDERED)(block))

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
        size = Size(T, B, reverse, keep_states, by_step)
        bound = self._bound.get(size)
        if bound is None or (bound.threads and bound.threads != threads.size()):
            while len(self._bound) >= KEPT:
                del self._bound[next(iter(self._bound))]
            self._bound[size] = bound = Bound(self, size)
        return bound.run(given, states, self._shared_values(leaves), saved, empty)

    def _kept(self, node: Tensor) -> Kept:
        place = self.plan.places[node.number][0]
        moment = place.kind if place.kind in ("before", "after") else None
        return Kept(self._number[place.array], moment, place.length, place.offset, width(node))

    def _states_among(self, values: Sequence[Kept]) -> set[int]:
        states = {self._number[name]: k for k, (name, _) in enumerate(self.plan.states)}
        return {states[v.number] for v in values if v.moment is not None}

    def _computed_from_leaves(self) -> list[tuple[int, Any, list[int], dict[str, Any]]]:
        """What has to be computed before the first step, and for the totals, in order."""
        wanted = [x for n in self.totals.last for x in n.inputs if is_shared(x)]
        wanted += [x for _, x in self.plan.shared.values()] + [weights.x for weights in self.matrices.values()]
        nodes = Graph(wanted).nodes if wanted else []
        self._constants = {n.number: n._array for n in nodes if n.op is None and n._array is not None}
        return [
            (n.number, n.op.evaluate, [x.number for x in n.inputs], n.attrs or {}) for n in nodes if n.op is not None
        ]

    def _shared_values(self, leaves: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        values = {**self._constants, **leaves}
        for number, evaluate, inputs, attrs in self._computed:
            values[number] = evaluate(*[values[x] for x in inputs], **attrs)
        return values


def _matrix(x: Tensor) -> Matrix:
    """Of a shared matrix: of its transpose too, only the strides count."""
    swapped, shape = False, x.shape
    while x.op is not None and x.op.kind == "transpose" and (x.attrs or {}).get("axes") == (1, 0):
        x, swapped = x.inputs[0], not swapped
    return Matrix(x, swapped, *shape)
