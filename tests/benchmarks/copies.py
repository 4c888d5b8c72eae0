"""What it costs that a graph has its own copies of the arrays it is given, as a share of training steps.

    python tests/benchmarks/copies.py

An array that nobody can write to is not copied. So the same step is run on a batch that may be filled again and on one
that may not, in turns; the share is the median time of the copies alone over the median time of a step without them,
and the difference of the two medians stands beside it (on a busy machine it is mostly noise).

Exit status 0 if every share is below 2 %, 1 if one is not.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.core.operands import owned

MOST = 0.02
#: (time steps, batch, inputs, hidden)
SIZES = [(50, 1, 16, 16), (50, 16, 32, 64), (100, 32, 64, 128), (100, 32, 128, 256)]


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def step(layer: tg.nn.LSTM, head: tg.nn.Linear, xs: np.ndarray, targets: np.ndarray) -> None:
    layer.zero_grad()
    head.zero_grad()
    tg.mse(head(layer(xs)[0]), targets).backward()


def share(T: int, B: int, D: int, H: int, repetitions: int = 41) -> tuple[float, float, float]:
    """Seconds of a step without copies, the share of the copies, and the difference measured."""
    rng = np.random.default_rng(0)
    layer, head = tg.nn.LSTM(D, H), tg.nn.Linear(H, 1)
    refilled, targets = rng.normal(size=(T, B, D)).astype(np.float32), rng.normal(size=(T, B, 1)).astype(np.float32)
    fixed = refilled.copy()
    fixed.flags.writeable = False
    for xs in (refilled, fixed):
        step(layer, head, xs, targets)
    rounds = [
        (
            seconds(lambda: step(layer, head, fixed, targets)),
            seconds(lambda: step(layer, head, refilled, targets)),
            seconds(lambda: owned(refilled)),
        )
        for _ in range(repetitions)
    ]
    without, with_copies, copies = (statistics.median(column) for column in zip(*rounds, strict=True))
    return without, copies / without, with_copies / without - 1


def main() -> int:
    worst = 0.0
    for size in SIZES:
        without, copies, difference = share(*size)
        worst = max(worst, copies)
        what = "T={} B={} D={} H={}".format(*size)
        print(f"{what:24} step {1e3 * without:8.3f} ms, copies {copies:6.2%} of it; measured {difference:+.2%}")
    return 0 if worst < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
