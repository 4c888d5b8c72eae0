"""Every cell of the library is derived, and its NumPy function equals the engine."""

import numpy as np
import pytest
from nn.cell_cases import CASES, make
from test_to_numpy import engine

import tinygrad_rnn as tg
from tinygrad_rnn.core.trees import flatten


@pytest.mark.parametrize("case", CASES)
def test_every_cell(case):
    cell, random = make(case), np.random.default_rng(1)
    page = tg.derive(cell)
    assert "∂ℓ/∂" in str(page)
    assert page.to_latex()
    assert page.to_html().count("<math") > 5
    function = page.to_numpy()
    xs = random.normal(size=(6, 2, cell.input_size))
    states = [random.normal(size=s.shape) for s in flatten(cell.initial_state(2))[0]]
    d_outputs = random.normal(size=tg.unroll(cell, xs)[0].shape)
    d_last = [random.normal(size=s.shape) for s in states]
    by_name = {path: p.numpy() for path, p in cell.named_parameters()}
    given = [by_name[path] for path in function.parameters.values()]
    outputs, gradients, _ = function(xs, *states, *given, d_outputs, *d_last)
    expected, wanted = engine(cell, xs, states, d_outputs, d_last)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)
    order = [*list(gradients)[: 1 + len(states)], *by_name]
    for key, g in zip(order, wanted, strict=True):
        np.testing.assert_allclose(gradients[key], np.zeros(()) if g is None else g, rtol=1e-10, atol=1e-10)
