"""Cells to derive: the library's, and ones that are awkward in one way each."""

import numpy as np

import tinygrad_rnn as tg

F64 = np.float64


def weights(*shape, seed=0):
    return tg.nn.Parameter(np.random.default_rng(seed).normal(size=shape) / 2)


class Own(tg.nn.Cell):
    """Something with D = 3 and H = 4 whose step is written by a test."""

    input_size, hidden_size = 3, 4

    def initial_state(self, batch):
        return self.zeros(batch, 4, "h")


class Delayed(Own):
    """h_t = tanh(W x + R₁ h_{t−1} + R₂ h_{t−2})"""

    def __init__(self):
        self.W, self.R_1, self.R_2 = weights(3, 4), weights(4, 4, seed=1), weights(4, 4, seed=2)

    def initial_state(self, batch):
        return self.zeros(batch, 4, "h"), self.zeros(batch, 4, "h")

    def step(self, x, state):
        one, two = state
        h = tg.tanh(x @ self.W + one @ self.R_1 + two @ self.R_2).named("h", role="state")
        return h, (h, one)


class Normalised(Own):
    """A layer norm, a softmax, a concatenation, and a gain that is used twice."""

    def __init__(self):
        self.W, self.gain = weights(7, 4), weights(4, seed=1)

    def step(self, x, h):
        z = tg.concatenate([x, h], axis=-1) @ self.W
        d = z - z.mean(axis=-1, keepdims=True)
        n = (d / ((d * d).mean(axis=-1, keepdims=True) + 1e-5).sqrt() * self.gain).named("n")
        a = tg.softmax(n * self.gain, axis=-1).named("a")
        h = (0.5 * h + a * tg.tanh(n)).named("h", role="state")
        return h, h


class Antisymmetric(Own):
    """A matrix that is computed from the weights."""

    def __init__(self):
        self.W, self.M = weights(3, 4), weights(4, 4, seed=1)

    def step(self, x, h):
        A = (self.M - self.M.mT).named("A")
        h = (h + 0.1 * tg.tanh(x @ self.W + h @ A)).named("h", role="state")
        return h, h


class Hostile(Own):
    """Names that are no identifiers, no LaTeX and no HTML."""

    def __init__(self):
        self.W, self.R = weights(3, 4), weights(4, 4, seed=1)

    def step(self, x, h):
        a = tg.sigmoid(x @ self.W).named("<script>alert(1)</script>")
        b = tg.tanh(h @ self.R).named(r"\input{x}_%$#&")
        h = (a * b).named("lambda", role="state")
        return h, h


class Readout(Own):
    """An output that is no state, and an unnamed result."""

    def __init__(self):
        self.W, self.R, self.V = weights(3, 4), weights(4, 4, seed=1), weights(4, 2, seed=2)

    def step(self, x, h):
        h = (x @ self.W + h @ self.R).relu()
        return h @ self.V, h


CELLS = {
    "rnn": lambda: tg.nn.RNNCell(3, 4, dtype=F64),
    "rnn relu": lambda: tg.nn.RNNCell(3, 4, nonlinearity="relu", dtype=F64),
    "rnn gelu": lambda: tg.nn.RNNCell(3, 4, nonlinearity="gelu", dtype=F64),
    "lstm": lambda: tg.nn.LSTMCell(3, 4, dtype=F64),
    "lstm without bias": lambda: tg.nn.LSTMCell(3, 4, bias=False, dtype=F64),
    "gru": lambda: tg.nn.GRUCell(3, 4, dtype=F64),
    "gru, reset before": lambda: tg.nn.GRUCell(3, 4, reset_after=False, dtype=F64),
    "delayed": Delayed,
    "normalised": Normalised,
    "antisymmetric": Antisymmetric,
    "hostile": Hostile,
    "readout": Readout,
}
