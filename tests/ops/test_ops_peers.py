"""Linear algebra and elementary functions against PyTorch's, in float64: values, gradients, second derivatives."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, LinAlgError

torch = pytest.importorskip("torch")

Q = np.array([[2.0, 0.3, -0.5], [0.1, -1.5, 0.4], [0.7, 0.2, 1.1]])
P = Q @ Q.T + np.diag([0.1, 0.7, 1.9])
X = np.linspace(-0.85, 0.8, 9)


def assert_same(ours, theirs, *arrays):
    """Value, gradient, and the gradient of the gradient's weighted sum."""
    xs = [tg.tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-12, atol=1e-13)
    weights = np.linspace(0.5, 1.5, y.size).reshape(y.shape)
    y.backward(weights, create_graph=True)
    firsts = torch.autograd.grad(z, ts, torch.tensor(weights), create_graph=True)
    for x, first in zip(xs, firsts, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), first.detach().numpy(), rtol=1e-9, atol=1e-11)
    total = sum((x.grad * np.cos(np.arange(x.size)).reshape(x.shape)).sum() for x in xs)
    for x in xs:
        x.grad = None
    if not total.requires_grad:
        return
    total.backward()
    their_total = sum((f * torch.cos(torch.arange(f.numel()).double()).reshape(f.shape)).sum() for f in firsts)
    seconds = torch.autograd.grad(their_total, ts, allow_unused=True)
    for x, second in zip(xs, seconds, strict=True):
        expected = 0 if second is None else second.numpy(force=True)
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-8, atol=1e-9)


ENTRYWISE = ["sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arctanh", "sinc", "exp2", "floor", "ceil",
             "trunc", "square", "reciprocal", "deg2rad", "rad2deg", "log2", "log10", "arccosh"]  # fmt: skip


@pytest.mark.parametrize("name", ENTRYWISE)
def test_entrywise(name):
    x = X + {"log2": 1, "log10": 1, "arccosh": 2}.get(name, 0)
    assert_same(getattr(tg, name), getattr(torch, name), x)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (tg.arctan2, torch.arctan2), (tg.hypot, torch.hypot), (tg.logaddexp, torch.logaddexp),
        (tg.logaddexp2, torch.logaddexp2), (tg.remainder, torch.remainder), (tg.fmod, torch.fmod),
        (tg.fmax, torch.fmax), (tg.fmin, torch.fmin),
    ],
)  # fmt: skip
def test_of_two(ours, theirs):
    assert_same(ours, theirs, X, X[::-1].copy() * 1.7 + 0.03)


LINEAR = {
    "inv": (tg.linalg.inv, torch.linalg.inv, Q),
    "det": (tg.linalg.det, torch.linalg.det, Q),
    "logabsdet": (lambda a: tg.linalg.slogdet(a).logabsdet, lambda a: torch.linalg.slogdet(a).logabsdet, Q),
    "cholesky": (tg.linalg.cholesky, torch.linalg.cholesky, P),
    "eigvalsh": (tg.linalg.eigvalsh, torch.linalg.eigvalsh, P),
    "eigenvectors": (lambda a: tg.linalg.eigh(a)[1] ** 2, lambda a: torch.linalg.eigh(a)[1] ** 2, P),
    "svdvals": (tg.linalg.svdvals, torch.linalg.svdvals, Q[:2]),
    "singular vectors": (
        lambda a: tg.linalg.svd(a, full_matrices=False).U ** 2,
        lambda a: torch.linalg.svd(a, full_matrices=False).U ** 2,
        Q[:, :2],
    ),
    "pinv": (tg.linalg.pinv, torch.linalg.pinv, Q[:, :2]),
    "qr": (lambda a: tg.linalg.qr(a).R, lambda a: torch.linalg.qr(a).R, Q[:, :2]),
    "matrix_power": (lambda a: tg.linalg.matrix_power(a, -3), lambda a: torch.linalg.matrix_power(a, -3), Q),
    **{
        f"norm {k}": (lambda a, k=k: tg.linalg.norm(a, k), lambda a, k=k: torch.linalg.matrix_norm(a, k), Q)
        for k in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    "cond": (tg.linalg.cond, torch.linalg.cond, Q),
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_algebra(name):
    ours, theirs, a = LINEAR[name]
    assert_same(ours, theirs, a)
    batch = np.stack([a, 1.3 * a + 0.05 * np.eye(*a.shape)])
    if name != "cond":
        assert_same(lambda x: ours(x[1]), lambda t: theirs(t[1]), batch)


def test_solve():
    b = np.arange(6.0).reshape(3, 2)
    assert_same(tg.linalg.solve, torch.linalg.solve, Q, b)
    assert_same(lambda a, b: tg.linalg.solve(a, b[:, 0]), lambda a, b: torch.linalg.solve(a, b[:, 0]), Q, b)


def test_a_singular_matrix_has_a_determinant_with_a_gradient_and_no_inverse():
    a = np.diag([2.0, 3.0, 0.0])
    np.testing.assert_allclose(tg.grad(tg.linalg.det)(a).numpy(), np.diag([0, 0, 6.0]), atol=1e-12)
    tg.check_grads(tg.linalg.det, a, order=1)
    np.testing.assert_allclose(tg.grad(tg.linalg.det)(np.zeros((3, 3))).numpy(), 0)
    for f in (tg.linalg.inv, lambda a: tg.linalg.solve(a, np.ones(3))):
        with pytest.raises(LinAlgError, match="Singular matrix"):
            f(tg.tensor(a, name="a"))
    with pytest.raises(LinAlgError, match="not positive definite"):
        np.linalg.cholesky(tg.tensor(-np.eye(2)))


@pytest.mark.parametrize("f", [lambda a: tg.linalg.eigvalsh(a).sum(), lambda a: tg.linalg.norm(a, "nuc")])
def test_equal_values_give_the_gradient_of_what_does_not_depend_on_their_vectors(f):
    np.testing.assert_allclose(tg.grad(f)(2 * np.eye(3)).numpy(), np.eye(3), atol=1e-12)


def test_vectors_that_fill_up_a_matrix_have_no_derivative():
    with pytest.raises(ArgumentError, match="full_matrices=False"):
        np.linalg.svd(tg.tensor(Q[:2]))
