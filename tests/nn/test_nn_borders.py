"""What layers and cells are given: lists take their dtype, arrays must have it, buffers may be filled again."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DTypeError

CELLS = [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell]
#: Everything that takes numbers, by the number of axes it takes.
MODULES = {
    "Linear": (2, lambda dtype: tg.nn.Linear(2, 3, dtype=dtype)),
    **{c.__name__: (2, lambda dtype, c=c: c(2, 3, dtype=dtype)) for c in CELLS},
    **{c.__name__: (3, lambda dtype, c=c: c(2, 3, dtype=dtype)) for c in (tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU)},
    "Recurrent": (3, lambda dtype: tg.nn.Recurrent(tg.nn.GRUCell(2, 3, dtype=dtype))),
    "Network": (3, lambda dtype: tg.nn.Network(tg.nn.GRUCell(2, 3, dtype=dtype), 1)),
}
EVERY = pytest.mark.parametrize(("axes", "make"), MODULES.values(), ids=MODULES)


def numbers(axes):
    return np.sin(np.arange(2.0**axes)).reshape((2,) * axes)


def first(result):
    while isinstance(result, tuple):
        result = result[0]
    return result


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lists_take_the_dtype_of_the_module(axes, make, dtype):
    module, array = make(dtype), numbers(axes).astype(dtype)
    y = first(module(array.tolist()))
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), first(module(array)).numpy())
    listed = first(module([tg.tensor(row, requires_grad=True) for row in array]))
    np.testing.assert_array_equal(listed.numpy(), y.numpy())
    whole = first(module(np.ones((2,) * axes, int).tolist()))
    assert whole.dtype == dtype


@EVERY
@pytest.mark.parametrize("given", ["array", "tensor", "list of arrays"])
def test_an_array_of_another_dtype_is_refused_with_the_remedy(axes, make, given):
    array = numbers(axes)
    x = {"array": array, "tensor": tg.tensor(array), "list of arrays": list(array)}[given]
    wrong = "is {}, the parameters are float32: use xs?.astype\\(np.float32\\)"
    with pytest.raises(DTypeError, match=wrong.format("float64") + r", or make the \w+ with dtype=np.float64"):
        make(np.float32)(x)
    with pytest.raises(DTypeError, match=wrong.format("int64") + "\n"):
        make(np.float32)(np.ones((2,) * axes, int))


@EVERY
def test_gradients_reach_the_tensors_of_a_list(axes, make):
    module = make(np.float64)
    rows = [tg.tensor(row, requires_grad=True) for row in numbers(axes)]
    x = tg.tensor(numbers(axes), requires_grad=True)
    for given in (rows, x):
        (first(module(given)) ** 2).sum().backward()
    np.testing.assert_allclose([row.grad.numpy() for row in rows], x.grad.numpy(), rtol=1e-12, atol=1e-15)


@EVERY
@pytest.mark.parametrize("frozen", [False, True])
def test_a_buffer_that_is_filled_again_changes_no_gradient(axes, make, frozen):
    module, buffer = make(np.float64), numbers(axes)

    def gradients(x, after):
        module.zero_grad()
        loss = (first(module(x)) ** 2).sum()
        after()
        loss.backward()
        return [p.grad.numpy().copy() for p in module.parameters()]

    expected = gradients(tg.tensor(buffer), lambda: None)
    view = buffer[:]
    view.flags.writeable = not frozen
    for e, g in zip(expected, gradients(view, lambda: buffer.fill(0)), strict=True):
        np.testing.assert_array_equal(g, e)


@pytest.mark.parametrize("make", [tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU])
def test_a_state_is_taken_as_an_input_is(make):
    layer, x = make(2, 3), np.ones((4, 1, 2), np.float32)
    states = 2 if make is tg.nn.LSTM else 1

    def run(state):
        return layer(x, tuple([state] * states) if states > 1 else state)[0].numpy()

    zeros = np.full((1, 1, 3), 0.5, np.float32)
    np.testing.assert_array_equal(run(zeros.tolist()) if states > 1 else run(zeros), run(zeros))
    with pytest.raises(DTypeError, match=r"h is float64, the parameters are float32: use h\.astype"):
        run(zeros.astype(np.float64))
    buffer = zeros.copy()
    loss = layer(x, (buffer, buffer) if states > 1 else buffer)[0].sum()
    buffer.fill(9)
    layer.zero_grad()
    loss.backward()
    found = layer.weight_hh_l0.grad.numpy().copy()
    layer.zero_grad()
    layer(x, (zeros, zeros) if states > 1 else zeros)[0].sum().backward()
    np.testing.assert_array_equal(found, layer.weight_hh_l0.grad.numpy())


@pytest.mark.parametrize("run", [tg.unroll, tg.scan])
def test_a_cell_runs_over_lists_and_generators(run):
    cell = tg.nn.GRUCell(2, 3, generator=np.random.default_rng(0))
    xs = numbers(3).astype(np.float32)
    expected = run(cell, xs)[0].numpy()
    for given in (xs.tolist(), list(xs), (x for x in xs), [tg.tensor(x) for x in xs]):
        np.testing.assert_array_equal(run(cell, given)[0].numpy(), expected)
    with pytest.raises(DTypeError, match="float64"):
        run(cell, list(numbers(3)))
