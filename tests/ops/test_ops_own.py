"""Ops declared outside the package are traced, differentiated twice, drawn into listings and checked like any other."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DeclarationError, ShapeError

X = np.linspace(-1.0, 1.0, 6).reshape(2, 3)


@pytest.fixture(autouse=True)
def _registry_as_it_was():
    before = dict(tg.REGISTRY)
    yield
    tg.REGISTRY.clear()
    tg.REGISTRY.update(before)


def elementwise_op():
    @tg.elementwise([lambda y, x: 2 * x * y], latex="e^{{{x}^2}}", glyph="e²", cost=12)
    def bump(x):
        """e^(x²)."""
        return np.exp(x * x)

    return bump


def with_attribute():
    @tg.elementwise([lambda y, a, b, rate: rate * b, lambda y, a, b, rate: rate * a], latex="{rate}{a}{b}")
    def scaled_product(a, b, *, rate=0.5):
        """rate · a · b."""
        return rate * a * b

    return scaled_product


def primitive_op():
    def shape(a, b):
        if a[-1:] != b[-1:]:
            raise ShapeError(f"last sizes differ, {a[-1:]} != {b[-1:]}")
        return (*a[:-1], *b[:-1])

    @tg.primitive(
        shape=shape, linear="each", latex="{a}{b}^T",
        vjps=[lambda g, y, a, b: g @ b, lambda g, y, a, b: g.mT @ a],
    )  # fmt: skip
    def product_with_transpose(a, b):
        """a bᵀ."""
        return a @ b.T

    return product_with_transpose


def variadic_op():
    @tg.primitive(shape=lambda *xs: xs[0], vjps=lambda g, y, *xs: lambda i: 2 * g * xs[i])
    def total_of_squares(*xs):
        """Σ x²."""
        return sum(x * x for x in xs)

    return total_of_squares


@pytest.mark.parametrize(
    ("make", "arrays", "expected"),
    [
        (elementwise_op, (X,), np.exp(X * X)),
        (with_attribute, (X, X[0]), 0.5 * X * X[0]),
        (primitive_op, (X, X + 1), X @ (X + 1).T),
        (variadic_op, (X, X, 2 * X), 6 * X * X),
    ],
)
def test_own_op(make, arrays, expected):
    op = make()
    y = op(*[tg.tensor(a) for a in arrays])
    np.testing.assert_allclose(y.numpy(), expected)
    tg.check_grads(op, arrays, order=2)
    graph = tg.trace(op, *arrays)
    assert graph.outputs[0].shape == expected.shape
    np.testing.assert_allclose(graph(*arrays), expected)
    assert op.__name__ in repr(graph)
    assert len(graph.backward()) > 0
    assert op.op.doc


def test_own_op_in_float32():
    x = tg.tensor(X.astype(np.float32), requires_grad=True)
    elementwise_op()(x).sum().backward()
    assert x.grad.dtype == np.float32


def test_own_ops_errors_read_like_ours():
    with pytest.raises(
        ShapeError, match=r"product_with_transpose\(a: \(2, 3\) float64, b: \(3, 2\) float64\): last sizes"
    ):
        primitive_op()(tg.tensor(X), tg.tensor(X.T))


def test_wrong_declarations():
    with pytest.raises(DeclarationError, match="1 operands but 2"):

        @tg.elementwise([1, 1])
        def lonely(x):
            return x

    with pytest.raises(DeclarationError, match="2 operands but 1"):

        @tg.primitive(shape=lambda a, b: a, vjps=[None])
        def pair(a, b):
            return a


def test_a_wrong_partial_is_caught():
    @tg.elementwise([lambda y, x: 3 * x])
    def squared(x):
        return x * x

    with pytest.raises(AssertionError, match="squared"):
        tg.check_grads(squared, X)
