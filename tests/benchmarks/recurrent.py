"""Recurrent layers against their peers, side by side in one run: forward alone and a full training step, float32.

    python tests/benchmarks/recurrent.py                 # the whole grid
    python tests/benchmarks/recurrent.py --quick         # small sizes, few repetitions: does it run, is it right
    python tests/benchmarks/recurrent.py --cells own     # cells of a user's own against eager PyTorch and JAX

A training step is forward, back-propagation through time, and the gradients of all weights and of the input. Every
peer computes the same loss from the same weights; gradients are compared before anything is timed. Peers take turns
within one process, so that a change of the machine's speed meets all of them; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

GRID = [
    (50, 1, 16, 16),
    (50, 16, 32, 64),
    (100, 32, 64, 128),
    (100, 32, 128, 256),
    (100, 64, 256, 512),
    (400, 32, 64, 128),
    (1000, 8, 32, 32),
    (20, 256, 64, 128),
]
QUICK = [(5, 1, 3, 4), (7, 5, 6, 33), (20, 16, 32, 64)]
OWN_GRID = [(50, 16, 32, 64), (100, 32, 64, 128)]
CELLS = ("RNN", "GRU", "LSTM")
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}

Step = Callable[[], Any]


def main() -> int:
    options = _parser().parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{tg.get_num_threads()} threads, load average {load:.2f} at the start")
    if load > 0.5 * tg.get_num_threads():
        print("the machine is busy: ratios may mean little")
    grid = QUICK if options.quick else GRID
    if options.size:
        grid = [tuple(int(n) for n in size.split(",")) for size in options.size]
    rows = []
    for cell in CELLS if options.cells == "all" else [options.cells]:
        for size in grid:
            row = measure(cell, size, options)
            rows.append(row)
            print(_line(row), flush=True)
    print()
    for line in verdicts(rows):
        print(line)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, few repetitions")
    parser.add_argument("--cells", default="all", choices=["all", *CELLS], help="which cells (default: all)")
    parser.add_argument("--size", action="append", metavar="T,B,D,H", help="a size instead of the grid; repeatable")
    parser.add_argument("--peers", default="torch,jax", help="comma-separated: torch, jax (default: those installed)")
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each size and kind (default: 2)")
    parser.add_argument("--json", metavar="FILE", help="also save the figures")
    return parser


# -- one size -----------------------------------------------------------------------------------------------------


def measure(cell: str, size: tuple[int, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Median seconds of every contestant, forward and training."""
    T, B, D, H = size
    generator = np.random.default_rng(0)
    weights = {
        name: (generator.normal(size=shape) / math.sqrt(H)).astype(np.float32)
        for name, shape in {
            "weight_ih_l0": (GATES[cell] * H, D),
            "weight_hh_l0": (GATES[cell] * H, H),
            "bias_ih_l0": (GATES[cell] * H,),
            "bias_hh_l0": (GATES[cell] * H,),
        }.items()
    }
    x = generator.normal(size=(T, B, D)).astype(np.float32)
    weight = generator.normal(size=(T, B, H)).astype(np.float32)  # of each output in the loss
    makers = {"ours": ours, "torch": torch_layer, "jax": jax_layer}
    contestants: dict[str, tuple[Step, Step]] = {}
    for name in ["ours", *options.peers.split(",")]:
        try:
            contestants[name] = makers[name](cell, weights, x, weight)
        except ImportError:
            continue
    results = {name: training() for name, (_, training) in contestants.items()}
    agree(results)
    seconds = 0.05 if options.quick else options.seconds
    row: dict[str, Any] = {"cell": cell, "size": size}
    for k, kind in enumerate(("forward", "training")):
        row[kind] = interleaved({name: steps[k] for name, steps in contestants.items()}, seconds)
    return row


