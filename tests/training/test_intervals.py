"""Intervals: what was missed, from how many origins, and how often the truth lies within."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.training import Residuals, free_run, residuals


def network(known: int = 0) -> tg.nn.Network:
    g = np.random.default_rng(0)
    return tg.nn.Network(tg.nn.GRUCell(2 + known, 4, generator=g), 2, generator=g)


@pytest.mark.parametrize("beside", [0, 1])
def test_residuals_are_truth_less_prediction_of_every_origin(beside: int) -> None:
    net, g = network(beside), np.random.default_rng(1)
    series = g.normal(size=(11, 2)).astype(np.float32)
    known = g.normal(size=(11, 1)).astype(np.float32) if beside else None
    found = residuals(net, series, horizon=3, warmup=5, known=known)
    assert found.values.shape == (6, 3, 2)
    assert found.origins.tolist() == [6, 5, 4]
    for k in range(6):
        steps = min(3, 6 - k)
        more = None if known is None else known[k : k + 5 + steps, None]
        said = free_run(net, series[k : k + 5, None], steps, known=more)[:, 0]
        np.testing.assert_allclose(found.values[k, :steps], series[k + 5 : k + 5 + steps] - said, atol=1e-6)
        assert np.isnan(found.values[k, steps:]).all()


def test_so_many_origins_are_spread_over_the_series() -> None:
    series = np.random.default_rng(1).normal(size=(500, 2)).astype(np.float32)
    net = network()
    few, every = (residuals(net, series, 2, 5, origins=n).values for n in (4, 1000))
    assert (len(few), len(every)) == (4, 495)
    np.testing.assert_allclose(few, every[[0, 164, 329, 494]], atol=1e-6)


@given(st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_an_interval_is_the_conformal_one(n: int, level: float, seed: int) -> None:
    """Symmetric; of n exchangeable residuals and the one to come, in `level` of all orders that lies within."""
    values = np.random.default_rng(seed).standard_cauchy((n, 1, 1))
    found = Residuals(values)
    low, high = found.interval(np.array([[7.0]]), level)
    enough = n >= level / (1 - level) - 1e-9
    assert found.reach(level) == int(enough)
    if not enough:
        assert np.isnan([low, high]).all()
        return
    assert high - 7 == pytest.approx(7 - low)
    within = int((np.abs(values) <= (high - 7) * (1 + 1e-12)).sum())  # of n + 1 places, where the next may stand
    assert within >= level * (n + 1) - 1e-6
    assert within - 1 < level * (n + 1)


def test_fewer_than_nine_origins_give_no_interval_of_ninety_per_cent_and_further_ahead_there_is_none() -> None:
    values = np.random.default_rng(0).normal(size=(12, 6, 2))
    for h in range(6):
        values[12 - h :, h] = np.nan
    found = Residuals(values)
    assert found.origins.tolist() == [12, 11, 10, 9, 8, 7]
    assert (found.reach(0.9), found.reach(0.8), found.reach(0.95)) == (4, 6, 0)
    low, high = found.interval(np.zeros((9, 2)), 0.9)
    assert low.shape == high.shape == (9, 2)
    assert np.isfinite(high[:4]).all()
    assert np.isnan(high[4:]).all()


def test_a_prediction_that_is_no_number_missed_by_more_than_anything() -> None:
    net = network()
    with tg.no_grad():
        net.readout.bias.assign_(np.full(2, np.inf, np.float32))
    found = residuals(net, np.zeros((15, 2)), 1, 5)
    assert found.origins.tolist() == [10]
    assert np.isinf(found.interval(np.zeros((1, 2)))[1]).all()


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: residuals(network(), np.zeros((5, 2)), 3, 5), "5 to read and 1 to predict need 6"),
        (lambda: residuals(network(), np.zeros((9, 2)), 0, 5), "horizon is a whole number of at least 1"),
        (lambda: Residuals(np.zeros((4, 3, 1))).interval(np.zeros((4, 2))), r"is \(4, 2\), expected \(steps, 1\)"),
        (lambda: Residuals(np.zeros((4, 3, 1))).interval(np.zeros((4, 1)), 1), r"level must be in \(0, 1\), got 1"),
    ],
)
def test_errors(use: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        use()
