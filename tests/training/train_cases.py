"""A small source and network that the tests of training share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import Batch

V, T, B = 6, 8, 4


class Cycle:
    """Symbols that follow one another in a circle, in strands; each batch goes on where the last one ended."""

    inputs, symbols, outputs, loss, at_end, epoch = V, True, V, "cross_entropy", False, 5

    def __init__(self, seed: int = 0, size: int = B):
        self.offset = np.random.default_rng(seed).integers(0, V, size)

    def batch(self, k: int) -> Batch:
        steps = np.arange(T + 1)[:, None] + (k % self.epoch) * T + self.offset
        return Batch(steps[:-1] % V, steps[1:] % V, begins=np.full(len(self.offset), k % self.epoch == 0))


def network(dropout: float = 0.0, zoneout: float = 0.0, cell: Any = tg.nn.LSTMCell, size: int = 8) -> tg.nn.Network:
    g = np.random.default_rng(0)
    cells = [cell(4, size, generator=g), cell(size, size, generator=g)]
    if zoneout:
        cells[1] = tg.nn.Zoneout(cells[1], zoneout, generator=np.random.default_rng(7))
    return tg.nn.Network(cells, V, symbols=V, dropout=dropout, generator=g)


def trainer(folder: Path | None = None, net: tg.nn.Network | None = None, **settings: Any) -> tg.Trainer:
    net = network() if net is None else net
    settings.setdefault("optimizer", tg.optim.Adam(net.parameters(), lr=1e-2))
    return tg.Trainer(net, settings.pop("source", Cycle()), folder=folder, clip_norm=1.0, **settings)


def numbers(history: Any) -> list[tuple]:
    """What was measured, but for the time it took."""
    return [(m.step, m.loss, m.gradient_norm, m.lr, m.tokens, m.validation) for m in history]


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
