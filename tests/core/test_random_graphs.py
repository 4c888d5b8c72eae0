"""Every way to a gradient agrees with the sum over paths, on random graphs of scalars with shared nodes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import paths

import tinygrad_rnn as tg


@st.composite
def programs(draw):
    leaves = draw(st.lists(st.floats(-2, 2), min_size=1, max_size=4))
    program = []
    for k in range(draw(st.integers(1, 9))):
        node = st.integers(0, len(leaves) + k - 1)
        op = draw(st.sampled_from(["add", "multiply", "tanh"]))
        program.append((op, draw(node)) if op == "tanh" else (op, draw(node), draw(node)))
    return program, leaves


def run(program, *leaves):
    values = list(leaves)
    for op, *operands in program:
        values.append(getattr(tg, op)(*[values[i] for i in operands]))
    return values[-1]


def by_backward(program, leaves, **options):
    xs = [tg.tensor(x, requires_grad=True) for x in leaves]
    y = run(program, *xs)
    if y.op is not None:
        y.backward(**options)
    return [0.0 if x.grad is None else x.grad.item() for x in xs]


def by_steps(program, leaves):
    xs = [tg.tensor(x, requires_grad=True) for x in leaves]
    found = {}
    for step in tg.backprop_steps(run(program, *xs)):
        assert step.complete
        found |= {c.operand.number: c.accumulated for c in step.contributions}
    return [float(found.get(x.number, 0.0)) for x in xs]


def by_graph(program, leaves):
    graph = tg.trace(lambda *xs: run(program, *xs), *[((), np.float64)] * len(leaves))
    found = []
    for x in graph.inputs:
        try:
            derived = graph.backward([x])
        except tg.core.errors.NotInGraphError:
            found.append(0.0)
        else:
            found.append(float(tg.Graph(derived.outputs, graph.inputs)(*leaves)))
    return found


WAYS = {
    "backward": by_backward,
    "backward, recorded": lambda p, x: by_backward(p, x, create_graph=True),
    "grad": lambda p, x: [g.item() for g in tg.grad(lambda *xs: run(p, *xs), range(len(x)))(*x)],
    "forward mode": lambda p, x: [
        tg.jvp(lambda *xs: run(p, *xs), x, [float(i == k) for i in range(len(x))])[1].item() for k in range(len(x))
    ],
    "step by step": by_steps,
    "the traced backward graph": by_graph,
}


@pytest.mark.parametrize("way", WAYS)
@given(programs())
@settings(max_examples=60, deadline=None)
def test_gradient_is_the_sum_over_paths(way, drawn):
    program, leaves = drawn
    assert np.allclose(WAYS[way](program, leaves), paths.gradient(program, leaves), rtol=1e-9, atol=1e-9)


@given(programs())
@settings(max_examples=40, deadline=None)
def test_second_order_is_symmetric_and_mode_does_not_matter(drawn):
    program, leaves = drawn
    n = len(leaves)
    x = np.array(leaves)

    def f(x):
        return run(program, *[x[i] for i in range(n)])

    H = tg.hessian(f)(x).numpy()
    assert np.allclose(H, H.T, rtol=1e-9, atol=1e-9)
    v = np.arange(1.0, n + 1)
    assert np.allclose(tg.hvp(f, x, v), H @ v, rtol=1e-9, atol=1e-9)
    assert np.allclose(tg.grad(lambda x: tg.jvp(f, x, v)[1])(x), H @ v, rtol=1e-9, atol=1e-9)
