"""Elementary functions in compiled loops: one cell of all of them, compiled and unrolled."""

import numpy as np

import tinygrad_rnn as tg


class Everything(tg.nn.Cell):
    def __init__(self):
        self.input_size = 3
        self.R = tg.nn.Parameter(0.3 * np.random.default_rng(0).standard_normal((3, 3)))

    def initial_state(self, batch):
        return self.zeros(batch, 3)

    def step(self, x, h):
        z = x + h @ self.R
        u = 0.8 * tg.tanh(z)  # in (−1, 1)
        parts = [
            tg.sinh(u), tg.cosh(u), tg.arcsin(u), tg.arccos(u), tg.arctan(z), tg.arcsinh(z), tg.arctanh(u), tg.sinc(z),
            tg.arccosh(2 + u), tg.arctan2(z, u), tg.hypot(z, 1.0), tg.exp2(u), tg.log2(2 + u), tg.log10(2 + u),
            tg.cbrt(z), tg.logaddexp(z, u), tg.floor(z), tg.ceil(z), tg.rint(z), tg.trunc(z), z % 0.7, z // 0.3,
            tg.nan_to_num(z), tg.heaviside(z, 0.5), tg.fmax(z, u), tg.fmin(z, u), tg.fmod(z, 0.7),
        ]  # fmt: skip
        for part in parts:
            h = h + part
        h = tg.tanh(0.1 * h)
        return h, h


def test_compiled_equals_unrolled():
    cell, xs = Everything(), np.random.default_rng(1).standard_normal((4, 2, 3))
    found = []
    for run in (tg.unroll, tg.scan):
        outputs, _ = run(cell, xs)
        (outputs**2).sum().backward()
        found.append((outputs.numpy(), cell.R.grad.numpy()))
        cell.R.grad = None
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-10, atol=1e-12)
