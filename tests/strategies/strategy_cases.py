"""Small networks and batches that the strategies' tests share."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data.batch import Batch

T, B, D, H, O = 7, 3, 2, 3, 2  # noqa: E741


def network(cell: str = "LSTMCell", layers: int = 1, symbols: int | None = None, **options: Any) -> tg.nn.Network:
    g = np.random.default_rng(5)
    kind = getattr(tg.nn, cell)
    cells = [kind(D if k == 0 else H, H, dtype=np.float64, generator=g) for k in range(layers)]
    outputs = O if symbols is None else symbols
    return tg.nn.Network(cells, outputs, symbols=symbols, generator=g, **options)


def batch(at_end: bool = False, symbols: int | None = None, **options: Any) -> Batch:
    g = np.random.default_rng(6)
    if symbols is not None:
        return Batch(g.integers(0, symbols, (T, B)), g.integers(0, symbols, (B,) if at_end else (T, B)), **options)
    return Batch(g.normal(size=(T, B, D)), g.normal(size=(B, O) if at_end else (T, B, O)), **options)


def gradient(net: tg.nn.Network, batch: Batch, strategy: Any, kind: str = "mse", state: Any = None) -> tuple:
    """(loss, all gradients in one row, the state after the batch in one row)."""
    net.zero_grad()
    found = strategy.gradients(net, batch, tg.strategies.Criterion(kind, net.at_end), state)
    row = np.concatenate([np.zeros(p.size) if p.grad is None else p.grad.numpy().ravel() for p in net.parameters()])
    return found.loss, row, np.concatenate([s.numpy().ravel() for cell in found.state for s in _leaves(cell)])


def _leaves(state: Any) -> list:
    return [state] if isinstance(state, tg.Tensor) else [leaf for part in state for leaf in _leaves(part)]
