"""Every optimiser and clipping: equal to PyTorch's step by step, checkpoints, errors."""

import numpy as np
import pytest
from optim_cases import CASES, FROZEN, STEPS, gradients, start, torchs

import tinygrad_rnn as tg
from tinygrad_rnn import optim
from tinygrad_rnn.core.errors import (
    ArgumentError,
    DeclarationError,
    GradientError,
    MutatedTensorError,
    NonFiniteError,
    StateDictError,
)
from tinygrad_rnn.nn import LSTMCell, Parameter

EACH = pytest.mark.parametrize(("name", "options"), CASES)


def run(optimizer, parameters, steps, dtype=np.float64):
    for step in steps:
        for p, g in zip(parameters, gradients(step, dtype), strict=True):
            p.grad = None if g is None else tg.tensor(g)
        optimizer.step()


@EACH
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_equals_pytorch(name, options, dtype, tolerance):
    pytest.importorskip("torch")
    ours = [Parameter(a) for a in start(dtype)]
    optimizer = getattr(optim, name)(ours, **options)
    for step, theirs in enumerate(torchs(name, options, dtype)):
        run(optimizer, ours, [step], dtype)
        for p, q in zip(ours, theirs, strict=True):
            assert p.dtype == dtype
            np.testing.assert_allclose(p.numpy(), q, rtol=tolerance, atol=tolerance)


@EACH
def test_equals_frozen_pytorch(name, options):
    ours = [Parameter(a) for a in start()]
    run(getattr(optim, name)(ours, **options), ours, range(STEPS))
    with np.load(FROZEN) as frozen:
        for k, p in enumerate(ours):
            expected = frozen[f"{CASES.index((name, options))}/{k}"]
            np.testing.assert_allclose(p.numpy(), expected, rtol=1e-12, atol=1e-12)


