"""One declaration outside the package is all that every reader needs: nothing else is edited anywhere."""

import numpy as np
import pytest
from numba import config
from view.view_cases import nodes

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DeclarationError

X = np.linspace(-2.0, 2.0, 12).reshape(3, 4)


@pytest.fixture(autouse=True)
def _registry_as_it_was():
    before = dict(tg.REGISTRY)
    yield
    tg.REGISTRY.clear()
    tg.REGISTRY.update(before)


def swish_like():
    @tg.elementwise(
        [lambda y, x, rate: tg.sigmoid(rate * x) * (1 + rate * (x - y))],
        scalar="x / (1 + exp(-rate * x)) if x < 50 else x", cost=12,
    )  # fmt: skip
    def gated(x, *, rate=1.5):
        """x·σ(rate·x), Ramachandran et al. 2017."""
        return x / (1 + np.exp(-rate * x))

    return gated


def rms_norm():
    def rule(g, y, x, eps):
        size = ((x * x).mean(axis=-1, keepdims=True) + eps) ** 0.5
        return (g - y * (g * y).mean(axis=-1, keepdims=True)) / size

    def expansion(x, *, eps):
        return x / ((x * x).mean(axis=-1, keepdims=True) + eps).sqrt()

    @tg.primitive(shape=lambda x, eps: x, vjps=[rule], kind="normalisation", expansion=expansion)
    def rms_normalised(x, *, eps=1e-5):
        """x / √(mean(x²) + ε) over the last axis, Zhang & Sennrich 2019."""
        size = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + eps)
        return x / size

    return rms_normalised


EACH = pytest.mark.parametrize("make", [swish_like, rms_norm])


def cell_with(op):
    class Cell(tg.nn.Cell):
        def __init__(self):
            random = np.random.default_rng(0)
            self.input_size = 3
            self.W, self.R = (tg.nn.Parameter(random.normal(size=(n, 4))) for n in (3, 4))

        def initial_state(self, batch):
            return self.zeros(batch, 4)

        def step(self, x, state):
            h = op(x @ self.W + tg.tanh(state) @ self.R).named("h")
            return h, h

    return Cell()


@EACH
def test_it_is_evaluated_and_differentiated_twice_in_both_modes(make):
    op = make()
    np.testing.assert_allclose(op(tg.tensor(X)).numpy(), op(X))
    tg.check_grads(op, X, order=2)


@EACH
def test_it_is_drawn_and_counted(make):
    op = make()
    graph = tg.trace(op, (3, 4))
    (node,) = [n for n in nodes(tg.draw(graph, show="cost")).values() if n.label.details]
    assert node.label.glyph == op.op.name
    assert node.label.details == (f"{graph.flops} FLOPs",)
    # one an entry; x², its sum, the quotient, and of three means the factor, + ε and the root
    assert graph.flops == (12 if op.op.elementwise else 3 * 12 + 3 * 3)


@EACH
def test_it_is_derived(make):
    page = tg.derive(cell_with(make()))
    assert r"\operatorname{where}" in page.to_latex() if make is swish_like else r"\sqrt{" in page.to_latex()
    assert "δ" in str(page)


@EACH
def test_it_is_written_with_numpy_alone(make):
    cell = cell_with(make())
    function = tg.derive(cell).to_numpy()
    assert "tinygrad" not in function.source
    xs, d = np.random.default_rng(1).normal(size=(2, 5, 2, 4))
    x = tg.tensor(xs[..., :3], requires_grad=True)
    outputs, gradients, _ = function(xs[..., :3], np.zeros((2, 4)), cell.W.numpy(), cell.R.numpy(), d)
    expected = tg.unroll(cell, x)[0]
    (expected * d).sum().backward()
    np.testing.assert_allclose(outputs, expected.numpy(), rtol=1e-10)
    for name, g in {"x": x.grad, "W": cell.W.grad, "R": cell.R.grad}.items():
        np.testing.assert_allclose(gradients[name], g.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.skipif(config.DISABLE_JIT, reason="programs need Numba's compiler")
@EACH
def test_it_is_compiled_inside_a_cell(make):
    cell = cell_with(make())
    xs = np.random.default_rng(1).normal(size=(5, 2, 3))
    found = []
    for run in (tg.scan, tg.unroll):  # the plain engine would warn, which fails the test
        x = tg.tensor(xs, requires_grad=True)
        cell.W.grad = None
        outputs = run(cell, x)[0]
        (outputs * outputs).sum().backward()
        found.append([outputs.numpy(), x.grad.numpy(), cell.W.grad.numpy()])
    for compiled, plain in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-10, atol=1e-12)


def test_what_a_writer_cannot_write_is_named():
    @tg.elementwise([lambda y, x: 2 * x], scalar="squared_elsewhere(x)")
    def squared(x):
        return np.asarray([v * v for v in x.ravel()]).reshape(x.shape)

    cell = cell_with(squared)
    with pytest.raises(ArgumentError, match="op squared is not written with NumPy alone"):
        tg.derive(cell).to_numpy()
    if not config.DISABLE_JIT:
        with pytest.warns(tg.UncompiledWarning, match="op squared: there is no scalar function squared_elsewhere"):
            tg.scan(cell, np.zeros((5, 2, 3)))


@pytest.mark.parametrize("scalar", ["x +", "x if 0 < x < 1 else 0", "z * x", "[x]", "x.real", "exp(x=x)", "'x'"])
def test_a_scalar_expression_is_one_of_the_language(scalar):
    with pytest.raises(DeclarationError, match="odd: "):

        @tg.elementwise([1], scalar=scalar)
        def odd(x):
            return x


def test_a_kind_is_one_that_readers_know():
    with pytest.raises(DeclarationError, match=r"kind is one of .*'reduction'.*, not 'fold'"):

        @tg.primitive(shape=lambda x: (), vjps=[None], kind="fold")
        def folded(x):
            return x.sum()
