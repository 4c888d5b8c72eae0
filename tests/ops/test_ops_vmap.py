"""vmap equals a loop over samples, for every op of the registry; it nests with itself and with derivatives."""

import numpy as np
import pytest
from hypothesis import given
from op_domains import NAMES, PROPERTY, drawn

import tinygrad_rnn as tg
from tinygrad_rnn.core.apply import apply
from tinygrad_rnn.core.errors import AbstractValueError, ArgumentError

RNG = np.random.default_rng(0)
XS, W = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 2))


@pytest.mark.parametrize("name", NAMES)
def test_every_op_equals_a_loop(name):
    """Each operand mapped alone, and all together."""

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        samples = [case.arrays(seed), case.arrays(seed + 1), case.arrays(seed + 2)]
        for mapped in [*range(len(samples[0])), None]:
            axes = tuple(0 if mapped in (i, None) else None for i in range(len(samples[0])))
            rows = [[s[i] if axes[i] == 0 else samples[0][i] for i in range(len(axes))] for s in samples]
            expected = np.stack([case.op.evaluate(*row, **case.attrs) for row in rows])
            columns = zip(*rows, strict=True)
            args = [np.stack(column) if axis == 0 else column[0] for column, axis in zip(columns, axes, strict=True)]
            y = tg.vmap(lambda *xs: apply(case.op, xs, case.attrs), in_axes=axes)(*args)
            np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-10)

    if name != "dropout_mask":  # draws anew for each sample
        check()


def loss(W, x, y):
    return ((tg.tanh(x @ W) - y) ** 2).sum()


def test_gradients_sample_by_sample():
    ys = RNG.standard_normal((4, 2))
    found = tg.vmap(tg.grad(loss), in_axes=(None, 0, 0))(W, XS, ys)
    expected = [tg.grad(loss)(W, x, y).numpy() for x, y in zip(XS, ys, strict=True)]
    np.testing.assert_allclose(found.numpy(), np.stack(expected))


@pytest.mark.parametrize("transform", [tg.jacobian, lambda f: tg.hessian(lambda x: f(x).sum())])
def test_jacobians_and_hessians(transform):
    def f(x):
        return tg.tanh(x @ W) * x[:2]

    found = tg.vmap(transform(f))(XS)
    np.testing.assert_allclose(found.numpy(), np.stack([transform(f)(x).numpy() for x in XS]), atol=1e-12)


def test_it_is_differentiable_by_what_is_mapped_and_what_is_not():
    def f(W, xs):
        return tg.vmap(lambda x: tg.softmax(x @ W)[0] * x.sum())(xs)

    tg.check_grads(f, (W, XS), order=2)


def test_it_nests():
    found = tg.vmap(lambda x: tg.vmap(lambda y: (x * y).sum())(XS))(XS)
    np.testing.assert_allclose(found.numpy(), XS @ XS.T)


def test_axes_and_nested_arguments():
    tree = {"a": XS, "b": (2 * XS, XS[:, 0])}
    found = tg.vmap(lambda t: {"s": t["a"] @ W, "p": t["b"][0] * t["b"][1]}, out_axes=1)(tree)
    np.testing.assert_allclose(found["s"].numpy(), (XS @ W).T)
    np.testing.assert_allclose(found["p"].numpy(), (2 * XS * XS[:, :1]).T)
    np.testing.assert_allclose(tg.vmap(lambda x: x @ W, in_axes=1)(XS.T).numpy(), XS @ W)
    np.testing.assert_array_equal(tg.vmap(lambda x: tg.tensor(2.0))(XS).numpy(), [2] * 4)
    assert tg.vmap(lambda x: tg.cross_entropy(x, 1))(XS[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tg.vmap(lambda x, y: x)(XS, XS[:2]), ArgumentError, "one size, got sizes [2, 4]"),
        (lambda: tg.vmap(lambda x: x, in_axes=None)(XS), ArgumentError, "got none"),
        (lambda: tg.vmap(lambda x: x, in_axes=2)(XS), ArgumentError, "has no axis 2 to map"),
        (lambda: tg.vmap(lambda x, y: x)(XS, 1.0), ArgumentError, "in_axes=None shares it"),
        (lambda: tg.vmap(lambda x: x, in_axes=(0, 0))(XS), ArgumentError, "in_axes names 2 arguments, got 1"),
        (lambda: tg.vmap(lambda x: x if x.sum() > 0 else -x)(XS), AbstractValueError, "cannot branch on values"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
    assert "test_ops_vmap.py" in str(caught.value)
