"""A compiled LSTM against the unrolled graph, forward and backward: for `test_narrower.py` and for other processors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_compiled_lstm_is_the_unrolled_one(dtype: Any) -> None:
    random = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 19, dtype=dtype, generator=random)  # 76 gate columns: whole panels and a tail
    xs = random.normal(size=(4, 11, 3)).astype(dtype)
    found = []
    for run in (tg.unroll, tg.scan):
        x = tg.tensor(xs, requires_grad=True)
        outputs, _ = run(cell, x)
        cell.zero_grad()
        (outputs * outputs).sum().backward()
        found.append([outputs.numpy(), *[leaf.grad.numpy() for leaf in (x, *cell.parameters())]])
    for unrolled, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, unrolled, atol=1e-4 if dtype is np.float32 else 1e-12)
