"""The engine's shortcuts for bare arrays give what the plain rules give."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_some_op_has_fused_rules():
    assert any(op.fused for op in tg.REGISTRY.values())


@pytest.mark.parametrize("shape", [(3, 4), (80, 60)])
@pytest.mark.parametrize("op", [op for op in tg.REGISTRY.values() if op.fused], ids=lambda op: op.name)
def test_fused_rules_are_the_rules(op, shape):
    draw = np.random.default_rng(0)
    xs = [draw.uniform(0.2, 2, size=shape) for _ in op.operands]
    y = np.asarray(op.evaluate(*xs, **op.attrs))
    g = draw.normal(size=y.shape)
    for fused, rule in zip(op.fused, op.vjps, strict=True):
        np.testing.assert_allclose(fused(g, y, *xs, **op.attrs), rule(g, y, *xs, **op.attrs), rtol=1e-12)


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


@pytest.mark.parametrize(
    "shapes",
    [
        [(3, 2)],
        [(3, 2)] * 5,
        [(700, 2), (700, 2), (1, 2)],  # more rows than are gathered at once
        [(3, 2), (2,), (4, 3, 2)],  # not all are matrices
        [(0, 2)],
        [(0, 2), (1, 2)],
    ],
    ids=str,
)
@pytest.mark.parametrize("watched", [False, True])
def test_a_shared_matrix_gets_the_sum_over_its_uses(shapes, watched):
    weight = tg.tensor(draw(2, 5), requires_grad=True)
    total = (weight * weight).sum()  # another use, of another kind
    expected = 2 * weight.numpy()
    for shape in shapes:
        a = draw(*shape)
        y = tg.tensor(a) @ weight
        factor = draw(*y.shape)
        total = total + (y * factor).sum()
        expected = expected + a.reshape(-1, 2).T @ factor.reshape(-1, 5)
    if watched:
        with tg.detect_anomaly():
            total.backward()
    else:
        total.backward()
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_a_shared_matrix_in_the_middle_of_a_graph():
    x = tg.tensor(draw(2, 2), requires_grad=True)
    w = x.exp()  # computed, not a leaf, and watched by a hook
    seen = []
    w.register_hook(lambda g: seen.append(g.numpy()))
    y = tg.tensor(np.eye(2))
    for _ in range(3):
        y = y @ w
    y.sum().backward()
    m, one = w.numpy(), np.ones((2, 2))
    expected = one @ (m @ m).T + m.T @ one @ m.T + (m @ m).T @ one
    np.testing.assert_allclose(seen[0], expected, rtol=1e-12)
    np.testing.assert_allclose(x.grad.numpy(), expected * m, rtol=1e-12)
