"""Published tasks, a real series and a real text: learned? from how many sequences? how fast, beside PyTorch?

    python tests/benchmarks/tasks.py                     # all of them, several seeds each
    python tests/benchmarks/tasks.py --quick             # a few steps of each: does it run, do the loss curves coincide
    python tests/benchmarks/tasks.py --only adding-100 --seeds 5 --json figures.json

A task is learned when new sequences meet the criterion of its paper. Where PyTorch is installed it gets the same
initial weights, batches, clipping and optimiser, and 200 losses are compared in float64; then both are timed in turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from narrow import hold_to_avx2
from torch_twin import Twin, seconds_each

import tinygrad_rnn as tg
from tinygrad_rnn.data import (
    Adding,
    Copy,
    Counting,
    Reber,
    Strands,
    Task,
    TemporalOrder,
    Text,
    Windows,
    standard_library,
)

TESTED = 2560


@dataclass
class Work:
    """One task, how it is learned, and when it is.

    Attributes:
        published: what its paper reports.
        cell: a class of `tg.nn`.
        chrono: longest memory to begin with; None: as the cell begins.
        sequences: the most to learn from.
        wrong: how many of the tested may be wrong; None: the loss must fall below `below`.
    """

    name: str
    task: Task
    published: str
    cell: Any
    hidden: int
    batch: int
    lr: float
    sequences: int
    chrono: int | None = None
    embedding: int = 8
    wrong: int | None = None
    below: float = 0.0
    every: int = 100

    def trainer(self, seed: int, dtype: Any = np.float32) -> tg.Trainer:
        g, task = np.random.default_rng(seed), self.task
        size = self.embedding if task.symbols else task.inputs
        symbols = task.inputs if task.symbols else None
        cell = self.cell(size, self.hidden, dtype=dtype, generator=g)
        net = tg.nn.Network(cell, task.outputs, symbols=symbols, at_end=task.at_end, generator=g)
        if self.chrono:
            tg.nn.chrono_(net, self.chrono, g)
        adam = tg.optim.Adam(net.parameters(), lr=self.lr)
        return tg.Trainer(net, task.source(self.batch, seed, dtype), optimizer=adam, clip_norm=1.0)

    def learned(self, trainer: tg.Trainer, seed: int) -> bool:
        if self.wrong is None:
            return tg.training.evaluate(trainer.network, self.task.source(256, 10**6 + seed), 4) < self.below
        right = 0
        with tg.no_grad():
            for k in range(TESTED // 256):
                batch = self.task.sample(np.random.default_rng([10**6 + seed, k]), 256)
                right += int(
                    self.task.correct(trainer.network(batch.inputs, None, batch.lengths)[0].numpy(), batch).sum()
                )
        return right >= TESTED - self.wrong


LSTM, GRU, RNN = tg.nn.LSTMCell, tg.nn.GRUCell, tg.nn.RNNCell
WORKS = [
    Work("reber", Reber(), "8,440 sequences, all strings right", LSTM, 32, 2, 5e-3, 8_440, wrong=0, embedding=7),
    Work("adding-100", Adding(100), "74,000, one of 2,560 wrong", LSTM, 32, 16, 1e-2, 74_000, chrono=100, wrong=1),
    Work("adding-400", Adding(400), "–", LSTM, 32, 16, 1e-2, 150_000, chrono=400, wrong=1),
    Work("order-6a", TemporalOrder(), "31,390, one of 2,560 wrong", LSTM, 32, 16, 1e-2, 31_390, chrono=100, wrong=1),
    Work("copy-100", Copy(100), "half the baseline", GRU, 128, 32, 3e-3, 300_000, below=Copy(100).baseline / 2,
         embedding=10, every=250),
]  # fmt: skip
COUNTERS: dict[str, Callable[..., Any]] = {
    "LSTM": LSTM,
    "RNN, ReLU": lambda D, H, **options: RNN(D, H, nonlinearity="relu", **options),
    "GRU": GRU,
    "RNN, tanh": RNN,
}


def learn(work: Work, seed: int, quick: bool) -> dict[str, Any]:
    """Train until it is learned, or the sequences are used up."""
    trainer, begin, tested = work.trainer(seed), time.perf_counter(), 0.0
    limit = 2 if quick else -(-work.sequences // work.batch)
    learned = False
    while trainer.step < limit and not learned:
        trainer.run(min(trainer.step + work.every, limit))
        at = time.perf_counter()
        learned = work.learned(trainer, seed)
        tested += time.perf_counter() - at
    return {"learned": learned, "sequences": trainer.step * work.batch, "seconds": time.perf_counter() - begin - tested}


def curves(make: Callable[[Any], tg.Trainer], steps: int) -> float | None:
    """The largest relative difference of the losses of ours and PyTorch's in float64; None without PyTorch."""
    trainer = make(np.float64)
    trainer.patience = None
    try:
        twin = Twin(trainer)
    except ImportError:
        return None
    theirs = np.array([twin.step() for _ in range(steps)])
    ours = np.array([m.loss for m in trainer.run(steps)])
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


