"""Tasks of memory: each sequence says what its definition says; all tasks are functions of a seed and a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.data import TASKS, Adding, Batch, Copy, Echo, Parity, Task, TemporalOrder
from tinygrad_rnn.data.task import steps_that_count


def sample(task: Task, size: int = 500, seed: int = 0):
    return task.sample(np.random.default_rng(seed), size, np.float64)


@pytest.mark.parametrize("name", TASKS)
def test_a_batch_is_a_function_of_its_number_and_the_seed(name: str) -> None:
    task = TASKS[name]()
    a, b, other = task.source(4, seed=3), task.source(4, seed=3), task.source(4, seed=4)
    b.batch(0)
    np.testing.assert_equal(vars(a.batch(5)), vars(b.batch(5)))
    np.testing.assert_equal(vars(a.batch(5)), vars(task.sample(np.random.default_rng([3, 5]), 4)))
    assert not np.array_equal(a.batch(5).inputs, other.batch(5).inputs)
    assert not np.array_equal(a.batch(5).inputs, a.batch(6).inputs)
    assert a.epoch is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TASKS)
def test_shapes_dtypes_and_padding_are_those_the_task_names(name: str, dtype: type) -> None:
    task = TASKS[name]()
    source = task.source(7, dtype=dtype)
    batch = source.batch(0)
    assert (source.inputs, source.symbols, source.outputs) == (task.inputs, task.symbols, task.outputs)
    assert (source.loss, source.at_end, task.name) == (task.loss, task.at_end, name)
    T = batch.steps
    assert batch.inputs.shape == ((T, 7) if task.symbols else (T, 7, task.inputs))
    assert batch.inputs.dtype == (np.int64 if task.symbols else dtype)
    over = (7,) if task.at_end else (T, 7)
    assert batch.targets.shape == (over if task.loss == "cross_entropy" else (*over, task.outputs))
    assert batch.targets.dtype == (np.int64 if task.loss == "cross_entropy" else dtype)
    if task.symbols:
        assert batch.inputs.min() >= 0
        assert batch.inputs.max() < task.inputs
    padding = ~steps_that_count(batch)
    assert not batch.inputs[padding].any()
    assert task.at_end or not batch.targets[padding].any()
    assert batch.lengths is None or batch.lengths.max() == T
    assert batch.tokens == steps_that_count(batch).sum()


def test_adding_as_published() -> None:
    task = Adding(100)
    batch = sample(task, 3000)
    assert batch.lengths is not None
    assert set(batch.lengths) == set(range(100, 111))
    for k, length in enumerate(batch.lengths):
        x, marks = batch.inputs[:length, k].T
        assert marks[0] == marks[-1] == -1
        (marked,) = np.nonzero(marks == 1)
        assert len(marked) in (1, 2)  # a first pair that was chosen keeps its −1 and counts as 0
        assert marked[0] < 10 or len(marked) == 1
        assert marked[-1] < 50
        assert batch.targets[k, 0] == pytest.approx(0.5 + x[marked].sum() / 4)
        assert np.abs(x).max() <= 1
    assert batch.targets.mean() == pytest.approx(0.5, abs=0.02)
    assert ((batch.targets - 0.5) ** 2).mean() == pytest.approx(task.baseline, rel=0.08)
    assert task.baseline == pytest.approx(1 / 24, rel=0.07)


def test_adding_as_it_is_common_today() -> None:
    task = Adding(20, modern=True)
    batch = sample(task, 3000)
    x, marks = batch.inputs[..., 0], batch.inputs[..., 1]
    assert batch.lengths is None
    assert batch.steps == 20
    assert (marks[:10].sum(axis=0) == 1).all()
    assert (marks[10:].sum(axis=0) == 1).all()
    np.testing.assert_allclose(batch.targets[:, 0], (x * marks).sum(axis=0))
    assert ((batch.targets - 1) ** 2).mean() == pytest.approx(task.baseline, rel=0.08)
    outputs = batch.targets + np.where(np.arange(3000) % 3 == 0, 0.041, 0.039)[:, None]
    np.testing.assert_array_equal(task.correct(outputs, batch), np.arange(3000) % 3 != 0)


def test_copy() -> None:
    task = Copy(30)
    batch = sample(task)
    assert batch.steps == 50
    assert set(batch.inputs[:10].ravel()) == set(range(1, 9))
    assert not batch.inputs[10:39].any()
    assert (batch.inputs[39] == 9).all()
    assert not batch.inputs[40:].any()
    assert not batch.targets[:40].any()
    np.testing.assert_array_equal(batch.targets[40:], batch.inputs[:10])
    assert task.baseline == pytest.approx(10 * math.log(8) / 50)
    outputs = np.eye(9)[batch.targets]
    assert task.correct(outputs, batch).all()
    outputs[-1, 3] = np.eye(9)[0]
    assert task.correct(outputs, batch).sum() == 499


@pytest.mark.parametrize(("symbols", "places"), [(2, [(10, 20), (50, 60)]), (3, [(10, 20), (33, 43), (66, 76)])])
def test_temporal_order(symbols: int, places: list[tuple[int, int]]) -> None:
    task = TemporalOrder(symbols=symbols)
    batch = sample(task, 1000)
    assert batch.lengths is not None
    assert set(batch.lengths) == set(range(100, 111))
    seen: list[set[int]] = [set() for _ in places]
    for k, length in enumerate(batch.lengths):
        steps = batch.inputs[:length, k]
        at = np.flatnonzero(steps >= 6)
        for t, into in zip(at, seen, strict=True):
            into.add(int(t))
        assert int("".join(str(s - 6) for s in steps[at]), 2) == batch.targets[k]
        assert (steps[0], steps[-1]) == (0, 1)
        assert set(np.delete(steps, [0, *at, length - 1])) <= {2, 3, 4, 5}
    assert seen == [set(range(first, last + 1)) for first, last in places]
    assert task.outputs == 2**symbols
    assert task.baseline == pytest.approx(math.log(2**symbols))
    outputs = np.eye(task.outputs)[batch.targets]
    assert task.correct(outputs, batch).all()
    assert not task.correct(-outputs, batch).any()


def test_parity() -> None:
    task = Parity(9)
    batch = sample(task, 20)
    for k in range(20):
        odd = False
        for bit, said in zip(batch.inputs[:, k, 0], batch.targets[:, k, 0], strict=True):
            odd ^= bool(bit)
            assert said == odd
    assert task.baseline == pytest.approx(math.log(2))
    assert Task.baseline.fget(task) == pytest.approx(math.log(2), abs=1e-3)  # type: ignore[attr-defined]
    logits = 2 * batch.targets - 1
    assert task.correct(logits, batch).all()
    logits[4, 7] *= -1
    assert task.correct(logits, batch).sum() == 19


def test_echo() -> None:
    task = Echo(12, delay=5)
    batch = sample(task, 20_000)
    assert not batch.targets[:5].any()
    np.testing.assert_array_equal(batch.targets[5:], batch.inputs[:-5])
    assert (batch.targets**2).mean() == pytest.approx(task.baseline, rel=0.01)
    np.testing.assert_array_equal(*(lambda b: (b.inputs, b.targets))(sample(Echo(3, delay=0))))


def test_a_task_of_ones_own() -> None:
    class Doubling(Task):
        name, inputs = "doubling", 1

        def draw(self, generator: np.random.Generator, size: int) -> Batch:
            x = generator.normal(size=(5, size, 1))
            return Batch(x, 2 * x, np.full(size, 5))

    batch = Doubling().source(3, seed=1).batch(2)
    assert batch.inputs.dtype == batch.targets.dtype == np.float32
    np.testing.assert_array_equal(batch.targets, 2 * batch.inputs)
    assert Doubling().baseline == pytest.approx(4, rel=0.1)  # the variance of 2x


def test_a_task_without_a_criterion_says_so() -> None:
    task = Echo()
    with pytest.raises(NotImplementedError, match="echo"):
        task.correct(np.zeros(1), sample(task))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adding(5), "length is a whole number of at least 6, got 5"),
        (lambda: Copy(2.5), "length .* got 2.5"),
        (lambda: TemporalOrder(4), r"symbols are 2 \(6a\) or 3 \(6b\), not 4"),
        (lambda: TemporalOrder(length=3), "length"),
        (lambda: Parity(0), "length"),
        (lambda: Echo(10, delay=10), "a delay of 10 needs sequences longer than that, not of 10"),
        (lambda: Echo(delay=-1), "delay"),
        (lambda: Parity().source(0), "size .* got 0"),
        (lambda: Parity().source(1, seed=-1), "seed .* got -1"),
        (lambda: Parity().source(1).batch(-1), "k .* got -1"),
        (lambda: Parity().sample(np.random.default_rng(0), True), "size .* got True"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
