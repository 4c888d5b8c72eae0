"""Compiled loops keep the order of a formula: sums of large and small numbers lose what they lose unrolled, no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

T, B, D = 4, 3, 20
xs = np.random.default_rng(0).normal(size=(T, B, D)).astype(np.float32)


class Shifted(tg.nn.Cell):
    """y = (z − m) − ln s, where z and m are large and alike."""

    input_size = D

    def __init__(self, large: float):
        self.large = large
        self.W = tg.nn.Parameter(np.eye(D, dtype=np.float32))

    def initial_state(self, batch: Any) -> Any:
        return self.zeros(batch, D)

    def step(self, x: Any, h: Any) -> Any:
        z = x @ self.W + self.large
        m = z.max(axis=-1, keepdims=True)
        y = (z - m) - tg.log(tg.exp(z - m).sum(axis=-1, keepdims=True))
        back = (z - self.large) - y * y
        return y, (0.5 * h + back).named("h")


@pytest.mark.parametrize("large", [0.0, 1e3, 1e6])
def test_the_order_of_a_formula_is_kept(large: float) -> None:
    cell = Shifted(large)
    for compiled, unrolled in zip(tg.scan(cell, xs), tg.unroll(cell, xs), strict=True):
        np.testing.assert_allclose(compiled.numpy(), unrolled.numpy(), atol=3e-6, rtol=3e-6)
