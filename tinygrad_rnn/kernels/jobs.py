"""Jobs written down once and run often: `Script`, with slots for the addresses of arrays made for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import threads
from .native import address, call_job, keep
from .saved import njit


class Slot(NamedTuple):
    """A number that is known when a script runs: number `which` of those it is given, plus `offset`."""

    which: int
    offset: int = 0


class Job(NamedTuple):
    """Compiled code that `threads.run` calls as ``function(arguments, block)`` for every block; `cost` in FLOPs."""

    function: int
    arguments: Sequence[int | Slot]
    blocks: int
    cost: float = float("inf")

    def run(self) -> None:
        """Run it now; all its arguments are known."""
        threads.run(self.function, np.array(self.arguments, np.int64), self.blocks, self.cost)


class Script:
    """Jobs in order. Small ones run in one native call, so that a run of few FLOPs is not mostly Python."""

    def __init__(self, jobs: Sequence[Job]):
        flat: list[Any] = [x for job in jobs for x in job.arguments]
        firsts = np.cumsum([0, *[len(job.arguments) for job in jobs]])
        slots = [(k, x.which, x.offset) for k, x in enumerate(flat) if isinstance(x, Slot)]
        self.numbers = np.array([0 if isinstance(x, Slot) else x for x in flat], np.int64)
        self.places = np.array(slots, np.int64).reshape(-1, 3)
        self.jobs = np.array(
            [(job.function, first, job.blocks) for job, first in zip(jobs, firsts, strict=False)], np.int64
        ).reshape(-1, 3)
        self.costs = [job.cost for job in jobs]
        self.small = all(job.cost < threads.SMALL or job.blocks <= 1 for job in jobs)

    def run(self, given: Sequence[int]) -> None:
        """Run all jobs, with these numbers in the slots."""
        numbers = np.array(given, np.int64)
        if self.small:
            _run_all(self.jobs, self.numbers, self.places, numbers)
            return
        arguments = self.numbers.copy()
        arguments[self.places[:, 0]] = numbers[self.places[:, 1]] + self.places[:, 2]
        for (function, first, blocks), cost in zip(self.jobs.tolist(), self.costs, strict=True):
            threads.run(function, arguments[first:], blocks, cost)


@njit(nogil=True, error_model="numpy")
def _run_all(jobs: np.ndarray, numbers: np.ndarray, places: np.ndarray, given: np.ndarray) -> None:
    arguments = numbers.copy()
    for k in range(len(places)):
        arguments[places[k, 0]] = given[places[k, 1]] + places[k, 2]
    for k in range(len(jobs)):
        for block in range(jobs[k, 2]):
            call_job(jobs[k, 0], address(arguments[jobs[k, 1] :]), block)
    keep(arguments)
