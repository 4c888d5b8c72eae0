"""Every reader takes the same things with the same argument, and says the same where it cannot."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DeclarationError, ShapeError

D, H = 2, 3


class Plain:
    """No `tg.nn.Cell`: the two methods are enough."""

    def __init__(self):
        self.W = tg.tensor(np.full((D, H), 0.5), requires_grad=True, name="W").named("W", role="parameter")

    dtype = np.dtype(np.float64)

    def initial_state(self, batch):
        return tg.tensor(np.zeros((batch, H) if batch else H)).named("h′", role="state")

    def step(self, x, h):
        h = tg.tanh(x @ self.W + 0.5 * h).named("h", role="state")
        return h, h


class Leaky(tg.nn.Cell):
    """As in the docstring of `tg.nn.Cell`: it does not say its input_size."""

    def __init__(self):
        self.W = tg.nn.Parameter(np.eye(D))

    def initial_state(self, batch):
        return self.zeros(batch, D)

    def step(self, x, h):
        h = (0.9 * h + (x @ self.W).tanh()).named("h", role="state")
        return h, h


class Arrays(Leaky):
    """Its states are NumPy arrays, in a dict."""

    def initial_state(self, batch):
        rows = () if batch is None else (batch,)
        return {"h": np.zeros((*rows, D)), "c": np.zeros((*rows, D))}

    def step(self, x, state):
        c = 0.5 * state["c"] + x @ self.W
        h = tg.tanh(c) + 0.1 * state["h"]
        return h, {"c": c, "h": h}


def lstm(size=D):
    return tg.nn.LSTMCell(size, H, dtype=np.float64)


THINGS = {
    "cell": (lstm, None),
    "any object": (Plain, (1, D)),
    "no input_size": (Leaky, (1, D)),
    "arrays": (Arrays, (1, D)),
    "layer": (lambda: tg.nn.LSTM(D, H, dtype=np.float64), None),
    "layer, no input_size": (lambda: tg.nn.Recurrent(Leaky()), (4, 1, D)),
    "network": (lambda: tg.nn.Network(lstm(), 2), None),
}


def checked(thing, input=None):
    def backward(xs, **_):
        return {"x": np.zeros_like(xs)}

    with pytest.raises(tg.core.errors.GradientCheckError, match="δx"):
        tg.check_backward(thing, backward, input=input)


def readers(path):
    return {
        "draw": lambda thing, **given: tg.draw(thing, **given).dot,
        "explore": lambda thing, **given: tg.explore(thing, path / "a.html", steps=2, **given),
        "derive": lambda thing, **given: str(tg.derive(thing, **given)),
        "to_numpy": lambda thing, **given: tg.derive(thing, **given).to_numpy(),
        "summary": lambda thing, **given: str(tg.summary(thing, **given)),
        "compare": lambda thing, **given: str(tg.compare(thing, thing, **given)),
        "gradient_flow": lambda thing, **given: tg.gradient_flow(thing, **given).norms,
        "check_backward": checked,
        "backward_inputs": tg.backward_inputs,
    }


READERS = tuple(readers(None))


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_takes_every_cell(reader, thing, tmp_path):
    make, shape = THINGS[thing]
    read = readers(tmp_path)[reader]
    if shape is None:
        read(make())
    else:
        with pytest.raises(ArgumentError, match=rf"{reader}|derive: \w+ has no input_size; .*: input=\("):
            read(make())
    read(make(), input=shape or (1, D))
    read(make(), input=np.ones((3, 1, D)))


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses_the_same(reader, tmp_path):
    read = readers(tmp_path)[reader]
    with pytest.raises(ArgumentError, match=r"LSTMCell is a class; make one and give that: LSTMCell\(…\)"):
        read(tg.nn.LSTMCell)
    with pytest.raises(ArgumentError, match=r": expected .*, got int"):
        read(3)
    with pytest.raises(ShapeError, match=r"LSTMCell reads \(T, B, 2\) or \(B, 2\), got \(1, 5\)"):
        read(lstm(), input=(1, 5))
    if reader not in ("draw", "summary"):  # which read all of it
        two = tg.nn.LSTM(D, H, num_layers=2)
        with pytest.raises(ArgumentError, match=r"LSTM has 2 cells; choose one: layer.cells.rows\[0\]\[0\], layer"):
            read(two)
        read(two.cells.rows[0][0])


class OnlyState(Leaky):
    """The commonest slip: `step` returns the state alone."""

    def step(self, x, h):
        return tg.tanh(x @ self.W + h)


class OnlyStates(Arrays):
    def step(self, x, state):
        return super().step(x, state)[1]


class OtherNest(Leaky):
    def step(self, x, h):
        return h, (h, h)


class NoTensor(Leaky):
    def step(self, x, h):
        return None, h


class NoState(Leaky):
    def initial_state(self, batch):
        return None


ENGINES = {
    "unroll": lambda cell, batch: tg.unroll(cell, np.ones((4, batch, D))),
    "scan": lambda cell, batch: tg.scan(cell, np.ones((4, batch, D))),
    "scan, no steps": lambda cell, batch: tg.scan(cell, np.ones((0, batch, D))),
    "layer": lambda cell, batch: tg.nn.Recurrent(cell)(np.ones((4, batch, D))),
    "one step": lambda cell, batch: cell(np.ones((batch, D))),
    "wrapper": lambda cell, batch: tg.unroll(tg.nn.LearnedInitialState(cell), np.ones((4, batch, D))),
}


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (OnlyState, r"OnlyState.step returned one tensor, expected \(output, new state\)"),
        (OnlyStates, r"OnlyStates.step returned a dict of 2, expected \(output, new state\)"),
        (OtherNest, r"OtherNest.step returned a tuple of 2, expected one tensor as new state"),
        (NoTensor, r"NoTensor.step returned None, expected tensors"),
        (NoState, r"NoState.initial_state returned None, expected tensors"),
    ],
)
def test_what_a_cell_returns_is_checked_by_every_engine(engine, kind, message, batch):
    with pytest.raises(DeclarationError, match=message):
        ENGINES[engine](kind(), batch)


@pytest.mark.parametrize("reader", READERS)
def test_what_a_cell_returns_is_checked_by_every_reader(reader, tmp_path):
    with pytest.raises(DeclarationError, match=r"OnlyState.step returned one tensor"):
        readers(tmp_path)[reader](OnlyState(), input=(2, D))


def test_states_that_are_arrays_run_alike():
    xs = np.random.default_rng(0).normal(size=(4, 2, D))
    outputs, state = tg.unroll(Arrays(), xs)
    for run in (tg.scan, lambda cell, xs: tg.nn.Recurrent(cell)(xs)):
        again, end = run(Arrays(), xs)
        np.testing.assert_allclose(again.numpy(), outputs.numpy())
        np.testing.assert_allclose(end["c"].numpy(), state["c"].numpy())


def test_symbols_are_read_as_such(tmp_path):
    network = tg.nn.Network(tg.nn.GRUCell(D, H), 5, symbols=5)
    assert tg.draw(network).dot
    assert tg.explore(network, tmp_path / "a.html", steps=2).exists()
    assert tg.gradient_flow(network, input=(1,)).credit.shape == (50, 50)
    assert tg.summary(network, (3, 2)).total.parameters


def test_a_function_is_drawn_and_derived():
    def f(x, w):
        return (x @ w).tanh()

    assert "tanh" in tg.draw(f, input=((2, 3), (3, 4))).dot
    assert "tanh" in tg.draw(lambda x: x.tanh(), input=(2, 3)).dot
    assert str(tg.derive(f, (2, 3), (3, 4)))
    assert str(tg.derive(lambda x: x.tanh(), input=(2, 3)))
    with pytest.raises(ArgumentError, match="draw: give the shape of each argument of f"):
        tg.draw(f)
