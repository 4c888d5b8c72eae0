"""Where NumPy, Python or another library asks a tensor for its values, and where a graph is computed again."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors
from tinygrad_rnn.core.errors import ArgumentError, GradientError, GradientWarning


def leaf(*shape):
    return tg.tensor(np.full(shape, 0.3), requires_grad=True, name="a")


def assigned(shape, index, x):
    buffer = np.zeros(shape)
    buffer[index] = x
    return buffer


ARRAYS = {
    "asarray": np.asarray,
    "array of a list": lambda x: np.array([x, x]),
    "array of a nested list": lambda x: np.array([[x, 1.0], [2.0, x]]),
    "sum of a list": lambda x: np.sum([x, x]),
    "r_": lambda x: np.r_[x, x],
    "array method": lambda x: np.ones(2).dot([x, x]),
    "np.full": lambda x: np.full((2,), x),
    "tg.full": lambda x: tg.full((2,), x),
    "full_like": lambda x: np.full_like(tg.tensor([1.0]), x),
    "arange": lambda x: tg.arange(0, x),
    "tensor": tg.tensor,
    "tensor of a list": lambda x: tg.tensor([[x, 1.0]]),
    "parameter": tg.nn.Parameter,
    "float32": np.float32,
    "from_dlpack": np.from_dlpack,
    "item assignment": lambda x: tg.tensor([1.0]).__setitem__(slice(None), [x]),
    "assign_": lambda x: tg.zeros(()).assign_(x),
}


@pytest.mark.parametrize("ask", ARRAYS.values(), ids=ARRAYS)
def test_what_would_lose_a_gradient_is_refused_with_what_to_use_instead(ask):
    with pytest.raises(GradientError, match=r"\.(numpy|item|detach)\(\)|use where"):
        ask(leaf())
    if ask is not np.from_dlpack:  # NumPy's exporter gives no 0-d arrays of lists
        with tg.no_grad():
            ask(leaf())


def test_a_row_put_into_a_buffer_is_refused_and_the_buffer_stays():
    for shape, index in (((2, 3), 0), ((2, 3), (slice(None), 1))):
        with pytest.raises(GradientError, match=r"x\.numpy\(\)"):
            assigned(shape, index, leaf(shape[1] if index == 0 else shape[0]))


NUMBERS = {
    "math.exp": math.exp,
    "np.float64": np.float64,
    "item assignment": lambda x: assigned((2,), 0, x),
    "fill": lambda x: np.zeros(2).fill(x),
    "fromiter": lambda x: np.fromiter([x], float),
    "map": lambda x: list(map(float, [x])),
}


@pytest.mark.parametrize("ask", NUMBERS.values(), ids=NUMBERS)
def test_what_only_asks_for_a_number_warns_once_a_line(ask):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            ask(leaf())
    assert [w.category for w in seen] == [GradientWarning]
    assert "x.item()" in str(seen[0].message)
    assert seen[0].filename == __file__
    with tg.no_grad():
        ask(leaf())
    ask(leaf().detach())


def test_a_number_asked_for_by_name_is_silent():
    x = leaf()
    assert math.isclose(float(x), 0.3)
    assert [
        float(
            x * 2
        ) for _ in range(2)
    ] == [0.6, 0.6]  # fmt: skip
    assert (float(*[x]), x.item(), "%.2f" % x, int(x), bool(x), x.numpy().item()) == (0.3, 0.3, "0.30", 0, True, 0.3)  # noqa: UP031
    with pytest.warns(GradientWarning):
        assert float(1) + math.exp(x) > 2


def test_what_another_library_is_given_is_a_copy():
    x = tg.tensor([1.0, 2.0])
    other = np.from_dlpack(x)
    assert not np.shares_memory(other, x.numpy())
    np.testing.assert_array_equal(other, [1.0, 2.0])
    with pytest.raises(BufferError, match="as a copy only"):
        np.from_dlpack(x, copy=False)
    torch = pytest.importorskip("torch")
    w = tg.tensor([3.0, 4.0], requires_grad=True)
    y = (w * x).sum()
    torch.from_dlpack(x).zero_()
    y.backward()
    np.testing.assert_array_equal(w.grad, [1.0, 2.0])


def test_gradients_given_by_a_user_are_the_engines_own():
    x, seed = tg.tensor([1.0, 2.0], requires_grad=True), np.array([1.0, 10.0])
    (x**3).backward(seed, create_graph=True)
    seed[:] = 0
    np.testing.assert_array_equal(tg.grad(lambda _: x.grad.sum())(0.0).numpy(), 0)  # still a graph
    g, x.grad = x.grad, None
    g.sum().backward()
    np.testing.assert_allclose(x.grad, 6 * x.numpy() * [1.0, 10.0])
    a = leaf()
    y = x * 2
    y.backward([a, 2 * a], create_graph=True)  # a list of tensors: the gradient is linear in it
    x.grad.sum().backward()
    assert a.grad.item() == 6


STALE = {
    "mask": lambda x: tg.where(x < 0, 0.0, x),
    "cast of a mask": lambda x: x * (x > 0).astype(float),
    "argmax": lambda x: x[x.argmax()],
    "mask as an index": lambda x: x[x > 0],
    "index from an index": lambda x: x[:, None][x.argsort() * 1],
    "sort": tg.sort,
    "detached": lambda x: x * x.detach(),
    "computed under no_grad": lambda x: x * under_no_grad(x),
}


def under_no_grad(x):
    with tg.no_grad():
        return x * 2


@pytest.mark.parametrize("f", STALE.values(), ids=STALE)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_graph_does_not_compute_again_with_values_that_went_unrecorded(f, requires_grad):
    x, w = tg.tensor([-1.0, 2.0], requires_grad=requires_grad), tg.tensor(2.0, requires_grad=True)
    graph = tg.Graph((f(x) * w).sum() + (x * w).sum(), [x])
    with pytest.raises(ArgumentError, match="with other inputs"):
        graph(np.array([1.0, -2.0]))


def test_a_graph_computes_again_with_values_that_do_not_depend_on_its_inputs():
    before = tg.tensor([1.0, 2.0]) > 1.5
    x = tg.tensor([-1.0, 2.0], requires_grad=True)
    index = tg.tensor([1, 0])
    y = tg.where(before, x[index], x * np.array([5.0, 6.0])) + tg.ones((2,)) + tg.dropout(x, 0.0)
    np.testing.assert_array_equal(tg.Graph(y, [x])(np.array([3.0, 4.0])), [19.0, 8.0])
    mask = x > 0
    y = tg.where(mask, x, 0.0)
    np.testing.assert_array_equal(tg.Graph(y, [x, mask])(np.array([3.0, 4.0]), np.array([True, False])), [3.0, 0.0])


def test_a_user_op_does_not_swallow_a_tensor_either():
    @tg.primitive(shape=lambda x, factor: x, vjps=[lambda g, y, x, factor: g * factor])
    def scaled(x, *, factor):
        return x * float(factor)

    try:
        x = tg.tensor([1.0], requires_grad=True)
        for call in (lambda: scaled(x, factor=leaf()), lambda: scaled(x, leaf()), lambda: scaled([1.0], leaf())):
            with pytest.raises(GradientError, match="scaled: no gradient flows to factor"):
                call()
        assert issubclass(GradientError, errors.TinygradError)
    finally:
        del tg.REGISTRY["scaled"]
