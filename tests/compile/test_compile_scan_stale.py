"""A traced cell never computes with what has changed since: it is traced again, or runs op by op and says why."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT
from own_cells import OwnCell

import tinygrad_rnn as tg
from tinygrad_rnn.compile import trace_cache

compiled = pytest.mark.skipif(DISABLE_JIT, reason="programs need Numba's compiler")
X = np.random.default_rng(0).normal(size=(4, 3, 3))


class Open(OwnCell):
    """Whatever `between` computes; `facts` is for it to read."""

    leak = 0.5
    facts: Any = None

    def make(self, D: int, H: int) -> None:
        self.W = self.weights(D, H)
        self.between: Any = tg.tanh

    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(self.between(x @ self.W) + self.leak * h)
        return h, h


def assert_as_unrolled(cell: Any) -> None:
    np.testing.assert_allclose(tg.scan(cell, X)[0].numpy(), tg.unroll(cell, X)[0].numpy(), atol=1e-12)


@dataclass
class Settings:
    a: int = 0


def by_function(cell: Any, k: int) -> None:
    cell.between = lambda z: z * k  # often lies where the one before lay


def by_closure(cell: Any, k: int) -> None:
    def by_factor(z: Any) -> Any:
        return z * factor

    factor = 0
    if k == 0:
        cell.between = by_factor
    cell.between.__closure__[0].cell_contents = k


def by_array(cell: Any, k: int) -> None:
    cell.facts, cell.between = np.full(5, k / 3), lambda z: z * cell.facts


def by_scalar(cell: Any, k: int) -> None:
    cell.facts, cell.between = np.float32(k / 4), lambda z: z * float(cell.facts)


def in_place(cell: Any, k: int) -> None:
    if k == 0:
        cell.facts, cell.between = np.zeros(5), lambda z: z * (1 - cell.facts)
    cell.facts[:] = k


def by_namespace(cell: Any, k: int) -> None:
    if k == 0:
        cell.facts, cell.between = SimpleNamespace(a=0), lambda z: z * cell.facts.a
    cell.facts.a = k


def by_data_class(cell: Any, k: int) -> None:
    if k == 0:
        cell.facts, cell.between = Settings(), lambda z: z * cell.facts.a
    cell.facts.a = k


def by_dict(cell: Any, k: int) -> None:
    if k == 0:
        cell.facts, cell.between = {"a": [0]}, lambda z: z * cell.facts["a"][0]
    cell.facts["a"][0] = k


def by_class(cell: Any, k: int) -> None:
    Open.leak = 0.1 * k


CHANGES = [
    by_function, by_closure, by_array, by_scalar, in_place, by_namespace, by_data_class, by_dict, by_class,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_calls_counts(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Open, "leak", 0.5)
    cell = Open(3, 5)
    for k in range(6):
        change(cell, k)
        assert_as_unrolled(cell)


class Detached(Open):
    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(x @ self.W + h * self.W.detach()[0])
        return h, h


class AsNumbers(Open):
    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(x @ self.W + h * float(abs(self.W.numpy()).mean()))
        return h, h


class Branching(Open):
    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(x @ self.W) - h if self.W[0, 0] > 0 else tg.sigmoid(x @ self.W + h)
        return h, h


class WeightUnwatched(Open):
    def step(self, x: Any, h: Any) -> Any:
        with tg.no_grad():
            gate = tg.sigmoid(self.W)
        h = tg.tanh(x @ self.W + h * gate[0])
        return h, h


class StateUnwatched(Open):
    def step(self, x: Any, h: Any) -> Any:
        with tg.no_grad():
            gate = tg.sigmoid(h)
        h = tg.tanh(x @ self.W + h * gate)
        return h, h


class StateDetached(Open):
    def step(self, x: Any, h: Any) -> Any:
        h = tg.tanh(x @ self.W + h.detach())
        return h, h


class Counting(Open):
    calls = 0

    def step(self, x: Any, h: Any) -> Any:
        self.calls += 1
        h = tg.tanh(x @ self.W + h / self.calls)
        return h, h


class Growing(Open):
    def initial_state(self, batch: int | None) -> Any:
        return self.zeros(batch, 1)


class Slots(Open):
    """A state of three axes."""

    def initial_state(self, batch: int | None) -> Any:
        return tg.tensor(np.zeros((batch, 2, self.size)))

    def step(self, x: Any, memory: Any) -> Any:
        memory = tg.tanh((x @ self.W).reshape((x.shape[0], 1, self.size)) + memory)
        return memory.sum(axis=1), memory


@compiled
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Detached, "takes values of .* 'W' as numbers"),
        (AsNumbers, "takes values of .* 'W' as numbers"),
        (Branching, "takes values of .* 'W' as numbers"),
        (WeightUnwatched, r"no_grad\(\) or detach\(\), where gradients stop"),
        (StateUnwatched, r"no_grad\(\) or detach\(\), where gradients stop"),
        (StateDetached, r"no_grad\(\) or detach\(\), where gradients stop"),
        (Growing, r"begins with float64 of shape \(B, 1\) and the step makes it float64 of shape \(B, 5\)"),
        (Slots, r"a state is float64 of shape \(B, 2, 5\), not \(B, width\)"),
    ],
)
def test_what_a_program_would_freeze_runs_op_by_op(kind: Any, reason: str) -> None:
    cell = kind(3, 5)
    with pytest.warns(tg.UncompiledWarning, match=reason) as caught:
        tg.scan(cell, X)
    assert len(caught) == 1
    for _ in range(2):
        found = []
        for run in (tg.scan, tg.unroll):
            x = tg.tensor(X, requires_grad=True)
            cell.zero_grad()
            outputs, _state = run(cell, x)
            (outputs * outputs).sum().backward()
            found.append([outputs.numpy(), x.grad.numpy(), cell.W.grad.numpy()])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)
        with tg.no_grad():
            cell.W.assign_(-cell.W.numpy())


@compiled
def test_a_step_that_changes_its_cell_runs_op_by_op() -> None:
    cell = Counting(3, 5)
    with pytest.warns(tg.UncompiledWarning, match="its step changes the cell's attributes") as caught:
        tg.scan(cell, X)
    cell.calls = 0
    outputs = tg.scan(cell, X)[0].numpy()
    assert cell.calls == len(X)
    cell.calls = 0
    assert (outputs == tg.unroll(cell, X)[0].numpy()).all()
    assert len(caught) == 1


def test_weights_made_in_the_first_step_are_trained() -> None:
    class Lazy(Open):
        def make(self, D: int, H: int) -> None:
            self.b = self.weights(H)

        def step(self, x: Any, h: Any) -> Any:
            if not hasattr(self, "W"):
                self.W = self.weights(x.shape[1], self.size)
            h = tg.tanh(x @ self.W + h + self.b)
            return h, h

    cell = Lazy(3, 5)
    tg.scan(cell, X)[0].sum().backward()
    assert cell.W.grad.shape == (3, 5)
    with tg.no_grad():
        cell.W.assign_(cell.W.numpy() * 2)
    assert_as_unrolled(cell)


def in_turn(cell: Any, count: int) -> None:
    for k in range(count):
        cell.facts = k
        tg.scan(cell, X)


@compiled
def test_a_cell_that_changes_at_every_call_says_so() -> None:
    cell = Open(3, 5)
    with pytest.warns(tg.UncompiledWarning, match="was traced 16 times: its attributes change"):
        in_turn(cell, trace_cache.KEPT + 1)


def test_weights_that_are_computed_pass_gradients_on() -> None:
    cell, source = Open(3, 5), tg.nn.Parameter(np.random.default_rng(1).normal(size=(3, 5)))
    del cell.W
    cell.bias = cell.weights(1)
    for k in range(3):
        found = []
        for run in (tg.scan, tg.unroll):
            source.grad = None
            cell.W = source * (1.0 + k)
            outputs, _ = run(cell, X)
            (outputs * outputs).sum().backward()
            found.append([outputs.numpy(), source.grad.numpy()])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


def test_cells_are_freed_and_need_no_hash() -> None:
    @dataclass
    class Compared(tg.nn.Cell):
        size: int

        def __post_init__(self) -> None:
            self.W = tg.nn.Parameter(np.ones((3, self.size)))

        def initial_state(self, batch: int | None) -> Any:
            return self.zeros(batch, self.size)

        def step(self, x: Any, h: Any) -> Any:
            h = tg.tanh(x @ self.W + h)
            return h, h

    cell, other = Compared(5), Compared(5)
    other.W = tg.nn.Parameter(np.zeros((3, 5)))
    assert_as_unrolled(cell)
    assert_as_unrolled(other)
    cell.itself = cell.step
    assert_as_unrolled(cell)
    number, alive = id(cell), weakref.ref(cell)
    del cell
    gc.collect()
    assert alive() is None
    assert number not in trace_cache._cells


class InADict(Open):
    """Returns its state in another order."""

    def initial_state(self, batch: int | None) -> Any:
        return {"h": self.zeros(batch, self.size), "n": self.zeros(batch, self.size)}

    def step(self, x: Any, state: Any) -> Any:
        h = tg.tanh(x @ self.W + 0.5 * state["h"] - 2 * state["n"])
        return h, {"n": 0.3 * h + state["n"], "h": h}


def test_entries_of_a_state_are_told_apart_by_name() -> None:
    cell = InADict(3, 5)
    assert_as_unrolled(cell)
    given = {name: np.random.default_rng(k).normal(size=(3, 5)) for k, name in enumerate("hn")}
    expected, final = tg.unroll(cell, X, given)
    for names in ("hn", "nh"):
        outputs, state = tg.scan(cell, X, {name: given[name] for name in names})
        np.testing.assert_allclose(outputs.numpy(), expected.numpy(), atol=1e-12)
        for name in names:
            np.testing.assert_allclose(state[name].numpy(), final[name].numpy(), atol=1e-12)
    with pytest.raises(ValueError, match="its state is a dict of 2 tensors"):
        tg.scan(cell, X, {"h": given["h"]})


@pytest.mark.parametrize("run", [tg.scan, tg.unroll], ids=["scan", "unroll"])
@pytest.mark.parametrize(
    ("x", "state", "message"),
    [
        (X, np.ones((3, 4)), r"its state is a tuple of 2 tensors \(h, c\), got one tensor"),
        (X, (np.ones((3, 4)),) * 3, r"its state is a tuple of 2 tensors \(h, c\), got a tuple of 3"),
        (X, (np.ones((3, 7)),) * 2, r"h is \(3, 7\) float64.*, expected \(3, 4\)"),
        (X, (np.ones((3, 4), np.float32),) * 2, "h is float32, the parameters are float64"),
        (X[:, :, :2], None, r"expected 3 features in its last axis"),
        (X.astype(np.float32), None, "x is float32, the parameters are float64"),
        (X.astype(int), None, "x is int64, the parameters are float64"),
    ],
)
def test_what_does_not_fit_the_cell_is_named_as_when_unrolled(run: Any, x: Any, state: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        run(tg.nn.LSTMCell(3, 4, dtype=np.float64), x, state)
