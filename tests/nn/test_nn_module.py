"""Module: what it finds in its attributes, names, state dicts, errors."""

import copy

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DeclarationError, DTypeError, StateDictError
from tinygrad_rnn.nn import LSTMCell, Module, Parameter

ONES = tg.tensor(np.ones(2))


class Leaf(Module):
    def __init__(self, n=2):
        self.weight = Parameter(np.arange(float(n)))

    def forward(self, x):
        return x * self.weight


class Model(Module):
    def __init__(self):
        self.scale = Parameter(np.ones(2))
        self.first = Leaf()
        self.layers = [Leaf(), {"deep": Leaf(3)}]
        self.tied = self.first.weight

    def forward(self, x):
        return self.layers[0](self.first(x * self.scale))


def test_finds_parameters_wherever_they_are():
    model = Model()
    assert list(model.state_dict()) == [
        "scale", "tied", "first.weight", "layers.0.weight", "layers.1.deep.weight",
    ]  # fmt: skip
    assert [n for n, _ in model.named_parameters()] == ["scale", "tied", "layers.0.weight", "layers.1.deep.weight"]
    assert len(model.parameters()) == 4
    assert model.children() == [model.first, model.layers[0], model.layers[1]["deep"]]
    assert [n for n, _ in model.named_modules()] == ["", "first", "layers.0", "layers.1.deep"]
    model.layers.append(Leaf())
    assert "layers.2.weight" in model.state_dict()


def test_module_that_refers_to_its_parent_is_walked_once():
    model = Model()
    model.first.parent = model
    assert len(model.modules()) == 4
    assert len(model.parameters()) == 4


def test_super_init_is_not_needed_and_may_come_last():
    class Late(Module):
        def __init__(self):
            self.weight = Parameter(np.ones(1))
            super().__init__()

    assert [n for n, _ in Late().named_parameters()] == ["weight"]


def test_names_roles_and_scopes():
    model = Model()
    assert model.layers[1]["deep"].weight.name == "weight"
    assert (model.scale.role, model.scale.requires_grad, model.scale.is_leaf) == ("parameter", True, True)
    assert isinstance(model.scale, tg.Tensor)
    y = model(ONES)
    assert y.scope.path == "Model/layers.0"
    assert y.inputs[0].scope.path == "Model/first"
    assert Parameter(np.ones(1), "mine").name == "mine"


def test_repr_is_a_tree():
    class Reader(Module):
        def __init__(self):
            self.cell = LSTMCell(3, 4)
            self.head = tg.nn.Sequential(tg.nn.Linear(4, 2, bias=False))

    assert repr(Reader()) == (
        "Reader()\n  cell: LSTMCell(3, 4)\n  head: Sequential()\n    head.0: Linear(4, 2, bias=False)"
    )


def test_state_dict_is_a_copy_and_round_trips():
    a, b = LSTMCell(2, 3), LSTMCell(2, 3)
    state = a.state_dict()
    b.load_state_dict(state)
    for name, array in b.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    state["weight_ih"][:] = 0
    assert np.any(a.weight_ih.numpy())
    b.load_state_dict({name: array.astype(np.float64) for name, array in state.items()})
    assert b.weight_ih.dtype == np.float32


def test_load_state_dict_lists_everything_and_loads_nothing():
    model = Model()
    before = model.state_dict()
    state = {
        "scale": np.zeros(3),
        "first.weight": np.zeros(2),
        "tied": np.ones(2),
        "layers.0.weight": np.zeros(2, int),
        "extra": np.zeros(1),
    }
    with pytest.raises(StateDictError) as caught:
        model.load_state_dict(state)
    for part in [
        "missing: layers.1.deep.weight (3,)", "unexpected: extra (1,)", "wrong shape: scale is (2,), got (3,)",
        "wrong dtype: layers.0.weight is float64, got int64", "tied: tied and first.weight", "test_nn_module.py",
    ]:  # fmt: skip
        assert part in str(caught.value)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_tied_parameters_of_equal_values_load_even_if_nan():
    model = Model()
    state = {name: np.full_like(array, np.nan) for name, array in model.state_dict().items()}
    model.load_state_dict(state)
    assert np.isnan(model.tied.numpy()).all()


def test_train_eval_and_zero_grad():
    model = Model()
    model(ONES).sum().backward()
    assert model.scale.grad is not None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert all(m.training for m in model.train().modules())


def test_a_parameter_is_not_lost_by_assignment():
    model = Leaf()
    with pytest.raises(DeclarationError, match="weight is a parameter and cannot become a ndarray"):
        model.weight = np.ones(2)
    model.weight = Parameter(np.ones(5))
    assert model.weight.name == "weight"


def test_bad_parameters_and_a_missing_forward():
    with pytest.raises(DTypeError, match="int64"):
        Parameter(np.arange(3))
    with pytest.raises(DeclarationError, match="does not define forward"):
        Module()(1)


def test_a_deep_copy_has_parameters_of_its_own():
    model = Model()
    other = copy.deepcopy(model)
    assert other.tied is other.first.weight
    assert {p.number for p in model.parameters()}.isdisjoint(p.number for p in other.parameters())
    (model(ONES) * other(ONES)).sum().backward()
    np.testing.assert_array_equal(model.scale.grad, other.scale.grad)
