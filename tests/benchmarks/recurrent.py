"""Recurrent layers against their peers, side by side in one run: forward alone and a full training step, float32.

    python tests/benchmarks/recurrent.py                 # everything: layers, own cells, limits
    python tests/benchmarks/recurrent.py --quick         # small sizes, few repetitions: does it run, is it right
    python tests/benchmarks/recurrent.py --cells own     # only cells of a user's own
    python tests/benchmarks/recurrent.py --peers torch,torch.compile,jax --json figures.json --plot figures.png

A training step is forward, back-propagation through time, and the gradients of all weights and of the input. Every
peer computes the same loss from the same weights; gradients are compared before anything is timed. Peers take turns
within one process, so that a change of the machine's speed meets all of them, with a pause between turns, in which
the threads of the last one go to sleep; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import limits
import numpy as np
from contestants import LAYERS, Step
from narrow import hold_to_avx2
from own import FORMULAS, OWN

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
OURS = ("ours", "as written")  # a step by `tg.compile`, as JAX's is by `jit`; and with a graph built at every step
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def main() -> int:
    options = _parser().parse_args()
    if options.avx2:
        hold_to_avx2()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{tg.get_num_threads()} threads, load average {load:.2f} at the start")
    if load > 0.5 * tg.get_num_threads():
        print("the machine is busy: ratios may mean little")
    sizes = [tuple(int(n) for n in size.split(",")) for size in options.size or ()]
    rows: list[dict[str, Any]] = []
    for cell in (*CELLS, *FORMULAS):
        if options.cells not in ("all", cell, "own" if cell in FORMULAS else "layers"):
            continue
        grid = QUICK[:2] if options.quick else GRID if cell in CELLS else OWN_GRID
        for size in sizes or grid:
            rows.append(measure(cell, size, options))
            print(_line(rows[-1]), flush=True)
    print()
    lines = verdicts(rows)
    found: dict[str, Any] = {"rows": rows}
    if options.cells == "all" and not sizes:
        found |= {
            "arithmetic": limits.arithmetic(options.quick),
            "first call": limits.first_call(),
            "memory": limits.memory(options.quick),
            "busy core": limits.busy_core(options.quick),
            "long": limits.long_sequences(options.quick),
        }
        lines += limit_verdicts(found)
    print("\n".join(lines))
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
    if options.plot:
        plot(rows, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, few repetitions")
    choices = ["all", "layers", "own", *CELLS, *FORMULAS]
    parser.add_argument("--cells", default="all", choices=choices, help="which cells (default: all)")
    parser.add_argument("--size", action="append", metavar="T,B,D,H", help="a size instead of the grid; repeatable")
    parser.add_argument(
        "--peers", default="torch,jax", help="comma-separated: torch, torch.compile, jax (default: torch,jax)"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each size and kind (default: 2)")
    parser.add_argument("--avx2", action="store_true", help="hold everybody to AVX2")
    parser.add_argument("--json", metavar="FILE", help="also save the figures")
    parser.add_argument("--plot", metavar="FILE", help="also draw the ratios (needs matplotlib)")
    return parser


# -- one size -----------------------------------------------------------------------------------------------------


def measure(cell: str, size: tuple[int, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Median seconds of every contestant, forward and training."""
    T, B, D, H = size
    generator = np.random.default_rng(0)
    if cell in CELLS:
        shapes = {"weight_ih_l0": (GATES[cell] * H, D), "weight_hh_l0": (GATES[cell] * H, H)}
        shapes |= {"bias_ih_l0": (GATES[cell] * H,), "bias_hh_l0": (GATES[cell] * H,)}
    else:
        shapes = FORMULAS[cell].shapes(D, H)
    weights = {name: (generator.normal(size=s) / math.sqrt(H)).astype(np.float32) for name, s in shapes.items()}
    x = generator.normal(size=(T, B, D)).astype(np.float32)
    weight = generator.normal(size=(T, B, H)).astype(np.float32)  # of each output in the loss
    makers = LAYERS if cell in CELLS else OWN
    contestants: dict[str, tuple[Step, Step]] = {}
    for name in ["ours", "as written", *options.peers.split(",")]:
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
            time.sleep(0.02)
            for repeat in range(5):  # the first of each turn finds the caches of another contestant
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
    peers = [t for name, t in times.items() if name not in OURS]
    return min(peers) / times["ours"] if peers else None


