"""Cells as a user would write them, for the tests of the compiler."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tg


class OwnCell(tg.nn.Cell):
    def __init__(self, input_size: int, size: int, dtype: Any = np.float64, seed: int = 0):
        self.input_size, self.size = input_size, size
        self.random = np.random.default_rng(seed)
        self.kind = dtype
        self.make(input_size, size)

    def weights(self, *shape: int) -> tg.nn.Parameter:
        return tg.nn.Parameter((self.random.normal(size=shape) / 2).astype(self.kind))

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size)


class PeepholeLSTM(OwnCell):
    """Diagonal peepholes: the gates see the cell (Gers & Schmidhuber 2000)."""

    def make(self, D: int, H: int) -> None:
        self.W, self.R, self.b, self.p = (
            self.weights(D, 4 * H),
            self.weights(H, 4 * H),
            self.weights(4 * H),
            self.weights(3, H),
        )

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size), self.zeros(batch, self.size, "c")

    def step(self, x: Any, state: Any) -> Any:
        h, c = state
        H = self.size
        z = x @ self.W + h @ self.R + self.b
        i = tg.sigmoid(z[:, :H] + self.p[0] * c).named("i")
        f = tg.sigmoid(z[:, H : 2 * H] + self.p[1] * c).named("f")
        g = tg.tanh(z[:, 2 * H : 3 * H]).named("g")
        c = (f * c + i * g).named("c")
        o = tg.sigmoid(z[:, 3 * H :] + self.p[2] * c).named("o")
        h = (o * tg.tanh(c)).named("h")
        return h, (h, c)


class LayerNormLSTM(OwnCell):
    """Layer normalisation of both products and of the cell (Ba et al. 2016)."""

    def make(self, D: int, H: int) -> None:
        self.W, self.R, self.b = self.weights(D, 4 * H), self.weights(H, 4 * H), self.weights(4 * H)
        self.gain_x, self.gain_h, self.gain_c, self.bias_c = (self.weights(n) for n in (4 * H, 4 * H, H, H))

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size), self.zeros(batch, self.size, "c")

    def norm(self, x: Any, gain: Any) -> Any:
        return (x - x.mean(axis=-1, keepdims=True)) / (x.var(axis=-1, keepdims=True) + 1e-5).sqrt() * gain

    def step(self, x: Any, state: Any) -> Any:
        h, c = state
        H = self.size
        z = self.norm(x @ self.W, self.gain_x) + self.norm(h @ self.R, self.gain_h) + self.b
        i, f = tg.sigmoid(z[:, :H]).named("i"), tg.sigmoid(z[:, H : 2 * H]).named("f")
        g, o = tg.tanh(z[:, 2 * H : 3 * H]).named("g"), tg.sigmoid(z[:, 3 * H :]).named("o")
        c = (f * c + i * g).named("c")
        h = (o * tg.tanh(self.norm(c, self.gain_c) + self.bias_c)).named("h")
        return h, (h, c)


class LayerNormRNN(OwnCell):
    """The same of a simple recurrence, small enough for the programs of its higher derivatives."""

    norm = LayerNormLSTM.norm

    def make(self, D: int, H: int) -> None:
        self.W, self.R, self.b = self.weights(D, H), self.weights(H, H), self.weights(H)
        self.gain_x, self.gain_h = self.weights(H), self.weights(H)

    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(self.norm(x @ self.W, self.gain_x) + self.norm(h, self.gain_h) @ self.R + self.b).named("h")
        return h, h


class MGU(OwnCell):
    """The minimal gated unit, its gates from weights of their own (Zhou et al. 2016)."""

    def make(self, D: int, H: int) -> None:
        self.Wf, self.Rf, self.bf = self.weights(D, H), self.weights(H, H), self.weights(H)
        self.W, self.R, self.b = self.weights(D, H), self.weights(H, H), self.weights(H)

    def step(self, x: Any, h: Any) -> Any:
        f = tg.sigmoid(x @ self.Wf + h @ self.Rf + self.bf).named("f")
        n = tg.tanh(x @ self.W + (f * h) @ self.R + self.b).named("n")
        h = ((1 - f) * h + f * n).named("h")
        return h, h


class SoftmaxCell(OwnCell):
    """A softmax over features inside, and an output that is not the state."""

    def make(self, D: int, H: int) -> None:
        self.W, self.R, self.b, self.V = self.weights(D, H), self.weights(H, H), self.weights(H), self.weights(H, 3)

    def step(self, x: Any, h: Any) -> Any:
        a = tg.softmax(x @ self.W + h @ self.R + self.b, axis=-1).named("a")
        h = (tg.tanh(h + a) * 0.9).named("h")
        return h @ self.V, h


class OddCell(OwnCell):
    """What is easy to get wrong: constants, a row scalar, a concatenation, a zero row, a power, a state passed on."""

    def make(self, D: int, H: int) -> None:
        self.W, self.scale = self.weights(D + H, H), self.weights(1)

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size), self.zeros(batch, 2, "kept")

    def step(self, x: Any, state: Any) -> Any:
        h, kept = state
        v = tg.concatenate([h, x], axis=1)
        largest = v.max(axis=1, keepdims=True)
        z = (v @ self.W) * self.scale / (1 + largest**2) + tg.ones((x.shape[0], self.size), dtype=self.kind)
        h = tg.where(z > 0.5, tg.maximum(z, h), -(h**2) / 3).named("h")
        return tg.concatenate([h[:, 1:], largest, h.sum(axis=1, keepdims=True)], axis=1), (h, kept)


class TwoBack(OwnCell):
    """A state that is another state, handed on: h of two steps ago (Lin et al. 1996)."""

    def make(self, D: int, H: int) -> None:
        self.W, self.R1, self.R2 = self.weights(D, H), self.weights(H, H), self.weights(H, H)

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size), self.zeros(batch, self.size)

    def step(self, x: Any, state: Any) -> Any:
        one, two = state
        h = tg.tanh(x @ self.W + one @ self.R1 + two @ self.R2).named("h")
        return h, (h, one)


class SameTwice(TwoBack):
    """Two states that are one value, and one that keeps x."""

    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, self.size), self.zeros(batch, self.size), self.zeros(batch, len(self.W), "kept")

    def step(self, x: Any, state: Any) -> Any:
        one, two, kept = state
        h = tg.tanh((x + kept) @ self.W + one @ self.R1 + two @ self.R2).named("h")
        return h, (h, h, x)


OWN_CELLS = [PeepholeLSTM, LayerNormLSTM, LayerNormRNN, MGU, SoftmaxCell, OddCell, TwoBack, SameTwice]
