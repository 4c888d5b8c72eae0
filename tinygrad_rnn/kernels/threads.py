"""A pool of threads for jobs cut into blocks: compiled code called as ``job(arguments, block)``.

The caller and the workers claim blocks from one counter, and the caller waits only for blocks that somebody has begun:
a worker that the system has put to sleep delays nobody. Workers watch for the next job for a short while before they
sleep, so the forward and the backward pass of a training step find them awake. Which thread runs a block never
changes its result.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

import numpy as np

from .native import (
    address,
    atomic_add,
    atomic_load,
    atomic_store,
    call_job,
    compare_and_swap,
    let_others_run,
    pause,
    sleep_on,
    wake_on,
)
from .saved import njit

# The board that a pool shares with its workers: int64 entries, each on a cache line of its own.
_LINE = 16
_TICKET, _FUNCTION, _ARGUMENTS, _DONE, _STOP, _AWAKE = (i * _LINE for i in range(6))
# A ticket holds the number of the job, its blocks and the next block to claim: they change in one atomic step, so a
# claim cannot mix two jobs.
_BITS = 20
_MASK = (1 << _BITS) - 1
#: Looks for the last block before the caller yields: a quarter of a millisecond.
_PATIENCE = 10_000
#: Looks for a job before a worker sleeps: about 10 ms. A worker just woken may share a processor with another one for
#: several milliseconds, so it should not fall asleep between the steps of a training loop. (OpenMP's wait for 200 ms.)
_WATCH = 400_000
#: Between so many looks a worker offers its processor to others.
_POLITE = 16
#: FLOPs below which waking another thread costs more than it saves.
SMALL = 400_000


@njit(nogil=True, error_model="numpy")
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


@njit(nogil=True, error_model="numpy")
def _serve(board: np.ndarray, worker: int, patience: int, bell: int) -> None:
    """A worker's life, until the pool stops. It sleeps by reading from `bell`."""
    awake = _AWAKE + worker * _LINE
    idle = 0
    while not atomic_load(board, _STOP):
        if _take_blocks(board):
            idle = 0
        idle += 1
        if idle % _POLITE:
            pause()
        else:
            let_others_run()
        if idle > patience:
            idle = 0
            atomic_store(board, awake, 0)
            if not _take_blocks(board) and not atomic_load(board, _STOP):  # what came before the flag was down
                sleep_on(bell)
            atomic_store(board, awake, 1)


@njit(nogil=True, error_model="numpy")
def _run(board: np.ndarray, blocks: int, patience: int) -> bool:
    """The caller's part: claim blocks, then watch for the last; false when it should yield and watch again."""
    _take_blocks(board)
    for _ in range(patience):
        if atomic_load(board, _DONE) >= blocks:
            return True
        pause()
    return atomic_load(board, _DONE) >= blocks


@njit(nogil=True, error_model="numpy")
def _post(board: np.ndarray, job: int, blocks: int, function: int, arguments: int, bells: np.ndarray) -> None:
    """Announce a job, and wake as many sleepers as it has blocks for."""
    atomic_store(board, _FUNCTION, function)
    atomic_store(board, _ARGUMENTS, arguments)
    atomic_store(board, _DONE, 0)
    atomic_store(board, _TICKET, ((job << _BITS) | blocks) << _BITS)
    for worker in range(min(len(bells), blocks - 1)):
        if not atomic_load(board, _AWAKE + worker * _LINE):
            wake_on(bells[worker])


@njit(nogil=True, error_model="numpy")
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
        self.stopped = False
        pairs = [_bell() for _ in range(size - 1)]
        self.bells = np.array([end for _, end in pairs], np.int64)
        for i, (bell, _) in enumerate(pairs):
            self.board[_AWAKE + i * _LINE] = 1
            threading.Thread(target=_work, args=(self.board, i, bell), name=f"tinygrad_rnn-{i}", daemon=True).start()

    def run(self, function: int, arguments: np.ndarray, blocks: int) -> None:
        """Run ``function(arguments, block)`` for every block and return when all are done."""
        place = address(arguments)
        if blocks <= 1 or self.size == 1 or blocks > _MASK or not self.busy.acquire(blocking=False):
            _run_alone(blocks, function, place)  # small, or the pool serves another Python thread
            return
        try:
            if self.stopped:
                _run_alone(blocks, function, place)
                return
            self.job = (self.job + 1) & _MASK
            _post(self.board, self.job, blocks, function, place, self.bells)
            while not _run(self.board, blocks, _PATIENCE):
                time.sleep(0)
        finally:
            self.busy.release()

    def stop(self) -> None:
        """Let the workers go, when they have done what they are at."""
        with self.busy:
            self.stopped = True
            self.board[_STOP] = 1
            for bell in map(int, self.bells):
                with contextlib.suppress(BrokenPipeError):  # it was awake, and has gone
                    os.write(bell, (1).to_bytes(8, sys.byteorder))
                os.close(bell)


def _bell() -> tuple[int, int]:
    """Descriptors to sleep on and to wake by.

    An event where there is one: a write to a pipe tells Linux that the writer is about to wait, and it puts the reader
    on the writer's processor, where it is in the way.
    """
    if not hasattr(os, "eventfd"):
        return os.pipe()
    event = os.eventfd(0)
    return event, os.dup(event)


def _work(board: np.ndarray, index: int, bell: int) -> None:
    _serve(board, index, _WATCH, bell)
    os.close(bell)


_pool: Pool | None = None
_size: int | None = None
_sharing = 1
_making = threading.Lock()


def default_size() -> int:
    """``TINYGRAD_RNN_NUM_THREADS`` if set, else this process's share of the cores it may use."""
    given = os.environ.get("TINYGRAD_RNN_NUM_THREADS")
    if given is not None:
        if not given.isdigit() or int(given) < 1:
            raise ValueError(f"TINYGRAD_RNN_NUM_THREADS must be a whole number of at least 1, not {given!r}")
        return int(given)
    return max(1, len(cores()) // _sharing)


def cores() -> set[int]:
    """The cores this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def size() -> int:
    return _size or default_size()


def resize(threads: int | None) -> None:
    """Use so many threads from now on; None: the default."""
    global _size
    _size = threads
    _forget()


def share(processes: int) -> None:
    """Leave room for others: from now on, `processes` in all use these cores."""
    global _sharing
    _sharing = processes
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
