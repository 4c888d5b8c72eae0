"""Series against their equations, solved another way."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.data import NARMA10, MackeyGlass, Sine, mackey_glass, narma10
from tinygrad_rnn.data.dynamics import DIVERGES


def test_sine_follows_its_recurrence() -> None:
    task = Sine(40, shortest=12, longest=12)
    batch = task.sample(np.random.default_rng(0), 50, np.float64)
    x = np.concatenate([batch.inputs, batch.targets[-1:]])
    np.testing.assert_array_equal(x[1:], batch.targets)
    np.testing.assert_allclose(x[2:], 2 * np.cos(2 * np.pi / 12) * x[1:-1] - x[:-2], atol=1e-12)
    assert task.baseline == pytest.approx(0.5, abs=0.02)


def test_narma10_follows_its_equation() -> None:
    batch = NARMA10(60).sample(np.random.default_rng(0), 3, np.float64)
    assert batch.inputs.min() >= 0
    assert batch.inputs.max() <= 0.5
    for k in range(3):
        u, ys = batch.inputs[:, k, 0], [0.0]
        for t in range(60):
            last = sum(ys[t - i] for i in range(10) if t >= i)
            ys.append(0.3 * ys[t] + 0.05 * ys[t] * last + 1.5 * (u[t - 9] if t >= 9 else 0) * u[t] + 0.1)
        np.testing.assert_allclose(batch.targets[:, k, 0], ys[1:], rtol=1e-12)


def test_narma10_is_drawn_anew_where_it_diverges() -> None:
    task, size = NARMA10(3000), 300
    first_try = narma10(np.random.default_rng(5).uniform(0, 0.5, (3000, size)))
    assert not np.isfinite(first_try).all(), "choose a seed where one diverges"
    batch = task.sample(np.random.default_rng(5), size, np.float64)
    assert batch.targets.max() < DIVERGES
    kept = first_try.max(axis=0) < DIVERGES  # false for NaN too
    assert 0 < kept.sum() < size
    np.testing.assert_array_equal(batch.targets[:, kept, 0], first_try[:, kept])
    np.testing.assert_allclose(narma10(batch.inputs), batch.targets)


def test_narma10_that_always_diverges_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_rnn.data.dynamics.narma10", lambda u: np.full_like(u, np.nan))
    with pytest.raises(ArgumentError, match="NARMA10: sequences of 20 steps nearly always diverge"):
        NARMA10(20).source(2).batch(0)


def test_mackey_glass_before_the_delay_is_known_exactly() -> None:
    x0 = np.array([1.2, 0.9])
    steady = 2 * x0 / (1 + x0**10)  # while the delayed past is constant, ẋ = 0.1 (steady − x)
    t = np.arange(18)[:, None]
    np.testing.assert_allclose(mackey_glass(18, x0), steady + (x0 - steady) * np.exp(-0.1 * t), rtol=1e-8)


def test_mackey_glass_converges_and_agrees_with_small_steps_of_euler() -> None:
    coarse, fine = mackey_glass(101), mackey_glass(101, fine=16)
    np.testing.assert_allclose(coarse, fine, atol=2e-6)
    assert not np.allclose(mackey_glass(60, tau=30), fine[:60], atol=0.1)
    per_unit = 2000
    x = np.full(17 * per_unit + 100 * per_unit + 1, 1.2)
    for t in range(17 * per_unit, len(x) - 1):
        old = x[t - 17 * per_unit]
        x[t + 1] = x[t] + (0.2 * old / (1 + old**10) - 0.1 * x[t]) / per_unit
    np.testing.assert_allclose(x[17 * per_unit :: per_unit], fine, atol=1e-3)


def test_mackey_glass_predicts_ahead_and_every_sequence_is_another() -> None:
    batch = MackeyGlass(30, ahead=6).sample(np.random.default_rng(0), 8, np.float64)
    np.testing.assert_array_equal(batch.inputs[6:], batch.targets[:-6])
    assert 0.2 < batch.inputs.min() < batch.inputs.max() < 1.4
    assert (batch.inputs.std(axis=1) > 0).all()
    alone = MackeyGlass(30, spread=0).sample(np.random.default_rng(0), 1, np.float64)
    np.testing.assert_allclose(alone.inputs[:, 0, 0], mackey_glass(230)[200:])


@pytest.mark.parametrize(
    "make", [lambda: Sine(shortest=0), lambda: Sine(shortest=9, longest=8), lambda: MackeyGlass(spread=2)]
)
def test_what_makes_no_sense_is_refused(make) -> None:
    with pytest.raises(ArgumentError, match=r"periods|spread"):
        make()
