"""`Bound`: a program with a number of steps and rows. Everything but the addresses of its arrays is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..kernels import threads
from ..kernels.jobs import Job, Script, Slot
from ..kernels.native import address
from ..kernels.products import contract_job, multiply_job, pack_job, scatter_job
from ..kernels.tile import padded
from .totals import Kept

if TYPE_CHECKING:
    from .program import Program

#: Rows to a block at most: more blocks than threads share out the work of a core that is busy with something else.
ROWS = 32
LINE = 64  # bytes: arrays in scratch memory begin at multiples of it
LARGEST = 1 << 22  # bytes of scratch memory that is kept for the next run
_SCRATCH = -1  # its address is the last of the numbers that a run gives its script


class Size(NamedTuple):
    """What a program is bound to: steps, rows, and which of its values somebody asks for.

    Attributes:
        reverse: from the last time step to the first.
        keep_states: keep all T + 1 values of every state, rather than only those that are asked for.
        by_step: give what each step adds to the totals, instead of their sums.
    """

    T: int
    B: int
    reverse: bool
    keep_states: bool
    by_step: bool


class Run(NamedTuple):
    """What a program leaves: outputs (T, B, width), each state's slots and last value, totals, the saved values."""

    outputs: list[np.ndarray]
    slots: list[np.ndarray]
    finals: list[np.ndarray]
    totals: list[np.ndarray]
    saved: np.ndarray | None


class Scratch:
    """Memory for what a run hands out to nobody. Runs in several threads have each their own."""

    def __init__(self):
        self.free: list[np.ndarray] = []

    @contextmanager
    def of(self, size: int) -> Iterator[np.ndarray]:
        """So many bytes or more, until the end of the block."""
        try:
            memory = self.free.pop()
        except IndexError:
            memory = None
        if memory is None or memory.size < size:
            memory = np.empty(size, np.uint8)
        yield memory
        if memory.size <= LARGEST:
            self.free.append(memory)


