"""Cells as graphs (names, roles, scopes), their initial values, and what they refuse."""

import numpy as np
import pytest
from recurrent_cases import KINDS, cell

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DeclarationError, DTypeError, ShapeError
from tinygrad_rnn.nn import Cell, GRUCell, LSTMCell, Parameter, RNNCell

x = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)


def names(graph, step):
    return [n.name for n in graph.nodes if n.name and n.scope and n.scope.step == step]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (RNNCell(3, 4), ["x", "h"]),
        (LSTMCell(3, 4), ["x", "i", "f", "c̃", "o", "c", "h"]),
        (GRUCell(3, 4), ["x", "r", "z", "n", "h"]),
        (GRUCell(3, 4, reset_after=False), ["x", "r", "z", "n", "h"]),
    ],
)
def test_nodes_have_the_papers_names_in_every_step(own, expected):
    graph = tg.Graph(tg.unroll(own, x)[0])
    for t in range(5):
        assert names(graph, t) == expected
    assert {p.name for p in graph.parameters} == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    assert [n.name for n in graph.inputs] == ["x"] * 5


def test_scopes_and_roles():
    _, (h, c) = tg.unroll(LSTMCell(3, 4), x[:4])
    assert (c.name, c.role, c.scope.step, c.path) == ("c", "state", 3, "LSTMCell/t=3/c")
    assert (h.name, h.role) == ("h", "state")
    first = [n for n in tg.Graph(h).states if n.is_leaf]
    assert [n.name for n in first] == ["h", "c"]


def test_one_step_can_be_traced_from_shapes():
    graph = tg.trace(GRUCell(3, 4), (2, 3))
    assert graph.outputs[0].shape == (2, 4)
    assert graph.outputs[0].dtype == np.float32
    assert len(graph.parameters) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_initial_values(kind):
    own = cell(kind, H=100)
    for _, p in own.named_parameters():
        assert p.dtype == np.float64
        assert 0.09 < abs(p.numpy()).max() <= 0.1
    again, single = cell(kind, H=100), cell(kind, H=100, dtype=np.float32)
    np.testing.assert_array_equal(own.weight_hh.numpy(), again.weight_hh.numpy())
    np.testing.assert_array_equal(own.weight_hh.numpy().astype(np.float32), single.weight_hh.numpy())


def test_any_activation():
    h = RNNCell(3, 4, nonlinearity="sigmoid")(x[0])
    assert h.op.name == "sigmoid"
    assert RNNCell(3, 4, nonlinearity=lambda z: z * 2)(x[0]).shape == (2, 4)
    for name in ("matmul", "no_such", "add", "tensor"):
        with pytest.raises(DeclarationError, match=f"no activation '{name}'"):
            RNNCell(3, 4, nonlinearity=name)


def test_python_numbers_take_the_cells_dtype():
    assert RNNCell(3, 4)([[1, 2, 3]]).dtype == np.float32
    assert RNNCell(3, 4, dtype=np.float64)([1, 2, 3]).shape == (4,)


