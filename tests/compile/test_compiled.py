"""`tg.compile`: programs, passes and source to read; what a scan costs; anomalies inside one."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest
from numba.core import config
from own_cells import PeepholeLSTM

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import NonFiniteError

XS = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
jitted = pytest.mark.skipif(config.DISABLE_JIT, reason="programs need Numba's compiler")


@jitted
@pytest.mark.parametrize("make", [lambda: tg.nn.LSTMCell(3, 4), lambda: PeepholeLSTM(3, 4, np.float32)])
def test_a_compiled_cell_can_be_read_and_run(make: Any) -> None:
    cell = make()
    compiled = tg.compile(cell, XS)
    np.testing.assert_array_equal(compiled(XS)[0].numpy(), tg.scan(cell, XS)[0].numpy())
    assert list(compiled.programs) == ["infer", "forward", "backward"]
    ast.parse(compiled.source)
    assert compiled.source.count("def rows(") == 3
    names = [step.name for step in compiled.passes if step.program == "backward"]
    assert names[0] == "expand composite functions"
    assert len(set(names)) == len(names)
    changed = [step for step in compiled.passes if len(step.before.nodes) != len(step.after.nodes)]
    assert changed
    text = str(changed[0])
    assert re.search(r"before:\n.*matmul.*\nafter:\n.*matmul", text, re.S)
    assert "7919" not in text
    assert "saved for the backward pass" in repr(compiled)


@jitted
def test_a_cell_that_cannot_be_compiled_is_refused_with_the_reason() -> None:
    class Mixing(tg.nn.RNNCell):
        def step(self, x: Any, state: Any) -> Any:
            h, state = super().step(x, state)
            return h, state - state.mean(axis=0)

    with pytest.raises(tg.core.errors.TinygradError, match="compile: Mixing: mean mixes the rows of the batch"):
        tg.compile(Mixing(3, 4), XS)
    with pytest.raises(tg.core.errors.ShapeError, match="expected \\(T, B, D\\)"):
        tg.compile(tg.nn.RNNCell(3, 4), XS[0])


@jitted
def test_a_scan_costs_what_its_steps_cost() -> None:
    cell = tg.nn.GRUCell(3, 4)
    folded, unrolled = tg.Graph(tg.scan(cell, tg.tensor(XS))[0]), tg.Graph(tg.unroll(cell, tg.tensor(XS))[0])
    assert folded.flops == pytest.approx(unrolled.flops, rel=0.02)


@pytest.mark.parametrize("backward", [False, True])
def test_an_anomaly_inside_a_scan_names_the_step_and_the_op(backward: bool) -> None:
    class Root(tg.nn.RNNCell):
        def step(self, x: Any, state: Any) -> Any:
            h = x.sum(axis=1, keepdims=True).sqrt() + 0.5 * state
            return h, h

    xs = np.ones((5, 2, 3), np.float32)
    xs[2, 1] = -1 if not backward else 0  # √ of a negative number; 1 / (2 √0) in its gradient
    x = tg.tensor(xs, requires_grad=True)
    with tg.detect_anomaly(), pytest.raises(NonFiniteError, match=r"sqrt.*\n?.*step 2|step 2.*sqrt"):
        tg.scan(Root(3, 4), x)[0].sum().backward()
