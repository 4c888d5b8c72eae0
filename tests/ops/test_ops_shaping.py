"""Thin functions composed of ops, against NumPy; and what they refuse."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError

X = np.arange(24.0).reshape(2, 3, 4)


def both(ours, expected):
    """Value, gradients by differences, and the same on bare arrays."""
    x = tg.tensor(X, requires_grad=True)
    found = ours(x)
    found, expected = (list(v) if isinstance(v, (list, tuple)) else [v] for v in (found, expected))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    tg.check_grads(lambda x: ours(x), X, order=1)


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda x: tg.transpose(x), lambda x: np.transpose(x)),
        (lambda x: x.transpose(1, 0, 2), lambda x: x.transpose(1, 0, 2)),
        (lambda x: x.T, lambda x: x.T),
        (lambda x: x.mT, lambda x: x.mT),
        (lambda x: x.flatten(), lambda x: x.ravel()),
        (lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1)),
        (lambda x: x.reshape((4, 6)), lambda x: x.reshape(4, 6)),
        (lambda x: x.unsqueeze(-1), lambda x: x[..., None]),
        (lambda x: x.unsqueeze(1).squeeze(1), lambda x: x),
        (lambda x: x[:, :1].expand(2, 3, 4), lambda x: np.broadcast_to(x[:, :1], (2, 3, 4))),
        (lambda x: x[:, :1].expand(5, -1, 3, -1), lambda x: np.broadcast_to(x[:, :1], (5, 2, 3, 4))),
        (lambda x: tg.concatenate([x, x, x[:, :1]], axis=1), lambda x: np.concatenate([x, x, x[:, :1]], axis=1)),
        (lambda x: tg.stack([x, 2 * x], axis=-1), lambda x: np.stack([x, 2 * x], axis=-1)),
        (lambda x: tg.split(x, 2, axis=2), lambda x: np.split(x, 2, axis=2)),
        (lambda x: tg.split(x, [1, 2], axis=-2), lambda x: np.split(x, [1, 2], axis=-2)),
        (lambda x: tg.chunk(x, 2, axis=1), lambda x: [x[:, :2], x[:, 2:]]),
        (lambda x: tg.chunk(x, 5, axis=1), lambda x: np.split(x, 3, axis=1)),
        (lambda x: tg.flip(x), lambda x: np.flip(x)),
        (lambda x: tg.roll(x, (1, -2), axis=(0, 2)), lambda x: np.roll(x, (1, -2), axis=(0, 2))),
        (lambda x: tg.pad(x, 1, constant_values=3.0), lambda x: np.pad(x, 1, constant_values=3)),
        (lambda x: tg.pad(x, ((0, 0), (1, 2), (0, 3))), lambda x: np.pad(x, ((0, 0), (1, 2), (0, 3)))),
        (lambda x: x.cumsum(), lambda x: np.cumsum(x)),
        (lambda x: x[x > 5.5], lambda x: x[x > 5.5]),
        (lambda x: x[:, [0, 0, 2]], lambda x: x[:, [0, 0, 2]]),
        (lambda x: x[tg.tensor([1, 1])], lambda x: x[[1, 1]]),
        (lambda x: tg.einsum("...ij,...kj", x, x), lambda x: np.einsum("...ij,...kj", x, x)),
        (lambda x: tg.einsum("b...->...", x), lambda x: x.sum(0)),
        (lambda x: tg.einsum("...i, i -> ...", x, np.ones(4)), lambda x: x.sum(-1)),
        (lambda x: tg.dot(x, x[0].T), lambda x: np.dot(x, x[0].T)),
        (lambda x: tg.dot(x, x.mT), lambda x: np.dot(x, x.mT)),
        (lambda x: tg.inner(x, x), lambda x: np.inner(x, x)),
        (lambda x: tg.outer(x[0, 0], x[0, 1]), lambda x: np.outer(x[0, 0], x[0, 1])),
    ],
)  # fmt: skip
def test_equals_numpy(ours, numpys):
    both(ours, numpys(X))


def test_ops_on_arrays_give_arrays():
    for y in (tg.tanh(X), tg.concatenate([X, X]), tg.sum(X, 0), tg.einsum("ijk->i", X), tg.transpose(X), tg.norm(X)):
        assert isinstance(y, (np.ndarray, np.generic))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x + np.ones(3), ShapeError, "add(a: (2, 3, 4) float64 'x', b: (3,)"),
        (lambda x: x @ np.ones((3, 2)), ShapeError, "inner sizes differ, 4 != 3"),
        (lambda x: x.sum(axis=3), ShapeError, "axis 3 is out of range for shape (2, 3, 4)"),
        (lambda x: x.sum(axis=(0, 0)), ShapeError, "names an axis twice"),
        (lambda x: x[:0].max(), ShapeError, "no entries"),
        (lambda x: x.var(ddof=24), ShapeError, "leave none"),
        (lambda x: x.norm(ord=0.5), ArgumentError, "ord is at least 1"),
        (lambda x: x.reshape(5, 5), ShapeError, "24 entries do not fill (5, 5)"),
        (lambda x: x.squeeze(0), ShapeError, "axis 0 has 2 entries, not one"),
        (lambda x: x.permute(0, 1), ShapeError, "do not name each of 3 axes once"),
        (lambda x: x.expand(2, 3, 5), ShapeError, "does not broadcast to (2, 3, 5)"),
        (lambda x: tg.concatenate([x, x[:, :, :1]]), ShapeError, "agree except along axis 0"),
        (lambda x: tg.concatenate([]), ShapeError, "at least one tensor"),
        (lambda x: tg.stack([x, x[0]]), ShapeError, "shapes must be equal; number 0 is (2, 3, 4), number 1 is (3, 4)"),
        (lambda x: tg.split(x, 2, axis=1), ArgumentError, "axis 1 of (2, 3, 4) does not divide by 2"),
        (lambda x: tg.split(x, 2, axis=7), ShapeError, "axis 7 is out of range"),
        (lambda x: tg.chunk(x, 0), ArgumentError, "at least one piece"),
        (lambda x: tg.pad(x, ((1, 1), (0, 0))), ShapeError, "one pair (before, after)"),
        (lambda x: tg.clip(x, 2, 1), ArgumentError, "clip(x: (2, 3, 4) float64 'x', low=2, high=1): low must not"),
        (lambda x: tg.einsum("ij->i", x), ShapeError, "'ij' names 2 axes of operand 0"),
        (lambda x: tg.einsum("ijk,i->j", x, np.ones(3)), ShapeError, "axis 'i' has size 2 and, in operand 1, 3"),
        (lambda x: tg.einsum("ijk->z", x), ArgumentError, "'z' is in no operand"),
        (lambda x: tg.einsum("ijk->ii", x), ArgumentError, "'i' occurs twice"),
        (lambda x: tg.einsum("ijk,k", x), ArgumentError, "1 operands but 2 terms"),
        (lambda x: tg.einsum("i,j;k", x, x), ArgumentError, "expected letters"),
        (lambda x: tg.embedding(x[0], np.array([[0, 3]])), OutOfRangeError, "index 3 at [0, 1] is out of range for 3"),
        (lambda x: tg.embedding(x[0], np.array(-1)), OutOfRangeError, "index -1 is out of range for 3 rows (0 … 2)"),
        (lambda x: tg.embedding(x[0], np.array(0.5)), DTypeError, "indices must be integers, not float64"),
        (lambda x: tg.embedding(x, np.array(0)), ShapeError, "weight has shape"),
        (lambda x: tg.take(x, np.array([4]), axis=2), OutOfRangeError, "index 4 at [0] is out of range for 4 entries"),
        (lambda x: tg.gather(x, np.zeros((2, 3), int)), ShapeError, "indices need 3 axes"),
        (lambda x: tg.gather(x, np.full((1, 1, 1), 9)), OutOfRangeError, "index 9 at [0, 0, 0]"),
        (lambda x: tg.topk(x, 5), ArgumentError, "k=5 of 4 entries"),
        (lambda x: x[5], ShapeError, "getitem(x: (2, 3, 4) float64 'x'"),
        (lambda x: x & True, DTypeError, "expected booleans"),
        (lambda x: tg.tensor([1, 2]) ** -1, DTypeError, "no negative integer powers"),
        (lambda x: x + "a", DTypeError, "cannot use str 'a' as a tensor"),
        (lambda x: x.astype(complex), DTypeError, "complex128"),
        (lambda x: tg.cross_entropy(x, np.zeros((2, 4), int)), ShapeError, "targets must have shape (2, 3)"),
        (lambda x: tg.cross_entropy(x, np.zeros((2, 3))), DTypeError, "targets are integers"),
        (lambda x: tg.cross_entropy(x, np.full((2, 3), 4)), OutOfRangeError, "target 4 at [0, 0] is not one of 4"),
        (lambda x: tg.cross_entropy(x, np.zeros((2, 3), int), reduction="avg"), ArgumentError, "not 'avg'"),
        (lambda x: tg.cross_entropy(x, 0, axis=3), ShapeError, "no axis 3"),
        (lambda x: tg.mse(x, x[0]), ShapeError, "two equal shapes"),
        (lambda x: tg.dropout(x, 1.5), ArgumentError, "p is a probability"),
        (lambda x: tg.dropout(x, 0.5), ArgumentError, "np.random.default_rng(seed)"),
        (lambda x: tg.randn(2, 3), ArgumentError, "np.random.default_rng(seed)"),
        (lambda x: tg.zeros((2, -1)), ArgumentError, "a shape is a tuple of sizes"),
        (lambda x: tg.tensor([1, 2], requires_grad=True), DTypeError, "floating-point"),
        (lambda x: tg.tensor("abc"), DTypeError, "expected numbers"),
    ],
)  # fmt: skip
def test_errors_name_op_operands_and_line(call, error, words):
    with pytest.raises(error) as caught:
        call(tg.tensor(X, name="x", requires_grad=True))
    assert words in str(caught.value)
    assert str(caught.value).count("\n  at ") == 1, "the user's own line, once"
    assert "test_ops_shaping.py" in str(caught.value)
    assert "lambda x" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: x + np.ones(3), ShapeError),
        (lambda x: x.sum(axis=3), ShapeError),
        (lambda x: x & True, DTypeError),
        (lambda x: tg.take(x, np.array(0.5)), DTypeError),
        (lambda x: tg.clip(x, 2, 1), ArgumentError),
        (lambda x: tg.concatenate([x, x[:, :, :1]]), ShapeError),
    ],
)
def test_the_same_errors_when_tracing(call, error):
    with pytest.raises(error) as caught:
        tg.trace(call, (2, 3, 4))
    assert str(caught.value).count("\n  at ") == 1


def test_dropout():
    x = tg.tensor(np.ones((50, 40), np.float32), requires_grad=True)
    y = tg.dropout(x, 0.25, generator=np.random.default_rng(0))
    kept = y.numpy() != 0
    assert 0.7 < kept.mean() < 0.8
    np.testing.assert_allclose(y.numpy()[kept], 4 / 3, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())
    assert y.dtype == x.grad.dtype == np.float32
    assert tg.dropout(x, 0.25, training=False) is x
    assert not tg.dropout(x, 1.0, generator=np.random.default_rng(0)).numpy().any()
    graph = tg.trace(lambda x: tg.dropout(x, 0.5, generator=np.random.default_rng(0)), (50, 40))
    assert not np.array_equal(graph(np.ones((50, 40))), graph(np.ones((50, 40)))), "a traced graph draws anew"


def test_one_table_for_lookup_and_output():
    """Tied weights: a transposed gradient and rows added into it."""
    W = tg.tensor(np.random.default_rng(0).standard_normal((5, 3)), requires_grad=True)
    index = np.array([[0, 1], [1, 4]])
    tg.check_grads(lambda W: tg.tanh(tg.embedding(W, index) @ W.mT), W.numpy())
    h = tg.embedding(W, index)
    (h.sum() + (h.detach() @ W.mT).sum()).backward()
    expected = np.bincount(index.ravel(), minlength=5)[:, None] + h.numpy().sum((0, 1))
    np.testing.assert_allclose(W.grad.numpy(), expected)


def test_many_parts():
    """Stacking a long unrolled sequence does not take quadratic time or recursion."""
    parts = [tg.tensor(np.float64(i), requires_grad=True) for i in range(20_000)]
    (tg.stack(parts) * np.arange(20_000)).sum().backward()
    assert [p.grad.item() for p in parts[::5000]] == [0, 5000, 10_000, 15_000]


def test_creation():
    rng = np.random.default_rng
    np.testing.assert_array_equal(tg.zeros((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(tg.ones(3, dtype=np.float32), np.ones(3, np.float32))
    np.testing.assert_array_equal(tg.full((2,), 7), [7, 7])
    np.testing.assert_array_equal(tg.arange(1, 7, 2), [1, 3, 5])
    np.testing.assert_array_equal(tg.eye(2, 3), np.eye(2, 3))
    np.testing.assert_array_equal(tg.randn(2, 3, generator=rng(1)), rng(1).standard_normal((2, 3)))
    np.testing.assert_array_equal(tg.rand((4,), generator=rng(1)), rng(1).random(4))
    assert tg.arange(3).dtype == np.int64
    like = tg.tensor(np.ones((2, 1), np.float32))
    for f in (tg.zeros_like, tg.ones_like, lambda x: tg.full_like(x, 2)):
        assert (f(like).shape, f(like).dtype) == ((2, 1), np.float32)
    w = tg.randn(2, generator=rng(0), dtype=np.float32, requires_grad=True, name="w")
    assert (w.dtype, w.requires_grad, w.name) == (np.float32, True, "w")
    assert tg.randn(generator=rng(0)).shape == ()


def test_integers_and_booleans_need_no_gradient():
    x = tg.tensor(X, requires_grad=True)
    for y in (x.astype(int), x > 2, x.argmax(), x == x, tg.sort(x).astype(bool)):
        assert not y.requires_grad
    y = x.astype(np.float32)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float64)


def test_cross_entropy_reads_well():
    loss = tg.cross_entropy(tg.tensor(X, requires_grad=True, name="z"), np.zeros((2, 3), int))
    assert "target: (2, 3) int64  [constant]" in repr(tg.Graph(loss))


@pytest.mark.parametrize("name", [n for n in vars(tg.Tensor) if callable(getattr(tg.Tensor, n)) and n[0] != "_"])
def test_methods_are_documented(name):
    if name in ("tolist",):
        pytest.skip("as in NumPy")
    assert getattr(tg.Tensor, name).__doc__
