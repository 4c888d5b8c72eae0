"""`Network`: table, cells, readout; equal to its own steps one by one."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, ShapeError

T, B, D, H, V = 6, 3, 2, 4, 5
random = np.random.default_rng(0)
SYMBOLS, NUMBERS = random.integers(0, V, (T, B)), random.normal(size=(T, B, D))


def network(layers: int = 2, symbols: bool = True, **options: Any) -> tg.nn.Network:
    g = np.random.default_rng(1)
    cells = [tg.nn.LSTMCell(D if k == 0 else H, H, dtype=np.float64, generator=g) for k in range(layers)]
    return tg.nn.Network(cells, V, symbols=V if symbols else None, generator=g, **options)


@pytest.mark.parametrize("symbols", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_sequence_is_its_steps(layers: int, symbols: bool) -> None:
    net, inputs = network(layers, symbols), SYMBOLS if symbols else NUMBERS
    outputs, final = net(inputs)
    state = net.initial_state(B)
    for t in range(T):
        y, state = net.step(inputs[t], state)
        np.testing.assert_allclose(outputs.numpy()[t], y.numpy(), atol=1e-12)
    np.testing.assert_allclose(final[-1][1].numpy(), state[-1][1].numpy(), atol=1e-12)


def test_its_gradients_are_those_of_central_differences() -> None:
    net = network()
    weights = [net.embedding.weight, net.cells[0].weight_hh, net.readout.weight]
    targets = random.integers(0, V, (T, B))

    def loss() -> tg.Tensor:
        return tg.cross_entropy(net(SYMBOLS)[0], targets)

    loss().backward()
    for p in weights:
        before, at = p.numpy().copy(), (1, 0)
        found, around = p.grad.numpy()[at], []
        for step in (1e-5, -1e-5):
            moved = before.copy()
            moved[at] += step
            with tg.no_grad():
                p.assign_(moved)
                around.append(loss().item())
                p.assign_(before)
        assert found == pytest.approx((around[0] - around[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]])
def test_at_the_end_it_says_what_it_would_have_said_there(lengths: Any) -> None:
    every, once = network(), network(at_end=True)
    once.load_state_dict(every.state_dict())
    said = every(SYMBOLS, lengths=lengths)[0].numpy()
    last = np.array(lengths or [T] * B) - 1
    np.testing.assert_allclose(once(SYMBOLS, lengths=lengths)[0].numpy(), said[last, np.arange(B)], atol=1e-12)


def test_a_carried_state_goes_on() -> None:
    net = network()
    whole, _ = net(SYMBOLS)
    first, state = net(SYMBOLS[:4])
    second, _ = net(SYMBOLS[4:], state)
    np.testing.assert_allclose(np.concatenate([first.numpy(), second.numpy()]), whole.numpy(), atol=1e-12)


def test_dropout_is_for_training_only() -> None:
    net, plain = network(dropout=0.5), network()
    assert not np.allclose(net(SYMBOLS)[0].numpy(), plain(SYMBOLS)[0].numpy())
    np.testing.assert_allclose(net.eval()(SYMBOLS)[0].numpy(), plain(SYMBOLS)[0].numpy(), atol=1e-12)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
def test_training_compiles_every_layer(recwarn: pytest.WarningsRecorder) -> None:
    tg.cross_entropy(network(dropout=0.2)(SYMBOLS)[0], SYMBOLS).backward()
    assert not recwarn.list


def test_one_step_can_be_drawn() -> None:
    for symbols in (True, False):
        dot = tg.draw(network(2, symbols=symbols), steps=2).dot
        assert ("lookup" in dot) == symbols


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: tg.nn.Network([], 3), ArgumentError, "at least one cell"),
        (lambda: tg.nn.Network(tg.nn.Linear(2, 3), 3), ArgumentError, "cell 0: got Linear"),
        (lambda: tg.nn.Network([tg.nn.GRUCell(2, 4), tg.nn.GRUCell(3, 4)], 3), ArgumentError, "cell 0 gives 4"),
        (lambda: tg.nn.Network(tg.nn.GRUCell(2, 4), 3, dropout=1.0), ArgumentError, "below 1, got 1.0"),
        (lambda: network(symbols=False)(NUMBERS[0]), ShapeError, r"expected \(T, B, D\)"),
        (lambda: network(symbols=False)(NUMBERS.astype(np.float32)), DTypeError, "inputs are float32"),
        (lambda: network(at_end=True)(SYMBOLS, lengths=[6, 0, 2]), ArgumentError, "at least one step of every"),
        (lambda: network()(SYMBOLS, [None]), ShapeError, "2 cells, but 1 states"),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()


@pytest.mark.parametrize(("kind", "keep", "admit"), [("LSTM", 1, 0), ("GRU", 1, None), ("JANET", 0, None)])
def test_chrono_initialisation(kind: str, keep: int, admit: int | None) -> None:
    cell = getattr(tg.nn, f"{kind}Cell")(2, 500, generator=np.random.default_rng(0))
    before = {name: p.numpy().reshape(-1, 500).copy() for name, p in cell.named_parameters() if "bias" in name}
    tg.nn.chrono_(cell, 101, np.random.default_rng(1))
    after = {name: p.numpy().reshape(-1, 500) for name, p in cell.named_parameters() if "bias" in name}
    total = sum(after.values())
    u = np.exp(total[keep])
    assert 1 <= u.min() < 3
    assert 97 < u.max() <= 100
    assert u.mean() == pytest.approx(50, abs=4)
    if admit is not None:
        np.testing.assert_allclose(total[admit], -total[keep], atol=1e-6)
    for k in range(len(total)):
        if k not in (keep, admit):
            assert all((before[name][k] == after[name][k]).all() for name in before)


@pytest.mark.parametrize(
    "use", [lambda: tg.nn.chrono_(tg.nn.LSTMCell(2, 3), 1), lambda: tg.nn.chrono_(tg.nn.RNNCell(2, 3), 9)]
)
def test_chrono_errors(use: Any) -> None:
    with pytest.raises(ArgumentError, match="chrono_: "):
        use()
