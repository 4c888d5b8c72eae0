"""`Ranks`: the processes that train one network together, by MPI."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compile import get_num_threads
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor

if TYPE_CHECKING:
    from mpi4py.MPI import Intracomm

#: Seconds that a rank waits, after an error, for the others to meet it too.
PATIENCE = 1.0


class Ranks:
    """The processes of one run: rank 0, which writes, 1, 2, …; without a communicator, this process alone.

    Sums are taken in the order of the ranks. So a run is the same to the bit whenever there are as many, whichever MPI
    it is and wherever they are.

    `ranks_of` makes them. An error that not all ranks meet ends all of them: it is said once, and then `Abort` is
    called. For this ``sys.excepthook`` is replaced where there are several.

    Attributes:
        rank, size: the number of this one, and of all.
        waited, reduced: seconds spent waiting for slower ranks, and adding up gradients.
    """

    def __init__(self, communicator: Intracomm | None = None):
        self.rank, self.size, self.place = 0, 1, "one process"
        self.waited = self.reduced = 0.0
        if communicator is not None and communicator.size > 1:
            self.rank, self.size = communicator.rank, communicator.size
            self._all, self._failing = communicator.Dup(), communicator.Dup()  # no messages of others get in between
            self.place = self._share_cores()

    def __str__(self) -> str:
        return self.place

    def are(self, communicator: Intracomm) -> bool:
        """Whether they are the processes of a communicator, in its order."""
        from mpi4py import MPI

        return MPI.Comm.Compare(self._all, communicator) in (MPI.IDENT, MPI.CONGRUENT)

    def _share_cores(self) -> str:
        """Take as many threads as are left to each rank of a machine, unless its cores are dealt out; says so."""
        from mpi4py import MPI

        from ..kernels import threads

        machine = self._all.Split_type(MPI.COMM_TYPE_SHARED)
        mine = threads.cores()
        threads.share(sum(not mine.isdisjoint(others) for others in machine.allgather(mine)))
        machines = sum(self._all.allgather(machine.rank == 0))
        machine.Free()
        found = sorted(set(self._all.allgather(get_num_threads())))
        each = "1 thread" if found == [1] else " to ".join(map(str, dict.fromkeys((found[0], found[-1])))) + " threads"
        return f"{self.size} ranks on {'one machine' if machines == 1 else f'{machines} machines'}, {each} each"

    # -- what all ranks do together -----------------------------------------------------------

    def add(self, parameters: Sequence[Tensor], *numbers: float) -> list[float]:
        """Put the sum over all ranks in place of each ``.grad``; returns the sums of some numbers.

        A gradient that no rank has stays None.
        """
        if self.size == 1:
            return list(numbers)
        begin = time.perf_counter()
        told = np.empty((self.size, len(numbers) + len(parameters)))
        self._all.Allgather(np.array([*numbers, *[float(p.grad is not None) for p in parameters]]), told)
        met = time.perf_counter()
        sums = _in_order(told).tolist()
        reached = [p for p, count in zip(parameters, sums[len(numbers) :], strict=True) if count]
        if reached:
            zeros = [np.zeros(p.size, p.dtype) for p in reached]
            rows = [z if p.grad is None else p.grad.numpy().reshape(-1) for p, z in zip(reached, zeros, strict=True)]
            total = self._sum(np.concatenate(rows))
            for p, row in zip(reached, np.split(total, np.cumsum([p.size for p in reached])[:-1]), strict=True):
                p.grad = Tensor(row.reshape(p.shape).astype(p.dtype, copy=False))
        self.waited += met - begin
        self.reduced += time.perf_counter() - met
        return sums[: len(numbers)]

    def _sum(self, row: np.ndarray) -> np.ndarray:
        """Σ over ranks of a row of numbers.

        Each rank adds up one of as many pieces, and all get all pieces. So each sends and receives twice the row, as in
        a reduction by ring, but it is known in which order things are added.
        """
        each = -(-len(row) // self.size)
        mine, theirs = np.zeros((2, self.size, each), row.dtype)
        mine.reshape(-1)[: len(row)] = row
        self._all.Alltoall(mine, theirs)
        self._all.Allgather(_in_order(theirs).astype(row.dtype), mine)
        return mine.reshape(-1)[: len(row)]

    def any(self, *flags: bool) -> list[bool]:
        """Of each flag, whether it is true on some rank."""
        return list(flags) if self.size == 1 else [any(told) for told in zip(*self._all.allgather(flags), strict=True)]

    def gathered(self, x: np.ndarray) -> np.ndarray:
        """The rows of all ranks, one below the other, on rank 0; on the others their own."""
        rows = [x] if self.size == 1 else self._all.gather(x)
        return x if rows is None else np.concatenate(rows)

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.size > 1:
            self._all.Barrier()

    def first(self, work: Callable[[], Any]) -> None:
        """Let rank 0 do something while the others wait; what it raises is raised by all."""
        error: Exception | None = None
        if self.rank == 0:
            try:
                work()
            except Exception as raised:
                error = raised
        if self.size > 1:
            error = error if self._all.bcast(error is None) else self._all.bcast(error)
        if error is not None:
            raise error

    def alike(self, **things: Mapping[str, Any] | Sequence[Any]) -> None:
        """Raise unless everything is the same on all ranks, to the bit.

        Raises:
            ArgumentError: it is not, on all ranks alike.
        """
        if self.size == 1:
            return
        told = self._all.allgather({name: _digest(thing) for name, thing in things.items()})
        for name in things:
            for rank, other in enumerate(told):
                if other[name] != told[0][name]:
                    cure = "all ranks make them from the same seed and data, with the same versions, on like machines"
                    raise ArgumentError(with_user_line(f"{name}: those of rank {rank} are not those of rank 0; {cure}"))

    # -- the end ------------------------------------------------------------------------------

    def leave(self, say: Callable[[str], None]) -> None:
        """After an error of this rank: see to it that all ranks end, and that it is said once.

        If all ranks met one, it is said by rank 0, and each goes its way; otherwise the first of those that did says
        it, and ends the job.

        Args:
            say: says what happened, after words that say where.
        """
        if self.size == 1 or self._all_failed():
            if self.rank == 0:
                say("")
            return
        say(f"rank {self.rank} of {self.size}, on {socket.gethostname()}: ")
        sys.stdout.flush()
        sys.stderr.flush()
        self._all.Abort(1)

    def _all_failed(self) -> bool:
        met = self._failing.Ibarrier()
        end = time.monotonic() + PATIENCE * (1 + self.rank / self.size)  # one after the other, so that one speaks
        while not met.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


_made: list[Ranks] = []  # of several processes; all made in the same order


def ranks_of(communicator: Intracomm | Ranks | None) -> Ranks:
    """The ranks of a communicator: one object for the same processes. All of them must come here.

    Args:
        communicator: of mpi4py, such as ``MPI.COMM_WORLD``; None: this process alone.
    """
    if isinstance(communicator, Ranks):
        return communicator
    if communicator is None or communicator.size == 1:
        return Ranks()
    for ranks in _made:
        if ranks.are(communicator):
            return ranks
    if not _made:
        _end_all_with_one()
    _made.append(Ranks(communicator))
    return _made[-1]


def _end_all_with_one() -> None:
    """What nobody catches ends all ranks."""
    before = sys.excepthook

    def ended(kind: Any, error: Any, trace: Any) -> None:
        def say(where: str) -> None:
            sys.stderr = sys.__stderr__
            print(where, end="", file=sys.stderr)
            before(kind, error, trace)

        _made[-1].leave(say)

    sys.excepthook = ended


def world() -> Ranks:
    """The ranks that ``mpiexec`` or ``srun`` started, this process among them; alone, if neither did.

    Raises:
        ArgumentError: mpi4py is not installed, finds no MPI, or finds another one than that of ``mpiexec``.
    """
    _, started = launched()
    if started == 1:
        return Ranks()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the environment, about which more is said below
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: there is no library of MPI
        first = str(error).splitlines()[0]
        raise ArgumentError(
            f"this is one of {started} processes, but MPI cannot be used: {first}; pip install 'tinygrad_rnn[mpi]'"
        ) from None
    if MPI.COMM_WORLD.size != started:
        raise ArgumentError(
            f"{started} processes were started, but for MPI there are {MPI.COMM_WORLD.size}: mpi4py uses "
            f"{' '.join(map(str, MPI.get_vendor()[:1]))}, and what started them another MPI; take the mpiexec beside "
            f"{sys.executable}"
        )
    return ranks_of(MPI.COMM_WORLD)


#: The variables in which launchers say a process's number and how many there are: those of PMI (MPICH, Intel MPI), Open
#: MPI, and Slurm.
_SAID = (
    ("PMI_RANK", "PMI_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


def launched() -> tuple[int, int]:
    """The number of this process, and how many a launcher says there are; (0, 1) if none says so."""
    for rank, size in _SAID:
        if os.environ.get(rank, "").isdigit() and os.environ.get(size, "").isdigit():
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def _in_order(rows: np.ndarray) -> np.ndarray:
    """Σ of rows, one after the other, in float64."""
    total = rows[0].astype(np.float64)
    for row in rows[1:]:
        total += row
    return total


def _digest(thing: Any) -> bytes:
    """Of arrays and facts, by name or one after the other."""
    found = hashlib.blake2b(digest_size=16)
    for name, value in thing.items() if isinstance(thing, Mapping) else enumerate(thing):
        found.update(f"{name} {getattr(value, 'shape', value)!r};".encode())
        if isinstance(value, np.ndarray):
            found.update(np.ascontiguousarray(value).data)
    return found.digest()
