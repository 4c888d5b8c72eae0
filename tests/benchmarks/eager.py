"""The plain engine against its peers, side by side in one run: graphs recorded op by op, forward and backward.

    python tests/benchmarks/eager.py                 # everything
    python tests/benchmarks/eager.py --quick         # few repetitions: does it run, do the gradients agree
    python tests/benchmarks/eager.py --json FILE     # the figures as JSON too

Whichever of PyTorch, autograd and MyGrad is installed takes part; so does a scalar engine in the manner of micrograd,
written below (as a peer to compare with: one Python object per number). All compute the same loss from the same
float32 weights, and their gradients are compared before anything is timed. Peers take turns within the run, so that a
change of the machine's speed meets all of them; figures are medians. PyTorch runs with one thread and with all cores,
and the better one counts.

Exit status 0 if every target is met (or with `--quick`), 1 if one is not.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

LSTM_SIZES = [(50, 1, 16), (50, 16, 64), (100, 32, 128)]
CHAIN, WIDE = 1000, 500
TARGETS = {"torch": 1.2, "autograd": 5.0}
MOST_OVERHEAD_US, MOST_IMPORT_MS = 3.0, 60.0

Step = Callable[[], Any]


class Numbers:
    """What an engine needs for these programs: leaves, the two activations, and a gradient of a loss."""

    def __init__(self, leaf: Any, constant: Any, sigmoid: Any, tanh: Any, gradient: Any):
        self.leaf, self.constant, self.sigmoid, self.tanh, self.gradient = leaf, constant, sigmoid, tanh, gradient


def ours() -> Numbers:
    def gradient(loss: Any, leaves: list[Any]) -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        loss(leaves).backward()
        return [leaf.grad.numpy() for leaf in leaves]

    return Numbers(lambda a: tg.tensor(a, requires_grad=True), tg.tensor, tg.sigmoid, tg.tanh, gradient)


def torch(threads: int) -> Numbers:
    import torch

    def gradient(loss: Any, leaves: list[Any]) -> list[np.ndarray]:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        for leaf in leaves:
            leaf.grad = None
        loss(leaves).backward()
        return [leaf.grad.numpy() for leaf in leaves]

    return Numbers(lambda a: torch.tensor(a, requires_grad=True), torch.tensor, torch.sigmoid, torch.tanh, gradient)


def autograd() -> Numbers:
    import autograd.numpy as anp
    from autograd import grad

    def gradient(loss: Any, leaves: list[Any]) -> list[np.ndarray]:
        return grad(loss)(leaves)

    half = np.float32(0.5)
    return Numbers(np.asarray, np.asarray, lambda x: anp.tanh(x * half) * half + half, anp.tanh, gradient)


def mygrad() -> Numbers:
    import mygrad as mg
    from mygrad.nnet import sigmoid

    def gradient(loss: Any, leaves: list[Any]) -> list[np.ndarray]:
        loss(leaves).backward()
        return [leaf.grad for leaf in leaves]

    return Numbers(mg.tensor, np.asarray, sigmoid, mg.tanh, gradient)


class Scalar:
    """One number that remembers how it was computed, in the manner of micrograd."""

    __slots__ = ("grad", "inputs", "value")

    def __init__(self, value: float, inputs: tuple[tuple[Scalar, float], ...] = ()):
        self.value, self.inputs, self.grad = value, inputs, 0.0  # inputs: (operand, partial derivative)

    def __add__(self, other: Scalar) -> Scalar:
        return Scalar(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: Scalar) -> Scalar:
        return Scalar(self.value * other.value, ((self, other.value), (other, self.value)))

    def tanh(self) -> Scalar:
        y = math.tanh(self.value)
        return Scalar(y, ((self, 1 - y * y),))

    def sigmoid(self) -> Scalar:
        y = 1 / (1 + math.exp(-self.value))
        return Scalar(y, ((self, y * (1 - y)),))

    def backward(self) -> None:
        order: list[Scalar] = []
        seen: set[int] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((x, False) for x, _ in node.inputs)
        self.grad = 1.0
        for node in reversed(order):
            for x, partial in node.inputs:
                x.grad += partial * node.grad


def scalars() -> Numbers:
    """Object arrays of scalars: NumPy spells out the loops, every number is a node."""
    wrap = np.vectorize(Scalar, otypes=[object])

    def gradient(loss: Any, leaves: list[Any]) -> list[np.ndarray]:
        for leaf in leaves:
            for number in leaf.flat:
                number.grad = 0.0
        loss(leaves).backward()
        return [np.vectorize(lambda n: n.grad)(leaf).astype(np.float32) for leaf in leaves]

    sigmoid, tanh = np.frompyfunc(Scalar.sigmoid, 1, 1), np.frompyfunc(Scalar.tanh, 1, 1)
    return Numbers(lambda a: wrap(a.astype(float)), lambda a: wrap(a.astype(float)), sigmoid, tanh, gradient)


def lstm(engine: Numbers, steps: int, batch: int, size: int) -> Step:
    """The cell unrolled op by op, one forward and backward pass; the input has the width of the state."""
    draw = np.random.default_rng(0)
    shapes = [(size, 4 * size), (size, 4 * size), (4 * size,)]
    leaves = [engine.leaf((draw.normal(size=s) / math.sqrt(size)).astype(np.float32)) for s in shapes]
    xs = [engine.constant(x) for x in draw.normal(size=(steps, batch, size)).astype(np.float32)]
    zero = engine.constant(np.zeros((batch, size), np.float32))
    sigmoid, tanh = engine.sigmoid, engine.tanh

    def loss(leaves: list[Any]) -> Any:
        input_weight, recurrent_weight, bias = leaves
        h = c = zero
        for x in xs:
            z = x @ input_weight + h @ recurrent_weight + bias
            i = sigmoid(z[:, :size])
            f = sigmoid(z[:, size : 2 * size])
            g = tanh(z[:, 2 * size : 3 * size])
            o = sigmoid(z[:, 3 * size :])
            c = f * c + i * g
            h = o * tanh(c)
        return (h * h).sum()

    return lambda: engine.gradient(loss, leaves)


def chain(engine: Numbers, length: int) -> Step:
    """One small op after another: x ← tanh(x·w)."""
    leaves = [engine.leaf(np.array([0.5, -0.3, 0.8], np.float32)), engine.leaf(np.array([0.9, 1.1, 1.0], np.float32))]

    def loss(leaves: list[Any]) -> Any:
        x, w = leaves
        for _ in range(length // 2):
            x = engine.tanh(x * w)
        return x.sum()

    return lambda: engine.gradient(loss, leaves)


def wide(engine: Numbers, width: int) -> Step:
    """Many small ops side by side that read the same two operands, and their sum."""
    leaves = [engine.leaf(np.array([0.5, -0.3, 0.8], np.float32)), engine.leaf(np.array([0.9, 1.1, 1.0], np.float32))]

    def loss(leaves: list[Any]) -> Any:
        x, w = leaves
        total = x
        for _ in range(width):
            total = total + x * w
        return total.sum()

    return lambda: engine.gradient(loss, leaves)


def medians(steps: dict[str, Step], repetitions: int) -> dict[str, float]:
    """Seconds of each, taking turns; each turn repeats a step that is too short to time alone."""
    counts, slow, times = {}, set(), {name: [] for name in steps}
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        first = time.perf_counter() - start
        counts[name] = max(1, min(50, int(0.005 / first)))
        if first > 1:  # threads that wait for each other on a busy machine can take a thousand times their due
            slow.add(name)
    for repetition in range(repetitions):
        for name, step in steps.items():
            if name in slow and repetition:
                continue
            step()  # a turn's first run pays for what the others left in the caches
            start = time.perf_counter()
            for _ in range(counts[name]):
                step()
            times[name].append((time.perf_counter() - start) / counts[name])
    return {name: statistics.median(t) for name, t in times.items()}


def peers() -> dict[str, Numbers]:
    found = {"ours": ours()}
    if importlib.util.find_spec("torch"):
        found["torch, 1 thread"] = torch(1)
        if (os.cpu_count() or 1) > 1:
            found[f"torch, {os.cpu_count()} threads"] = torch(os.cpu_count() or 1)
    for name, build in (("autograd", autograd), ("mygrad", mygrad)):
        if importlib.util.find_spec(name):
            found[name] = build()
    return found


def compare(what: str, program: Any, sizes: tuple[int, ...], repetitions: int, with_scalars: bool) -> dict[str, Any]:
    engines = peers() | ({"scalars, micrograd-style": scalars()} if with_scalars else {})
    steps = {name: program(engine, *sizes) for name, engine in engines.items()}
    reference = steps["ours"]()
    for name, step in steps.items():
        for ours_, theirs in zip(reference, step(), strict=True):
            scale = max(float(np.abs(ours_).max()), 1e-30)
            if not np.allclose(ours_, theirs, rtol=1e-3, atol=2e-4 * scale):
                raise SystemExit(f"{what}: the gradients of {name} differ from ours; nothing was timed")
    seconds = medians(steps, repetitions)
    best_torch = min((s for name, s in seconds.items() if name.startswith("torch")), default=None)
    ratios = {name: s / seconds["ours"] for name, s in seconds.items() if name != "ours"}
    if best_torch is not None:
        ratios["torch"] = best_torch / seconds["ours"]
    print(f"{what}: ours {1e3 * seconds['ours']:.3f} ms")
    for name, s in seconds.items():
        if name != "ours":
            print(f"    {name:26} {1e3 * s:10.3f} ms   {ratios[name]:8.2f}× ours")
    return {"what": what, "seconds": seconds, "ratios": ratios}


def overhead(repetitions: int) -> float:
    """Microseconds per recorded op, forward and backward, beyond the NumPy calls that the same chain needs."""
    x, w = np.array([0.5], np.float32), np.array([0.9], np.float32)

    def recorded() -> None:
        leaf, weight = tg.tensor(x, requires_grad=True), tg.tensor(w, requires_grad=True)
        y = leaf
        for _ in range(CHAIN):
            y = y * weight
        y.backward()

    def bare() -> None:
        y, kept = x, []
        for _ in range(CHAIN):
            kept.append(y)
            y = np.multiply(y, w)
        g, total = np.ones_like(y), np.zeros_like(w)
        for y in reversed(kept):
            total += np.multiply(g, y)
            g = np.multiply(g, w)

    seconds = medians({"recorded": recorded, "bare": bare}, 3 * repetitions)
    return (seconds["recorded"] - seconds["bare"]) / CHAIN * 1e6


def import_milliseconds(repetitions: int) -> float:
    """What ``import tinygrad_rnn`` adds once NumPy is imported: a median over fresh processes."""
    program = "import numpy, time; t = time.perf_counter(); import tinygrad_rnn; print(1e3 * (time.perf_counter() - t))"
    runs = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(repetitions)
    ]
    return statistics.median(runs)


def verdicts(results: list[dict[str, Any]], overhead_us: float, import_ms: float) -> list[tuple[bool, str]]:
    """Every target with what was measured, and whether it is met."""
    lines = []
    for result in results:
        for peer, target in TARGETS.items():
            if result["what"].startswith("LSTM") and peer in result["ratios"]:
                ratio = result["ratios"][peer]
                lines.append((ratio >= target, f"{result['what']}: {ratio:.2f}× {peer} (target {target}×)"))
    lines.append(
        (
            overhead_us < MOST_OVERHEAD_US,
            f"own overhead per recorded op: {overhead_us:.2f} µs (< {MOST_OVERHEAD_US} µs)",
        )
    )
    lines.append((import_ms < MOST_IMPORT_MS, f"import on top of NumPy: {import_ms:.1f} ms (< {MOST_IMPORT_MS} ms)"))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repetitions; the figures mean little")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    load, cores = (os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0), os.cpu_count() or 1
    print(
        f"{cores} cores, load average {load:.2f}" + (": the machine is busy, do not trust the figures" * (load > 0.5))
    )
    few = 3 if options.quick else 15
    results = [compare("LSTM T={} B={} H={}".format(*size), lstm, size, few, with_scalars=False) for size in LSTM_SIZES]
    results.append(compare("a small LSTM, T=5 B=1 H=8", lstm, (5, 1, 8), few, with_scalars=True))
    results.append(compare(f"chain of {CHAIN} ops", chain, (CHAIN,), few, with_scalars=True))
    results.append(compare(f"{2 * WIDE} ops side by side", wide, (WIDE,), few, with_scalars=True))
    overhead_us, import_ms = overhead(few), import_milliseconds(3 if options.quick else 11)
    lines = verdicts(results, overhead_us, import_ms)
    print()
    for met, line in lines:
        print(("met:   " if met else "SHORT: ") + line)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"load": load, "results": results, "overhead_us": overhead_us, "import_ms": import_ms}, file)
    return 0 if options.quick or all(met for met, _ in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
