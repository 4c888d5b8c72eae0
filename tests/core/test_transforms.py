"""grad, vjp, jvp, hvp, jacobian, hessian: against differences, nested in each other, and their errors."""

from collections import namedtuple

import numpy as np
import pytest
from naive import differences

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.5]])
V = np.array([[1.0, 2.0, -1.0], [0.5, -0.3, 2.0]])


def f(x):
    return ((x * x).tanh() @ np.array([1.0, -2.0, 0.5])).exp().sum()


def plain(x):
    return np.exp(np.tanh(x * x) @ np.array([1.0, -2.0, 0.5])).sum()


def rows(x):
    """Two outputs of six inputs."""
    return (x * x).tanh().sum(axis=1)


@pytest.mark.parametrize("lift", [lambda x: x, tg.tensor, lambda x: tg.tensor(x, requires_grad=True)])
def test_gradient_of_array_and_tensor(lift):
    assert np.allclose(tg.grad(f)(lift(X)), differences.gradient(plain, X), atol=1e-8)


@pytest.mark.parametrize(("x", "expected"), [(2.0, 32.0), (2, 32.0), (np.float64(2), 32.0)])
def test_gradient_of_a_number(x, expected):
    g = tg.grad(lambda x: x**4)(x)
    assert g.item() == expected
    assert g.dtype == np.float64


def test_every_order():
    d = lambda x: x**5  # noqa: E731
    for expected in [5 * 2.0**4, 20 * 2.0**3, 60 * 2.0**2, 120 * 2.0, 120.0, 0.0]:
        d = tg.grad(d)
        assert d(2.0).item() == pytest.approx(expected)
    assert not d(2.0).requires_grad


def test_value_and_aux():
    (value, aux), g = tg.value_and_grad(lambda x: ((x * x).sum(), {"double": 2 * x, "n": 3}), has_aux=True)(X)
    assert value.item() == pytest.approx((X * X).sum())
    assert np.array_equal(aux["double"], 2 * X)
    assert aux["n"] == 3
    assert np.allclose(g, 2 * X)
    assert not any(t.requires_grad for t in (value, aux["double"], g))
    g, aux = tg.grad(lambda x: (x.sum(), "aux"), has_aux=True)(X)
    assert aux == "aux"


def test_argnums_and_keywords():
    def h(a, b, *, scale):
        return (a * b * b).sum() * scale

    a, b = X, V
    assert np.allclose(tg.grad(h, 1)(a, b, scale=3.0), 6 * a * b)
    gb, ga = tg.grad(h, (-1, 0))(a, b, scale=2.0)
    assert np.allclose(gb, 4 * a * b)
    assert np.allclose(ga, 2 * b * b)
    with pytest.raises(TypeError, match="argument 2"):
        tg.grad(h, 2)(a, b, scale=1.0)


def test_nested_arguments():
    State = namedtuple("State", "h c")

    def h(p):
        return (p["w"][0] * p["s"].h).sum() + (p["w"][1] * p["s"].c).sum()

    p = {"w": [X, 2.0], "s": State(V, (3 * V)[0])}
    g = tg.grad(h)(p)
    assert isinstance(g["s"], State)
    assert np.allclose(g["w"][0], V)
    assert g["w"][1].item() == pytest.approx(3 * V[0].sum())
    assert np.allclose(g["s"].c, np.full(3, 2.0))


def test_what_the_result_does_not_depend_on_gets_zeros():
    ga, gb = tg.grad(lambda a, b: a.sum(), (0, 1))(X, V)
    assert np.array_equal(gb, np.zeros_like(V))
    assert np.array_equal(ga, np.ones_like(X))
    _, pullback = tg.vjp(lambda a: tg.tensor([1.0, 2.0]), X)
    assert np.array_equal(pullback(np.ones(2))[0], np.zeros_like(X))
    assert np.array_equal(tg.jvp(lambda a: tg.tensor([1.0, 2.0]), X, V)[1], np.zeros(2))


def test_vjp_and_jvp_against_the_jacobian():
    J = differences.jacobian(lambda x: np.tanh(x * x).sum(axis=1), X)
    u = np.array([0.7, -1.3])
    value, pullback = tg.vjp(rows, X)
    assert np.allclose(value, np.tanh(X * X).sum(axis=1))
    for _ in range(2):  # as often as wanted
        assert np.allclose(pullback(u)[0], np.einsum("i,ijk", u, J), atol=1e-8)
    value, tangent = tg.jvp(rows, (X,), (V,))
    assert np.allclose(value, np.tanh(X * X).sum(axis=1))
    assert np.allclose(tangent, np.einsum("ijk,jk", J, V), atol=1e-8)
    assert not value.requires_grad
    assert not tangent.requires_grad


