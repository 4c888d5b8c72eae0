"""The pool: same bits with any number of threads, from several Python threads at once, after fork and under spawn."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from numba.core import config

import tinygrad_rnn as tg

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="programs need Numba's compiler")


def step(layer: Any, x: np.ndarray) -> list[np.ndarray]:
    xs = tg.tensor(x, requires_grad=True)
    layer.zero_grad()
    outputs, _ = layer(xs)
    (outputs * outputs).sum().backward()
    return [outputs.numpy(), xs.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]]


@pytest.fixture
def restored() -> Any:
    before = tg.get_num_threads()
    yield
    tg.set_num_threads(before)


def test_results_have_the_same_bits_with_any_number_of_threads(restored: None) -> None:
    layer = tg.nn.LSTM(17, 33, generator=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(40, 21, 17)).astype(np.float32)
    results = []
    for count in (1, 2, 3, 4, 7):
        tg.set_num_threads(count)
        assert tg.get_num_threads() == count
        results.append(step(layer, x))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


def test_several_python_threads_at_once(restored: None) -> None:
    tg.set_num_threads(3)
    layers = [tg.nn.LSTM(17, 33, generator=np.random.default_rng(k)) for k in range(4)]
    x = np.random.default_rng(1).normal(size=(40, 21, 17)).astype(np.float32)
    alone = [step(layer, x) for layer in layers]
    together: dict[int, list[np.ndarray]] = {}

    def work(k: int) -> None:
        for _ in range(20):
            together[k] = step(layers[k], x)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for k in range(4):
        for a, b in zip(alone[k], together[k], strict=True):
            assert a.tobytes() == b.tobytes()


CHILDREN = """
import multiprocessing, os, sys
import numpy as np
import tinygrad_rnn as tg

def work(_=0):
    layer = tg.nn.LSTM(17, 33, generator=np.random.default_rng(0))
    x = tg.tensor(np.ones((40, 21, 17), np.float32), requires_grad=True)
    layer(x)[0].sum().backward()
    return float(x.grad.numpy().sum())

if __name__ == "__main__":
    tg.set_num_threads(3)
    here = work()
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(work, range(4)) == [here] * 4
    assert work() == here
    print("well")
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children(method: str, tmp_path: Any) -> None:
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"no {method} here")
    script = tmp_path / "children.py"
    script.write_text(CHILDREN)
    run = subprocess.run([sys.executable, str(script), method], capture_output=True, text=True, timeout=300)
    assert run.stdout == "well\n", run.stderr


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "4"])
def test_numbers_of_threads_that_are_none(count: Any) -> None:
    with pytest.raises(ValueError, match="whole number of at least 1"):
        tg.set_num_threads(count)


def test_the_environment_sets_the_number() -> None:
    code = "import tinygrad_rnn as tg; print(tg.get_num_threads())"
    for value, expected in (("2", "2\n"), ("none", "")):
        environment = __import__("os").environ | {"TINYGRAD_RNN_NUM_THREADS": value}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
        assert run.stdout == expected
        assert (run.returncode == 0) == bool(expected)
