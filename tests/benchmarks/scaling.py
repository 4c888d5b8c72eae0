"""Ranks: one and two of one thread on this machine, and on paper 8 to 1,024 of them, from what was measured.

    python tests/benchmarks/scaling.py [--cores 32] [--json FILE] [--quick]

A character LSTM, T = 100, table of 64, Adam. Losses of one and of two ranks at the same batch are compared first.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_rnn as tg

T, EMBEDDING = 100, 64
#: Rows of the batch that many ranks share, on paper.
SHARED = 1024
#: (name, bits a second, seconds until a message arrives).
NETWORKS = [("10 Gbit/s", 10e9, 30e-6), ("100 Gbit/s", 100e9, 2e-6)]
#: Steps between two means of the weights, on paper.
LOCAL = 10


class Measured(NamedTuple):
    """Medians of some steps, in seconds: all of one, waiting for the other rank, adding up, and the processor's time;
    then of reading a batch; and the losses."""

    hidden: int
    batch: int
    step: float
    waited: float
    reduced: float
    busy: float
    reading: float
    parameters: int
    losses: list[float]


def measure(hidden: int, batch: int, steps: int, communicator: Any) -> Measured:
    text = tg.data.Text(tg.data.standard_library())
    size, g = len(text.vocabulary), np.random.default_rng(0)
    network = tg.nn.Network(tg.nn.LSTMCell(EMBEDDING, hidden, generator=g), size, symbols=size, generator=g)
    source = text.strands(T, batch)
    trainer = tg.Trainer(network, source, clip_norm=1.0, communicator=communicator)
    advance, ranks, times = trainer._advance, trainer.ranks, []

    def now() -> tuple[float, ...]:
        return time.perf_counter(), ranks.waited, ranks.reduced, time.process_time()

    def timed(seconds: float) -> Any:
        before = now()
        measured = advance(seconds)
        times.append([after - b for after, b in zip(now(), before, strict=True)])
        return measured

    trainer._advance = timed  # type: ignore[method-assign]
    history = trainer.run(steps + 1)
    begin = time.process_time()
    for k in range(20):
        source.batch(k)
    reading = (time.process_time() - begin) / 20
    medians = [statistics.median(column) for column in zip(*times[1:], strict=True)]
    parameters = sum(p.size for p in network.parameters())
    return Measured(hidden, batch, *medians, reading, parameters, [m.loss for m in history])


def worker(jobs: list[list[int]]) -> None:
    from mpi4py import MPI

    found = [measure(*job, MPI.COMM_WORLD) for job in jobs]
    if MPI.COMM_WORLD.rank == 0:
        print(json.dumps(found))


def measured(ranks: int, jobs: list[tuple[int, int, int]]) -> list[Measured]:
    """In `ranks` processes of one thread each."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    environment = os.environ | {"TINYGRAD_RNN_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    line = [mpiexec, "-n", ranks, sys.executable, __file__, "--worker", json.dumps(jobs)]
    done = subprocess.run([*map(str, line)], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [Measured(*entry) for entry in json.loads(done.stdout)]


def here(sizes: list[int], rows: int, steps: int) -> list[Measured]:
    """Strong and weak scaling of two ranks."""
    alone = measured(1, [(H, B, steps) for H in sizes for B in (rows, 2 * rows)])
    together = measured(2, [(H, 2 * rows, steps) for H in sizes])
    print("| H | ranks | batch | step | waiting | adding up | times as fast as one |\n|" + " --- |" * 7)
    for k, H in enumerate(sizes):
        few, many, both = alone[2 * k], alone[2 * k + 1], together[k]
        assert np.allclose(both.losses, many.losses, rtol=1e-4), "two ranks do not learn what one learns"
        for ranks, m, gain in ((1, few, 1.0), (1, many, 1.0), (2, both, many.step / both.step)):
            times = " | ".join(f"{1e3 * t:.1f} ms" for t in (m.step, m.waited, m.reduced))
            print(f"| {H} | {ranks} | {m.batch} | {times} | {gain:.2f} |")
        print(f"\nH = {H}: two ranks read {2 * few.step / both.step:.2f} times as much in the time (weak scaling)\n")
    return [*alone, *together]


class Costs(NamedTuple):
    """Of a step, in seconds: whatever the batch, for each row computed, and for each row read; and bytes reduced."""

    always: float
    row: float
    read: float
    bytes: int


def costs(few: Measured, many: Measured, cores: int) -> Costs:
    """From the processor's time, which other programs on this machine hardly change."""
    row = (many.busy - few.busy) / (many.batch - few.batch)
    always = max(0.0, few.busy - few.batch * row)
    return Costs(always / cores, row / cores, many.reading / many.batch, 4 * many.parameters)


def ring(n: int, size: float, bits: float, latency: float) -> float:
    """Seconds to add up `size` bytes of n ranks: each sends every piece on, twice round the ring."""
    return 2 * (n - 1) * (latency + size * 8 / n / bits)


def tree(n: int, size: float, bits: float, latency: float) -> float:
    """… up a binary tree and down again, all of it at once."""
    return 2 * math.ceil(math.log2(n)) * (latency + size * 8 / bits)


def on_paper(H: int, c: Costs) -> None:
    """A batch of SHARED rows, shared by more and more ranks, each with a link of its own."""

    def computed(n: int) -> float:
        return c.always + c.row * SHARED / n + c.read * SHARED

    one = computed(1)
    print(f"\nH = {H}, {c.bytes / 1e6:.1f} MB of gradients, {SHARED} rows in all\n")
    names = " | ".join(f"ring, tree, {name} | times as fast" for name, *_ in NETWORKS)
    print(f"| ranks | computing | {names} |\n|" + " --- |" * (2 + 2 * len(NETWORKS)))
    for n in (8, 16, 32, 64, 128, 256, 512, 1024):
        cells = []
        for _, bits, latency in NETWORKS:
            around, up = ring(n, c.bytes, bits, latency), tree(n, c.bytes, bits, latency)
            best = min(around, up)
            gains = [one / (computed(n) + best / every) for every in (1, LOCAL)]
            cells += [f"{1e3 * around:.1f}, {1e3 * up:.1f} ms", f"{gains[0]:.0f}, {gains[1]:.0f}"]
        print(f"| {n} | {1e3 * computed(n):.1f} ms | {' | '.join(cells)} |")
    print(f"\n{1e3 * c.read * SHARED:.1f} ms of it reading the batch; the second gain with {LOCAL} local steps")
    for name, bits, latency in NETWORKS:
        print(f"{name}: {stops(c, bits, latency)}")


def stops(c: Costs, bits: float, latency: float) -> str:
    """Up to how many ranks twice as many take at most two thirds of the time."""

    def step(n: int) -> float:
        reduced = min(ring(n, c.bytes, bits, latency), tree(n, c.bytes, bits, latency)) if n > 1 else 0.0
        return c.always + c.row * SHARED / n + c.read * SHARED + reduced

    n = 1
    while n < SHARED and step(2 * n) < step(n) * 2 / 3:
        n *= 2
    return f"it pays up to {n} ranks, {step(1) / step(n):.1f} times as fast as one"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only check that it runs")
    parser.add_argument("--cores", type=int, default=1, help="cores of each rank, on paper")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(json.loads(given.worker))
        return
    if not Path(sys.executable).with_name("mpiexec").exists():
        print("no MPI beside this Python: pip install 'tinygrad_rnn[mpi]'")
        return
    if hasattr(os, "getloadavg"):
        print(f"load {os.getloadavg()[0]:.1f}\n")
    sizes, rows, steps = ([16], 4, 2) if given.quick else ([128, 512], 32, 9)
    found = here(sizes, rows, steps)
    for H in [16] if given.quick else [512, 2048]:
        pair = measured(1, [(H, B, 2 if given.quick else 3) for B in (8, 32)])
        found += pair
        on_paper(H, costs(pair[0], pair[1], given.cores))
    if given.json:
        Path(given.json).write_text(json.dumps([m._asdict() for m in found], indent=1))


if __name__ == "__main__":
    main()
