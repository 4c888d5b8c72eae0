"""grad_by_step: against giving each time step a weight of its own."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors

T, B, H = 5, 2, 3
XS = np.random.default_rng(0).normal(size=(T, B, H))


def run(weights, read, loss=lambda h, total: total, label="cell"):
    """A recurrent net whose step t reads `read(weights[t])`; all steps may hold the same weight."""
    h, total = tg.tensor(np.zeros((B, H))), tg.tensor(0.0)
    with tg.scope(label):
        for t in range(T):
            with tg.scope(f"t={t}", step=t):
                h = (h @ read(weights[t]) + XS[t]).tanh()
            total = total + (h * h).sum()
    return loss(h, total)


READS = {
    "as it is": lambda W: W,
    "transposed and sliced in the step": lambda W: W.T[:, ::-1] * 2,
    "twice": lambda W: W @ W,
}


def weight(seed=1, name="W"):
    return tg.tensor(np.random.default_rng(seed).normal(size=(H, H)), requires_grad=True, name=name)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("loss", [lambda h, total: total, lambda h, total: h.sum()], ids=["all steps", "last step"])
def test_equals_the_gradients_of_separate_weights(read, loss):
    W = weight()
    own = [tg.tensor(W.numpy(), requires_grad=True) for _ in range(T)]
    run(own, read, loss).backward()
    shared = run([W] * T, read, loss)
    by_step = tg.grad_by_step(shared, W)
    assert by_step.shape == (T, H, H)
    assert np.allclose(by_step, [w.grad.numpy() for w in own], rtol=1e-12, atol=1e-13)
    assert W.grad is None
    shared.backward()  # the graph is still there
    assert np.allclose(by_step.numpy().sum(axis=0), W.grad, rtol=1e-12)


def test_what_is_made_before_the_steps_counts_for_the_step_that_uses_it():
    W = weight()
    made = (W.T * 2).tanh()
    loss = run([made] * T, lambda V: V @ V)
    inside = run([W] * T, lambda W: (lambda V: V @ V)((W.T * 2).tanh()))
    assert np.allclose(tg.grad_by_step(loss, W), tg.grad_by_step(inside, W), rtol=1e-12)


def test_a_slice_for_every_step():
    W = tg.tensor(np.arange(1.0, T + 1), requires_grad=True)
    made = [W[t] for t in range(T)]
    loss = run(made, lambda w: w * np.eye(H))
    by_step = tg.grad_by_step(loss, W).numpy()
    assert np.array_equal(by_step, np.diag(np.diag(by_step)))
    assert (np.diag(by_step)[1:] != 0).all()  # the first state is zero


def test_steps_without_a_use_get_zeros():
    W = weight()
    own = weight(2)
    by_step = tg.grad_by_step(run([own, W, own, W, own], READS["as it is"]), W).numpy()
    assert by_step.shape == (T, H, H)
    assert [bool(row.any()) for row in by_step] == [False, True, False, True, False]


def test_steps_of_two_layers_are_added():
    W = weight()

    def both(W0, W1):
        return run([W0] * T, READS["as it is"], label="a") + run([W1] * T, READS["twice"], label="b")

    other = tg.tensor(W.numpy(), requires_grad=True)
    separate = both(W, other)
    expected = tg.grad_by_step(separate, W).numpy() + tg.grad_by_step(separate, other).numpy()
    assert np.allclose(tg.grad_by_step(both(W, W), W), expected, rtol=1e-12)


def test_uses_outside_the_steps():
    W = weight()
    loss = run([W] * T, READS["as it is"]) + 0.1 * (W * W).sum()
    with pytest.raises(errors.ArgumentError, match=r"'W' is also used outside every time step.*\n.*test_by_step"):
        tg.grad_by_step(loss, W)
    by_step = tg.grad_by_step(loss, W, outside=True).numpy()
    assert by_step.shape == (T + 1, H, H)
    assert np.allclose(by_step[-1], 0.2 * W.numpy())
    loss.backward()
    assert np.allclose(by_step.sum(axis=0), W.grad)


def test_errors():
    W = weight()
    loss = run([W] * T, READS["as it is"])
    with pytest.raises(errors.NotInGraphError, match=r"does not depend on other .*'other'.*\n.*test_by_step"):
        tg.grad_by_step(loss, weight(name="other"))
    with pytest.raises(errors.NonScalarBackwardError):
        tg.grad_by_step(loss * np.ones(3), W)
    with pytest.raises(errors.GradientError, match="nothing behind the loss lies in a time step"):
        tg.grad_by_step((W * W).sum(), W)
    loss.backward()
    with pytest.raises(errors.FreedGraphError):
        tg.grad_by_step(loss, W)


def test_float32():
    W = tg.tensor(np.eye(H, dtype=np.float32), requires_grad=True)
    with tg.scope("t=0", step=0):
        loss = (W @ W).sum()
    assert tg.grad_by_step(loss, W).dtype == np.float32
