"""A pool of threads for jobs cut into blocks: compiled code called as ``job(arguments, block)``.

The caller and the workers claim blocks from one counter, and the caller waits only for blocks that somebody has begun:
a worker that the system has put to sleep delays nobody. Workers watch for the next job for a short while before they
sleep, so the forward and the backward pass of a training step find them awake. Which thread runs a block never
changes its result.
"""

from __future__ import annotations

import os
import threading
import time

import numpy as np
from numba import njit

from .native import address, atomic_add, atomic_load, atomic_store, call_job, compare_and_swap, pause

# The board that a pool shares with its workers: int64 entries, each on a cache line of its own.
_LINE = 16
_TICKET, _FUNCTION, _ARGUMENTS, _DONE, _STOP, _AWAKE = (i * _LINE for i in range(6))
# A ticket holds the number of the job, its blocks and the next block to claim: they change in one atomic step, so a
# claim cannot mix two jobs.
_BITS = 20
_MASK = (1 << _BITS) - 1
#: Looks for a job before a worker sleeps, and for the last block before the caller yields: about 0.1 ms.
_PATIENCE = 10_000
#: FLOPs below which waking another thread costs more than it saves.
SMALL = 400_000


@njit(nogil=True, cache=True, error_model="numpy")
def _take_blocks(board: np.ndarray) -> int:
    """Run unclaimed blocks of the current job until there is none; returns how many."""
    taken = 0
    while True:
        ticket = atomic_load(board, _TICKET)
        block = ticket & _MASK
        if block >= (ticket >> _BITS) & _MASK:
            return taken
        function, arguments = atomic_load(board, _FUNCTION), atomic_load(board, _ARGUMENTS)
        if compare_and_swap(board, _TICKET, ticket, ticket + 1):
            call_job(function, arguments, block)
            atomic_add(board, _DONE, 1)
            taken += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _serve(board: np.ndarray, worker: int, patience: int) -> bool:
    """A worker's life between two sleeps; false when the pool stops."""
    awake = _AWAKE + worker * _LINE
    atomic_store(board, awake, 1)
    idle = 0
    while True:
        if _take_blocks(board):
            idle = 0
        if atomic_load(board, _STOP):
            return False
        idle += 1
        pause()
        if idle > patience:
            atomic_store(board, awake, 0)
            if not _take_blocks(board):  # a job posted before the flag was down is not missed
                return True
            atomic_store(board, awake, 1)
            idle = 0


@njit(nogil=True, cache=True, error_model="numpy")
def _run(board: np.ndarray, blocks: int, patience: int) -> bool:
    """The caller's part: claim blocks, then watch for the last; false when it should yield and watch again."""
    _take_blocks(board)
    for _ in range(patience):
        if atomic_load(board, _DONE) >= blocks:
            return True
        pause()
    return atomic_load(board, _DONE) >= blocks


@njit(nogil=True, cache=True, error_model="numpy")
def _post(board: np.ndarray, job: int, blocks: int, function: int, arguments: int) -> None:
    atomic_store(board, _FUNCTION, function)
    atomic_store(board, _ARGUMENTS, arguments)
    atomic_store(board, _DONE, 0)
    atomic_store(board, _TICKET, ((job << _BITS) | blocks) << _BITS)


@njit(nogil=True, cache=True, error_model="numpy")
def _run_alone(blocks: int, function: int, arguments: int) -> None:
    for block in range(blocks):
        call_job(function, arguments, block)


class Pool:
    """`size` threads, the caller among them."""

    def __init__(self, size: int):
        self.size = size
        self.busy = threading.Lock()
        self.board = np.zeros(_AWAKE + size * _LINE, np.int64)
        self.job = 0
        self.wakes = [threading.Event() for _ in range(size - 1)]
        for i, wake in enumerate(self.wakes):
            threading.Thread(target=_worker, args=(self.board, i, wake), name=f"tinygrad_rnn-{i}", daemon=True).start()

    def run(self, function: int, arguments: np.ndarray, blocks: int) -> None:
        """Run ``function(arguments, block)`` for every block and return when all are done."""
        place = address(arguments)
        if blocks <= 1 or self.size == 1 or blocks > _MASK or not self.busy.acquire(blocking=False):
            _run_alone(blocks, function, place)  # small, or the pool serves another Python thread
            return
        try:
            self.job = (self.job + 1) & _MASK
            _post(self.board, self.job, blocks, function, place)
            for i, wake in enumerate(self.wakes[: blocks - 1]):
                if not self.board[_AWAKE + i * _LINE]:
                    wake.set()
            while not _run(self.board, blocks, _PATIENCE):
                time.sleep(0)
        finally:
            self.busy.release()

    def stop(self) -> None:
        self.board[_STOP] = 1
        for wake in self.wakes:
            wake.set()


def _worker(board: np.ndarray, index: int, wake: threading.Event) -> None:
    while _serve(board, index, _PATIENCE):
        wake.wait()
        wake.clear()


_pool: Pool | None = None
_size: int | None = None
_making = threading.Lock()


def default_size() -> int:
    """``TINYGRAD_RNN_NUM_THREADS`` if set, else the cores this process may use."""
    given = os.environ.get("TINYGRAD_RNN_NUM_THREADS")
    if given is not None:
        if not given.isdigit() or int(given) < 1:
            raise ValueError(f"TINYGRAD_RNN_NUM_THREADS must be a whole number of at least 1, not {given!r}")
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def size() -> int:
    return _size or default_size()


def resize(threads: int | None) -> None:
    """Use so many threads from now on; None: the default."""
    global _size
    _size = threads
    _forget()


def run(function: int, arguments: np.ndarray, blocks: int, cost: float = float("inf")) -> None:
    """Run a job on the process's pool, or in the calling thread if its `cost` (FLOPs) is small."""
    if cost < SMALL or blocks <= 1:
        _run_alone(blocks, function, address(arguments))
    else:
        (_pool or _new_pool()).run(function, arguments, blocks)


def _new_pool() -> Pool:
    global _pool
    with _making:
        if _pool is None:
            _pool = Pool(size())
        return _pool


def _forget() -> None:
    global _pool
    with _making:
        if _pool is not None:
            _pool.stop()
            _pool = None


def _after_fork() -> None:
    """A child has none of its parent's threads: it makes a pool of its own when it needs one."""
    global _pool, _making
    _pool, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
