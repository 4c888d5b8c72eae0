"""Sub-gradients at kinks, ties and zeros are PyTorch's; so are the composed ops."""

import numpy as np
import pytest

import tinygrad_rnn as tg

torch = pytest.importorskip("torch")

INF = float("inf")
EDGES = [-INF, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 30.0, INF]
FINITE = [v for v in EDGES if abs(v) < 100]


def gradients(ours, theirs, *arrays):
    """(value, gradients) of both, weighted so that every entry counts differently."""
    xs = [tg.tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(np.array(a), requires_grad=True) for a in arrays]
    with np.errstate(all="ignore"):
        y, z = ours(*xs), theirs(*ts)
        weights = np.linspace(0.5, 1.5, y.size).reshape(y.shape)
        y.backward(weights)
        z.backward(torch.tensor(weights))
    return [y.numpy(), *(x.grad.numpy() for x in xs)], [z.detach().numpy(), *(t.grad.numpy() for t in ts)]


def assert_same(ours, theirs, *arrays):
    for found, expected in zip(*gradients(ours, theirs, *arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("ours", "theirs", "points"),
    [
        (tg.relu, torch.relu, EDGES),
        (tg.leaky_relu, torch.nn.functional.leaky_relu, FINITE),
        (tg.elu, torch.nn.functional.elu, EDGES),
        (lambda x: tg.elu(x, alpha=0.5), lambda x: torch.nn.functional.elu(x, 0.5), FINITE),
        (tg.hard_tanh, torch.nn.functional.hardtanh, EDGES),
        (tg.softsign, torch.nn.functional.softsign, FINITE),
        (tg.sigmoid, torch.sigmoid, EDGES),
        (tg.silu, torch.nn.functional.silu, FINITE),
        (tg.gelu, torch.nn.functional.gelu, FINITE),
        (tg.erf, torch.erf, EDGES),
        (tg.absolute, torch.abs, EDGES),
        (tg.sign, torch.sign, EDGES),
        (lambda x: tg.clip(x, -1, 3), lambda x: torch.clamp(x, -1, 3), EDGES),
        (lambda x: tg.clip(x, low=0.0), lambda x: torch.clamp(x, min=0.0), EDGES),
        (tg.sqrt, torch.sqrt, [0.0, 1.0, INF]),
        (tg.log, torch.log, [0.0, 1.0, INF]),
        (lambda x: x**2, lambda x: x**2, FINITE),
        (lambda x: x**0, lambda x: x**0, FINITE),
        (lambda x: x**0.5, lambda x: x**0.5, [0.0, 4.0]),
        (lambda x: 2.0**x, lambda x: 2.0**x, FINITE),
        (lambda x: 0.0**x, lambda x: 0.0**x, [0.0, 0.5, 2.0]),
    ],
)  # fmt: skip
def test_entrywise_at_the_edges(ours, theirs, points):
    assert_same(ours, theirs, np.array(points))


def test_hard_sigmoid_at_the_edges():
    """PyTorch's sixth is a float32 even in float64."""
    for found, expected in zip(
        *gradients(tg.hard_sigmoid, torch.nn.functional.hardsigmoid, np.array(EDGES)), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_ties_of_two(name):
    grid = np.array([-INF, -1.0, 0.0, 2.0, INF, np.nan])
    assert_same(getattr(tg, name), getattr(torch, name), *np.meshgrid(grid, grid))


def test_power_of_two_tensors_at_zero():
    a, b = np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0, 2.5])
    assert_same(tg.power, torch.pow, a, b)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_share(name, axis):
    x = np.array([[1.0, 2.0, 2.0], [2.0, 1.0, 1.0]])
    their = getattr(torch, f"a{name}")
    assert_same(lambda x: getattr(tg, name)(x, axis=axis), lambda t: their(t, dim=() if axis is None else axis), x)


@pytest.mark.parametrize("ord", [1, 2, 3, INF])
@pytest.mark.parametrize("axis", [None, 0])
def test_norm_at_zero(ord, axis):
    x = np.array([[0.0, 1.0, -2.0], [0.0, -1.0, 2.0]])
    for y in (x, 0 * x):
        assert_same(
            lambda x: tg.norm(x, axis=axis, ord=ord), lambda t: torch.linalg.vector_norm(t, ord=ord, dim=axis), y
        )


def test_deviation_of_equal_entries():
    assert_same(lambda x: x.std(axis=1, ddof=1), lambda t: t.std(dim=1), np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]]))


@pytest.mark.parametrize("axis", [0, 1])
def test_products_with_zeros(axis):
    x = np.array([[1.0, 0.0, 3.0], [2.0, 0.0, 0.0], [4.0, 5.0, 6.0]])
    assert_same(lambda x: x.prod(axis=axis), lambda t: t.prod(dim=axis), x)
    tg.check_grads(lambda x: x.prod(axis=axis), x)


def test_softmax_of_large_and_masked_entries():
    x = np.array([[1000.0, 999.0, -INF], [-1000.0, 0.0, -INF]])
    assert_same(lambda x: tg.softmax(x, axis=-1), lambda t: torch.softmax(t, dim=-1), x)
    assert_same(lambda x: tg.logsumexp(x, axis=-1), lambda t: torch.logsumexp(t, dim=-1), x)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("axis", [1, -1, 0])
def test_cross_entropy(axis, reduction):
    rng = np.random.default_rng(0)
    z = 20 * rng.standard_normal((4, 4, 4))
    targets = rng.integers(0, 4, (4, 4))
    classes_second = {0: (1, 0, 2), 1: (0, 1, 2), -1: (0, 2, 1)}[axis]
    assert_same(
        lambda x: tg.cross_entropy(x, targets, axis=axis, reduction=reduction),
        lambda t: torch.nn.functional.cross_entropy(
            t.permute(classes_second), torch.tensor(targets), reduction=reduction
        ),
        z,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    rng = np.random.default_rng(0)
    a, b = 50 * rng.standard_normal((2, 3, 4))
    t = rng.random((3, 4))
    F = torch.nn.functional
    assert_same(lambda a, b: tg.mse(a, b, reduction), lambda a, b: F.mse_loss(a, b, reduction=reduction), a, b)
    assert_same(
        lambda z, t: tg.bce_with_logits(z, t, reduction),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction=reduction),
        a,
        t,
    )


def test_lookups():
    rng = np.random.default_rng(0)
    x, index = rng.standard_normal((4, 3)), rng.integers(0, 4, (5, 3))
    updates = rng.standard_normal((5, 3))
    i = torch.tensor(index)
    assert_same(lambda x: tg.gather(x, index, axis=0), lambda t: torch.gather(t, 0, i), x)
    assert_same(
        lambda x, u: tg.scatter_add(x, index, u, axis=0), lambda t, u: torch.scatter_add(t, 0, i, u), x, updates
    )
    assert_same(lambda x: tg.embedding(x, index), lambda t: torch.nn.functional.embedding(i, t), x)
    assert_same(lambda x: tg.sort(x, axis=0), lambda t: torch.sort(t, dim=0).values, x)
    assert_same(lambda x: tg.sort(x, 1, descending=True), lambda t: torch.sort(t, 1, descending=True).values, x)
    assert_same(lambda x: tg.topk(x, 2)[0], lambda t: torch.topk(t, 2).values, x)
    np.testing.assert_array_equal(tg.topk(tg.tensor(x), 2)[1], torch.topk(torch.tensor(x), 2).indices)
