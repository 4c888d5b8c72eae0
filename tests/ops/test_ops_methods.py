"""Operators and methods are NumPy's; names and keywords of other libraries are answered with ours."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import names
from tinygrad_rnn.core.errors import ArgumentError, DTypeError

X = np.array([[1.3, -2.6, 0.4], [2.2, 0.9, -1.7]])

METHODS = [
    lambda x: x % 2, lambda x: 2.3 % x, lambda x: x // 0.5, lambda x: 2.3 // x, lambda x: divmod(x, 0.7)[1],
    lambda x: divmod(3.0, x)[0], lambda x: x.round(1), lambda x: x.copy(), lambda x: x.ravel(),
    lambda x: x.dot(X.T), lambda x: x.take([0, 4]), lambda x: x.take([1], axis=1), lambda x: x.repeat(2, axis=0),
    lambda x: x.all(), lambda x: x.any(axis=1), lambda x: x.swapaxes(0, 1), lambda x: x.cumprod(axis=1),
    lambda x: x.std(axis=0, ddof=1), lambda x: x.clip(min=0.0), lambda x: x.clip(-1, max=1), lambda x: x.clip(-1, 1),
    lambda x: x.transpose(), lambda x: x.transpose(1, 0), lambda x: x.transpose((1, 0)), lambda x: x.trace(),
    lambda x: x[None].transpose(1, 0, 2), lambda x: x.diagonal(1), lambda x: x.sum(axis=0, where=X > 0),
    lambda x: x.sum(dtype=np.float32), lambda x: x.max(axis=1, initial=0.5), lambda x: x.mean(where=X > 0),
    lambda x: x.prod(axis=0, initial=3.0), lambda x: x.cumsum(axis=1, dtype=np.float32), lambda x: x.var(where=X < 1),
]  # fmt: skip


@pytest.mark.parametrize("f", METHODS)
def test_methods_and_operators_are_numpys(f):
    y, expected = f(tg.tensor(X, requires_grad=True)), f(X)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6 if y.dtype == np.float32 else 1e-13)
    assert y.dtype == expected.dtype
    assert y.shape == np.shape(expected)
    if y.dtype == np.float64:
        tg.check_grads(f, X, order=2)


def test_round_is_pythons_too():
    assert round(tg.tensor(2.567), 2).item() == 2.57
    assert round(tg.tensor(2.567)).item() == 3


def test_deviation_of_what_is_left_is_0_with_gradient_0():
    x = np.array([2.0, 2.0, 7.0])
    assert not tg.grad(lambda x: x.std(where=np.array([True, True, False])))(x).numpy().any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: x.sum(dim=0), "sum: use axis="),
        (lambda x: tg.softmax(x, dim=1), "softmax: use axis="),
        (lambda x: tg.concatenate([x, x], dim=0), "concatenate: use axis="),
        (lambda x: tg.mean(x, keepdim=True), "mean: use keepdims="),
        (lambda x: tg.sum(x, out=np.empty(3)), "sum: takes no out="),
    ],
)
def test_keywords_of_other_libraries_are_answered(call, words):
    with pytest.raises(ArgumentError) as caught:
        call(tg.tensor(X))
    assert words in str(caught.value)
    assert "test_ops_methods.py" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tg.manual_seed, "generator=np.random.default_rng(seed)"),
        (lambda: tg.cat, "tg.concatenate"),
        (lambda: tg.nn.CrossEntropyLoss, "tg.cross_entropy(logits, targets)"),
        (lambda: tg.nn.Tanh, "tg.tanh(x)"),
        (lambda: tg.tensor(X).view, "x.reshape"),
        (lambda: tg.tensor(X).numel, "x.size"),
        (lambda: tg.tensor(X).sin, "the function tg.sin"),
        (lambda: tg.tensor(X).nonsense, "no attribute 'nonsense'"),
    ],
)
def test_names_of_other_libraries_are_answered(call, words):
    with pytest.raises(AttributeError) as caught:
        call()
    assert words in str(caught.value)


def test_what_is_answered_is_not_there():
    """A table that says what to write instead of something we have would never be read."""
    assert not [name for name in names.PACKAGE if hasattr(tg, name)]
    assert not [name for name in names.NN if hasattr(tg.nn, name)]
    assert not [name for name in names.TENSOR if hasattr(tg.tensor(X), name)]


def test_dtype_of_a_ufunc_is_a_cast():
    y = np.exp(tg.tensor(X, requires_grad=True), dtype=np.float32)
    assert y.dtype == np.float32
    assert y.inputs[0].op.name == "cast"


def test_reasons_for_refusing():
    for call, words in [(lambda x: np.linalg.eig(x), "complex"), (lambda x: np.put(x, [0], 1.0), "never written into")]:
        with pytest.raises(DTypeError, match=words):
            call(tg.tensor(np.eye(2)))