class Bound:
    """The jobs of a run, in order: pack weights, all steps, deferred products, sums over steps and rows.

    A run makes arrays for what it hands out. Everything else lies in scratch memory.
    """

    def __init__(self, program: Program, size: Size):
        self.program, self.size, self.lag = program, size, int(size.reverse)
        T, B, given = size.T, size.B, program.given
        kept = range(len(program.plan.states)) if size.keep_states else program.kept_states
        self._slots = [(T + 1 if k in kept else min(2, T + 1), B, w) for k, (_, w) in enumerate(program.plan.states)]
        self._room = 0  # bytes of scratch memory
        self._count = given + len(self._slots)  # of the numbers that a run gives its script, in the order of `run`
        places = [Slot(k) for k in range(self._count)]  # of each array its address
        seen = {kept.number for kept in program.outputs}
        self._results: list[tuple[int, ...] | None] = []  # shapes of the arrays that a run makes, None: scratch
        for number, w in enumerate(program.results, self._count):
            self._results.append((T, B, w) if number in seen or size.by_step else None)
            places.append(self._scratch(T * B * w) if self._results[-1] is None else self._next())
        places += [self._next() for _ in program.vectors]
        self._places = places
        self._sums: list[int] = []
        self._totals: list[tuple[tuple[int, ...], Literal["C", "F"]]] = []
        late = self._contractions() if not size.by_step else []
        jobs = self._packing()
        if T and B:
            jobs.append(self._steps())
        self.script = Script([*jobs, *self._deferred(), *late])
        self.threads = 0 if self.script.small else threads.size()

    def run(
        self, given: Sequence[np.ndarray], states: Sequence[np.ndarray], shared: dict[int, np.ndarray],
        saved: np.ndarray | None, empty: Callable[[tuple[int, ...]], np.ndarray] | None,
    ) -> Run:  # fmt: skip
        """Run it; see `Program.run`."""
        program, (T, B, reverse, _, by_step), dtype = self.program, self.size, self.program.dtype
        if program.makes_saved:
            shape = (T, B, program.plan.saved_width)
            saved = np.empty(shape, dtype) if empty is None else empty(shape)
        slots = []
        for k, shape in enumerate(self._slots):
            slot = np.empty(shape, dtype) if empty is None or k in program.seen_states else empty(shape)
            slot[T % shape[0] if reverse else 0] = states[k].reshape(shape[1:])
            slots.append(slot)
        arrays: list[Any] = [*given, *slots] if saved is None else [*given, saved, *slots]
        arrays += [None if shape is None else np.empty(shape, dtype) for shape in self._results]
        vectors = [np.ascontiguousarray(shared[number]) for number in program.vectors]
        sums = [np.empty(width, dtype) for width in self._sums]
        products = [np.empty(shape, dtype, order) for shape, order in self._totals]
        numbers = [address(x) for x in (*arrays, *vectors, *sums, *products) if x is not None]
        for matrix in program.matrices.values():
            weights = shared[matrix.x.number]
            row, column = weights.strides[::-1] if matrix.transposed else weights.strides
            numbers += (address(weights), row // dtype.itemsize, column // dtype.itemsize)
        with program.scratch.of(self._room) as memory:
            numbers.append(address(memory))
            self.script.run(numbers)
        outputs = [
            arrays[kept.number] if own else kept.rows(arrays, T, B, self.lag).reshape(T, B, kept.width)
            for kept, own in zip(program.outputs, program.own_outputs, strict=True)
        ]
        finals = []
        for k, slot in enumerate(slots):
            final = slot[0 if reverse else T % len(slot)]
            finals.append(final if k in program.seen_states else final.copy())
        if by_step:
            totals = program.totals.by_step(arrays, T, B, self.lag, shared)
        else:
            totals = program.totals.finished(shared, products, sums)
        return Run(outputs, slots, finals, totals, saved)

    # -- jobs ---------------------------------------------------------------------------------

    def _packing(self) -> list[Job]:
        """Pack the weights, each in panels of a tile's width."""
        jobs, dtype = [], self.program.dtype
        self._panels: dict[int, tuple[Slot, int, int]] = {}
        for number, (_, _, K, N) in self.program.matrices.items():
            panels = self._scratch(K * padded(N, dtype))
            self._panels[number] = panels, K, N
            jobs.append(pack_job(dtype, self._next(), self._next(), self._next(), panels, K, N))
        return jobs

    def _steps(self) -> Job:
        """All steps, in blocks of rows."""
        program, (T, B, reverse, *_) = self.program, self.size
        cost = program.cost * T * B
        count = threads.size() if cost > threads.SMALL else 1
        blocks = count * -(-B // (count * ROWS))
        rows = -(-B // min(blocks, B))
        start, stride = (T - 1, -1) if reverse else (0, 1)
        addresses = [self._places[number] for number in program.arrays]
        addresses += [self._panels[number][0] for number in program.multiplied]
        # The layout that `block` in the generated source unpacks.
        lengths = [shape[0] for shape in self._slots]
        numbers = [rows, T, B, start, stride, self.lag, program.product, *lengths, *addresses]
        return Job(program.job.address, numbers, -(-B // rows), cost)

    def _deferred(self) -> list[Job]:
        """Products of all steps at once."""
        jobs, rows = [], self.size.T * self.size.B
        for out, terms in self.program.deferred:
            for k, (left, number) in enumerate(terms):
                panels, K, N = self._panels[number]
                jobs.append(
                    multiply_job(self.program.dtype, *self._rows(left), *self._rows(out), panels, K, rows, N, k > 0)
                )
        return jobs

    def _contractions(self) -> list[Job]:
        """Products and sums over all steps and rows."""
        jobs, program, rows = [], self.program, self.size.T * self.size.B
        sums = {right: self._next() for right in program.totals.column_sums}
        self._sums = [right.width for right in sums]
        for number, shape, left, right, scattered in program.totals.products:
            assert left is not None
            if scattered:
                self._totals.append((shape, "C"))
                operands = (self._rows(left)[0], *self._rows(right), self._next())
                jobs.append(scatter_job(program.dtype, *operands, rows, *shape))
                continue
            by_columns = number in program.totals.by_columns
            M, N = left.width, right.width
            self._totals.append(((M, N), "F" if by_columns else "C"))
            operands = (*self._rows(left), *self._rows(right), self._next())
            jobs.append(contract_job(program.dtype, *operands, rows, M, N, sums.pop(right, 0), by_columns))
        for right, place in sums.items():  # of what is in no product
            operands = (*self._rows(right), *self._rows(right), place)
            jobs.append(contract_job(program.dtype, *operands, rows, 0, right.width, place, False))
        return jobs

    # -- places -------------------------------------------------------------------------------

    def _next(self) -> Slot:
        """The slot of the next number that a run gives its script."""
        self._count += 1
        return Slot(self._count - 1)

    def _scratch(self, entries: int) -> Slot:
        """Room for so many entries in scratch memory."""
        offset = self._room
        self._room += -(-entries * self.program.dtype.itemsize // LINE) * LINE
        return Slot(_SCRATCH, offset)

    def _rows(self, kept: Kept) -> tuple[Slot, int]:
        """The address of the first of all steps' rows of a value, and how far apart they are."""
        place = self._places[kept.number]
        skipped = kept.first(self.lag) * self.size.B * kept.length + kept.offset
        return Slot(place.which, place.offset + skipped * self.program.dtype.itemsize), kept.length
