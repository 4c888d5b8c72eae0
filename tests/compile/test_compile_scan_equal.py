"""Compiled = unrolled, for every cell, in both precisions, against time and with lengths: values and derivatives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from own_cells import OWN_CELLS

import tinygrad_rnn as tg

T, B = 5, 4
D, H = 6, 3  # as in `tests/nn/test_nn_recurrent.py`, whose programs are the same
LENGTHS = [5, 0, 1, 3]
MAKERS = {
    "RNN": lambda dtype: tg.nn.RNNCell(D, H, dtype=dtype),
    "RNN relu": lambda dtype: tg.nn.RNNCell(D, H, nonlinearity="relu", dtype=dtype),
    "LSTM": lambda dtype: tg.nn.LSTMCell(D, H, dtype=dtype),
    "LSTM without bias": lambda dtype: tg.nn.LSTMCell(D, H, bias=False, dtype=dtype),
    "LSTM projected": lambda dtype: tg.nn.ProjectedLSTMCell(D, H, 2, dtype=dtype),
    "GRU": lambda dtype: tg.nn.GRUCell(D, H, dtype=dtype),
    "GRU as in the paper": lambda dtype: tg.nn.GRUCell(D, H, reset_after=False, dtype=dtype),
    **{kind.__name__: lambda dtype, kind=kind: kind(3, 5, dtype) for kind in OWN_CELLS},
}
MODES = {"plain": {}, "reverse": {"reverse": True}, "lengths": {"lengths": LENGTHS}}
MODES["both"] = MODES["reverse"] | MODES["lengths"]


def oracle(cell: Any, xs: Any, state: Any = None, reverse: bool = False, lengths: Any = None) -> tuple[Any, Any]:
    """Each sequence alone, unrolled over its own length, put together."""
    length = lengths if lengths is not None else [xs.shape[0]] * xs.shape[1]
    each, rebuild = parts_of(cell.initial_state(xs.shape[1]) if state is None else state)
    outputs, finals = [], []
    for b, n in enumerate(length):
        part, alone = xs[:n, b : b + 1], rebuild([s[b : b + 1] for s in each])
        if n == 0:
            outputs.append(None)
            finals.append(parts_of(alone)[0])
            continue
        y, final = tg.unroll(cell, part[::-1] if reverse else part, alone)
        y = y[::-1] if reverse else y
        gap = tg.tensor(np.zeros((xs.shape[0] - n, *y.shape[1:]), y.dtype))
        outputs.append(tg.concatenate([y, gap], axis=0) if n < xs.shape[0] else y)
        finals.append(parts_of(final)[0])
    like = next(y for y in outputs if y is not None)
    outputs = [tg.tensor(np.zeros(like.shape, like.dtype)) if y is None else y for y in outputs]
    joined = [tg.concatenate(list(column), axis=0) for column in zip(*finals, strict=True)]
    return tg.concatenate(outputs, axis=1), rebuild(joined)


def parts_of(state: Any) -> tuple[list[Any], Any]:
    return (list(state), tuple) if isinstance(state, tuple) else ([state], lambda parts: parts[0])


class Problem:
    """Random inputs, initial states, and weights of a loss in which every result counts."""

    def __init__(self, name: str, dtype: Any):
        random = np.random.default_rng(7)
        self.cell = MAKERS[name](dtype)
        self.x = random.normal(size=(T, B, self.cell.input_size)).astype(dtype)
        states, self.rebuild = parts_of(self.cell.initial_state(B))
        self.states = [random.normal(size=s.shape).astype(dtype) for s in states]

    def loss(self, run: Any, x: Any, *states: Any, **options: Any) -> tuple[Any, list[Any]]:
        random = np.random.default_rng(8)
        outputs, final = run(self.cell, x, self.rebuild(list(states)), **options)
        results = [outputs, *parts_of(final)[0]]
        weights = [random.normal(size=r.shape).astype(r.dtype) for r in results]
        return sum((r * w + 0.3 * r * r).sum() for r, w in zip(results, weights, strict=True)), results

    def leaves(self) -> list[Any]:
        own = [tg.tensor(a, requires_grad=True) for a in (self.x, *self.states)]
        return [*own, *self.cell.parameters()]


problem_of = cache(Problem)  # a cell that is traced and compiled once for all tests that leave it as it is


def assert_alike(found: list[Any], expected: list[Any], dtype: Any) -> None:
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        a, b = a.numpy(), b.numpy()
        assert a.dtype == b.dtype == dtype
        tolerance = (1e-5 if dtype == np.float32 else 1e-10) * max(1.0, abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance, err_msg=f"result {k}")


def cleared(leaves: list[Any]) -> None:
    for leaf in leaves:
        leaf.grad = None


# Runs with lengths are programs of their own. In single precision these cells have them always, the others only in the
# long run of all tests, which has most of the largest cell too.
USUAL, LARGEST = ("RNN", "LSTM", "GRU", "SoftmaxCell"), "LayerNormLSTM"


def runs(dtype: Any) -> list[Any]:
    def is_long(name: str, mode: str) -> bool:
        single, lengths = dtype == np.float32, "lengths" in MODES[mode]
        return (single or lengths) if name == LARGEST else (single and lengths and name not in USUAL)

    return [
        pytest.param(name, dtype, mode, marks=pytest.mark.slow if is_long(name, mode) else [])
        for name in MAKERS
        for mode in MODES
    ]


@pytest.mark.parametrize(("name", "dtype", "mode"), [*runs(np.float32), *runs(np.float64)])
def test_results_and_gradients(name: str, dtype: Any, mode: str) -> None:
    problem, found = problem_of(name, dtype), []
    for run in (tg.scan, oracle):
        leaves = problem.leaves()
        cleared(leaves)
        loss, results = problem.loss(run, *leaves[: 1 + len(problem.states)], **MODES[mode])
        loss.backward()
        found.append([*results, *[leaf.grad for leaf in leaves]])
    assert_alike(*found, dtype)


# The programs of higher derivatives take long to compile, most of all those of the largest cell.
COSTLY: list[Any] = [
    pytest.param(name, mode, marks=pytest.mark.slow if name == LARGEST else [])
    for name in MAKERS
    for mode in ("plain", "reverse")
]
COSTLY += [(name, mode) for name in USUAL for mode in ("lengths", "both")]


@pytest.mark.parametrize(("name", "mode"), COSTLY)
def test_second_derivatives(name: str, mode: str) -> None:
    problem, found = problem_of(name, np.float64), []
    for run in (tg.scan, oracle):
        leaves = problem.leaves()
        cleared(leaves)
        loss, _ = problem.loss(run, *leaves[: 1 + len(problem.states)], **MODES[mode])
        loss.backward(create_graph=True)
        firsts = [leaf.grad for leaf in leaves]
        cleared(leaves)
        sum((g * g).sum() for g in firsts).backward()
        found.append([leaf.grad for leaf in leaves])
    assert_alike(*found, np.float64)


@pytest.mark.parametrize(("name", "mode"), COSTLY)
def test_forward_mode(name: str, mode: str) -> None:
    problem = problem_of(name, np.float64)
    given = [problem.x, *problem.states]
    moving = [np.random.default_rng(k).normal(size=a.shape) for k, a in enumerate(given)]
    found = [
        [tg.jvp(lambda *given: problem.loss(run, *given, **MODES[mode])[0], tuple(given), tuple(moving))[1]]  # noqa: B023
        for run in (tg.scan, oracle)
    ]
    assert_alike(*found, np.float64)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SoftmaxCell"])
def test_what_stands_past_the_end_of_a_sequence_counts_nowhere(name: str) -> None:
    problem, found = Problem(name, np.float64), []
    for padding in (0.0, np.nan, np.inf, 1e300):
        for b, n in enumerate(LENGTHS):
            problem.x[n:, b] = padding
        leaves = problem.leaves()
        cleared(leaves)
        loss, results = problem.loss(tg.scan, *leaves[: 1 + len(problem.states)], lengths=LENGTHS)
        loss.backward()
        found.append([r.numpy() for r in (*results, *[leaf.grad for leaf in leaves])])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_inputs_states_and_seeds_may_lie_any_way(name: str) -> None:
    problem = Problem(name, np.float64)
    outputs, final = tg.scan(problem.cell, problem.x, problem.rebuild(problem.states))
    expected = [outputs.numpy(), *[s.numpy() for s in parts_of(final)[0]]]
    wide = np.zeros((2 * T, B, 2 * D))
    wide[::2, :, ::2] = problem.x
    backwards = np.ascontiguousarray(problem.x[::-1])
    read_only = problem.x.copy()
    read_only.flags.writeable = False
    swapped = np.ascontiguousarray(problem.x.transpose(1, 0, 2)).transpose(1, 0, 2)
    states = problem.rebuild([np.asfortranarray(s) for s in problem.states])
    for x in (wide[::2, :, ::2], backwards[::-1], read_only, swapped, np.asfortranarray(problem.x)):
        leaf = tg.tensor(x, requires_grad=True)
        outputs, final = tg.scan(problem.cell, leaf, states)
        for a, b in zip([outputs, *parts_of(final)[0]], expected, strict=True):
            np.testing.assert_array_equal(a.numpy(), b)
        (outputs.permute(2, 0, 1) * np.ones((H, T, B))).sum().backward()
        straight = tg.tensor(problem.x, requires_grad=True)
        tg.scan(problem.cell, straight, problem.rebuild(problem.states))[0].sum().backward()
        np.testing.assert_array_equal(leaf.grad.numpy(), straight.grad.numpy())


@pytest.mark.parametrize(("steps", "batch", "size"), [(1, 1, 1), (1, 3, 1), (7, 1, 1), (2, 17, 33), (3, 5, 16)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_odd_sizes(steps: int, batch: int, size: int, dtype: Any) -> None:
    cell = tg.nn.GRUCell(2, size, dtype=dtype)
    x, found = np.random.default_rng(0).normal(size=(steps, batch, 2)).astype(dtype), []
    for run in (tg.scan, tg.unroll):
        cell.zero_grad()
        leaf = tg.tensor(x, requires_grad=True)
        outputs, h = run(cell, leaf)
        (outputs * outputs + h).sum().backward()
        found.append([outputs, h, leaf.grad, *[p.grad for p in cell.parameters()]])
    assert_alike(*found, dtype)