def test_nested_results():
    _, pullback = tg.vjp(lambda x: {"a": x.sum(), "b": [x * x]}, X)
    assert np.allclose(pullback({"a": 2.0, "b": [V]})[0], 2 + 2 * X * V)
    _, tangent = tg.jvp(lambda x: {"a": x.sum(), "b": [x * x]}, X, V)
    assert tangent["a"].item() == pytest.approx(V.sum())
    assert np.allclose(tangent["b"][0], 2 * X * V)


def test_second_order_products():
    H = differences.hessian(plain, X)
    assert np.allclose(tg.hessian(f)(X), H, atol=1e-5)
    assert np.allclose(tg.hvp(f, X, V), np.einsum("ijkl,kl", H, V), atol=1e-5)
    (only,) = tg.hvp(f, (X,), (V,))
    assert np.allclose(only, tg.hvp(f, X, V))


@pytest.mark.parametrize("g", [rows, lambda x: (x[:, :1] * np.ones((1, 9))).tanh(), lambda x: x.sum()])
def test_jacobian_in_either_mode(g):
    def values(x):
        return g(tg.tensor(x)).numpy()

    J = tg.jacobian(g)(X)
    assert J.shape == values(X).shape + X.shape
    assert np.allclose(J, differences.jacobian(values, X), atol=1e-8)


def test_jacobian_of_nested_results_and_arguments():
    J = tg.jacobian(lambda a, b: (a * b, {"s": (a * a).sum()}), (0, 1))(X[0], 2.0)
    assert np.allclose(J[0][0], 2 * np.eye(3))
    assert np.allclose(J[0][1], X[0])
    assert np.allclose(J[1]["s"][0], 2 * X[0])
    assert J[1]["s"][1].item() == 0
    H = tg.hessian(lambda a, b: (a * a * b).sum(), (0, 1))(X[0], 2.0)
    assert np.allclose(H[0][0], 4 * np.eye(3))
    assert np.allclose(H[0][1], 2 * X[0])
    assert np.allclose(H[1][0], 2 * X[0])
    assert H[1][1].item() == 0


