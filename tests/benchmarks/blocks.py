"""In what blocks a weight gradient, leftᵀ right over all steps and rows, takes least time on this machine.

    python tests/benchmarks/blocks.py [--seconds 0.3]

For the sizes of LSTM layers: GFLOP/s of every way to cut the result that `kernels.products` has: unpacked, in blocks of
one panel by `chunk` rows; and with both operands packed, in blocks of `high` rows by `many` panels. First what the
library chooses. `CHUNK`, `LARGE`, `HIGHEST` and `WIDE_BLOCK` are what they are by what this printed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from limits import yardstick

import tinygrad_rnn as tg
from tinygrad_rnn.kernels import products
from tinygrad_rnn.kernels.jobs import Job
from tinygrad_rnn.kernels.native import address
from tinygrad_rnn.kernels.tile import tile_for

#: (T·B, rows, columns) of ∂L/∂W = leftᵀ δ: inputs and states of layers by the gates of an LSTM.
SIZES = [
    (50, 16, 64), (800, 32, 256), (800, 64, 256), (3200, 64, 512), (3200, 128, 512), (3200, 128, 1024),
    (3200, 256, 1024), (5120, 64, 512), (6400, 256, 2048), (6400, 512, 2048),
]  # fmt: skip
CHUNKS = (32, 64, 128, 256, 512)
BLOCKS = [(high, many) for high in (64, 128, 192, 256, 384, 512) for many in (4, 8, 16)]


def rate(run: Callable[[], object], flops: float, seconds: float) -> float:
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return flops / statistics.median(times) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each way (default: 0.3)")
    seconds = parser.parse_args().seconds
    ways = yardstick(seconds < 0.05)
    print(f"{tg.get_num_threads()} threads; yardstick {max(ways.values()):.0f} GFLOP/s")
    random, dtype = np.random.default_rng(0), np.dtype(np.float32)
    width = tile_for(dtype).width
    for K, M, N in SIZES:
        left, right = (random.normal(size=(K, n)).astype(dtype) for n in (M, N))
        total, sums = np.empty((M, N), dtype), np.empty(N, dtype)
        flops = 2 * K * M * N
        given = [address(left), M, address(right), N, address(total), N, 1, K, M, N]
        found: dict[str, Job] = {}
        for chunk in CHUNKS:
            if chunk == CHUNKS[0] or chunk <= M:
                blocks = -(-N // width) * -(-M // min(chunk, M))
                found[f"chunk {chunk}"] = products.job_of(
                    "contract", dtype, [*given, min(chunk, M), address(sums)], blocks, flops
                )
        for high, many in BLOCKS:
            if (high == BLOCKS[0][0] or high <= M) and many * width <= N:
                blocks = -(-N // (many * width)) * -(-M // high)
                found[f"packed {min(high, M)} × {many}"] = products.job_of(
                    "contract_packed", dtype, [*given, min(high, M), many, address(sums)], blocks, flops
                )
        chosen = rate(lambda left=left, right=right: products.contract(left, right, True), flops, seconds)
        rates = {name: rate(job.run, flops, seconds) for name, job in found.items()}
        print(f"{K} × {M} × {N}: chosen {chosen:.0f};", end=" ")
        print(", ".join(f"{name} {r:.0f}" for name, r in sorted(rates.items(), key=lambda kv: -kv[1])[:8]), flush=True)


if __name__ == "__main__":
    main()
