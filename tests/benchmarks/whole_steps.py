"""Whole training steps of small networks: ours as written, ours compiled, PyTorch's, and JAX's under one `jit`.

    python tests/benchmarks/whole_steps.py
    python tests/benchmarks/whole_steps.py --cell GRU --seconds 5 --json figures.json

A step is what a training loop has in it: forward, mean squared error after the last time step, back-propagation through
time, the gradient's norm clipped at 1, Adam. All begin with the same weights and see the same batch; their losses over
twenty steps are compared before anything is timed. They take turns in one process; figures are medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from narrow import hold_to_avx2

import tinygrad_rnn as tg

#: name: (T, B, H)
SIZES = {"adding problem": (100, 32, 32), "B = 1": (50, 1, 16), "adding problem, H = 64": (100, 32, 64)}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
Step = Callable[[], float]


def main() -> None:
    options = _parser().parse_args()
    if options.avx2:
        hold_to_avx2()
    print(f"{tg.get_num_threads()} threads, load average {os.getloadavg()[0]:.2f} at the start")
    rows = []
    for name, (T, B, H) in SIZES.items():
        batch = tg.data.Adding(T).source(B, 0).batch(0)
        steps = contestants(options.cell, H, np.asarray(batch.inputs), np.asarray(batch.targets))
        losses = {peer: [step() for _ in range(20)] for peer, step in steps.items()}
        assert losses["ours compiled"] == losses["ours"]
        apart = max(abs(a / b - 1) for x in losses.values() for a, b in zip(x, losses["ours"], strict=True))
        seconds = timed(steps, 0.05 if options.quick else options.seconds)
        rows.append({"name": name, "T": T, "B": B, "H": H, "seconds": seconds, "apart": apart})
        times = ", ".join(f"{peer} {1e3 * s:.3f} ms" for peer, s in seconds.items())
        best = seconds["ours compiled"]
        ratios = ", ".join(f"{peer} {s / best:.2f}×" for peer, s in seconds.items() if peer != "ours compiled")
        print(f"{options.cell} {H}, {name} (T {T}, B {B}): {times}; {ratios} ours compiled; losses within {apart:.0e}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def contestants(cell: str, hidden: int, x: np.ndarray, y: np.ndarray) -> dict[str, Step]:
    steps = {"ours": ours(cell, hidden, x, y, compiled=False), "ours compiled": ours(cell, hidden, x, y, compiled=True)}
    if importlib.util.find_spec("torch"):
        steps["torch"] = in_torch(cell, hidden, x, y)
    if importlib.util.find_spec("jax"):
        steps["jax"] = in_jax(cell, hidden, x, y)
    return steps


def network(cell: str, hidden: int, inputs: int) -> Any:
    g = np.random.default_rng(0)
    return tg.nn.Network(getattr(tg.nn, cell + "Cell")(inputs, hidden, generator=g), 1, at_end=True, generator=g)


def ours(cell: str, hidden: int, x: np.ndarray, y: np.ndarray, *, compiled: bool) -> Step:
    net = network(cell, hidden, x.shape[2])
    optimizer = tg.optim.Adam(net.parameters())

    def step(inputs: Any, targets: Any) -> Any:
        optimizer.zero_grad()
        loss = ((net(inputs)[0] - targets) ** 2).mean()
        loss.backward()
        tg.optim.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        return loss

    run = tg.compile(step) if compiled else step
    return lambda: run(x, y).item()


def in_torch(cell: str, hidden: int, x: np.ndarray, y: np.ndarray) -> Step:
    import torch

    net = network(cell, hidden, x.shape[2])
    layer = getattr(torch.nn, cell)(x.shape[2], hidden)
    readout = torch.nn.Linear(hidden, 1)
    weights = [*layer.parameters(), *readout.parameters()]
    own = [*[getattr(net.cells[0], n) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")],
           net.readout.weight, net.readout.bias]  # fmt: skip
    with torch.no_grad():
        for p, q in zip(weights, own, strict=True):
            p.copy_(torch.from_numpy(np.array(q.numpy())))
    optimizer = torch.optim.Adam(weights, fused=True)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(readout(layer(inputs)[0][-1]), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        return loss.item()

    return step


def in_jax(cell: str, hidden: int, x: np.ndarray, y: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    net, H = network(cell, hidden, x.shape[2]), hidden
    own = [*[getattr(net.cells[0], n) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")],
           net.readout.weight, net.readout.bias]  # fmt: skip
    weights = [jnp.asarray(np.array(w.numpy())) for w in own]

    def next_state(W: Any, R: Any, b: Any, c: Any, state: Any, row: Any) -> Any:
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

    def loss(weights: Any, inputs: Any, targets: Any) -> Any:
        *recurrent, V, d = weights
        zero = jnp.zeros((inputs.shape[1], H), jnp.float32)
        initial = (zero, zero) if cell == "LSTM" else (zero,)
        state, _ = jax.lax.scan(lambda state, row: (next_state(*recurrent, state, row), None), initial, inputs)
        return ((state[0] @ V.T + d - targets) ** 2).mean()

    @jax.jit
    def training(weights: Any, means: Any, squares: Any, t: Any, inputs: Any, targets: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, inputs, targets)
        norm = jnp.sqrt(sum((g * g).sum() for g in gradients))
        gradients = [g * jnp.minimum(1.0, 1.0 / (norm + 1e-6)) for g in gradients]
        means = [m + 0.1 * (g - m) for m, g in zip(means, gradients, strict=True)]
        squares = [v + 0.001 * (g * g - v) for v, g in zip(squares, gradients, strict=True)]
        rate, scale = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        moved = [w - rate * m / (jnp.sqrt(v * scale) + 1e-8) for w, m, v in zip(weights, means, squares, strict=True)]
        return value, moved, means, squares

    state = [weights, [jnp.zeros_like(w) for w in weights], [jnp.zeros_like(w) for w in weights], 0]

    def step() -> float:
        state[3] += 1
        value, *state[:3] = training(*state[:3], jnp.float32(state[3]), x, y)
        return float(value)

    return step


def timed(steps: dict[str, Step], seconds: float) -> dict[str, float]:
    """Median seconds of a step, in five turns each."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(5):
        for name, step in steps.items():
            time.sleep(0.2)  # the threads of the last one go to sleep
            step()
            end = time.perf_counter() + seconds / 5
            while (begin := time.perf_counter()) < end:
                step()
                found[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times) for name, times in found.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a moment of each: does it run, are the losses alike")
    parser.add_argument("--cell", default="LSTM", choices=[*GATES], help="which cell (default: LSTM)")
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each (default: 2)")
    parser.add_argument("--avx2", action="store_true", help="hold everybody to AVX2")
    parser.add_argument("--json", metavar="FILE", help="also save the figures")
    return parser


if __name__ == "__main__":
    main()
