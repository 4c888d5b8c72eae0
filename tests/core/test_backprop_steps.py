"""backprop_steps: the backward pass watched, and what the naive order loses."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors


def diamond():
    """x → h = 2x; y = tanh(h)·exp(h): h is used twice."""
    x = tg.tensor(0.5, requires_grad=True, name="x")
    h = (x * 2).named("h")
    return x, h, h.tanh() * h.exp()


def network():
    rng = np.random.default_rng(0)
    W = tg.tensor(rng.normal(size=(3, 3)), requires_grad=True, name="W")
    b = tg.tensor(rng.normal(size=3), requires_grad=True, name="b")
    h = tg.tensor(rng.normal(size=(2, 3)))
    for _ in range(4):
        h = (h @ W + b).tanh() * h[:, ::-1]
    return (W, b), (h * h).sum()


def final(steps):
    """The last accumulated gradient of every operand, by number."""
    return {c.operand.number: c.accumulated for step in steps for c in step.contributions}


def test_topological_order_gives_the_gradients_of_backward():
    leaves, loss = network()
    gradients = final(tg.backprop_steps(loss))
    assert all(x.grad is None for x in leaves)
    loss.backward()
    for x in leaves:
        assert np.allclose(gradients[x.number], x.grad, rtol=1e-13)


def test_every_node_comes_once_complete_and_after_its_users():
    _, loss = network()
    seen = set()
    for step in tg.backprop_steps(loss):
        assert step.complete
        assert step.node.number not in seen
        assert all(c.operand.number not in seen for c in step.contributions)
        seen.add(step.node.number)
    assert loss.number in seen


def test_contributions():
    x, h, y = diamond()
    product, *functions, double, leaf = tg.backprop_steps(y)
    assert product.node is y
    assert product.gradient == 1
    assert [c.partial for c in product.contributions] == [c.gradient for c in product.contributions]
    assert {f.node.op.name for f in functions} == {"tanh", "exp"}
    first, second = [f.contributions[0] for f in functions]
    assert first.operand is second.operand is h
    assert (first.complete, second.complete) == (False, True)
    assert second.accumulated == first.gradient + second.gradient
    assert double.gradient == second.accumulated
    assert double.contributions[0].partial == 2
    assert leaf.node is x
    assert leaf.contributions == ()
    assert leaf.gradient == pytest.approx(2 * np.exp(1) * (np.tanh(1) + 1 - np.tanh(1) ** 2))


def test_partials_have_the_shape_of_the_node_and_exist_for_entrywise_ops_only():
    x = tg.tensor(np.ones((2, 3)), requires_grad=True)
    b = tg.tensor(np.full(3, 4.0), requires_grad=True)
    W = tg.tensor(np.ones((3, 2)), requires_grad=True)
    steps = {s.node.op.name: s for s in tg.backprop_steps(((x * b) @ W).sum()) if s.node.op}
    to_x, to_b = steps["multiply"].contributions
    assert np.array_equal(to_x.partial, np.full((2, 3), 4.0))
    assert np.array_equal(to_b.partial, np.ones((2, 3)))
    assert to_b.gradient.shape == (3,)
    assert [c.partial for c in steps["matmul"].contributions] == [None, None]


def test_depth_first_loses_what_arrives_later():
    x, h, y = diamond()
    steps = list(tg.backprop_steps(y, order="depth-first"))
    gradients = final(steps)
    at_h = next(s for s in steps if s.node is h)
    assert not at_h.complete
    y.backward()
    assert gradients[h.number] == pytest.approx(x.grad.item() / 2)  # everything arrived at h …
    assert gradients[x.number] == 2 * at_h.gradient  # … but h had passed on what it had by then
    assert abs(gradients[x.number] - x.grad.item()) > 1


def test_depth_first_is_right_on_a_tree():
    x, w = (tg.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    y = (x * w).tanh()
    gradients = final(tg.backprop_steps(y, order="depth-first"))
    y.backward()
    assert gradients[x.number] == pytest.approx(x.grad.item(), rel=1e-12)
    assert gradients[w.number] == pytest.approx(w.grad.item(), rel=1e-12)


def test_hooks_replace_gradients_here_too():
    x, h, y = diamond()
    h.register_hook(lambda g: g * 10)
    gradient = final(tg.backprop_steps(y))[x.number]
    y.backward()
    assert gradient == pytest.approx(x.grad.item(), rel=1e-12)


def test_a_long_chain_needs_no_recursion():
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(5000):
        y = y * 1.0
    for order in ("topological", "depth-first"):
        assert sum(1 for _ in tg.backprop_steps(y, order=order)) == 5001
    assert final(tg.backprop_steps(y))[x.number] == 1


def test_errors():
    _, _, y = diamond()
    with pytest.raises(errors.ArgumentError, match=r"'topological' or 'depth-first', not 'random'"):
        tg.backprop_steps(y, order="random")
    with pytest.raises(errors.NonScalarBackwardError):
        tg.backprop_steps(y * np.ones(2))
    with pytest.raises(errors.GradientError, match="does not require a gradient"):
        tg.backprop_steps(tg.tensor(1.0))
    y.backward()
    with pytest.raises(errors.FreedGraphError):
        tg.backprop_steps(y)