def test_an_array_given_to_a_cell_may_change_later():
    own, mine = RNNCell(3, 4), x[0].copy()
    loss = own(mine).sum()
    mine[:] = 0
    loss.backward()
    assert own.weight_ih.grad.numpy().any()


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: LSTMCell(3, 4)(x[0, :, :2]), ShapeError, r"x is \(2, 2\).*expected 3 features"),
        (lambda: LSTMCell(3, 4)(x), ShapeError, r"x is \(5, 2, 3\).*expected \(B, 3\) or \(3,\)"),
        (lambda: LSTMCell(3, 4)(x[0].astype(np.float64)), DTypeError,
         r"x is float64, the parameters are float32: use x.astype\(np.float32\), or make.*dtype=np.float64"),
        (lambda: LSTMCell(3, 4)(np.zeros((2, 3), int)), DTypeError, r"x is int64.*x.astype\(np.float32\)\n"),
        (lambda: LSTMCell(3, 4)(x[0], np.zeros((2, 4), np.float32)), ShapeError,
         r"a tuple of 2 tensors \(h, c\), got one tensor"),
        (lambda: LSTMCell(3, 4)(x[0], [np.zeros((2, 4), np.float32)] * 3), ShapeError, "got a list of 3"),
        (lambda: GRUCell(3, 4)(x[0], (np.zeros((2, 4), np.float32),)), ShapeError, "one tensor h, got a tuple of 1"),
        (lambda: GRUCell(3, 4)(x[0], np.zeros((3, 4), np.float32)), ShapeError, r"h is \(3, 4\).*expected \(2, 4\)"),
        (lambda: GRUCell(3, 4)(x[0], np.zeros((2, 4))), DTypeError, "h is float64"),
        (lambda: GRUCell(3, 4)(x[0, 0], np.zeros((1, 4), np.float32)), ShapeError, r"expected \(4,\)"),
        (lambda: tg.unroll(GRUCell(3, 4), x[:0]), ShapeError, "no time steps"),
        (lambda: tg.unroll(GRUCell(3, 4), []), ShapeError, "no time steps"),
        (lambda: tg.unroll(GRUCell(3, 4), x[0, 0]), ShapeError, r"xs is \(3,\), expected \(T, B, D\)"),
        (lambda: tg.unroll(GRUCell(3, 4), [x[0], x[1, :1]]), ShapeError, r"step 1 is \(1, 3\), at step 0 .* \(2, 3\)"),
        (lambda: GRUCell(0, 4), ShapeError, "input_size must be a positive integer, got 0"),
        (lambda: GRUCell(3, 4.0), ShapeError, "hidden_size must be a positive integer, got 4.0"),
        (lambda: GRUCell(3, 4, dtype=np.float16), DTypeError, "expected np.float32 or np.float64"),
    ],
)  # fmt: skip
def test_errors(use, error, message):
    with pytest.raises(error, match=message) as caught:
        use()
    assert "test_nn_cells.py" in str(caught.value)


class Leaky(Cell):
    """A user's cell: two states of different sizes and a trainable initial one."""

    def __init__(self):
        self.W = Parameter(np.eye(3))
        self.start = Parameter(np.zeros(3))

    def initial_state(self, batch):
        return tg.zeros((batch, 1)), self.start + self.zeros(batch, 3)

    def step(self, x, state):
        n, h = state
        h = (0.9 * h + x @ self.W).named("h", role="state")
        return h * 2, (n + 1, h)


def test_a_users_cell_of_any_states():
    own = Leaky()
    y, (n, h) = tg.unroll(own, np.ones((4, 2, 3)))
    assert y.shape == (4, 2, 3)
    np.testing.assert_allclose(h.numpy(), 1 + 0.9 + 0.81 + 0.729)
    np.testing.assert_array_equal(n, [[4.0], [4.0]])
    assert names(tg.Graph(y), 2) == ["x", "h"]
    h.sum().backward()
    np.testing.assert_allclose(own.start.grad, 2 * 0.9**4)


def test_a_cell_without_its_parts_says_so():
    class Empty(Cell):
        pass

    with pytest.raises(DeclarationError, match=r"Empty does not define initial_state"):
        Empty()(x[0])


def test_unroll_takes_tensors_sequences_and_generators():
    own = RNNCell(3, 4)
    expected, _ = tg.unroll(own, x)
    for xs in (tg.tensor(x), list(x), [tg.tensor(s) for s in x], (s for s in x)):
        np.testing.assert_array_equal(tg.unroll(own, xs)[0].numpy(), expected.numpy())


def test_unroll_names_steps_even_when_xs_needs_no_gradient():
    graph = tg.Graph(tg.unroll(RNNCell(3, 4), tg.tensor(x))[0])
    assert [(n.name, n.scope.step) for n in graph.inputs] == [("x", t) for t in range(5)]


def test_a_very_long_unroll_runs_backward():
    own = RNNCell(1, 1)
    y, _ = tg.unroll(own, np.ones((3000, 1, 1), np.float32))
    y.sum().backward()
    assert np.isfinite(own.weight_hh.grad.numpy()).all()
