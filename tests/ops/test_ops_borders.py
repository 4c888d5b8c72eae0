"""What a person's own lists, arrays and numbers do to a gradient: it is right, or refused by name; for every op."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_domains import OPS, PROPERTY, drawn

import tinygrad_rnn as tg
from tinygrad_rnn.core.apply import apply
from tinygrad_rnn.core.errors import ArgumentError, GradientError, TinygradError
from tinygrad_rnn.core.tensor import Tensor

DIFFERENTIABLE = pytest.mark.parametrize("name", [op.name for op in OPS if op.differentiable])
NUMERIC = [
    (op.name, attribute)
    for op in OPS
    for attribute in op.attrs
    if attribute in ("negative_slope", "alpha", "low", "high", "value", "ord", "ddof", "shift", "p")
]


def weighted(y):
    """A scalar that every entry changes differently."""
    return (y * np.sin(1.0 + np.arange(y.size)).reshape(y.shape)).sum()


def gradients(case, operands, leaves):
    weighted(apply(case.op, operands, case.attrs)).backward()
    return [None if x.grad is None else x.grad.numpy() for x in leaves]


@DIFFERENTIABLE
def test_lists_of_tensors_are_operands(name):
    """Nested lists of 0-d tensors give the value and the gradient of their stack."""

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        whole = case.tensors(seed)
        expected = gradients(case, whole, whole)
        operands, moving = list(whole), []
        for i, (x, e) in enumerate(zip(whole, expected, strict=True)):
            if e is not None and x.ndim and x.size:
                single = np.vectorize(lambda v: tg.tensor(v, requires_grad=True), otypes=[object])(x.numpy())
                operands[i] = single.tolist()
                moving.append((single, e))
        weighted(apply(case.op, operands, case.attrs)).backward()
        for single, e in moving:
            found = [0.0 if x.grad is None else x.grad.item() for x in single.ravel()]
            np.testing.assert_allclose(found, e.ravel(), rtol=1e-12, atol=1e-14)

    check()


@DIFFERENTIABLE
def test_arrays_that_are_filled_again_change_no_gradient(name):
    """The engine owns what its rules will read: the user's arrays, and what they are views of, may be overwritten."""

    @PROPERTY
    @given(drawn(name), st.data(), st.booleans())
    def check(pair, data, frozen):
        case, seed = pair
        whole = case.tensors(seed)
        floats = [i for i, x in enumerate(whole) if x.requires_grad]
        kept = data.draw(st.sampled_from(floats))
        expected = gradients(case, whole, [whole[kept]])[0]
        leaf = tg.tensor(whole[kept].numpy(), requires_grad=True)
        buffers = [np.array(x.numpy()) for x in whole]
        given = [b[...] for b in buffers]
        for view in given:
            view.flags.writeable = not frozen
        y = weighted(apply(case.op, [leaf if i == kept else g for i, g in enumerate(given)], case.attrs))
        for buffer in buffers:
            buffer[...] = 0
        y.backward()
        if expected is None:
            assert leaf.grad is None
        else:
            np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-12, atol=1e-14)

    check()


@pytest.mark.parametrize(("name", "attribute"), NUMERIC)
def test_a_tensor_as_an_attribute_is_differentiated_or_refused(name, attribute):
    op = tg.REGISTRY[name]

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        number = case.attrs[attribute]

        def f(a):
            return weighted(apply(op, case.tensors(seed), case.attrs | {attribute: a}))

        if op.composed is None:
            for given_as in (tg.tensor(float(number or 0), requires_grad=True), [tg.tensor(1.0, requires_grad=True)]):
                with pytest.raises(GradientError, match=rf"{name}: no gradient flows to {attribute}.*\.item\(\)"):
                    f(given_as)
            with pytest.raises(ArgumentError, match=f"{name}: {attribute} is a plain value"):
                f(tg.tensor(1.0))
        else:
            at = float(number) + 0.25
            np.testing.assert_allclose(f(tg.tensor(at)).numpy(), f(at).numpy(), rtol=1e-12)
            tg.check_grads(f, at)

    check()


