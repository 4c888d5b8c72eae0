"""backward(): accumulation, retained and created graphs, hooks, freed graphs, overwritten values."""

import gc
import weakref

import numpy as np
import pytest
from naive import differences

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors


def leaf(*shape, name=None, seed=0):
    return tg.tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, name=name)


@pytest.mark.parametrize("T", [1, 2, 7])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_weight_used_T_times(T, create_graph):
    W, x = leaf(3, 3), np.ones((2, 3))

    def run(W, tanh):
        h = x
        for _ in range(T):
            h = tanh(h @ W)
        return (h * h).sum()

    run(W, tg.tanh).backward(create_graph=create_graph)
    assert np.allclose(W.grad, differences.gradient(lambda W: run(W, np.tanh), W.numpy()), atol=1e-8)


def test_gradients_accumulate_over_calls():
    x = leaf(3)
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert np.array_equal(x.grad, np.full(3, 5.0))


def test_accumulated_gradients_are_not_shared():
    x, y = leaf(3), leaf(3)
    (x + y).sum().backward()
    kept = x.grad.numpy()
    (x * 5).sum().backward()
    assert np.array_equal(kept, np.ones(3))
    assert np.array_equal(y.grad, np.ones(3))


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x * x).sum(),
        lambda x: (x + x).sum(),
        lambda x: (x[0] * x[1] + x[0]).sum() + x[1:].sum(),
        lambda x: (x.T @ x).sum() + x.sum(),
        lambda x: (x.reshape(6) * x.reshape(6)[::-1]).sum(),
    ],
)
def test_the_same_tensor_twice(f, create_graph):
    x = leaf(2, 3)
    f(x).backward(create_graph=create_graph)
    assert np.allclose(x.grad, differences.gradient(lambda a: f(tg.tensor(a)).numpy(), x.numpy()), atol=1e-8)


def test_given_gradient():
    x = leaf(2, 3)
    (x * x).backward(np.full((2, 3), 0.5))
    assert np.allclose(x.grad, x.numpy())


def test_a_leaf_is_its_own_loss():
    x = tg.tensor(3.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.item() == 2


def test_retain_graph():
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert np.allclose(x.grad, 4 * x.numpy())
    with pytest.raises(errors.FreedGraphError):
        y.backward()


def test_create_graph_gives_gradients_of_gradients():
    x = tg.tensor(2.0, requires_grad=True)
    (x**4).backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.item() == 32
    first.backward(create_graph=True)
    second, x.grad = x.grad, None
    assert second.item() == 48
    second.backward()
    assert x.grad.item() == 48
    assert not x.grad.requires_grad


def test_penalty_on_a_gradient():
    x, w = leaf(4), leaf(4, seed=1)
    y = ((x * w).tanh()).sum()
    y.backward(create_graph=True)
    g = x.grad
    x.grad = w.grad = None
    (g * g).sum().backward()

    def penalty(w):
        return (((1 - np.tanh(x.numpy() * w) ** 2) * w) ** 2).sum()

    assert np.allclose(w.grad, differences.gradient(penalty, w.numpy()), atol=1e-7)


def test_intermediate_results_keep_no_gradient_unless_asked():
    x = leaf(3)
    h, k = x * 2, x * 3
    h.retain_grad()
    (h * k).sum().backward()
    assert np.allclose(h.grad, k.numpy())
    assert k.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_hooks_see_replace_and_go(create_graph):
    x = leaf(3)
    h = x * 2
    seen = []
    remove = h.register_hook(lambda g: seen.append(g.numpy()))
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: np.minimum(np.asarray(g), 5))
    y = h.sum()
    y.backward(retain_graph=True, create_graph=create_graph)
    assert np.array_equal(seen, [np.ones(3)])
    assert np.array_equal(x.grad, np.full(3, 10.0))
    remove()
    remove()
    y.backward()
    assert len(seen) == 1


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_may_return_zero(create_graph):
    x = tg.tensor(2.0, requires_grad=True)
    h = x * 3
    h.register_hook(lambda g: g * 0)
    (h * h).backward(create_graph=create_graph)
    assert x.grad.item() == 0


def test_hook_of_a_leaf_changes_what_is_accumulated():
    x = leaf(3)
    x.register_hook(lambda g: -g)
    x.sum().backward()
    assert np.array_equal(x.grad, -np.ones(3))


