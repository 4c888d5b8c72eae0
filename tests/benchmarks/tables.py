"""From how many rows to a symbol on a whole step is faster that reads a table whose rows are weighted once.

    python tests/benchmarks/tables.py [--avx2]

An LSTM of 128 units over 3,200 rows (T = 100, B = 32) of 64 numbers, with vocabularies of several sizes: the training
step with and without the table, in turns in one process; medians. `FEWER` in `compile.tables` is what it is by this.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from narrow import hold_to_avx2

import tinygrad_rnn as tg
from tinygrad_rnn.compile import scanning

T, B, D, H, OUTPUTS = 100, 32, 64, 128, 64


def compiled_step(symbols: int, of_table: bool) -> Callable[[], Any]:
    g = np.random.default_rng(0)
    net = tg.nn.Network(tg.nn.LSTMCell(D, H, generator=g), OUTPUTS, symbols=symbols, generator=g)
    x, y = g.integers(0, symbols, (T, B)), g.integers(0, OUTPUTS, T * B)

    def step(x: Any, y: Any) -> None:
        net.zero_grad()
        tg.cross_entropy(net(x)[0].reshape(T * B, OUTPUTS), y).backward()

    step_of = tg.compile(step)
    decided, scanning.is_worth = scanning.is_worth, lambda *_: of_table
    try:
        for _ in range(3):  # traced here, without gradients and with them
            step_of(x, y)
    finally:
        scanning.is_worth = decided
    assert step_of.traces, step_of.reasons
    return lambda: step_of(x, y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--avx2", action="store_true", help="hold the compiler to AVX2")
    parser.add_argument("--turns", type=int, default=12, help="of three steps each (default: 12)")
    options = parser.parse_args()
    if options.avx2:
        hold_to_avx2()
    print(f"{tg.get_num_threads()} threads, {T * B:,} rows")
    for symbols in (64, 400, 800, 1600, 3200, 6400):
        steps = [compiled_step(symbols, of_table) for of_table in (True, False)]
        times: list[list[float]] = [[], []]
        for _ in range(options.turns):
            for step, found in zip(steps, times, strict=True):
                for _ in range(3):
                    start = time.perf_counter()
                    step()
                    found.append(1e3 * (time.perf_counter() - start))
        with_table, without = map(statistics.median, times)
        print(
            f"{symbols:5} symbols: {with_table:6.2f} ms, without {without:6.2f} ms, {without / with_table:.2f}×",
            flush=True,
        )


if __name__ == "__main__":
    main()