@pytest.mark.parametrize("name", [op.name for op in OPS if not op.differentiable and op.name != "dropout_mask"])
def test_what_needs_no_gradient_is_computed_again_or_refused(name):
    """A comparison or an index is no constant of a graph that is given other inputs."""

    @PROPERTY
    @given(drawn(name), st.integers(0, 2**32 - 1))
    def check(pair, other):
        case, seed = pair
        arrays, others = case.arrays(seed), case.arrays(other)
        if not arrays[0].size or not case.op.evaluate(*arrays, **case.attrs).size:
            return

        def f(*xs):
            return apply(case.op, xs, case.attrs).astype(float).sum() * sum(x.astype(float).sum() for x in xs)

        xs = [tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        y = f(*xs)
        if y.requires_grad:
            with pytest.raises(ArgumentError, match="not recorded because nothing needs its gradient"):
                tg.Graph(y, xs)(*others)
        np.testing.assert_allclose(tg.trace(f, *arrays)(*others), f(*map(tg.tensor, others)).numpy(), rtol=1e-12)

    check()


VALUES = np.array([[0.3, 0.7], [1.1, -0.4]])
TAKES_LISTS = {
    "transpose": tg.transpose,
    "reshape": lambda x: tg.reshape(x, 4),
    "expand": lambda x: tg.expand(x, 3, 2, 2),
    "pad": lambda x: tg.pad(x, 1),
    "split": lambda x: tg.split(x, 2)[1],
    "chunk": lambda x: tg.chunk(x, 2)[0],
    "stack": lambda x: tg.stack(x, axis=1),
    "concatenate": tg.concatenate,
    "cumsum": tg.cumsum,
    "sort": tg.sort,
    "topk": lambda x: tg.topk(x, 1)[0],
    "norm": lambda x: tg.norm(x, ord=np.inf),
    "outer": lambda x: tg.outer(x, x),
    "dot": lambda x: tg.dot(x, VALUES),
    "einsum": lambda x: tg.einsum("ij,jk->ik", x, x),
    "mse": lambda x: tg.mse(VALUES, x, "none"),
    "cross_entropy": lambda x: tg.cross_entropy(x, [0, 1], reduction="none"),
    "bce_with_logits": lambda x: tg.bce_with_logits(x, VALUES > 0, "none"),
    "scatter_add": lambda x: tg.scatter_add(x, np.array([[0, 0], [1, 1]]), x),
    "dropout": lambda x: tg.dropout(x, generator=np.random.default_rng(0)),
    "+": lambda x: tg.tensor(VALUES) + x,
    "@": lambda x: x @ tg.tensor(VALUES),
}


@pytest.mark.parametrize("name", TAKES_LISTS)
def test_functions_made_of_ops_take_lists_of_tensors(name):
    def found(nest):
        rows = [[tg.tensor(v, requires_grad=True) for v in row] for row in VALUES]
        weighted(TAKES_LISTS[name](nest(rows))).backward()
        return [0.0 if x.grad is None else x.grad.item() for row in rows for x in row]

    assert found(lambda rows: rows) == found(lambda rows: tg.stack([tg.stack(row) for row in rows]))


def test_numbers_in_a_list_do_not_widen_its_tensors():
    a = tg.tensor(0.5, dtype=np.float32, requires_grad=True)
    y = tg.sum([[a, 1], [0.25, a], [2, 3]])
    assert (y.dtype, y.item()) == (np.float32, 7.25)
    assert (tg.tensor([1.0, 2.0], dtype=np.float32) * [a, 1]).dtype == np.float32
    assert tg.sum([a, np.float64(1)]).dtype == np.float64
    with pytest.raises(TinygradError, match="shapes must be equal"):
        tg.sum([[a, a], [a]])


def test_an_index_that_is_filled_again_changes_no_gradient():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for index in (np.array([2, 2]), np.array([False, False, True])):
        x.grad = None
        y = x[index].sum()
        at = np.bincount(np.arange(3)[index], minlength=3)
        index[:] = 0
        y.backward()
        np.testing.assert_array_equal(x.grad, at)


def test_what_the_engine_wraps_it_copies_only_if_a_graph_will_need_it():
    array, w = np.ones(3), tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert not np.shares_memory((w * array).inputs[1].numpy(), array)
    array.flags.writeable = False
    assert np.shares_memory((w * array).inputs[1].numpy(), array)
    assert isinstance((w * array).inputs[1], Tensor)