@EACH
def test_continues_exactly_from_its_state_dict(name, options, tmp_path):
    straight = [Parameter(a) for a in start()]
    run(getattr(optim, name)(straight, **options), straight, range(10))
    first = [Parameter(a) for a in start()]
    optimizer = getattr(optim, name)(first, **options)
    run(optimizer, first, range(4))
    tg.save(optimizer, tmp_path / "optimizer.safetensors")
    second = [Parameter(p.numpy()) for p in first]
    resumed = getattr(optim, name)(second, **(options | {"lr": 123.0}))
    resumed.load_state_dict(tg.load(tmp_path / "optimizer.safetensors"))
    assert repr(resumed) == repr(optimizer)
    run(resumed, second, range(4, 10))
    for p, q in zip(straight, second, strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


@pytest.mark.parametrize("kind", [tg.optim.Adam, tg.optim.AdamW])
def test_a_subclass_changes_what_one_parameter_becomes(kind):
    """All parameters are updated in one call, unless a subclass says how each is."""

    class Halved(kind):
        def update(self, w, g, memory):
            super().update(w, g * 0.5, memory)

    found = []
    for make, factor in ((kind, 0.5), (Halved, 1.0)):
        weights = [tg.nn.Parameter(np.ones((3, 2))), tg.nn.Parameter(np.ones(4, np.float32))]  # of two dtypes
        optimizer = make(weights, lr=0.1, weight_decay=0.2 if kind is tg.optim.AdamW else 0.0)
        for k in range(3):
            for w in weights:
                w.grad = tg.tensor(np.full(w.shape, factor * (k + 1), w.dtype))
            optimizer.step()
        found.append([w.numpy() for w in weights])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_state_dict_of_another_optimiser_is_refused():
    p = [Parameter(np.ones(3)), Parameter(np.ones(2))]
    sgd, adam = optim.SGD(p, lr=0.5, momentum=0.9), optim.Adam(p)
    with pytest.raises(StateDictError) as caught:
        sgd.load_state_dict(adam.state_dict())
    for part in ["missing: momentum ()", "unexpected: betas (2,)", "unexpected: 1.m (2,)"]:
        assert part in str(caught.value)
    assert sgd.lr == 0.5
    with pytest.raises(StateDictError, match=r"wrong shape: 1.v is \(2,\), got \(7,\)"):
        adam.load_state_dict(optim.Adam([p[0], Parameter(np.ones(7))]).state_dict())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: optim.SGD(p, lr=-1), ArgumentError, "SGD: lr must be at least 0 and finite, got -1"),
        (lambda p: optim.SGD(p, lr=float("nan")), ArgumentError, "lr must be"),
        (lambda p: optim.SGD(p, nesterov=True), ArgumentError, "nesterov needs momentum"),
        (lambda p: optim.SGD(p, momentum=0.9, dampening=0.1, nesterov=True), ArgumentError, "nesterov needs"),
        (lambda p: optim.Adam(p, betas=(0.9, 1.0)), ArgumentError, "betas must be at least 0 and below 1, got 1.0"),
        (lambda p: optim.RMSprop(p, alpha=1), ArgumentError, "alpha must be"),
        (lambda p: optim.Adam([]), ArgumentError, "no parameters"),
        (lambda p: optim.Adam([p[0] * 2]), DeclarationError, "leaf tensors"),
        (lambda p: optim.Adam([np.ones(2)]), DeclarationError, "leaf tensors"),
        (lambda p: optim.Adam(p).step(), GradientError, "no parameter has a gradient; call backward"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make([Parameter(np.ones(2))])
    assert "test_optim.py" in str(caught.value)


def test_a_step_is_noticed_by_a_graph_recorded_before():
    w = Parameter(np.ones(2))
    optimizer, loss = optim.SGD([w]), (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(MutatedTensorError):
        loss.backward()


def test_a_step_leaves_earlier_snapshots_alone_and_zero_grad_forgets():
    w = Parameter(np.ones(2))
    before = w.numpy()
    optimizer = optim.SGD([w, w], lr=1.0)
    (w * 3).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(before, 1)
    np.testing.assert_array_equal(w.numpy(), -2)
    optimizer.zero_grad()
    assert w.grad is None


def test_centered_rmsprop_stays_finite_under_a_constant_gradient():
    w = Parameter(np.ones(3))
    optimizer = optim.RMSprop([w], centered=True, eps=1e-3)
    for _ in range(5000):
        w.grad = tg.tensor(np.array([0.1, 1.7, 0.3]))
        optimizer.step()
    assert np.isfinite(w.numpy()).all()


def test_training_a_cell_lowers_the_loss():
    own = LSTMCell(1, 8, generator=np.random.default_rng(0))
    xs = np.random.default_rng(1).normal(size=(6, 4, 1)).astype(np.float32)
    optimizer, losses = optim.Adam(own.parameters(), lr=0.02), []
    for _ in range(40):
        optimizer.zero_grad()
        y, _ = tg.unroll(own, xs)
        loss = ((y[..., :1] - 0.3 * xs) ** 2).mean()
        loss.backward()
        optim.clip_grad_norm_(own.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def with_gradients(dtype=np.float64):
    parameters = [Parameter(a) for a in start(dtype)]
    for p, g in zip(parameters, gradients(3, dtype), strict=True):
        p.grad = None if g is None else tg.tensor(g)
    return parameters


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("max_norm", [0.01, 1e6])
def test_clip_grad_norm_equals_pytorch(norm_type, max_norm):
    torch = pytest.importorskip("torch")
    ours = with_gradients()
    theirs = [torch.tensor(a, requires_grad=True) for a in start()]
    for p, q in zip(theirs, ours, strict=True):
        p.grad = None if q.grad is None else torch.tensor(q.grad.numpy().copy())
    total = optim.clip_grad_norm_(ours, max_norm, norm_type)
    assert total == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type).item(), rel=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        if p.grad is not None:
            np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-12)


def test_clip_grad_norm_bounds_the_norm_and_keeps_the_dtype():
    parameters = with_gradients(np.float32)
    before = optim.clip_grad_norm_(parameters, 0.1)
    assert before > 0.1
    assert optim.clip_grad_norm_(parameters, 0.1) == pytest.approx(0.1, rel=1e-4)
    assert all(p.grad.dtype == np.float32 for p in parameters if p.grad is not None)
    assert optim.clip_grad_norm_([Parameter(np.ones(1))], 1.0) == 0.0


def test_clip_grad_norm_names_what_is_not_finite():
    parameters = with_gradients()
    parameters[2].name, parameters[2].grad = "bias", tg.tensor(np.inf)
    kept = parameters[0].grad.numpy()
    with pytest.raises(NonFiniteError, match=r"norm of the gradients is inf, first in bias \(\) float64"):
        optim.clip_grad_norm_(parameters, 1.0)
    np.testing.assert_array_equal(parameters[0].grad, kept)
    assert optim.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=False) == np.inf


def test_clip_grad_value():
    w = Parameter(np.zeros(3))
    w.grad = tg.tensor(np.array([-5.0, 0.5, 5.0]))
    optim.clip_grad_value_(w, 1.0)
    np.testing.assert_array_equal(w.grad, [-1.0, 0.5, 1.0])


@pytest.mark.parametrize("call", [
    lambda p: optim.clip_grad_norm_(p, -1.0), lambda p: optim.clip_grad_norm_(p, float("nan")),
    lambda p: optim.clip_grad_norm_(p, 1.0, 0.0), lambda p: optim.clip_grad_value_(p, -1.0),
])  # fmt: skip
def test_clipping_refuses_senseless_bounds(call):
    with pytest.raises(ArgumentError, match="expected"):
        call(with_gradients())
