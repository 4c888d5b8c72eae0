"""NumPy's functions, operators and scalars on tensors stay in the graph, or refuse and say what to do."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DTypeError

A = np.arange(1.0, 7.0).reshape(2, 3)

CALLS = [
    np.tanh, np.exp, np.sqrt, np.log1p, np.abs, np.negative, np.sign, np.square, np.sin,
    lambda x: np.add(x, A), lambda x: np.multiply(A, x), lambda x: np.maximum(x, 2.0), lambda x: np.power(x, 2),
    lambda x: np.matmul(x, A.T), lambda x: np.dot(x, A.T), lambda x: np.inner(x, A), lambda x: np.outer(x, A),
    lambda x: A * x, lambda x: A - x, lambda x: A / x, lambda x: A @ x.T, lambda x: A[0] + x, lambda x: A**x,
    lambda x: np.float64(2) * x, lambda x: np.float32(2) - x, lambda x: 2 / x, lambda x: 2**x,
    np.sum, np.mean, np.var, np.std, np.max, np.min, np.prod, np.cumsum, np.linalg.norm,
    lambda x: np.sum(x, axis=0, keepdims=True), lambda x: np.var(x, 1, ddof=1), lambda x: np.linalg.norm(x, 1, axis=0),
    lambda x: np.where(x > 2, x, 0.0), lambda x: np.where(A > 2, x, A), lambda x: np.clip(x, 2, 5),
    lambda x: np.clip(x, None, 3),
    lambda x: np.concatenate([x, A], axis=1), lambda x: np.stack((A, x)), lambda x: np.split(x, 3, axis=1)[1],
    lambda x: np.reshape(x, (3, 2)), np.ravel, np.transpose, lambda x: np.transpose(x, (1, 0)),
    lambda x: np.swapaxes(x, 0, 1),
    lambda x: np.expand_dims(x, 0), lambda x: np.squeeze(x[None]), lambda x: np.broadcast_to(x, (4, 2, 3)), np.flip,
    lambda x: np.roll(x, 1), lambda x: np.pad(x, 1), lambda x: np.take(x, np.array([0, 2]), axis=1),
    lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1), lambda x: np.sort(x, axis=0),
    lambda x: np.einsum("ij,kj->ik", x, A),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_stays_in_the_graph(call):
    x = tg.tensor(A, requires_grad=True)
    y = call(x)
    assert isinstance(y, tg.Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.numpy(), call(A), rtol=1e-14)
    y.sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize(
    "call", [np.argmax, np.argmin, np.argsort, np.zeros_like, np.ones_like, lambda x: np.full_like(x, 3)]
)
def test_without_gradient(call):
    y = call(tg.tensor(A))
    assert isinstance(y, tg.Tensor)
    np.testing.assert_array_equal(y.numpy(), call(A))
    assert y.dtype == call(A).dtype


def test_logic():
    x = tg.tensor(A)
    np.testing.assert_array_equal(((x > 1) & (x < 4) | (x == 6)).numpy(), (A > 1) & (A < 4) | (A == 6))
    np.testing.assert_array_equal((~(x >= 2) ^ (x != 3)).numpy(), ~(A >= 2) ^ (A != 3))
    np.testing.assert_array_equal(np.logical_not(x <= 2).numpy(), A > 2)
    np.testing.assert_array_equal((A > 2) & (x < 5), (A > 2) & (A < 5))
    assert (x == None) is False  # noqa: E711
    assert (x != "text") is True
    assert {x: 1}[x] == 1, "tensors are hashed by identity"


def test_questions_are_answered_with_plain_values():
    x = tg.tensor(A, requires_grad=True)
    assert np.allclose(x, A)
    assert np.array_equal(x, A)
    assert np.shape(x) == (2, 3)
    assert np.all(np.isfinite(x))
    assert np.nonzero(x > 5)[1].tolist() == [2]


def test_questions_of_every_entry_are_nodes():
    """A graph that is computed again asks again."""
    x = tg.tensor(A)
    assert isinstance(np.isnan(x), tg.Tensor)
    graph = tg.trace(lambda x: tg.where((x > 3).any(axis=0), x, 0.0), (2, 3))
    np.testing.assert_array_equal(graph(A), np.where((A > 3).any(axis=0), A, 0))
    np.testing.assert_array_equal(graph(A - 3), np.where((A - 3 > 3).any(axis=0), A - 3, 0))


@pytest.mark.parametrize(
    "call",
    [
        np.i0, np.linalg.eig, np.unwrap, np.add.reduce, np.fft.fft, np.unique,
        lambda x: np.exp(x, out=np.empty((2, 3))), lambda x: np.sum(x, out=np.empty(())),
        lambda x: np.sum(x, 0, None, np.empty(3)), lambda x: np.ravel(x, order="F"),
        lambda x: np.add(x, 1, where=A > 1), lambda x: np.quantile(x, 0.5, method="lower"),
    ],
)  # fmt: skip
def test_what_is_no_op_refuses(call):
    with pytest.raises(TypeError, match=r"x\.numpy\(\) instead of x") as caught:
        call(tg.tensor(A, requires_grad=True))
    assert isinstance(caught.value, DTypeError)
    assert "test_ops_numpy.py" in str(caught.value)


def test_in_place_on_an_array_refuses():
    a = A.copy()
    with pytest.raises(TypeError, match="takes no out"):
        a += tg.tensor(A)


@pytest.mark.parametrize("scalar", [2, 2.5, True, np.float64(2.5)])
@pytest.mark.parametrize(
    "f", [lambda x, s: x * s, lambda x, s: s - x, lambda x, s: x / s, lambda x, s: x**s, tg.maximum]
)
def test_scalars_never_widen(f, scalar):
    x = tg.tensor(np.ones(3, np.float32), requires_grad=True)
    y = f(x, scalar)
    y.sum().backward(create_graph=True)
    assert y.dtype == x.grad.dtype == np.float32
    bare = f(x.numpy(), scalar)
    assert isinstance(scalar, np.generic) or bare.dtype == np.float32


def test_comparisons_keep_small_dtypes_on_arrays():
    """Rules run on bare arrays; a Python scalar in `where` must not widen them."""
    g = np.ones(3, np.float32)
    assert tg.where(g > 0, g, 0).dtype == tg.where(g > 0, 0.5, g).dtype == np.float32