def beside_torch(make: Callable[[Any], tg.Trainer], steps: int) -> tuple[float, float] | None:
    trainer = make(np.float32)
    try:
        twin = Twin(trainer)
    except ImportError:
        return None
    for _ in range(3):
        twin.step()
    trainer.run(3)
    return seconds_each(trainer, twin, steps)


def count(cell: str, seed: int, quick: bool) -> int:
    """Learn aⁿbⁿ for n ≤ 20; up to which n is it right?"""
    g = np.random.default_rng(seed)
    net = tg.nn.Network(COUNTERS[cell](4, 10, generator=g), 3, symbols=3, generator=g)
    steps = 2 if quick else 4000
    rate = 3e-3 if cell == "RNN, ReLU" else 1e-2
    task, schedule = Counting("anbn", 1, 20), tg.training.Cosine(steps)
    adam = tg.optim.Adam(net.parameters(), lr=rate)
    tg.Trainer(net, task.source(32, seed), optimizer=adam, clip_norm=1.0, schedule=schedule).run(steps)
    with tg.no_grad():
        for n in range(1, 1000):
            longer = Counting("anbn", n, n)
            batch = longer.sample(g, 1)
            if not longer.correct(net(batch.inputs)[0].numpy(), batch).all():
                return n - 1
    return 999


def sunspots() -> np.ndarray | None:
    """Sunspots of each year from 1700 to 2008, (309, 1), which come with statsmodels (pip install statsmodels)."""
    found = importlib.util.find_spec("statsmodels")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "datasets/sunspots/sunspots.csv"
    return tg.data.read_series(path, columns=["SUNACTIVITY"]).values


def series_trainer(dtype: Any, seed: int = 0) -> tuple[tg.Trainer, np.ndarray]:
    """Trained on the first 200 years, validated on the next 55; also the whole series, on the scale of the first."""
    rows = sunspots()
    assert rows is not None
    values = tg.data.Standard.fit(rows[:200]).apply(rows)
    known, middle = values[:200], values[160:255]
    g = np.random.default_rng(seed)
    net = tg.nn.Network(LSTM(1, 32, dtype=dtype, generator=g), 1, generator=g)
    source = Windows(known, known, 40, 8, seed=seed, dtype=dtype)
    validation = Windows(middle, middle, 94, 1, shuffle=False, dtype=dtype)
    adam = tg.optim.Adam(net.parameters(), lr=1e-2)
    settings: Any = {"validation": validation, "validate_every": 20, "patience": 15}
    return tg.Trainer(net, source, optimizer=adam, clip_norm=1.0, **settings), values


