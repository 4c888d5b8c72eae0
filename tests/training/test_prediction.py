"""Sampling, free-running prediction, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.training import free_run, probabilities, sample

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
        ({"never": [0]}, [0, 0.5, 0.3, 0.2]),
        ({"never": [0], "temperature": 0}, [0, 1, 0, 0]),
        ({"never": [0, 2], "top_k": 9}, [0, 5 / 7, 0, 2 / 7]),
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


def test_what_is_never_to_be_said_is_not_sampled() -> None:
    net = network()
    drawn = sample(net, np.array([1]), 300, never=[0, 3], temperature=5.0, generator=np.random.default_rng(0))
    assert set(drawn.tolist()) == {1, 2, 4}


def test_what_else_is_known_is_read_with_the_row_before() -> None:
    """As `Windows` with `known` gives it: with row t, what is known of row t + 1."""
    g = np.random.default_rng(0)
    net = tg.nn.Network(tg.nn.GRUCell(3, 5, generator=g), 2, generator=g)
    values, known = (g.normal(size=(9, n)).astype(np.float32) for n in (2, 1))
    found = free_run(net, values[:6, None], 3, known=known[:, None])[:, 0]
    read = np.concatenate([values[:6], known[1:7]], axis=1)
    for t in range(3):
        said = net(read[:, None])[0].numpy()[-1, 0]
        np.testing.assert_allclose(found[t], said, atol=1e-6)
        if t < 2:
            read = np.concatenate([read, np.concatenate([said, known[7 + t]])[None]])
    batch = tg.data.Windows(values, values, 8, 1, known=known, shuffle=False).batch(0)
    np.testing.assert_array_equal(batch.inputs[:6, 0], read[:6])


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


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: probabilities(LOGITS, -1), "temperature ≥ 0"),
        (lambda: probabilities(LOGITS, top_k=0), "top_k ≥ 1"),
        (lambda: probabilities(LOGITS, top_p=1.5), "0 < top_p ≤ 1"),
        (lambda: sample(network(None), np.array([0]), 3), "reads symbols and says the next one"),
        (lambda: sample(network(), np.array([], int), 3), "at least one symbol to start with"),
        (lambda: free_run(network(), np.zeros((3, 1, 2)), 3), "reads numbers and says the next ones"),
        (lambda: free_run(network(None), np.zeros((0, 1, 2)), 3), r"expected \(S, B, 2\) with S ≥ 1"),
        (lambda: free_run(network(None), np.zeros((3, 1, 2)), 3, known=np.zeros((6, 1, 1))), "says 2, reads 2, and 1"),
        (lambda: free_run(network(None), np.zeros((3, 1, 1)), 3), r"expected \(S, B, 2\) with S ≥ 1"),
        (lambda: probabilities(LOGITS, never=[0, 1, 2, 3]), "one symbol at least"),
    ],
)
def test_errors(use: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        use()
