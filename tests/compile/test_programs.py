"""Compiled programs against the same step evaluated op by op, before and after every pass; and their source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from naive.bodies import run_body
from numba.core.config import DISABLE_JIT
from own_cells import OWN_CELLS, LayerNormLSTM

import tinygrad_rnn as tg
from tinygrad_rnn.compile.program import Program
from tinygrad_rnn.compile.reverse import choose_saved, reversed_step
from tinygrad_rnn.core.trees import flatten
from tinygrad_rnn.step.body import width
from tinygrad_rnn.step.tracing import traced

pytestmark = pytest.mark.skipif(DISABLE_JIT, reason="programs need Numba's compiler")

CELLS = [
    lambda: tg.nn.RNNCell(3, 4, dtype=np.float64),
    lambda: tg.nn.LSTMCell(3, 4, dtype=np.float64),
    lambda: tg.nn.GRUCell(3, 4, dtype=np.float64),
    lambda: tg.nn.GRUCell(3, 4, dtype=np.float64, reset_after=False),
    *[lambda kind=kind: kind(3, 5) for kind in OWN_CELLS if kind is not LayerNormLSTM],  # LayerNormRNN is smaller
]


def body_of(cell: Any) -> Any:
    states, rebuild = flatten(cell.initial_state(2))

    def step(x: Any, *befores: Any) -> Any:
        output, after = cell.step(x, rebuild(list(befores)))
        return flatten(output)[0], flatten(after)[0]

    return traced(step, [(cell.input_size, np.float64)], [(s.shape[1], s.dtype) for s in states])


def random_rows(nodes: Any, *lead: int) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [random.normal(size=(*lead, width(n))) for n in nodes]


@pytest.mark.parametrize("make", CELLS, ids=lambda make: type(make()).__name__)
def test_every_pass_and_the_compiled_program_compute_the_same(make: Any) -> None:
    body = body_of(make())
    wrt = [*body.sequences, *[x for x in body.shared if x.dtype.kind == "f" and x.role != "constant"]]
    saved = choose_saved(body, wrt)
    back_step = reversed_step(body, saved, wrt)
    backward = back_step.body
    xs, initial = random_rows(body.sequences, 4, 3), random_rows(body.states, 3)
    read = list({n.number: n for n in [*body.new_states, *saved]}.values())
    along, _ = run_body(replace(body, outputs=[*body.states, *read]), xs, initial)
    back = [*xs, *along, *random_rows(back_step.d_outputs, 4, 3)]
    for step, given, states, reverse in (
        (body, xs, initial, False),
        (body, xs, initial, True),
        (backward, back, random_rows(backward.states, 3), True),
    ):
        program = Program(step, np.float64, "test")
        outputs, finals = run_body(step, given, states, reverse=reverse)
        for name, passed in program.passes[1:]:
            after, after_finals = run_body(passed, given, states, reverse=reverse)
            for a, b in zip([*outputs, *finals], [*after, *after_finals], strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12, err_msg=name)
        run = program.run(4, 3, given, states, {}, reverse=reverse)
        for a, b in zip([*outputs, *finals], [*run.outputs, *run.finals], strict=True):
            np.testing.assert_allclose(b.reshape(a.shape), a, rtol=1e-9, atol=1e-12)


def test_an_lstm_saves_its_gates_and_computes_tanh_c_again() -> None:
    body = body_of(tg.nn.LSTMCell(3, 4, dtype=np.float64))
    saved = choose_saved(body, [*body.sequences, *body.shared])
    assert [n.name for n in saved] == ["i", "f", "c̃", "o"]


def test_a_relu_or_tanh_rnn_saves_nothing_beside_its_states() -> None:
    body = body_of(tg.nn.RNNCell(3, 4, dtype=np.float64))
    assert choose_saved(body, [*body.sequences, *body.shared]) == []


def test_the_backward_program_of_an_lstm_writes_over_what_was_saved_and_copies_nothing() -> None:
    body = body_of(tg.nn.LSTMCell(3, 16, dtype=np.float64))
    wrt = [*body.sequences, *body.shared]
    saved = choose_saved(body, wrt)
    backward = reversed_step(body, saved, wrt)
    program = Program(backward.body, np.float64, "backward", saved_in=backward.saved)
    assert program.plan.overwrites
    assert program.source.count("for j in range") == 1  # all gates in one loop
    assert program.source.count("product(multiply") == 1  # ∂L/∂x waits until after the last step
    assert len(program.plan.deferred) == 1
    assert "np.empty" not in program.source  # no scratch: the product writes ∂L/∂h where the next step reads it


def test_layers_and_directions_of_one_size_are_one_program() -> None:
    layer = tg.nn.LSTM(6, 3, num_layers=2, bidirectional=True, dtype=np.float64)
    cells = [cell for row in layer.cells.rows for cell in row]
    names = {name for cell in cells for name in (cell.weight_ih.name, cell.weight_hh.name)}
    assert {"weight_ih_l0", "weight_hh_l1_reverse"} < names
    sources = {Program(body_of(cell), np.float64, "LSTM").source for cell in cells}
    assert len(sources) == 1
    assert "weight_ih, weight_hh" in sources.pop()


def test_the_source_is_readable_python_that_names_gates_as_the_cell_does() -> None:
    program = Program(body_of(tg.nn.LSTMCell(3, 4, dtype=np.float64)), np.float64, "LSTM")
    for line in ("i = sigmoid(", "f = sigmoid(", "o = sigmoid(", "for step in range(T):"):
        assert line in program.source
    compile(program.source, "source", "exec")
