"""Every function of NumPy that is an op here, called as its users call it: values, refusals, both orders and modes."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from numpy_calls import KNOWN, calls, reductions
from op_domains import PROPERTY

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import TinygradError
from tinygrad_rnn.ops.interop import name_of


def flat(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def compare(call):
    """Value, shape and dtype of a call on tensors; the error where NumPy has one; derivatives by differences."""
    arrays = call.arrays()
    tensors = [tg.tensor(a, requires_grad=a.dtype.kind == "f", name=f"x{i}") for i, a in enumerate(arrays)]
    with warnings.catch_warnings(record=True) as warned, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            expected = flat(call.expected())
        except (ValueError, TypeError, IndexError):
            expected = None
        except ZeroDivisionError:
            return  # a slip of NumPy's: np.average of nothing
        try:
            found = flat(call.with_tensors(tensors))
        except TinygradError:
            assert expected is None or warned, f"NumPy takes {call}"  # of nothing NumPy says NaN, with a warning
            return
    assert expected is not None, f"NumPy refuses {call}"
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        theirs = np.asarray(theirs)
        np.testing.assert_allclose(np.asarray(ours.numpy()), theirs, rtol=1e-12, atol=1e-12)
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
    smooth = [i for i, y in enumerate(found) if y.requires_grad and y.dtype == np.float64]
    if smooth and all(np.isfinite(found[i].numpy()).all() for i in smooth):
        tg.check_grads(
            lambda *xs: [flat(call.with_tensors(xs))[i] for i in smooth], tuple(arrays), order=2, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("function", KNOWN, ids=name_of)
def test_equals_numpy(function):
    found = calls(function)
    assert found, "no call of it is tested"
    for call in found:
        compare(call)


@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"])
def test_what_is_no_number_is_left_out_and_has_the_gradient_0(name):
    x = np.array([[1.0, np.nan, 3.0], [np.nan, -2.0, 0.5], [np.nan] * 3])
    f = getattr(tg, name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(f(tg.tensor(x), axis=1).numpy(), getattr(np, name)(x, axis=1))
    gradient = tg.grad(lambda x: f(x[:2], axis=1).sum())(x).numpy()[:2]
    np.testing.assert_array_equal(gradient[np.isnan(x[:2])], 0)
    known = np.array([[1.0, 3.0], [-2.0, 0.5]])
    expected = tg.grad(lambda x: getattr(tg, name.removeprefix("nan"))(x, axis=1).sum())(known)
    np.testing.assert_allclose(gradient[~np.isnan(x[:2])], expected.numpy().ravel())


@settings(PROPERTY, max_examples=150)
@given(reductions())
def test_reductions_equal_numpy(call):
    compare(call)
