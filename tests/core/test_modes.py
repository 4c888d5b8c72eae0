"""no_grad, scopes and anomaly detection belong to one thread or task; graphs built in several do not mix."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_no_grad_and_enable_grad():
    x = tg.tensor(2.0, requires_grad=True)
    with tg.no_grad():
        y = x * x
        with tg.enable_grad():
            z = x * x
        assert not (x * x).requires_grad
    assert not y.requires_grad
    assert y.op is None
    assert z.requires_grad
    assert (x * x).requires_grad


def test_no_grad_as_a_decorator():
    @tg.no_grad()
    def double(x):
        return x * 2

    assert not double(tg.tensor(2.0, requires_grad=True)).requires_grad
    assert not double(tg.tensor(2.0, requires_grad=True)).requires_grad


def test_a_mode_ends_with_an_exception():
    with pytest.raises(ZeroDivisionError), tg.no_grad(), tg.scope("a"):
        raise ZeroDivisionError
    y = tg.tensor(2.0, requires_grad=True) * 2
    assert y.requires_grad
    assert y.scope is None


def test_scopes_nest():
    x = tg.tensor(2.0, requires_grad=True)
    with tg.scope("encoder"), tg.scope("t=4", step=4), tg.scope("gate"):
        y = (x * x).named("f")
    assert y.path == "encoder/t=4/gate/f"
    assert y.scope.step == 4


def test_no_grad_of_one_thread_is_not_anothers():
    x = tg.tensor(2.0, requires_grad=True)
    inside, checked = threading.Event(), threading.Event()
    seen = {}

    def other():
        inside.wait(5)
        seen["records"] = (x * x).requires_grad
        seen["scope"] = (x * x).scope
        checked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with tg.no_grad(), tg.scope("main"):
        inside.set()
        assert checked.wait(5)
        assert not (x * x).requires_grad
    thread.join()
    assert seen == {"records": True, "scope": None}


def test_no_grad_of_one_task_is_not_anothers():
    x = tg.tensor(2.0, requires_grad=True)

    async def quiet(turn):
        with tg.no_grad(), tg.scope("quiet"):
            turn.set()
            await asyncio.sleep(0.01)
            return (x * x).requires_grad

    async def recording(turn):
        await turn.wait()
        y = x * x
        return y.requires_grad, y.scope

    async def both():
        turn = asyncio.Event()
        return await asyncio.gather(quiet(turn), recording(turn))

    assert asyncio.run(both()) == [False, (True, None)]


def test_many_threads_build_and_differentiate():
    W = tg.tensor(np.random.default_rng(0).normal(size=(4, 4)) / 2, requires_grad=True)

    def gradient(seed):
        x = np.random.default_rng(seed).normal(size=(2, 4))

        def loss(W):
            h = tg.tensor(x)
            for _ in range(10):
                h = (h @ W).tanh()
            return (h * h).sum()

        return tg.grad(loss)(W.detach()).numpy(), tg.hvp(loss, W.detach(), W.numpy()).numpy()

    alone = [gradient(seed) for seed in range(16)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(gradient, range(16)))
    for (g, h), (g2, h2) in zip(alone, together, strict=True):
        assert np.array_equal(g, g2)
        assert np.array_equal(h, h2)


def test_threads_share_a_pullback():
    value, pullback = tg.vjp(lambda x: (x * x).tanh(), np.arange(4.0))
    seeds = [np.eye(4)[i % 4] for i in range(64)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda u: pullback(u)[0].numpy(), seeds))
    slope = (1 - value.numpy() ** 2) * 2 * np.arange(4.0)
    for u, g in zip(seeds, results, strict=True):
        assert np.allclose(g, u * slope, rtol=1e-12)
