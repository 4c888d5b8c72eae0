"""What compiled recurrence takes of the machine: arithmetic, memory, first use, long sequences, a busy core."""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.kernels import products


def median(step: Callable[[], Any], repeats: int) -> float:
    step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def training(T: int, B: int, D: int, H: int, checkpoint: Any = None, kind: str = "LSTM") -> Callable[[], Any]:
    layer = getattr(tg.nn, kind)(D, H)
    random = np.random.default_rng(0)
    xs = tg.tensor(random.normal(size=(T, B, D)).astype(np.float32), requires_grad=True)
    seed = tg.tensor(np.ones((T, B, H), np.float32))

    def step() -> None:
        layer.zero_grad()
        xs.grad = None
        layer(xs, checkpoint=checkpoint)[0].backward(seed)

    return step


def yardstick(quick: bool) -> dict[str, float]:
    """GFLOP/s of a large matrix product on all cores, by whoever is here: the best of them is what the machine can."""
    M, K, N = (128, 64, 64) if quick else (6144, 512, 2048)
    random = np.random.default_rng(0)
    a, b = (random.normal(size=shape).astype(np.float32) for shape in ((M, K), (K, N)))
    out = np.empty((M, N), np.float32)
    ways: dict[str, Callable[[], Any]] = {
        "our product": lambda: products.multiply(a, b, out, False),
        "NumPy": lambda: np.matmul(a, b, out=out),
    }
    try:
        import torch
    except ImportError:
        pass
    else:
        torch.set_num_threads(tg.get_num_threads())
        x, y = torch.from_numpy(a), torch.from_numpy(b)
        ways["PyTorch"] = lambda: torch.mm(x, y)
    return {name: 2 * M * K * N / median(run, 3 if quick else 9) / 1e9 for name, run in ways.items()}


def arithmetic(quick: bool) -> dict[str, dict[str, float]]:
    """GFLOP/s of the yardstick, of whole training steps, and of the products of them that wait for the last step."""
    found = {"yardstick": yardstick(quick)}
    sizes = [(5, 8, 16, 16)] if quick else [(100, 32, 64, 128), (100, 32, 128, 256), (100, 64, 256, 512)]
    for size in sizes:
        found["LSTM " + ",".join(map(str, size))] = parts_of_a_step(*size, repeats=3 if quick else 15)
    return found


def parts_of_a_step(T: int, B: int, D: int, H: int, repeats: int) -> dict[str, float]:
    """GFLOP/s of an LSTM's training step: of all, and of its two large products alone."""
    random = np.random.default_rng(0)
    flops = 2 * T * B * (D + H) * 4 * H  # forward; as much again for rows, and for weights
    dz, rows = (random.normal(size=(T * B, n)).astype(np.float32) for n in (4 * H, D + H))
    weights, dx = random.normal(size=(4 * H, D)).astype(np.float32), np.empty((T * B, D), np.float32)
    whole = median(training(T, B, D, H), repeats)
    to_weights = median(lambda: products.contract(rows, dz, False), repeats)
    to_inputs = median(lambda: products.multiply(dz, weights, dx, False), repeats)
    rates = {
        "whole step": 3 * flops / whole, "weight gradient": flops / to_weights,
        "input gradient": 8 * T * B * D * H / to_inputs,
    }  # fmt: skip
    return {part: rate / 1e9 for part, rate in rates.items()}


_FIRST_CALL = """
import json, sys, time
import numpy as np
import tinygrad_rnn as tg

class Own(tg.nn.Cell):
    def __init__(self):
        self.input_size = self.hidden_size = 32
        random = np.random.default_rng(0)
        self.W, self.R = (tg.nn.Parameter(random.normal(size=(32, 32)).astype(np.float32) / 6) for _ in range(2))

    def initial_state(self, batch):
        return self.zeros(batch, 32)

    def step(self, x, h):
        gate = tg.sigmoid(x @ self.W - h)
        h = gate * h + (1 - gate) * tg.tanh(h @ self.R + x)
        return h, h

begin = time.perf_counter()
tg.scan(tg.nn.RNNCell(2, 2), np.zeros((1, 1, 2), np.float32))  # imports Numba and loads the kernels
imported = time.perf_counter()
xs = tg.tensor(np.ones((20, 4, 32), np.float32), requires_grad=True)
tg.scan(Own(), xs)[0].sum().backward()
print(json.dumps([imported - begin, time.perf_counter() - imported]))
"""


def first_call() -> dict[str, float]:
    """Seconds of the first training step of a new cell, without and with what an earlier process left on disk.

    Loading Numba and the kernels, which every compiled cell needs once, is told apart.
    """
    found = {}
    with tempfile.TemporaryDirectory() as place:
        environment = os.environ | {"TINYGRAD_RNN_CACHE": place}
        for name in ("cold", "warm"):
            made = subprocess.run(
                [sys.executable, "-c", _FIRST_CALL], env=environment, capture_output=True, text=True, check=True
            )
            found[f"loading, {name}"], found[name] = json.loads(made.stdout)
    return found


def memory(quick: bool) -> dict[str, float]:
    """Peak bytes of a training step beside those of x, and what must be there: 6·H·B·T saved, and the gradients."""
    T, B, D, H = (20, 4, 16, 16) if quick else (400, 32, 64, 128)
    step = training(T, B, D, H)
    training(2, 1, D, H)()  # in a layer of its own: what is loaded once, other than the programs
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    needed = 4 * (6 * H * B * T + T * B * D + 4 * H * (D + H + 2))
    return {"peak": peak, "needed": needed}


def _spin(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    while True:
        pass


def busy_core(quick: bool) -> dict[str, float]:
    """Seconds of a training step, alone and while another process keeps one core busy."""
    step = training(*((10, 8, 8, 8) if quick else (100, 32, 64, 128)))
    repeats = 5 if quick else 200
    alone = median(step, repeats)
    core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    neighbour = multiprocessing.get_context("spawn").Process(target=_spin, args=(core,), daemon=True)
    neighbour.start()
    time.sleep(0.2 if quick else 1.0)
    busy = median(step, repeats)
    neighbour.kill()
    neighbour.join()
    return {"alone": alone, "busy": busy}


def long_sequences(quick: bool) -> list[dict[str, float]]:
    """Time and kept bytes by the number of steps, plain and checkpointed."""
    rows = []
    for T in (50, 100) if quick else (1_000, 10_000, 100_000):
        row: dict[str, float] = {"T": T}
        for name, checkpoint in (("plain", None), ("sqrt", "sqrt")):
            layer = tg.nn.LSTM(16, 32)
            xs = tg.tensor(np.ones((T, 4, 16), np.float32), requires_grad=True)
            layer(xs[:1], checkpoint=checkpoint)
            tracemalloc.start()
            outputs, _ = layer(xs, checkpoint=checkpoint)
            row[f"kept, {name}"] = tracemalloc.get_traced_memory()[0] - outputs.numpy().nbytes
            tracemalloc.stop()
            row[name] = median(training(T, 4, 16, 32, checkpoint), 3 if T > 20_000 else 9)
        rows.append(row)
    return rows


if __name__ == "__main__":
    rates = arithmetic(quick=False)
    ways = rates.pop("yardstick")
    best = max(ways.values())
    print(f"yardstick: {best:.0f} GFLOP/s,", ", ".join(f"{name} {rate:.0f}" for name, rate in ways.items()))
    for size, parts in rates.items():
        print(f"{size}:", ", ".join(f"{part} {rate / best:.0%}" for part, rate in parts.items()))
