"""A learner's backward pass, and what is said about it."""

import numpy as np
import pytest
from derivation_cases import CELLS

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, GradientCheckError


def rnn_backward(h, h_0, xs, R, W, d_outputs, *, forget_recurrence=False, sign=1, transpose=False):
    """BPTT by hand, with a mistake on request. weight_hh is R, as the derivation calls it."""
    dz, dh, later = np.zeros_like(h), np.zeros_like(h), 0.0
    for t in reversed(range(len(h))):
        dh[t] = d_outputs[t] + (0.0 if forget_recurrence else later)
        dz[t] = sign * dh[t] * (1 - h[t] ** 2)
        later = dz[t] @ (R.T if transpose else R)
    before = np.concatenate([h_0[None], h[:-1]])
    return {
        "h": dh,
        "z": dz,
        "x": dz @ W,
        "weight_hh": np.einsum("tbi,tbj->ij", dz, before),
        "weight_ih": np.einsum("tbi,tbj->ij", dz, xs),
        "bias_ih": dz.sum(axis=(0, 1)),
    }


def backward(**mistake):
    def mine(h, h_0, xs, weight_hh, weight_ih, d_outputs):
        return rnn_backward(h, h_0, xs, weight_hh, weight_ih, d_outputs, **mistake)

    return mine


def test_a_right_one_passes():
    names = tg.check_backward(CELLS["rnn"](), backward())
    assert names == ["h", "z", "x", "weight_ih", "weight_hh", "bias_ih"]


def test_a_forgotten_term_is_named():
    with pytest.raises(GradientCheckError) as caught:
        tg.check_backward(CELLS["rnn"](), backward(forget_recurrence=True))
    text = str(caught.value)
    assert text.startswith("check_backward: δh at t = 2 is wrong: entry (0, 0) is ")
    assert "δhₜ = ∂ℓ/∂hₜ + Rᵀ δzₜ₊₁" in text
    assert "Yours lacks the term Rᵀ δzₜ₊₁." in text


def test_a_wrong_sign_is_named():
    with pytest.raises(GradientCheckError, match=r"δz at t = 3 is wrong(.|\n)*opposite sign"):
        tg.check_backward(CELLS["rnn"](), backward(sign=-1))


def test_a_wrong_transpose_is_found_where_it_is_used():
    with pytest.raises(GradientCheckError, match="δh at t = 2 is wrong"):
        tg.check_backward(CELLS["rnn"](), backward(transpose=True))


def test_gradients_may_be_given_as_they_are():
    cell = CELLS["rnn"]()
    given = tg.backward_inputs(cell)
    mine = rnn_backward(*[given[k] for k in ("h", "h_0", "xs", "weight_hh", "weight_ih", "d_outputs")])
    assert "weight_ih" in tg.check_backward(cell, mine)
    mine["weight_ih"][0, 0] += 1
    with pytest.raises(GradientCheckError, match=r"∂L/∂weight_ih is wrong|δweight_ih is wrong"):
        tg.check_backward(cell, mine)


def test_blocks_and_other_spellings():
    def mine(o, c, d_outputs, **rest):
        dh = np.zeros_like(o)
        dh[-1] = d_outputs[-1]
        return {"d_o": rest["expected_o"]}

    cell = CELLS["lstm"]()
    with pytest.raises(KeyError):
        tg.check_backward(cell, mine)
    assert {"R_c_tilde", "c_tilde", "h_0", "c_0"} <= set(tg.backward_inputs(cell))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda g: {}, "there is no 'g'; there are xs, h_0"),
        (lambda h: {}, "returned no gradient"),
        (lambda h: h, "expected a dict of gradients by name, got ndarray"),
        (lambda h: {"q": h}, "there is no gradient of 'q'; there are h, z, x"),
    ],
)
def test_bad_functions(function, message):
    with pytest.raises(ArgumentError, match=message):
        tg.check_backward(CELLS["rnn"](), function)


def test_a_wrong_shape_is_named():
    with pytest.raises(GradientCheckError, match=r"δh has shape \(2, 4\), expected \(4, 2, 4\)"):
        tg.check_backward(CELLS["rnn"](), lambda h: {"h": h[0]})