def test_a_hook_cannot_change_the_shape():
    h = leaf(3, name="x") * 2
    h.named("h").register_hook(lambda g: g.sum())
    with pytest.raises(errors.ShapeError, match=r"hook of h .*\(3,\).*returned shape \(\)"):
        h.sum().backward()


def test_a_hook_that_replaces_does_not_write_into_shared_gradients():
    x, y = leaf(3), leaf(3)
    x.register_hook(lambda g: g * 2)
    (x + y).sum().backward()
    assert np.array_equal(y.grad, np.ones(3))


def test_detach_cuts():
    x = leaf(3)
    (x * x.detach()).sum().backward()
    assert np.array_equal(x.grad, x.numpy())
    assert not x.detach().requires_grad


def test_graph_is_freed_by_backward():
    x = leaf(3)
    h = x * 2
    y = h.sum()
    watched = weakref.ref(h)
    del h
    y.backward()
    gc.collect()
    assert watched() is None


def test_dropping_the_loss_drops_the_graph():
    x = leaf(3)
    h = x * 2
    watched = weakref.ref(h)
    y = h.sum()
    del h, y
    assert watched() is None  # by reference counting alone: there are no cycles


# -- overwritten values -------------------------------------------------------------------------


def overwrite(x):
    with tg.no_grad():
        x.assign_(np.zeros(x.shape))


HARMLESS = {
    "x + 1": lambda x, w: x + 1,
    "x - w": lambda x, w: x - w,
    "-x": lambda x, w: -x,
    "tanh(x)": lambda x, w: x.tanh(),  # its rule reads the output
    "exp(x)": lambda x, w: x.exp(),
    "sum(x)": lambda x, w: x.sum(),
    "x[1:]": lambda x, w: x[1:],
    "x @ constant": lambda x, w: x @ np.ones(3),
    "x * constant": lambda x, w: x * 2.0,
}
HARMFUL = {
    "x * w": lambda x, w: x * w,
    "x * x": lambda x, w: x * x,
    "w @ x": lambda x, w: w @ x,
    "w / x": lambda x, w: w / x,
    "log(x)": lambda x, w: tg.log(x * x + 1) + tg.log(abs(x)),
    "maximum(x, w)": lambda x, w: tg.maximum(x, w),
    "x ** 2": lambda x, w: x**2,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_overwriting(name, create_graph):
    x, w = leaf(3), leaf(3, seed=1)
    y = HARMLESS[name](x, w).sum()
    expected = tg.grad(lambda x: HARMLESS[name](x, w).sum())(x).numpy()
    overwrite(x)
    y.backward(create_graph=create_graph)
    assert np.array_equal(x.grad, expected)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_overwriting(name, create_graph):
    x, w = leaf(3, name="x"), leaf(3, seed=1)
    y = HARMFUL[name](x, w).sum()
    overwrite(x)
    with pytest.raises(errors.MutatedTensorError) as error:
        y.backward(create_graph=create_graph)
    for part in ["(3,)", "'x'", "overwritten after", "test_backward.py"]:
        assert part in str(error.value)


def test_overwriting_an_operand_whose_gradient_is_not_asked():
    x, c = leaf(3), tg.tensor(np.ones(3))
    y = (x * c).sum()
    c[0] = 7.0
    with pytest.raises(errors.MutatedTensorError):
        y.backward()
    d = tg.tensor(np.ones(3))
    y = (x + d).sum()
    d[0] = 7.0
    y.backward()


def test_overwriting_before_use_is_fine():
    x = leaf(3)
    overwrite(x)
    (x * x + x).sum().backward()
    assert np.array_equal(x.grad, np.ones(3))


def test_forward_mode_notices_too():
    w = tg.tensor(np.ones(3))

    def f(x):
        y = x * w
        w[0] = 5.0
        return y

    with pytest.raises(errors.MutatedTensorError):
        tg.jvp(f, np.ones(3), np.ones(3))


def test_values_handed_out_do_not_change():
    x = leaf(3)
    view, cut, before = x.numpy(), x.detach(), x.numpy().copy()
    overwrite(x)
    assert np.array_equal(view, before)
    assert np.array_equal(cut, before)
