"""Linear, Embedding, Dropout, Sequential."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from tinygrad_rnn.nn import Dropout, Embedding, Linear, Sequential

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (5, 2, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    layer = Linear(3, 4, bias=bias, dtype=np.float64, generator=rng)
    x = tg.tensor(rng.normal(size=shape), requires_grad=True)
    y = layer(x)
    expected = x.numpy() @ layer.weight.numpy().T + (layer.bias.numpy() if bias else 0)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)
    y.sum().backward()
    np.testing.assert_allclose(layer.weight.grad, np.tile(x.numpy().reshape(-1, 3).sum(0), (4, 1)), rtol=1e-12)
    np.testing.assert_allclose(x.grad, np.broadcast_to(layer.weight.numpy().sum(0), shape), rtol=1e-12)
    if bias:
        np.testing.assert_allclose(layer.bias.grad, np.full(4, y.size / 4))
    assert list(layer.state_dict()) == ["weight", "bias"][: 1 + bias]


def test_linear_refuses():
    with pytest.raises(ShapeError, match=r"x is \(2, 2\).*expected \(…, 3\)"):
        Linear(3, 4)(np.zeros((2, 2), np.float32))
    with pytest.raises(DTypeError, match="x is float64, the parameters are float32"):
        Linear(3, 4)(np.zeros((2, 3)))


def test_embedding_reads_rows_and_adds_gradients_of_repeated_ones():
    table = Embedding(5, 2, dtype=np.float64)
    index = np.array([[1, 3], [1, 1]])
    y = table(index)
    np.testing.assert_array_equal(y.numpy(), table.weight.numpy()[index])
    y.sum().backward()
    np.testing.assert_array_equal(table.weight.grad, np.array([0, 3, 0, 1, 0])[:, None] * np.ones(2))


@pytest.mark.parametrize("index", [5, -1])
def test_embedding_refuses_what_is_out_of_range(index):
    with pytest.raises(OutOfRangeError):
        Embedding(5, 2)(np.array([index]))


def test_dropout_drops_in_training_only():
    drop = Dropout(0.25, generator=np.random.default_rng(0))
    x = tg.tensor(np.ones(10000), requires_grad=True)
    y = drop(x)
    assert set(np.unique(y.numpy())) == {0, 1 / 0.75}
    assert abs(y.numpy().mean() - 1) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.numpy())
    assert drop.eval()(x) is x
    with pytest.raises(ArgumentError, match="p must be"):
        Dropout(1.0)


def test_sequential_applies_in_order_and_a_module_twice():
    a, b = Linear(3, 3), Linear(3, 3)
    model = Sequential(a, b, a)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(model(x).numpy(), a(b(a(x))).numpy())
    assert list(model.state_dict()) == [f"{i}.{n}" for i in range(3) for n in ("weight", "bias")]
    assert len(model.parameters()) == 4