def verdicts(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    layers = [row for row in rows if row["cell"] in CELLS]
    for kind, mean_target, low_target in (("training", 2.1, 1.2), ("forward", 1.8, 1.0)):
        ratios = [r for r in (speedup(row[kind]) for row in layers) if r]
        if not ratios:
            continue
        mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
        low = min(ratios)
        below = sum(r < low_target for r in ratios)
        lines.append(
            f"{kind}: geometric mean {mean:.2f}× the fastest peer (target {mean_target}×), lowest {low:.2f}× "
            f"(target {low_target}×, {below} of {len(ratios)} below): {_met(mean >= mean_target and not below)}"
        )
    for size, peer, target in zip((*OWN_GRID, OWN_GRID[0]), ("jax", "jax", "torch"), (3.0, 2.5, 10.0), strict=True):
        own = [row["training"] for row in rows if row["cell"] in FORMULAS and row["size"] == size]
        ratios = [times[peer] / times["ours"] for times in own if peer in times]
        if ratios:
            lines.append(
                f"own cells at {size}, training: {min(ratios):.1f} to {max(ratios):.1f}× {peer} (target {target:g}×): "
                f"{_met(min(ratios) >= target)}"
            )
    return lines


def limit_verdicts(found: dict[str, Any]) -> list[str]:
    gflops, first, memory = found["arithmetic"], found["first call"], found["memory"]
    ways = gflops.pop("yardstick")
    best = max(ways.values())
    said = ", ".join(f"{name} {value:.0f}" for name, value in ways.items())
    lines = [f"yardstick, a large matrix product: {best:.0f} GFLOP/s ({said})"]
    for name, parts in gflops.items():
        H = int(name.rpartition(",")[2])
        target = 0.75 if H >= 256 else 0.6
        share = ", ".join(f"{part} {value / best:.0%}" for part, value in parts.items())
        met = _met(parts["whole step"] >= target * best)
        lines.append(f"arithmetic, {name}, of the yardstick: {share} (target for the whole {target:.0%}): {met}")
    lines.append(
        f"first training step of a new cell: {first['cold']:.2f} s, {first['warm']:.2f} s from the disk cache (targets "
        f"3 s, 0.3 s): {_met(first['cold'] <= 3 and first['warm'] <= 0.3)}; loading Numba and the kernels: "
        f"{first['loading, cold']:.2f} s, then {first['loading, warm']:.2f} s"
    )
    ratio = memory["peak"] / memory["needed"]
    lines.append(
        f"peak memory of a training step: {memory['peak'] / 1e6:.1f} MB, {ratio:.2f} of what must be kept (target "
        f"1.15): {_met(ratio <= 1.15)}"
    )
    slower = found["busy core"]["busy"] / found["busy core"]["alone"]
    lines.append(f"with one core busy a training step takes {slower:.2f}× the time (target 2×): {_met(slower <= 2)}")
    rows = found["long"]
    for row in rows:
        T = row["T"]
        lines.append(
            f"T = {T:7,}: {1e6 * row['plain'] / T:.2f} µs and {row['kept, plain'] / T:.0f} bytes a step; checkpointed "
            f"{row['sqrt'] / row['plain']:.2f}× the time, {row['kept, sqrt'] / T**0.5 / 1e3:.1f} kB × √T kept"
        )
    steady = max(row["plain"] / row["T"] for row in rows) / min(row["plain"] / row["T"] for row in rows)
    extra = max(row["sqrt"] / row["plain"] for row in rows)
    lines.append(
        f"long sequences: time a step changes by {steady:.2f}×, checkpointing takes {extra:.2f}× at most (target "
        f"1.6×): {_met(steady <= 1.5 and extra <= 1.6)}"
    )
    return lines


def _met(met: bool) -> str:
    return "met" if met else "falls short"


def plot(rows: list[dict[str, Any]], path: str) -> None:
    """Bars of how much faster than each peer, by cell and size."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 0.3 * len(rows) + 1.5), sharey=True, layout="constrained")
    names = [f"{row['cell']} {row['size']}" for row in rows]
    for axis, kind in zip(axes, ("forward", "training"), strict=True):
        peers = sorted({peer for row in rows for peer in row[kind] if peer not in OURS})
        for k, peer in enumerate(peers):
            ratios = [row[kind].get(peer, math.nan) / row[kind]["ours"] for row in rows]
            height = 0.8 / len(peers)
            axis.barh([i + (k - (len(peers) - 1) / 2) * height for i in range(len(rows))], ratios, height, label=peer)
        axis.axvline(1, color="black", linewidth=1)
        axis.set(title=kind, xlabel="times faster than the peer", xscale="log", yticks=range(len(rows)))
        axis.set_yticklabels(names, fontsize=8)
        axis.legend()
    axes[0].invert_yaxis()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
