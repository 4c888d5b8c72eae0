"""Nothing recurses over a graph: long chains are built, differentiated, listed and freed."""

import gc
import tracemalloc

import numpy as np
import pytest

import tinygrad_rnn as tg

LONG = pytest.param(1_000_000, marks=pytest.mark.slow)


def chain(x, n):
    for _ in range(n):
        x = -x
    return x


@pytest.mark.parametrize("n", [200_000, LONG])
def test_backward_through_a_chain(n):
    x = tg.tensor(3.0, requires_grad=True)
    chain(x, n).backward()
    assert x.grad.item() == (-1.0) ** n


@pytest.mark.parametrize("n", [200_000, LONG])
def test_a_chain_is_freed_without_backward(n):
    x = tg.tensor(3.0, requires_grad=True)
    y = chain(x, n)
    assert y.requires_grad
    del y
    y = chain(x, 10)
    y.backward()
    assert x.grad.item() == 1


def test_every_reader_of_a_chain():
    n = 20_000
    x = tg.tensor(3.0, requires_grad=True, name="x")
    y = chain(x, n)
    assert len(tg.Graph(y)) == n + 1
    assert f"{n + 1 - 60:,} more nodes" in repr(tg.Graph(y))
    assert len(tg.Graph(y).backward()) == n + 1
    y.backward(create_graph=True)
    assert x.grad.item() == 1
    assert tg.jvp(lambda x: chain(x, n), 3.0, 2.0)[1].item() == 2
    assert tg.hvp(lambda x: chain(x, n) ** 2, 3.0, 1.0).item() == 2
    assert len(tg.trace(lambda x: chain(x, n), ())) == n + 1


def test_second_order_through_a_chain_is_freed():
    x = tg.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(5_000):
        y = y * x * 2.0
    y.backward(create_graph=True)
    x.grad.backward()
    del y
    assert np.isfinite(x.grad.item())


def test_a_wide_graph():
    x = tg.tensor(np.ones(3), requires_grad=True)
    total = tg.tensor(0.0)
    for k in range(20_000):
        total = total + x[k % 3] * 2.0
    total.backward()
    assert x.grad.numpy().sum() == 40_000


def test_memory_per_node_is_flat():
    def per_node(n):
        x = tg.tensor(3.0, requires_grad=True)
        gc.collect()
        tracemalloc.start()
        y = chain(x, n)
        built = tracemalloc.get_traced_memory()[0]
        y.backward()
        peak = tracemalloc.get_traced_memory()[1]
        y = x.grad = None
        left = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return built / n, peak / n, left

    few, many = per_node(2_000), per_node(40_000)
    assert many[0] < 1.1 * few[0] < 600
    assert many[1] < 1.2 * few[1] < 900
    assert many[2] < 0.02 * 40_000 * many[0]  # all is given back, but for the small caches Python itself keeps
