"""Every op of the registry, drawn from its own domain: facts, values, shapes, gradients of both orders and modes."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive.op_values import VALUES, scalar_value
from op_domains import NAMES, OPS, PROPERTY, cases, drawn

import tinygrad_rnn as tg
from tinygrad_rnn.core.apply import apply

EVERY = pytest.mark.parametrize("name", NAMES)
DIFFERENTIABLE = pytest.mark.parametrize("name", [op.name for op in OPS if op.differentiable])
ELEMENTWISE = pytest.mark.parametrize("name", [op.name for op in OPS if op.elementwise])


@EVERY
def test_declares_its_facts(name):
    op = tg.REGISTRY[name]
    assert cases(op), f"{name} declares no usable domain, so nothing tests it"
    assert op.latex, name
    assert op.glyph, name
    assert op.onnx, name
    assert op.doc.endswith("."), name
    fields = {operand: operand for operand in op.operands} | dict.fromkeys(op.attrs, "0")
    assert op.latex.format(**fields)
    case = cases(op)[0]
    assert tg.trace(lambda *xs: apply(op, xs, case.attrs), *case.arrays(0)).flops >= 0
    if op.elementwise:
        assert op.scalar, f"{name} has no scalar expression"


@EVERY
def test_public_function_takes_operands_and_attributes(name):
    function = getattr(tg, name, None)
    if function is None:
        pytest.skip("an op of rules only")
    assert inspect.getdoc(function), name
    assert function.__name__.lstrip("_") == name


@EVERY
def test_traced_equals_computed(name):
    """Shape and dtype by rule, then the traced graph run on values."""

    @PROPERTY
    @given(drawn(name), st.sampled_from([np.float32, np.float64]), st.booleans())
    def check(pair, dtype, strided):
        case, seed = pair
        arrays = case.arrays(seed, dtype, strided)
        value = case.op.evaluate(*arrays, **case.attrs)
        y = apply(case.op, case.tensors(seed, dtype, strided), case.attrs)
        rounding = 1e-5 if dtype == np.float32 else 1e-12  # BLAS adds up strided arrays in another order
        np.testing.assert_allclose(y.numpy(), value, rtol=rounding, atol=rounding)
        graph = tg.trace(lambda *xs: apply(case.op, xs, case.attrs), *arrays)
        assert graph.outputs[0].shape == y.shape
        assert graph.outputs[0].dtype == y.dtype
        np.testing.assert_allclose(graph(*arrays), value, rtol=rounding, atol=rounding)
        assert np.shape(value) == y.shape

    check()


@EVERY
def test_value_equals_naive(name):
    if name not in VALUES:
        pytest.skip("its value is NumPy's")

    @PROPERTY
    @given(drawn(name), st.booleans())
    def check(pair, strided):
        case, seed = pair
        arrays = case.arrays(seed, strided=strided)
        np.testing.assert_allclose(
            case.op.evaluate(*arrays, **case.attrs), VALUES[name](*arrays, **case.attrs), rtol=1e-12, atol=1e-14
        )

    check()


@ELEMENTWISE
def test_scalar_expression_is_the_value(name):
    """What a fused loop computes is what the op computes."""

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        arrays = case.arrays(seed)
        y = case.op.evaluate(*arrays, **case.attrs)
        rows = zip(*[np.broadcast_to(a, np.shape(y)).ravel().tolist() for a in arrays], strict=True)
        expected = [scalar_value(case.op, row, case.attrs) for row in rows]
        np.testing.assert_allclose(np.ravel(y), np.array(expected, np.asarray(y).dtype), rtol=1e-13, atol=1e-15)

    check()


@DIFFERENTIABLE
def test_gradients_equal_differences(name):
    """First and second order, forward and reverse, against central differences."""

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        arrays = case.arrays(seed)
        moving = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]

        def f(*xs):
            given_ = dict(zip(moving, xs, strict=True))
            return apply(case.op, [given_.get(i, a) for i, a in enumerate(arrays)], case.attrs)

        if f(*[arrays[i] for i in moving]).dtype == np.float64:
            tg.check_grads(f, tuple(arrays[i] for i in moving), order=2, rtol=1e-5, atol=1e-6)

    check()


@DIFFERENTIABLE
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape_survive_backward(name, dtype):
    """Nothing widens; rules on arrays and rules on tensors agree; layouts do not matter."""

    @PROPERTY
    @given(drawn(name))
    def check(pair):
        case, seed = pair
        found = []
        for create_graph, strided in [(False, False), (True, False), (False, True)]:
            xs = case.tensors(seed, dtype, strided)
            y = apply(case.op, xs, case.attrs)
            if y.dtype.kind != "f" or not y.requires_grad:
                return
            if "dtype" not in case.attrs:
                assert y.dtype == dtype
            weights = np.random.default_rng(3).uniform(0.5, 1.5, y.shape).astype(y.dtype)
            y.backward(weights, create_graph=create_graph)
            for x in xs:
                if x.grad is not None:
                    assert (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape)
            found.append([None if x.grad is None else x.grad.numpy() for x in xs])
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        for other in found[1:]:
            for a, b in zip(found[0], other, strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)

    check()