def test_jacobian_of_nothing():
    assert tg.jacobian(lambda x: x * x)(np.zeros((0,))).shape == (0, 0)
    assert tg.jacobian(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


# -- nesting ------------------------------------------------------------------------------------

nestings = {
    "gradient of gradient": lambda x: tg.grad(lambda x: (tg.grad(f)(x) * V).sum())(x),
    "jvp of gradient": lambda x: tg.jvp(tg.grad(f), x, V)[1],
    "gradient of jvp": tg.grad(lambda x: tg.jvp(f, x, V)[1]),
    "vjp of gradient": lambda x: tg.vjp(tg.grad(f), x)[1](V)[0],
    "gradient through a pullback": tg.grad(lambda x: (tg.vjp(f, x)[1](1.0)[0] * V).sum()),
    "jvp of jvp in each entry": lambda x: tg.jacobian(lambda x: tg.jvp(f, x, V)[1])(x),
}


@pytest.mark.parametrize("name", nestings)
def test_nestings_agree_with_differences(name):
    expected = np.einsum("ijkl,kl", differences.hessian(plain, X), V)
    assert np.allclose(nestings[name](X), expected, atol=1e-5)


def test_inner_derivative_does_not_confuse_the_levels():
    # d/dx (x · d/dy (x + y)) = 1, where confusing the two levels gives 2
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(1.0).item() == 1
    assert tg.jvp(lambda x: x * tg.jvp(lambda y: x + y, 1.0, 1.0)[1], 1.0, 1.0)[1].item() == 1
    assert tg.grad(lambda x: x * tg.jvp(lambda y: x * y, 2.0, 1.0)[1])(3.0).item() == 6


def test_closure_over_a_weight_stays_differentiable():
    w = tg.tensor(3.0, requires_grad=True)
    g = tg.grad(lambda x: w * x * x)(2.0)
    assert g.requires_grad
    g.backward()
    assert w.grad.item() == 4
    value, tangent = tg.jvp(lambda x: w * w * x, 2.0, 1.0)
    w.grad = None
    tangent.backward(retain_graph=True)
    assert w.grad.item() == 6
    w.grad = None
    value.backward()
    assert w.grad.item() == 12


def test_closure_over_an_intermediate_result():
    w = tg.tensor(3.0, requires_grad=True)
    h = w * w
    g = tg.grad(lambda x: h * x * x)(2.0)
    (g * h).backward()  # h is still there
    assert w.grad.item() == pytest.approx(4 * 4 * 27)


def test_argument_that_is_part_of_a_graph():
    w = tg.tensor(3.0, requires_grad=True)
    h = w * w
    g = tg.grad(lambda x: x**3)(h)  # 3 w⁴
    g.backward()
    assert w.grad.item() == pytest.approx(12 * 27)


def test_freed_graph_of_a_captured_value_is_not_touched():
    w = tg.tensor(3.0, requires_grad=True)
    h = w * w
    (h * 2).backward()
    g = tg.grad(lambda x: h * x * x)(2.0)
    assert g.item() == 36
    with pytest.raises(errors.FreedGraphError):
        g.backward()


def test_backward_inside_a_function():
    w = tg.tensor(2.0, requires_grad=True)

    def loss(x):
        (w * w).backward()
        return x * w.grad.detach()

    assert tg.grad(loss)(5.0).item() == 4


def test_no_grad_around_and_inside():
    w = tg.tensor(3.0, requires_grad=True)
    with tg.no_grad():
        g = tg.grad(lambda x: w * x * x)(w)
        _, tangent = tg.jvp(lambda x: w * x, w, 1.0)
        second = tg.grad(tg.grad(lambda x: w * x**3))(2.0)
    assert not g.requires_grad
    assert not tangent.requires_grad
    assert g.item() == 18
    assert tangent.item() == 3
    assert second.item() == 36

    def half(x):
        with tg.no_grad():
            y = x * x
        return y * x

    assert tg.grad(half)(2.0).item() == 4


def test_argument_is_not_changed():
    x = tg.tensor(X, requires_grad=True)
    tg.grad(f)(x).sum().backward()
    gradient = x.grad.numpy()
    assert np.allclose(gradient, tg.hvp(f, X, np.ones_like(X)).numpy())
    y = tg.tensor(X)
    tg.grad(f)(y)
    assert y.grad is None
    assert not y.requires_grad


def test_traced():
    graph = tg.trace(lambda x: tg.grad(f)(x), (X.shape, np.float64))
    assert np.allclose(graph(X), tg.grad(f)(X).numpy())
    graph = tg.trace(lambda x: tg.jvp(rows, x, V)[1], (X.shape, np.float64))
    assert np.allclose(graph(X), tg.jvp(rows, X, V)[1].numpy())
    graph = tg.trace(tg.hessian(lambda x: (x * x * x).sum()), ((3,), np.float64))
    assert np.allclose(graph(X[0]), np.diag(6 * X[0]))


def test_float32_stays_float32():
    x = X.astype(np.float32)
    for result in (tg.grad(f)(x), tg.jacobian(rows)(x), tg.hvp(lambda x: (x**3).sum(), x, V.astype(np.float32))):
        assert result.dtype == np.float32


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: tg.grad(lambda x: x * 2)(X), errors.NonScalarBackwardError, ["grad", "(2, 3)", "6 entries", "sum"]),
        (lambda: tg.grad(lambda x: x.sum().item())(X), errors.GradientError, ["grad", "a float", "not a tensor"]),
        (lambda: tg.grad(lambda x: x.sum())(np.arange(3)), errors.DTypeError, ["grad", "int64"]),
        (lambda: tg.grad(lambda x: x)("three"), errors.DTypeError, ["grad", "a str"]),
        (lambda: tg.grad(lambda x: x.sum(), has_aux=True)(X), errors.GradientError, ["has_aux", "a Tensor"]),
        (lambda: tg.jvp(f, X, V[0]), errors.ShapeError, ["jvp", "(3,)", "(2, 3)"]),
        (lambda: tg.jvp(f, (X,), (V, V)), errors.ShapeError, ["jvp", "1", "2"]),
        (lambda: tg.jvp(f, X, tg.tensor(V, dtype=np.float32)), errors.DTypeError, ["float32", "float64"]),
        (lambda: tg.vjp(rows, X)[1](np.ones(3)), errors.ShapeError, ["vjp", "(3,)", "(2,)"]),
        (lambda: tg.grad(lambda x: (x > 0).sum())(X), errors.DTypeError, ["grad", "int64", "not a float"]),
        (lambda: tg.vjp(lambda x: x > 0, X), errors.DTypeError, ["vjp", "bool"]),
        (lambda: tg.jacobian(lambda x: None)(X), errors.GradientError, ["jacobian", "None"]),
    ],
)
def test_errors_say_what_and_where(call, kind, said):
    with pytest.raises(kind) as error:
        call()
    message = str(error.value)
    for part in [*said, "test_transforms.py"]:
        assert part in message, message
