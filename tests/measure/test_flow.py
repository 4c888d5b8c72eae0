"""Gradients through time against what is known exactly."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, ShapeError

F64 = np.float64


class Linear(tg.nn.Cell):
    """h = h′ R + x: everything about its gradients is known."""

    input_size = hidden_size = 4
    dtype = np.dtype(F64)

    def __init__(self, R):
        self.R = tg.nn.Parameter(np.asarray(R, F64))

    def initial_state(self, batch):
        return self.zeros(batch, 4, "h")

    def step(self, x, h):
        h = (h @ self.R + x).named("h", role="state")
        return h, h


class Leak(tg.nn.Cell):
    """c = f c′ + x, with a constant forget gate."""

    input_size = hidden_size = 3
    dtype = np.dtype(F64)

    def __init__(self, f):
        self.f = f

    def initial_state(self, batch):
        return self.zeros(batch, 3, "c")

    def step(self, x, c):
        c = (self.f * c + x).named("c", role="state")
        return tg.tanh(c).named("y"), c


def sequence(T=30, width=4, batch=2):
    return np.random.default_rng(0).normal(size=(T, batch, width))


def test_a_linear_network_has_the_eigenvalues_of_its_matrix():
    R = np.random.default_rng(1).normal(size=(4, 4))
    R = (R + R.T) / 3  # real eigenvalues, so each exponent is one of them
    flow = tg.gradient_flow(Linear(R), sequence(400))
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(R))))[::-1]
    np.testing.assert_allclose(flow.lyapunov, expected, atol=0.02)


def test_an_orthogonal_matrix_neither_fades_nor_grows():
    Q, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))
    flow = tg.gradient_flow(Linear(Q), sequence())
    np.testing.assert_allclose(flow.lyapunov, 0, atol=1e-12)
    np.testing.assert_allclose(flow.singular_values, 1, rtol=1e-10)
    np.testing.assert_allclose(flow.norms["h"], flow.norms["h"][-1], rtol=1e-10)
    assert flow.half_life("h") == math.inf


@pytest.mark.parametrize("f", [0.9, 0.5])
def test_a_constant_forget_gate_fades_by_its_value(f):
    flow = tg.gradient_flow(Leak(f), sequence(width=3))
    np.testing.assert_allclose(flow.lyapunov, math.log(f), rtol=1e-10)
    assert flow.half_life("c") == pytest.approx(math.log(2) / -math.log(f))


def test_norms_and_credit_are_the_engines_gradients():
    cell = tg.nn.GRUCell(3, 4, dtype=F64, generator=np.random.default_rng(0))
    xs = sequence(6, 3, 1)
    flow = tg.gradient_flow(cell, xs)
    states = []
    h = tg.tensor(np.zeros((1, 4)), requires_grad=True)
    for x in xs:
        h = cell(tg.tensor(x), h)
        states.append(h)
    for s in range(6):
        loss = (states[s] ** 2).sum() * 0.5
        for t in range(s + 1):
            for k in states:
                k.retain_grad()
                k.grad = None
            loss.backward(retain_graph=True)
            assert flow.credit[s, t] == pytest.approx(np.linalg.norm(states[t].grad.numpy()), rel=1e-10)
        assert not flow.credit[s, s + 1 :].any()
    for k in states:
        k.grad = None
    states[-1].sum().backward(retain_graph=True)
    np.testing.assert_allclose(flow.norms["h"], [np.linalg.norm(k.grad.numpy()) for k in states], rtol=1e-10)


def test_an_output_that_is_no_state_counts_by_its_own_derivative():
    flow = tg.gradient_flow(Leak(0.5), sequence(3, 3, 1))
    y = np.zeros(3)
    for x in sequence(3, 3, 1):
        y = 0.5 * y + x[0]
    expected = np.tanh(y) * (1 - np.tanh(y) ** 2)
    assert flow.credit[2, 2] == pytest.approx(np.linalg.norm(expected))
    assert flow.credit[2, 0] == pytest.approx(np.linalg.norm(expected) / 4)


def test_the_lstm_carries_what_the_rnn_forgets():
    random = np.random.default_rng(0)
    rnn = tg.gradient_flow(tg.nn.RNNCell(4, 8, dtype=F64, generator=random), sequence(60))
    lstm = tg.nn.LSTMCell(4, 8, dtype=F64, generator=random)
    bias = np.array(lstm.bias_ih.numpy())
    bias[8:16] += 4.0
    with tg.no_grad():
        lstm.bias_ih.assign_(bias)
    flow = tg.gradient_flow(lstm, sequence(60))
    assert flow.states == ["h", "c"]
    assert flow.half_life("c") > 20 * rnn.half_life("h")
    assert "halves in" in repr(rnn)


def test_layers_and_losses_and_float32():
    layer = tg.nn.LSTM(4, 5)
    flow = tg.gradient_flow(layer, sequence().astype(np.float32), loss=lambda ys: (ys**2).mean())
    assert set(flow.norms) == {"h", "c"}
    assert flow.norms["h"].shape == (30,)
    assert np.isfinite(flow.norms["c"]).all()


def test_the_figure():
    matplotlib = pytest.importorskip("matplotlib")
    figure = tg.gradient_flow(tg.nn.LSTMCell(4, 3, dtype=F64), sequence(12)).plot()
    assert isinstance(figure, matplotlib.figure.Figure)
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "gradient of the loss", "credit ‖∂ℓ_s/∂state_t‖", "∂state_T/∂state_t", "Lyapunov exponents",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "xs", "options", "error", "message"),
    [
        (3, sequence(), {}, ArgumentError, "expected a cell or a layer of one cell, got int"),
        (tg.nn.LSTM(4, 3, num_layers=2), sequence(), {}, ArgumentError, "LSTM has 2 cells; choose one"),
        (tg.nn.RNNCell(4, 3), np.ones((3, 4)), {}, ShapeError, r"the input is \(3, 4\), expected \(T, B, D\)"),
        (tg.nn.RNNCell(4, 3), sequence(), {"sample": 2}, ArgumentError, "sample 2 of a batch of 2"),
    ],
)
def test_bad_arguments(thing, xs, options, error, message):
    with pytest.raises(error, match=message):
        tg.gradient_flow(thing, xs, **options)
    with pytest.raises(ArgumentError, match="there is no state 'c'; there are h"):
        tg.gradient_flow(tg.nn.RNNCell(4, 3), sequence(2)).half_life("c")


def test_inside_no_grad_it_measures_the_same():
    cell = Linear(0.5 * np.eye(4))
    with tg.no_grad():
        inside = tg.gradient_flow(cell, np.ones((5, 1, 4)))
    np.testing.assert_array_equal(inside.norms["h"], tg.gradient_flow(cell, np.ones((5, 1, 4))).norms["h"])
    assert inside.norms["h"][-1] > 0
