"""What looks into an unrolled graph looks into a scan: gradients by step, anomalies, drawings, costs, fallbacks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numba.core import config
from own_cells import OWN_CELLS, LayerNormLSTM, OwnCell, PeepholeLSTM

import tinygrad_rnn as tg

# the sizes of `test_compile_scan_equal`, whose programs are the same
CELLS = [lambda: tg.nn.LSTMCell(6, 3, dtype=np.float64), lambda: tg.nn.GRUCell(6, 3, dtype=np.float64)]
CELLS += [lambda kind=kind: kind(3, 5) for kind in OWN_CELLS if kind is not LayerNormLSTM]  # LayerNormRNN is smaller
compiled = pytest.mark.skipif(config.DISABLE_JIT, reason="programs need Numba's compiler")


def xs(T: int = 5, B: int = 3, D: int = 3) -> Any:
    return tg.tensor(np.random.default_rng(2).normal(size=(T, B, D)), requires_grad=True)


def loss_of(run: Any, cell: Any, x: Any, **options: Any) -> Any:
    outputs, state = run(cell, x, **options)
    states = state if isinstance(state, tuple) else (state,)
    weight = np.random.default_rng(3).normal(size=outputs.shape)
    return (outputs * weight).sum() + sum((s * s).sum() for s in states)


@pytest.mark.parametrize("make", CELLS, ids=lambda make: type(make()).__name__)
def test_values_and_gradients_of_both_orders_equal_the_unrolled_cells(make: Any) -> None:
    cell, found = make(), []
    for run in (tg.unroll, tg.scan):
        x = xs(D=cell.input_size)
        cell.zero_grad()
        loss = loss_of(run, cell, x)
        loss.backward(create_graph=True)
        firsts = [x.grad, *[p.grad for p in cell.parameters()]]
        values = [loss.numpy(), *[g.numpy() for g in firsts]]
        for leaf in (x, *cell.parameters()):
            leaf.grad = None
        sum((g * g).sum() for g in firsts).backward()
        found.append([*values, x.grad.numpy(), *[p.grad.numpy() for p in cell.parameters()]])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("make", CELLS, ids=lambda make: type(make()).__name__)
def test_forward_mode_equals_reverse_mode(make: Any) -> None:
    cell = make()
    x = xs(D=cell.input_size).numpy()
    v = np.random.default_rng(4).normal(size=x.shape)
    _, tangent = tg.jvp(lambda x: loss_of(tg.scan, cell, x), (x,), (v,))
    gradient = tg.grad(lambda x: loss_of(tg.scan, cell, x))(x)
    np.testing.assert_allclose(tangent.item(), (gradient.numpy() * v).sum(), rtol=1e-9)


@pytest.mark.parametrize("make", CELLS, ids=lambda make: type(make()).__name__)
def test_gradients_by_step_equal_the_unrolled_cells(make: Any) -> None:
    cell = make()
    x = xs(D=cell.input_size)
    for weight in cell.parameters():
        expected = tg.grad_by_step(loss_of(tg.unroll, cell, x), weight).numpy()
        np.testing.assert_allclose(tg.grad_by_step(loss_of(tg.scan, cell, x), weight).numpy(), expected, atol=1e-11)


@compiled
def test_a_second_backward_through_a_kept_graph_gives_the_same() -> None:
    cell, x = PeepholeLSTM(3, 5), xs()
    loss = loss_of(tg.scan, cell, x)
    loss.backward(retain_graph=True)
    first = [x.grad.numpy().copy(), *[p.grad.numpy().copy() for p in cell.parameters()]]
    x.grad = None
    cell.zero_grad()
    loss.backward()
    for a, b in zip(first, [x.grad.numpy(), *[p.grad.numpy() for p in cell.parameters()]], strict=True):
        assert (a == b).all()


def test_a_changed_cell_is_traced_again() -> None:
    cell, x = tg.nn.RNNCell(3, 4, dtype=np.float64), xs()
    before = tg.scan(cell, x)[0].numpy()
    cell.activation = tg.sigmoid
    after = tg.scan(cell, x)[0].numpy()
    np.testing.assert_allclose(after, tg.unroll(cell, x)[0].numpy(), atol=1e-12)
    assert (before != after).any()
    cell.weight_hh = tg.nn.Parameter(np.zeros((4, 4)))
    np.testing.assert_allclose(tg.scan(cell, x)[0].numpy(), tg.unroll(cell, x)[0].numpy(), atol=1e-12)
    with tg.no_grad():
        cell.weight_ih.assign_(np.ones((4, 3)))
    np.testing.assert_allclose(tg.scan(cell, x)[0].numpy(), tg.unroll(cell, x)[0].numpy(), atol=1e-12)


class BatchCentred(OwnCell):
    def make(self, D: int, H: int) -> None:
        self.W = self.weights(D, H)

    def step(self, x: Any, h: Any) -> Any:
        z = x @ self.W
        h = tg.tanh(h + z - z.mean(axis=0, keepdims=True))
        return h, h


class Closed(OwnCell):
    def make(self, D: int, H: int) -> None:
        self.W, self.context = self.weights(D, H), np.random.default_rng(5).normal(size=(3, H))

    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(h + x @ self.W + self.context)
        return h, h


class Noisy(OwnCell):
    def make(self, D: int, H: int) -> None:
        self.W = self.weights(D, H)

    def step(self, x: Any, h: Any) -> Any:
        h = tg.dropout(tg.tanh(h + x @ self.W), 0.5, generator=self.random)
        return h, h


@compiled
@pytest.mark.parametrize(("kind", "reason"), [(BatchCentred, "mean"), (Closed, r"\(3, 5\)"), (Noisy, "dropout")])
def test_cells_that_cannot_be_compiled_say_why_once_and_are_right(kind: Any, reason: str) -> None:
    cell, x = kind(3, 5), xs()
    with pytest.warns(tg.UncompiledWarning, match=reason):
        outputs, _ = tg.scan(cell, x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again, _ = tg.scan(cell, x)
    if kind is Noisy:
        assert (outputs.numpy() != again.numpy()).any()
    else:
        np.testing.assert_allclose(outputs.numpy(), tg.unroll(cell, x)[0].numpy(), atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [5, 0, 2]])
def test_reverse_and_lengths_equal_each_sequence_alone(reverse: bool, lengths: Any) -> None:
    cell, x = PeepholeLSTM(3, 5), xs()
    outputs, (h, c) = tg.scan(cell, x, reverse=reverse, lengths=lengths)
    for b, n in enumerate(lengths or [5, 5, 5]):
        part = x.numpy()[:n, b : b + 1]
        part = part[::-1] if reverse else part
        if n:
            alone, (h1, c1) = tg.unroll(cell, np.ascontiguousarray(part))
            expected = alone.numpy()[::-1] if reverse else alone.numpy()
            np.testing.assert_allclose(outputs.numpy()[:n, b], expected[:, 0], atol=1e-12)
            np.testing.assert_allclose(h.numpy()[b], h1.numpy()[0], atol=1e-12)
            np.testing.assert_allclose(c.numpy()[b], c1.numpy()[0], atol=1e-12)
        assert (outputs.numpy()[n:, b] == 0).all()


def test_long_sequences_cost_no_recursion() -> None:
    layer = tg.nn.RNN(1, 2)
    x = tg.tensor(np.zeros((30_000 if not config.DISABLE_JIT else 300, 1, 1), np.float32), requires_grad=True)
    layer(x)[0].sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.scan(PeepholeLSTM(3, 5), np.ones((4, 3))), r"expected \(T, B, D\)"),
        (lambda: tg.scan(PeepholeLSTM(3, 5), np.ones((4, 2, 3)), lengths=[1]), "2 whole numbers from 0 to 4"),
        (lambda: tg.scan(PeepholeLSTM(3, 5), np.ones((4, 2, 3)), (np.ones((3, 5)), np.ones((3, 5)))), "expected .2,"),
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
