"""Graphs are freed when the last name for them goes: no reader of a graph leaves a reference cycle."""

import contextlib
import gc
from types import FunctionType

import numpy as np
import pytest

import tinygrad_rnn as tg

x, xs = np.array([0.5, 1.0, 2.0]), np.sin(np.arange(36.0)).reshape(3, 2, 6)
CELL = tg.nn.RNNCell(6, 3, dtype=np.float64, generator=np.random.default_rng(0))


def cubes(x):
    return (x**3).sum()


def slope(x):
    return tg.grad(cubes)(x).sum()


def leaf(values=x):
    return tg.tensor(values, requires_grad=True)


def unrolled():
    return (tg.unroll(CELL, leaf(xs))[0] ** 2).sum()


def scanned(**how):
    return (tg.scan(CELL, leaf(xs), **how)[0] ** 2).sum()


def watched():
    with tg.detect_anomaly():
        cubes(leaf()).backward()


def hooked():
    y = leaf() * 2.0
    y.register_hook(lambda g: g * 2.0)
    cubes(y).backward()


def refused():
    with contextlib.suppress(tg.errors.ShapeError):
        tg.grad(lambda x: (x @ np.ones((5, 5))).sum())(x)


def from_outside():
    """Second order, connected to a captured tensor."""
    w = leaf()
    tg.grad(lambda x: (x * x * w).sum())(x).sum().backward()


READERS = {
    "backward": lambda: cubes(leaf()).backward(),
    "hook": hooked,
    "error": refused,
    "detect_anomaly": watched,
    "grad": lambda: tg.grad(cubes)(x),
    "grad of grad": lambda: tg.grad(slope)(x),
    "grad, nested arguments": lambda: tg.grad(lambda p: cubes(p["a"]) + cubes(p["b"][0]))({"a": x, "b": [x]}),
    "grad, captured": from_outside,
    "value_and_grad": lambda: tg.value_and_grad(lambda x: (cubes(x), x), has_aux=True)(x),
    "vjp": lambda: tg.vjp(lambda x: x**3, x)[1](x),
    "jvp": lambda: tg.jvp(cubes, x, x),
    "hvp": lambda: tg.hvp(cubes, x, x),
    "jacobian": lambda: tg.jacobian(lambda x: x**3)(x),
    "hessian": lambda: tg.hessian(cubes)(x),
    "check_grads": lambda: tg.check_grads(cubes, (x,), order=2),
    "trace": lambda: tg.trace(cubes, (3,)),
    "Graph.backward": lambda: repr(tg.Graph(cubes(leaf())).backward()),
    "backprop_steps": lambda: list(tg.backprop_steps(unrolled())),
    "grad_by_step": lambda: tg.grad_by_step(unrolled(), CELL.weight_hh),
    "unroll": lambda: unrolled().backward(),
    "scan": lambda: scanned().backward(),
    "scan in segments": lambda: scanned(checkpoint=2).backward(),
    "scan twice": lambda: tg.hvp(lambda xs: (tg.scan(CELL, xs)[0] ** 2).sum(), xs, xs),
    "draw": lambda: tg.draw(CELL, steps=2, direction="both").svg,
    "derive": lambda: tg.derive(CELL).to_latex(),
    "to_numpy": lambda: tg.derive(CELL).to_numpy(),
    "summary": lambda: str(tg.summary(CELL)),
    "ledger": lambda: str(tg.ledger(unrolled())),
    "gradient_flow": lambda: tg.gradient_flow(CELL, xs),
    "compare": lambda: str(tg.compare(CELL, CELL)),
}


def left(call):
    """What of this library only the garbage collector would find after a call."""
    call()  # whatever is imported, traced or compiled once is made now
    gc.collect()
    gc.disable()
    try:
        call()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        return [o for o in gc.garbage if _module(o).startswith("tinygrad_rnn.")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _module(thing):
    return str(thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__)


@pytest.mark.parametrize("reader", READERS)
def test_nothing_is_left(reader):
    assert left(READERS[reader]) == []


def test_nothing_is_left_of_a_page(tmp_path):
    assert left(lambda: tg.explore(CELL, tmp_path / "page.html")) == []


def test_a_recorded_gradient_is_the_one_cycle_and_ends_with_it():
    """``create_graph=True`` asks for it: the gradient of x is computed from x."""

    def recorded(let_go):
        a = leaf()
        cubes(a).backward(create_graph=True)
        if let_go:
            a.grad = None

    assert left(lambda: recorded(False))
    assert left(lambda: recorded(True)) == []
