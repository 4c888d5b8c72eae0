"""Scans over symbols in whole steps read a table whose rows are weighted once: the same results, fewer products."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from naive.bodies import run_body
from own_cells import MGU, SoftmaxCell

import tinygrad_rnn as tg
from tinygrad_rnn.compile.program import Program
from tinygrad_rnn.compile.recurrence import Recurrence
from tinygrad_rnn.compile.reverse import choose_saved, reversed_step
from tinygrad_rnn.compile.tables import is_worth, read_from_table
from tinygrad_rnn.core.errors import OutOfRangeError
from tinygrad_rnn.step.body import width
from tinygrad_rnn.step.tracing import traced_cell

pytestmark = pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
V, T, B, D, H = 5, 12, 4, 3, 6


class Joined(tg.nn.Cell):
    """Reads [x, h] at once, and x entry by entry: its products with x cannot be told from those with h."""

    def __init__(self, input_size: int, hidden_size: int, dtype: Any = np.float64, generator: Any = None):
        random = np.random.default_rng(3)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.W = tg.nn.Parameter(random.normal(size=(input_size + hidden_size, hidden_size)).astype(dtype) / 2)

    def initial_state(self, batch: int) -> Any:
        return self.zeros(batch, self.hidden_size)

    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(tg.concatenate([x, h], axis=1) @ self.W) * (1 + x[:, :1])
        return h, h


class Halved(Joined):
    """Multiplies a part of x, which has no place of its own among the rows of a table."""

    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(x[:, :2] @ self.W[:2] + h @ self.W[-self.hidden_size :])
        return h, h


CELLS = [tg.nn.RNNCell, tg.nn.GRUCell, tg.nn.LSTMCell, Joined, Halved]


def network(cell: Any, symbols: int = V) -> tg.nn.Network:
    g = np.random.default_rng(1)
    cells = [cell(D, H, dtype=np.float64, generator=g), tg.nn.GRUCell(H, H, dtype=np.float64, generator=g)]
    return tg.nn.Network(cells, symbols, symbols=symbols, generator=g)


def batch(symbols: int = V) -> tuple[np.ndarray, np.ndarray]:
    g = np.random.default_rng(2)
    return g.integers(0, symbols, (T, B)), g.integers(0, symbols, (T, B))


def programs_of_tables(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the programs of tables that run from here on."""
    titles, run = [], Program.run

    def watched(self: Program, *args: Any, **options: Any) -> Any:
        if "of a table" in self.source.splitlines()[0]:
            titles.append(self.source.splitlines()[0])
        return run(self, *args, **options)

    monkeypatch.setattr(Program, "run", watched)
    return titles


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("checkpoint", [None, 5])
def test_a_whole_step_over_symbols_equals_the_step_as_it_is_written(
    cell: Any, checkpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, (x, y) = network(cell), batch()

    def step(x: Any, y: Any) -> Any:
        net.zero_grad()
        loss = tg.cross_entropy(net(x, checkpoint=checkpoint)[0].reshape(T * B, V), y.reshape(T * B))
        loss.backward()
        return loss

    expected = step(tg.tensor(x), tg.tensor(y)).item()
    gradients = [p.grad.numpy() for p in net.parameters()]
    titles, compiled = programs_of_tables(monkeypatch), tg.compile(step)
    for _ in range(2):
        assert compiled(x, y).item() == pytest.approx(expected, rel=1e-12)
        for p, g in zip(net.parameters(), gradients, strict=True):
            np.testing.assert_allclose(p.grad.numpy(), g, rtol=1e-9, atol=1e-13, err_msg=str(p.name))
    assert compiled.traces == 1, compiled.reasons
    assert is_worth(V, T * B)
    assert bool(titles) == (cell is not Halved)


def test_a_second_derivative_goes_through_a_table() -> None:
    net, (x, y) = network(tg.nn.LSTMCell), batch()

    def step(x: Any, y: Any) -> Any:
        net.zero_grad()
        loss = tg.cross_entropy(net(x)[0].reshape(T * B, V), y.reshape(T * B))
        loss.backward(create_graph=True)
        penalty = sum((p.grad * p.grad).sum() for p in net.parameters())
        net.zero_grad()
        (loss + penalty).backward()
        return loss

    step(tg.tensor(x), tg.tensor(y))
    expected = [p.grad.numpy() for p in net.parameters()]
    compiled = tg.compile(step)
    compiled(x, y)
    assert compiled.traces == 1, compiled.reasons
    for p, g in zip(net.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g, rtol=1e-8, atol=1e-12, err_msg=str(p.name))


def test_where_the_table_is_not_small_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    net, (x, y) = network(tg.nn.RNNCell, T * B), batch(T * B)
    titles = programs_of_tables(monkeypatch)
    step = tg.compile(lambda x, y: tg.cross_entropy(net(x)[0].reshape(T * B, -1), y.reshape(T * B)).backward())
    step(x, y)
    assert step.traces == 1
    assert not titles


def test_a_symbol_that_the_table_lacks_is_named() -> None:
    net, (x, _) = network(tg.nn.RNNCell), batch()
    step = tg.compile(lambda x: net(x)[0].sum().backward())
    step(x)
    x[3, 1] = V
    with pytest.raises(OutOfRangeError, match=r"index 5 at \[3, 1\]"):
        step(x)


def test_runs_traced_late_and_runs_as_written_are_the_same_to_the_bit() -> None:
    """A batch of a new shape runs as it is written the first time: a resumed run must not differ by that."""
    found = []
    for shapes in ((T, T - 1), (T, T - 1, T - 1)):  # the second time the shorter one is traced
        net, (x, y) = network(tg.nn.LSTMCell), batch()

        def step(x: Any, y: Any, net: tg.nn.Network = net) -> None:
            net.zero_grad()
            tg.cross_entropy(net(x)[0].reshape(-1, V), y.reshape(-1)).backward()

        compiled = tg.compile(step)
        for steps in shapes:
            compiled(x[:steps], y[:steps])
        found.append((compiled.traces, [p.grad.numpy() for p in net.parameters()]))
    assert [traces for traces, _ in found] == [1, 2]
    for a, b in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cell", [*CELLS, MGU, SoftmaxCell], ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("reverse", [False, True])
def test_programs_of_a_table_compute_what_their_step_says(cell: Any, reverse: bool) -> None:
    made = cell(D, H) if cell in (MGU, SoftmaxCell) else cell(D, H, dtype=np.float64)
    body, *_ = traced_cell(made, D, np.dtype(np.float64), made.initial_state(2))
    of_table = Recurrence(body, "test").of_table(V)
    if of_table is None:
        assert cell is Halved
        return
    step, table = of_table[0].body, of_table[1]
    random = np.random.default_rng(0)
    E, symbols = random.normal(size=(V, D)), random.integers(0, V, (T, B))
    initial = [random.normal(size=(B, width(s))) for s in step.states]
    outputs, finals = run_body(body, [E[symbols]], initial, reverse=reverse)
    wrt = [x for x in step.shared if x.role != "constant"]
    saved = choose_saved(step, wrt)
    program = Program(step, np.float64, "test")
    run = program.run(T, B, [symbols], initial, {table.number: E}, reverse=reverse)
    for a, b in zip([*outputs, *finals], [*run.outputs, *run.finals], strict=True):
        np.testing.assert_allclose(b.reshape(a.shape), a, rtol=1e-9, atol=1e-12)
    assert reversed_step(step, saved, wrt).body.totals


def test_read_from_a_table_multiplies_the_table_and_not_the_rows() -> None:
    cell = tg.nn.LSTMCell(D, H, dtype=np.float64)
    body, *_ = traced_cell(cell, D, np.dtype(np.float64), cell.initial_state(2))
    made, _ = read_from_table(body, V)
    program = Program(made, np.float64, "test")
    assert program.source.count("product(multiply") == 1  # h @ W_hh
    assert "table_row = at(table, all_symbol[t * B + r] * 24)" in program.source
