"""Outputs and every gradient of every cell: against PyTorch (live and frozen) and against plain NumPy."""

from pathlib import Path

import numpy as np
import pytest
from naive import recurrent
from recurrent_cases import KINDS, cell, ours, parameters_of, problem, torchs

import tinygrad_rnn as tg

FROZEN = Path(__file__).parent / "frozen"
BIAS = pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
KIND = pytest.mark.parametrize("kind", KINDS)


def assert_equal(found, expected, tolerance):
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@KIND
@BIAS
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-5)])
def test_equals_pytorch(kind, bias, dtype, tolerance):
    pytest.importorskip("torch")
    arrays = problem(kind, bias, dtype, seed=7, T=6, B=3, D=5, H=4)
    found, expected = ours(kind, arrays), torchs(kind, arrays)
    assert all(value.dtype == dtype for value in found.values())
    for name in expected:  # sums of many terms are compared on their own scale
        expected[name], found[name] = expected[name] / (s := 1 + abs(expected[name]).max()), found[name] / s
    assert_equal(found, expected, tolerance)


@KIND
@BIAS
def test_equals_frozen_pytorch(kind, bias):
    with np.load(FROZEN / f"{kind}{'' if bias else '-no-bias'}.npz") as file:
        arrays = {name: file[name] for name in file.files if "/" not in name}
        solution = {name.split("/")[1]: file[name] for name in file.files if "/" in name}
    assert_equal(ours(kind, arrays), solution, 1e-10)


@KIND
@BIAS
def test_equals_plain_numpy(kind, bias):
    arrays = problem(kind, bias, seed=3)
    assert_equal(ours(kind, arrays), recurrent.results(kind, arrays), 1e-10)


@KIND
def test_unroll_equals_a_hand_loop(kind):
    def by_hand(own, xs, state):
        outputs = []
        for t in range(len(xs)):
            state = own(xs[t], state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return tg.stack(outputs), state

    arrays = problem(kind)
    assert_equal(ours(kind, arrays, run=by_hand), ours(kind, arrays), 1e-15)


@KIND
def test_without_a_batch_axis(kind):
    arrays = problem(kind, B=1)
    own = cell(kind)
    own.load_state_dict(parameters_of(arrays))
    batched, _ = tg.unroll(own, arrays["x"])
    single, final = tg.unroll(own, arrays["x"][:, 0])
    assert single.shape == batched.shape[::2]
    np.testing.assert_allclose(single.numpy(), batched.numpy()[:, 0], rtol=0, atol=1e-14)
    h = final[0] if kind == "lstm" else final
    assert h.shape == (2,)


@pytest.mark.parametrize("kind", ["rnn-tanh", "lstm", "gru"])
def test_loads_a_pytorch_state_dict_as_it_is(kind):
    torch = pytest.importorskip("torch")
    make = {"rnn-tanh": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[kind]
    theirs, own = make(3, 2), cell(kind, dtype=np.float32)
    own.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    got, expected = own(x), theirs(torch.tensor(x))
    if kind == "lstm":
        got, expected = got[1], expected[1]
    np.testing.assert_allclose(got.numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    theirs.load_state_dict({name: torch.tensor(a) for name, a in own.state_dict().items()})


@KIND
@BIAS
def test_gradient_of_a_gradient_equals_pytorch(kind, bias):
    """∂/∂everything of ‖∂L/∂x‖²: backward through the backward pass of the whole sequence."""
    pytest.importorskip("torch")
    arrays = problem(kind, bias, seed=11)
    found, expected = ours(kind, arrays, penalty=True), torchs(kind, arrays, penalty=True)
    for one, other in [(found, expected), (expected, found)]:  # no path is no entry here, and zeros there
        one |= {name: np.zeros_like(other[name]) for name in set(other) - set(one)}
    assert_equal(found, expected, 1e-10)


@KIND
def test_second_derivatives_agree_with_differences(kind):
    own, arrays = cell(kind), problem(kind, T=2)
    names = [name for name, _ in own.named_parameters()]

    def loss(x, *parameters):
        vars(own).update(zip(names, parameters, strict=True))  # the cell as a function of its parameters
        return (tg.unroll(own, x)[0] ** 2).sum()

    tg.check_grads(loss, (arrays["x"], *[arrays[name] for name in names]), order=2)