def series(quick: bool, seed: int) -> tuple[float, float, float]:
    """Mean squared errors one year ahead, of the last 54: ours, the year before, nine years weighted linearly."""
    trainer, values = series_trainer(np.float32, seed)
    trainer.run(2 if quick else 3000)
    with tg.no_grad():
        said = trainer.network(values[:-1, None].astype(np.float32))[0].numpy()[:, 0]
    weights = np.linalg.lstsq(_lagged(values[:255]), values[9:255], rcond=None)[0]
    predictions = said[-54:], values[-55:-1], (_lagged(values) @ weights)[-54:]
    ours, before, linear = (float(((p - values[-54:]) ** 2).mean()) for p in predictions)
    return ours, before, linear


def _lagged(rows: np.ndarray) -> np.ndarray:
    """The nine rows before each, and 1."""
    return np.concatenate([*(rows[k : len(rows) - 9 + k] for k in range(9)), np.ones((len(rows) - 9, 1))], axis=1)


def text_trainer(dtype: Any, text: Text, hidden: int = 128, layers: int = 1, part: slice = slice(None)) -> tg.Trainer:
    g, V = np.random.default_rng(0), len(text.vocabulary)
    cells = [LSTM(64 if k == 0 else hidden, hidden, dtype=dtype, generator=g) for k in range(layers)]
    net = tg.nn.Network(cells, V, symbols=V, generator=g)
    adam = tg.optim.Adam(net.parameters(), lr=3e-3)
    return tg.Trainer(net, Strands(text.numbers[part], V, 100, 32), optimizer=adam, clip_norm=1.0)


def reading(text: Text, quick: bool) -> tuple[float, float, float]:
    """Nats a character on unseen text: ours after an epoch, by frequencies alone, and by pairs of characters."""
    cut = len(text) * 9 // 10
    known, unseen = text.numbers[:cut].astype(int), text.numbers[cut:].astype(int)
    trainer = text_trainer(np.float32, text, part=slice(cut))
    trainer.run(2 if quick else trainer.source.epoch)
    loss = tg.training.evaluate(trainer.network, Strands(text.numbers[cut:], len(text.vocabulary), 100, 8), 10**9)
    V = len(text.vocabulary)
    one = np.bincount(known, minlength=V) + 1.0
    two = np.bincount(known[:-1] * V + known[1:], minlength=V * V).reshape(V, V) + 0.1
    by_one = -np.log(one / one.sum())[unseen].mean()
    by_two = -np.log(two / two.sum(axis=1, keepdims=True))[unseen[:-1], unseen[1:]].mean()
    return loss, float(by_one), float(by_two)


