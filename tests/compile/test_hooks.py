"""A hook on a parameter is called once for each backward pass, with the whole gradient, whatever engine gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

CELLS = [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell]
ENGINES = {
    "unrolled": tg.unroll,
    "scan": tg.scan,
    "checkpointed": lambda cell, xs: tg.scan(cell, xs, checkpoint=2),
    "compiled step": lambda cell, xs: tg.scan(cell, xs),
}
HOOKS: dict[str, Callable[[Any], Any]] = {
    "doubled": lambda g: g * 2,
    "limited": lambda g: g.clip(-0.01, 0.01),
    "as values": lambda g: tg.tensor(np.sign(g.numpy())),
}


def gradients(kind: Any, engine: str, hook: Callable[[Any], Any] | None) -> dict[str, np.ndarray]:
    cell = kind(2, 3, dtype=np.float64, generator=np.random.default_rng(0))
    xs = np.random.default_rng(1).normal(size=(5, 2, 2))
    heard: list[Any] = []
    if hook is not None:
        for p in cell.parameters():
            p.register_hook(lambda g: heard.append(1) or hook(g))

    def step(xs: Any) -> None:
        outputs, _ = ENGINES[engine](cell, xs)
        (outputs**2).sum().backward()

    (tg.compile(step) if engine == "compiled step" else step)(xs)
    assert len(heard) == (0 if hook is None else len(list(cell.parameters())))
    return {name: p.grad.numpy() for name, p in cell.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", CELLS)
def test_once_with_the_whole_gradient(kind: Any, engine: str, hook: str) -> None:
    plain = gradients(kind, engine, None)
    for name, g in gradients(kind, engine, HOOKS[hook]).items():
        np.testing.assert_allclose(g, HOOKS[hook](tg.tensor(plain[name])).numpy(), rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("engine", ["unrolled", "scan"])
def test_a_backward_pass_that_is_recorded_too(engine: str) -> None:
    found = []
    for hook in (None, HOOKS["doubled"]):
        cell = tg.nn.LSTMCell(2, 3, dtype=np.float64, generator=np.random.default_rng(0))
        if hook is not None:
            cell.weight_hh.register_hook(hook)
        outputs, _ = ENGINES[engine](cell, np.ones((4, 2, 2)))
        (outputs**2).sum().backward(create_graph=True)
        found.append(cell.weight_hh.grad)
    np.testing.assert_allclose(found[1].numpy(), 2 * found[0].numpy(), rtol=1e-12)