def interleaved(steps: dict[str, Step], seconds: float) -> dict[str, float]:
    """Median time of each, taking turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[next(iter(times))]) < 5:
        for name, step in steps.items():
            for repeat in range(3):  # the first of each turn finds the caches and threads of another contestant
                start = time.perf_counter()
                step()
                if repeat:
                    times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def agree(results: dict[str, list[np.ndarray]]) -> None:
    ours = results["ours"]
    for name, theirs in results.items():
        for a, b in zip(ours, theirs, strict=True):
            error = float(np.abs(a - b).max() / max(float(np.abs(b).max()), 1e-6))
            if error > 2e-3:
                sys.exit(f"gradients differ from {name}'s by {error:.1e}: nothing was timed")


def ours(cell: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    layer = getattr(tg.nn, cell)(x.shape[2], weight.shape[2])
    layer.load_state_dict(weights)
    xs = tg.tensor(x, requires_grad=True)
    ones = tg.tensor(weight)

    def forward() -> Any:
        with tg.no_grad():
            return layer(xs)

    def training() -> list[np.ndarray]:
        layer.zero_grad()
        xs.grad = None
        outputs, _ = layer(xs)
        outputs.backward(ones)
        return [xs.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]]

    return forward, training


def torch_layer(cell: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    import torch

    layer = getattr(torch.nn, cell)(x.shape[2], weight.shape[2])
    layer.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    xs = torch.from_numpy(x.copy()).requires_grad_()
    ones = torch.from_numpy(weight.copy())

    def forward() -> Any:
        with torch.no_grad():
            return layer(xs)

    def training() -> list[np.ndarray]:
        layer.zero_grad(set_to_none=True)
        xs.grad = None
        outputs, _ = layer(xs)
        outputs.backward(ones)
        return [xs.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]]

    return forward, training


def jax_layer(cell: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    import jax
    import jax.numpy as jnp

    H = weight.shape[2]

    def step(parameters: Any, state: Any, row: Any) -> Any:
        W, R, b, c = parameters
        h = state[0]
        if cell == "GRU":
            p, q = row @ W.T + b, h @ R.T + c
            r, z = jax.nn.sigmoid(p[:, :H] + q[:, :H]), jax.nn.sigmoid(p[:, H : 2 * H] + q[:, H : 2 * H])
            n = jnp.tanh(p[:, 2 * H :] + r * q[:, 2 * H :])
            return ((1 - z) * n + z * h,)
        a = row @ W.T + b + h @ R.T + c
        if cell == "RNN":
            return (jnp.tanh(a),)
        i, f, o = jax.nn.sigmoid(a[:, :H]), jax.nn.sigmoid(a[:, H : 2 * H]), jax.nn.sigmoid(a[:, 3 * H :])
        new = f * state[1] + i * jnp.tanh(a[:, 2 * H : 3 * H])
        return o * jnp.tanh(new), new

    def run(parameters: Any, xs: Any) -> Any:
        zero = jnp.zeros((xs.shape[1], H), jnp.float32)
        initial = (zero, zero) if cell == "LSTM" else (zero,)

        def body(state: Any, row: Any) -> Any:
            state = step(parameters, state, row)
            return state, state[0]

        return jax.lax.scan(body, initial, xs)[1]

    forward_ = jax.jit(run)
    gradient = jax.jit(jax.grad(lambda parameters, xs: (run(parameters, xs) * weight).sum(), argnums=(0, 1)))
    parameters = tuple(jnp.asarray(w) for w in weights.values())
    xs = jnp.asarray(x)

    def training() -> list[np.ndarray]:
        d_parameters, d_xs = jax.block_until_ready(gradient(parameters, xs))
        return [np.asarray(d_xs), *[np.asarray(d) for d in d_parameters]]

    return lambda: jax.block_until_ready(forward_(parameters, xs)), training


# -- what it means ------------------------------------------------------------------------------------------------


def _line(row: dict[str, Any]) -> str:
    parts = [f"{row['cell']:5}", f"T, B, D, H = {row['size']!s:22}"]
    for kind in ("forward", "training"):
        times = row[kind]
        parts.append(f"{kind} " + "  ".join(f"{name} {1e3 * t:8.3f} ms" for name, t in times.items()))
        ratio = speedup(times)
        parts.append(f"→ {ratio:5.2f}×" if ratio else "")
    return "  ".join(parts)


def speedup(times: dict[str, float]) -> float | None:
    """How much faster than the fastest peer."""
    peers = [t for name, t in times.items() if name != "ours"]
    return min(peers) / times["ours"] if peers else None


def verdicts(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for kind, mean_target, low_target in (("training", 2.0, 1.1), ("forward", 1.5, 0.9)):
        ratios = [r for r in (speedup(row[kind]) for row in rows) if r]
        if not ratios:
            continue
        mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
        low = min(ratios)
        met = "met" if mean >= mean_target and low >= low_target else "falls short"
        lines.append(
            f"{kind}: geometric mean {mean:.2f}× the fastest peer (target {mean_target}×), "
            f"lowest {low:.2f}× (target {low_target}×): {met}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
