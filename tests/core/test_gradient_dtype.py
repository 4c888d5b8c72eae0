"""A gradient has its tensor's dtype, whatever Python scalars its rule used."""

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("f", [lambda a: a**2, lambda a: tg.maximum(a, 1), lambda a: abs(a), lambda a: 1 / a])
def test_float32_stays_float32(f, create_graph):
    a = tg.tensor(np.ones(3, np.float32), requires_grad=True)
    f(a).sum().backward(create_graph=create_graph)
    assert a.grad.dtype == np.float32