def main() -> int:
    options = _parser().parse_args()
    if options.avx2:
        hold_to_avx2()
    quick, found = options.quick, {}
    seeds = range(1 if quick else options.seeds)
    steps = 20 if quick else 200

    def wanted(name: str) -> bool:
        return not options.only or name in options.only

    print(f"{tg.get_num_threads()} threads, load average {os.getloadavg()[0]:.2f} at the start\n")
    print(
        "| task | published | cell | learned | sequences (median, range) | seconds | PyTorch's steps | curves differ |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for work in WORKS:
        if wanted(work.name):
            rows = [learn(work, seed, quick) for seed in seeds]
            make = lambda dtype, work=work: work.trainer(0, dtype)  # noqa: E731
            found[work.name] = row = {
                "seeds": rows,
                "curves": curves(make, steps),
                "each": beside_torch(make, steps // 4),
            }
            print(_line(work, row), flush=True)
    if wanted("counting"):
        found["counting"] = {cell: [count(cell, seed, quick) for seed in seeds] for cell in COUNTERS}
        print("\naⁿbⁿ, trained for n ≤ 20; right up to n =")
        for cell, ns in found["counting"].items():
            print(f"  {cell:10} {statistics.median(ns):4.0f} (median; {min(ns)} to {max(ns)})")
    if wanted("series") and sunspots() is None:
        print("\nno series: pip install statsmodels, which has one")
    elif wanted("series"):
        errors = [series(quick, seed) for seed in seeds]
        found["series"] = {"errors": errors, "curves": curves(lambda dtype: series_trainer(dtype)[0], steps)}
        ours, before, linear = (statistics.median(e[k] for e in errors) for k in range(3))
        print(f"\nSunspots, one year ahead: mean squared error {ours:.3f}, by the year before {before:.3f}, ", end="")
        print(f"by a linear model of nine years {linear:.3f}{_difference(found['series']['curves'])}")
    if wanted("text"):
        text = Text(standard_library(200_000 if quick else 2_000_000), most=127)
        loss, by_one, by_two = reading(text, quick)
        difference = curves(lambda dtype: text_trainer(dtype, text), steps)
        found["text"] = {"loss": loss, "by one": by_one, "by two": by_two, "curves": difference}
        print(f"\nPython's sources, {len(text):,} characters, one epoch: {loss:.3f} nats a character", end="")
        print(f" (by frequencies {by_one:.3f}, by pairs {by_two:.3f}){_difference(difference)}")
        found["speed"] = speed(text, quick)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
    return _verdict(found, quick)


def speed(text: Text, quick: bool) -> list[dict[str, Any]]:
    """Characters a second of whole training steps: table, LSTM, readout, loss, gradients, clipping, Adam."""
    rows = []
    for hidden in (128, 256):
        for layers in (1, 2):
            each = beside_torch(
                lambda dtype, hidden=hidden, layers=layers: text_trainer(dtype, text, hidden, layers),
                5 if quick else 60,
            )
            if each is None:
                return rows
            rate = [3200 / s for s in each]
            rows.append({"hidden": hidden, "layers": layers, "ours": rate[0], "torch": rate[1]})
            ours = f"{rate[0]:9,.0f} characters/s, PyTorch {rate[1]:9,.0f}: {rate[0] / rate[1]:.2f}×"
            print(f"  H = {hidden}, {layers} layers: {ours}")
    return rows


def _line(work: Work, row: dict[str, Any]) -> str:
    rows = row["seeds"]
    used = [r["sequences"] for r in rows]
    seconds = statistics.median(r["seconds"] for r in rows)
    times = "–" if row["each"] is None else f"{row['each'][1] / row['each'][0]:.1f} × ours"
    differ = "–" if row["curves"] is None else f"{row['curves']:.0e}"
    learned = f"{sum(r['learned'] for r in rows)} of {len(rows)}"
    span = f"{statistics.median(used):,.0f} ({min(used):,} to {max(used):,})"
    cell = f"{work.cell.__name__.removesuffix('Cell')} {work.hidden}"
    return f"| {work.name} | {work.published} | {cell} | {learned} | {span} | {seconds:.1f} | {times} | {differ} |"


def _difference(curves: float | None) -> str:
    return "" if curves is None else f"; its losses and PyTorch's differ by {curves:.0e}"


def _verdict(found: dict[str, Any], quick: bool) -> int:
    """1 if loss curves part, or (not quick) something was not learned."""
    apart = [name for name, row in found.items() if isinstance(row, dict) and (row.get("curves") or 0) > 1e-8]
    missed = [name for name, row in found.items() if not quick and isinstance(row, dict) and not all(
        r["learned"] for r in row.get("seeds", []))]  # fmt: skip
    for names, what in ((apart, "losses part from PyTorch's"), (missed, "not learned by every seed")):
        if names:
            print(f"{what}: {', '.join(names)}")
    return 1 if apart else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few steps of each")
    names = [*[work.name for work in WORKS], "counting", "series", "text"]
    parser.add_argument("--only", action="append", choices=names, help="one of them; repeatable")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--avx2", action="store_true", help="hold everybody to AVX2")
    parser.add_argument("--json", metavar="FILE", help="also save the figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
