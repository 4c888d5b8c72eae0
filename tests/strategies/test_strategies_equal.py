"""Strategies that compute the whole gradient compute the same one: loss, gradients, and the state that is carried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategy_cases import B, T, batch, gradient, network

import tinygrad_rnn as tg
from tinygrad_rnn.strategies import BPTT, RTRL, Checkpointed, Regularised, ScheduledSampling, Truncated

WHOLE = [
    RTRL(), Checkpointed(2), Checkpointed(), Truncated(T), Truncated(3, T), Truncated(1, T), Truncated(2, 2 * T),
    Regularised(0.0), ScheduledSampling("linear", 10),
]  # fmt: skip
LENGTHS = np.array([7, 2, 4])
WEIGHTS = np.random.default_rng(3).random((T, B))
CASES: dict[str, tuple[dict, dict, str]] = {
    "lstm": ({}, {}, "mse"),
    "gru of two layers": ({"cell": "GRUCell", "layers": 2}, {}, "mse"),
    "lengths": ({}, {"lengths": LENGTHS}, "mse"),
    "weights and lengths": ({}, {"lengths": LENGTHS, "weights": WEIGHTS}, "bce"),
    "at the end": ({"at_end": True}, {"at_end": True}, "mse"),
    "at the end, lengths": ({"at_end": True}, {"at_end": True, "lengths": LENGTHS}, "mse"),
    "symbols": ({"symbols": 4}, {"symbols": 4}, "cross_entropy"),
    "classes at the end": ({"symbols": 4, "at_end": True}, {"symbols": 4, "at_end": True}, "cross_entropy"),
}


@pytest.mark.parametrize("strategy", WHOLE, ids=repr)
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_gradient_of_full_bptt(case: str, strategy: Any) -> None:
    of_network, of_batch, kind = CASES[case]
    net, data = network(**of_network), batch(**of_batch)
    if kind == "bce":
        data = tg.data.Batch(data.inputs, (data.targets > 0).astype(float), data.lengths, data.weights)
    expected = gradient(net, data, BPTT(), kind)
    found = gradient(net, data, strategy, kind)
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-12)
    np.testing.assert_allclose(found[2], expected[2], atol=1e-12)


@pytest.mark.parametrize("strategy", [RTRL(), Truncated(T), Truncated(3, T)], ids=repr)
def test_learned_initial_states_are_learned(strategy: Any) -> None:
    cell = tg.nn.LearnedInitialState(tg.nn.GRUCell(2, 3, dtype=np.float64, generator=np.random.default_rng(0)))
    net = tg.nn.Network(cell, 2, generator=np.random.default_rng(0))
    expected = gradient(net, batch(), BPTT())[1]
    learned = net.cells[0].initial_state_0.grad.numpy()
    assert np.abs(learned).max() > 1e-4
    np.testing.assert_allclose(gradient(net, batch(), strategy)[1], expected, atol=1e-12)


def naive_truncated(net: Any, data: Any, k1: int, k2: int) -> np.ndarray:
    """By its definition: each window's errors, on a graph that begins k2 steps before the window's end."""
    net.zero_grad()
    criterion = tg.strategies.Criterion("mse")
    states = [net.initial_state(B)]
    for t in range(T):
        states.append(net.step(data.inputs[t], states[-1])[1])
    for first in range(0, T, k1):
        last = min(first + k1, T)
        start = first if k1 == k2 else max(0, last - k2)
        state = tuple(tuple(s.detach() for s in cell) for cell in states[start])
        for t in range(start, last):
            y, state = net.step(data.inputs[t], state)
            if t >= first:
                criterion.part(y.reshape((1, *y.shape)), data, t, t + 1).backward(retain_graph=True)
    return np.concatenate([p.grad.numpy().ravel() for p in net.parameters()])


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (2, 2), (3, 3), (2, 3), (1, 4), (3, 5)])
def test_truncated_is_its_definition(k1: int, k2: int) -> None:
    net, data = network(), batch()
    loss, found, state = gradient(net, data, Truncated(k1, k2))
    whole = gradient(net, data, BPTT())
    assert loss == pytest.approx(whole[0], rel=1e-12)
    np.testing.assert_allclose(state, whole[2], atol=1e-12)
    np.testing.assert_allclose(found, naive_truncated(net, data, k1, k2), atol=1e-12)
    assert np.abs(found - whole[1]).max() > 1e-6


def test_the_state_is_carried_and_begins_anew_sample_by_sample() -> None:
    net, data = network(), batch()
    whole, _ = net(data.inputs)
    first, second = data.inputs[:4], data.inputs[4:]
    _, state = net(first)
    carried = tg.strategies.begun(net, tg.data.Batch(second, second, begins=np.array([False, True, False])), state)
    outputs, _ = net(second, carried)
    alone, _ = net(second)
    np.testing.assert_allclose(outputs.numpy()[:, [0, 2]], whole.numpy()[4:, [0, 2]], atol=1e-12)
    np.testing.assert_allclose(outputs.numpy()[:, 1], alone.numpy()[:, 1], atol=1e-12)
    assert tg.strategies.begun(net, tg.data.Batch(second, second, begins=np.ones(B, bool)), state) is None


def test_the_term_against_vanishing_gradients_is_that_of_the_paper() -> None:
    """Ω from Jacobians, its gradient by central differences with the same states and arriving gradients."""
    net, data = network("RNNCell"), batch()
    strategy, plain = Regularised(0.7), gradient(net, data, BPTT())[1]
    found = gradient(net, data, strategy)[1] - plain
    cell = net.cells[0]

    states, leaves = [np.zeros((B, 3))], []
    for t in range(T):
        h = cell.step(tg.tensor(data.inputs[t]), tg.tensor(states[-1]))[0]
        states.append(h.numpy())
    h, outputs = tg.tensor(states[0]), []
    for t in range(T):
        h = cell.step(tg.tensor(data.inputs[t]), h)[0]
        h.retain_grad()
        leaves.append(h)
        outputs.append(net.readout(h))
    net.zero_grad()
    tg.mse(tg.stack(outputs), data.targets).backward()
    arriving = [h.grad.numpy() for h in leaves]

    def omega() -> float:
        total = 0.0
        for t in range(1, T):
            W, R = cell.weight_ih.numpy(), cell.weight_hh.numpy()
            bias = cell.bias_ih.numpy() + cell.bias_hh.numpy()
            slope = 1 - np.tanh(data.inputs[t] @ W.T + states[t] @ R.T + bias) ** 2
            passed = (arriving[t] * slope) @ R
            ratio = np.linalg.norm(passed, axis=1) / np.linalg.norm(arriving[t], axis=1)
            total += ((ratio - 1) ** 2).sum() / B
        return total

    assert strategy.omega == pytest.approx(omega(), rel=1e-10)
    names = [name for name, _ in net.named_parameters()]
    at = {}
    begin = 0
    for name, p in net.named_parameters():
        at[name], begin = slice(begin, begin + p.size), begin + p.size
    for name in ("cells.0.weight_hh", "cells.0.bias_ih"):
        assert name in names
        p = dict(net.named_parameters())[name]
        numeric = np.zeros(p.size)
        for k in range(p.size):
            around = []
            for step in (1e-6, -1e-6):
                values = p.numpy().copy()
                values.flat[k] += step
                before = p.numpy().copy()
                with tg.no_grad():
                    p.assign_(values)
                    around.append(omega())
                    p.assign_(before)
            numeric[k] = (around[0] - around[1]) / 2e-6
        np.testing.assert_allclose(found[at[name]], 0.7 * numeric, atol=1e-6)
