"""Sampling, free-running prediction, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.training import Residuals, free_run, probabilities, residuals, sample

LOGITS = np.log([0.5, 0.25, 0.15, 0.1])


def network(symbols: int | None = 5, **options: Any) -> tg.nn.Network:
    g = np.random.default_rng(0)
    return tg.nn.Network(tg.nn.LSTMCell(2, 6, generator=g), symbols or 2, symbols=symbols, generator=g, **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.25, 0.15, 0.1]),
        ({"temperature": 0.5}, np.array([0.25, 0.0625, 0.0225, 0.01]) / 0.345),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 9}, [0.5, 0.25, 0.15, 0.1]),
        ({"top_p": 0.75}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.76}, [5 / 9, 2.5 / 9, 1.5 / 9, 0]),
        ({"top_p": 1e-9}, [1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.6}, [2 / 3, 1 / 3, 0, 0]),
    ],
)
def test_what_symbols_are_drawn_with(options: dict, expected: Any) -> None:
    np.testing.assert_allclose(probabilities(LOGITS, **options), expected, atol=1e-12)


def test_samples_are_what_the_network_says_step_by_step() -> None:
    net = network()
    found = sample(net, np.array([1, 2, 3]), 10, temperature=0)
    read = [1, 2, 3]
    for drawn in found:
        outputs, _ = net(np.array(read)[:, None])
        assert drawn == outputs.numpy()[-1, 0].argmax()
        read.append(int(drawn))


def test_samples_repeat_with_their_generator_and_follow_the_probabilities() -> None:
    net = network()
    once, again = (sample(net, np.array([0]), 30, generator=np.random.default_rng(3)) for _ in range(2))
    assert (once == again).all()
    first = [int(sample(net, np.array([2]), 1, generator=np.random.default_rng(k))[0]) for k in range(800)]
    p = probabilities(net(np.array([[2]]))[0].numpy()[0, 0])
    np.testing.assert_allclose(np.bincount(first, minlength=5) / 800, p, atol=0.06)


def test_a_series_goes_on_from_its_own_predictions() -> None:
    net = network(None)
    past = np.random.default_rng(1).normal(size=(6, 3, 2)).astype(np.float32)
    found = free_run(net, past, 4)
    series = past
    for t in range(4):
        np.testing.assert_allclose(found[t], net(series)[0].numpy()[-1], atol=1e-6)
        series = np.concatenate([series, found[t : t + 1]])


def test_a_carried_state_may_be_given() -> None:
    net = network(None)
    past = np.random.default_rng(1).normal(size=(6, 3, 2)).astype(np.float32)
    _, state = net(past[:4])
    np.testing.assert_allclose(free_run(net, past[4:], 3, state=state), free_run(net, past, 3), atol=1e-6)


def test_prediction_leaves_training_as_it_was_and_drops_nothing() -> None:
    net = network(dropout=0.5)
    a, b = (sample(net, np.array([1]), 12, temperature=0) for _ in range(2))
    assert (a == b).all()
    assert net.training


def test_residuals_are_truth_less_prediction() -> None:
    net = network(None)
    series = np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32)
    found = residuals(net, series, horizon=3, warmup=5, origins=4)
    assert found.values.shape == (4, 3, 2)
    np.testing.assert_allclose(found.values[0], series[5:8] - free_run(net, series[:5, None], 3)[:, 0], atol=1e-6)
    np.testing.assert_allclose(found.values[-1], series[27:] - free_run(net, series[22:27, None], 3)[:, 0], atol=1e-6)


def test_intervals_hold_their_share() -> None:
    noise = np.random.default_rng(0).normal(size=(2000, 2, 1))
    low, high = Residuals(noise).interval(np.zeros((2, 1)), 0.8)
    np.testing.assert_allclose(high, 1.2816, atol=0.1)
    np.testing.assert_allclose(low, -1.2816, atol=0.1)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: probabilities(LOGITS, -1), "temperature ≥ 0"),
        (lambda: probabilities(LOGITS, top_k=0), "top_k ≥ 1"),
        (lambda: probabilities(LOGITS, top_p=1.5), "0 < top_p ≤ 1"),
        (lambda: sample(network(None), np.array([0]), 3), "reads symbols and says the next one"),
        (lambda: sample(network(), np.array([], int), 3), "at least one symbol to start with"),
        (lambda: free_run(network(), np.zeros((3, 1, 2)), 3), "reads numbers and says the next ones"),
        (lambda: free_run(network(None), np.zeros((0, 1, 2)), 3), r"expected \(S, B, D\) with S ≥ 1"),
        (lambda: residuals(network(None), np.zeros((7, 2)), 3, 5), "5 to read and 3 to predict need 8"),
        (lambda: Residuals(np.zeros((4, 3, 1))).interval(np.zeros((4, 1))), "reach 3 steps ahead, the forecast 4"),
    ],
)
def test_errors(use: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        use()
