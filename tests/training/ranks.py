"""What the tests of several ranks train: ``mpiexec -n N python ranks.py WHAT FOLDER``, or imported, for one process."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from train_cases import Cycle, V, network, numbers, same, trainer

import tinygrad_rnn as tg
from tinygrad_rnn.strategies import Truncated
from tinygrad_rnn.training import Plateau
from tinygrad_rnn.training.parallel import ranks_of

STEPS = 9


def adam(net: tg.nn.Network) -> tg.optim.Optimizer:
    return tg.optim.Adam(net.parameters(), lr=1e-2)


def sgd(net: tg.nn.Network) -> tg.optim.Optimizer:
    return tg.optim.SGD(net.parameters(), lr=0.3, momentum=0.9, weight_decay=1e-3)


def strands(optimizer: Callable[..., Any] = adam, folder: Path | None = None, **settings: Any) -> tg.Trainer:
    """Carried states, all that is drawn, validation, a schedule that listens to it."""
    net = network(dropout=0.3, zoneout=0.2)
    return trainer(folder, net, optimizer=optimizer(net), source=Cycle(size=6), validation=Cycle(1, 6),
                   schedule=Plateau(1), **settings)  # fmt: skip


def sequences(optimizer: Callable[..., Any], folder: Path | None = None, **settings: Any) -> tg.Trainer:
    """Unequal lengths; the last batch of an epoch has one sequence, so that some ranks have none."""
    lengths = np.random.default_rng(2).integers(2, 9, 13)
    read = [np.arange(n + 1) % V for n in lengths]
    source = tg.data.Sequences([x[:-1] for x in read], [x[1:] for x in read], 6, vocabulary_size=V, classes=V)
    net = network()
    return trainer(folder, net, optimizer=optimizer(net), source=source, strategy=Truncated(4), **settings)


CASES = {f"{case.__name__} {optimizer.__name__}": (case, optimizer)
         for case in (strands, sequences) for optimizer in (adam, sgd)}  # fmt: skip


def outcome(name: str, **settings: Any) -> tuple[list[tuple], dict[str, np.ndarray]]:
    """What was measured, and the weights."""
    case, optimizer = CASES[name]
    run = case(optimizer, **settings)
    run.run(STEPS)
    return numbers(run.history), run.network.state_dict()


def equal(folder: Path, communicator: Any) -> None:
    """Every case twice: to the bit the same, on all ranks."""
    for name in CASES:
        measured, weights = outcome(name, communicator=communicator)
        again = outcome(name, communicator=communicator)
        assert (measured, True) == (again[0], same(weights, again[1]))
        ranks_of(communicator).alike(weights=weights, measured=measured)
        if communicator.rank == 0:
            (folder / f"{name}.json").write_text(json.dumps(measured))
            tg.save(weights, folder / f"{name}.safetensors")


def resume(folder: Path, communicator: Any) -> None:
    """Five steps more, from the checkpoint if there is one."""
    run = strands(folder=folder, communicator=communicator)
    if (folder / "checkpoint.safetensors").exists():
        run.load(folder / "checkpoint.safetensors")
    run.run(run.step + 5)


def stepping(folder: Path, communicator: Any, before: Callable[[tg.Trainer], Any]) -> None:
    """Trains until something happens, after another run; rank 0 says each step."""
    strands(communicator=communicator).run(1)
    run = strands(folder=folder, communicator=communicator, save_every=2)
    step = run._advance

    def advance(seconds: float) -> Any:
        before(run)
        if communicator.rank == 0:
            print(run.step, flush=True)
        return step(seconds)

    run._advance = advance  # type: ignore[method-assign]
    run.run(100_000)


def nothing(run: tg.Trainer) -> None:
    pass


def killed(run: tg.Trainer) -> None:
    if run.step == 9 and run.ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def wrong(run: tg.Trainer) -> None:
    if run.step == 9 and run.ranks.rank == 1:
        raise ValueError("only here")


def infinite(run: tg.Trainer) -> None:
    if run.step == 9:
        with tg.no_grad():
            run.network.readout.bias.assign_(np.full(V, np.nan, np.float32))


def different(run: tg.Trainer) -> None:
    if run.step == 9:
        with tg.no_grad():
            run.network.readout.bias.assign_(np.full(V, run.ranks.rank, np.float32))


if __name__ == "__main__":
    from mpi4py import MPI

    what, place = globals()[sys.argv[1]], Path(sys.argv[2])
    if what in (equal, resume):
        what(place, MPI.COMM_WORLD)
    else:
        stepping(place, MPI.COMM_WORLD, what)
