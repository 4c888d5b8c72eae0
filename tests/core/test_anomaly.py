"""detect_anomaly: the first value that is not finite, forward, backward and in forward mode."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors


def says(error, *parts):
    for part in (*parts, "test_anomaly.py"):
        assert part in str(error.value), str(error.value)


@pytest.mark.parametrize("requires_grad", [True, False])
def test_forward(requires_grad):
    x = tg.tensor([2.0, 0.0], requires_grad=requires_grad, name="x")
    step = tg.scope("t=3", step=3)
    with pytest.raises(errors.NonFiniteError) as error, tg.detect_anomaly(), tg.scope("cell"), step:
        tg.log(x)  # the culprit
    says(error, "first non-finite value: -inf at [1] of log(x (2,) float64 'x')", "cell/t=3 at time step 3")
    assert "tg.log(x)  # the culprit" in str(error.value)


def test_forward_in_no_grad():
    with pytest.raises(errors.NonFiniteError), tg.detect_anomaly(), tg.no_grad():
        tg.tensor(1.0) / tg.tensor(0.0)


def deep(x):
    """The gradient of the square root is infinite at 0, its value is not."""
    with tg.scope("cell"), tg.scope("t=3", step=3):
        root = tg.sqrt(x).named("root")  # recorded here
    return (root * 2).sum()


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward(create_graph):
    x = tg.tensor([4.0, 0.0], requires_grad=True, name="x")
    with tg.detect_anomaly():
        y = deep(x)
        with pytest.raises(errors.NonFiniteError) as error:
            y.backward(create_graph=create_graph)  # asked here
    says(
        error, "first non-finite gradient: inf at [1]", "flows from cell/t=3/root (sqrt) at time step 3 (2,) float64",
        "to its operand x (2,) float64 'x'", "recorded at", "# recorded here", "# asked here",
    )  # fmt: skip


def test_backward_alone():
    y = deep(tg.tensor([4.0, 0.0], requires_grad=True))
    with pytest.raises(errors.NonFiniteError) as error, tg.detect_anomaly():
        y.backward()
    says(error, "cell/t=3/root (sqrt) at time step 3")
    assert "recorded at" not in str(error.value)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_sum_that_overflows_and_a_hook(create_graph):
    x = tg.tensor([0.0, 0.0], requires_grad=True, name="x")
    big = np.array([1.0, 1.5e308])
    with pytest.raises(errors.NonFiniteError) as error, tg.detect_anomaly():
        (x * big + x * big).backward(np.ones(2), create_graph=create_graph)
    says(error, "first non-finite gradient: inf at [1]", "arrives at x (2,) float64 'x'")
    h = (x * 2.0).named("h")
    h.register_hook(lambda g: np.full(2, np.nan))
    with pytest.raises(errors.NonFiniteError) as error, tg.detect_anomaly():
        h.sum().backward(create_graph=create_graph)
    says(error, "first non-finite gradient: nan at [0]", "arrives at h (multiply) (2,) float64 'h'")


def test_transforms():
    for derivative in (tg.grad(deep), lambda x: tg.jvp(deep, x, np.ones(2)), tg.grad(lambda x: tg.grad(deep)(x).sum())):
        with pytest.raises(errors.NonFiniteError) as error, tg.detect_anomaly():
            derivative(np.array([4.0, 0.0]))
        says(error, "inf at [1]", "cell/t=3/root (sqrt) at time step 3")


def test_what_a_rule_masks_is_no_anomaly():
    x = tg.tensor([4.0, 0.0], requires_grad=True)
    for create_graph in (False, True):
        with tg.detect_anomaly():
            (x**2).sum().backward(create_graph=create_graph)  # its rules may meet 0·log 0 on the way
    assert np.isfinite(x.grad).all()


def test_integers_and_traced_values_are_left_alone():
    with tg.detect_anomaly():
        assert (tg.tensor([1, 2]) + 1).tolist() == [2, 3]
        assert tg.trace(deep, (2,)).outputs[0].shape == ()


def test_ends_with_the_block():
    with tg.detect_anomaly():
        pass
    with np.errstate(all="ignore"):
        assert np.isinf((tg.tensor(1.0) / tg.tensor(0.0)).item())
