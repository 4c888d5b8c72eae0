"""Ranks one after the other in this process: they add up to what one process computes, random numbers included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nn.cell_cases import CASES as CELLS
from nn.cell_cases import make
from strategies.strategy_cases import D, H, O, T

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.core.trees import flatten
from tinygrad_rnn.data import Batch
from tinygrad_rnn.strategies import NAMED, Criterion, begun, strategy
from tinygrad_rnn.training import Ranks, evaluate
from tinygrad_rnn.training.checkpoint import generator_states, restore_generators
from tinygrad_rnn.training.sharing import Shares

B = 4
LENGTHS = np.array([7, 2, 5, 1])


class OneOf(Ranks):
    """One of several ranks, the others of which are not there: what they would add is not added."""

    def __init__(self, rank: int, size: int):
        super().__init__()
        self.rank, self.size = rank, size

    def add(self, parameters: Any, *numbers: float) -> list[float]:
        return list(numbers)


def network(wrapped: Callable[..., Any] | None = None, **options: Any) -> tg.nn.Network:
    g = np.random.default_rng(5)
    cells: list[Any] = [kind(D if k == 0 else H, H, dtype=np.float64, generator=g)
                        for k, kind in enumerate((tg.nn.LSTMCell, tg.nn.GRUCell))]  # fmt: skip
    if wrapped is not None:
        cells = [wrapped(cell, generator=np.random.default_rng(8)) for cell in cells]
    return tg.nn.Network(cells, O, generator=g, **options)


def batch(at_end: bool = False, size: int = B, **options: Any) -> Batch:
    g = np.random.default_rng(6)
    x = g.normal(size=(T + 1, size, D))
    return Batch(x[:-1], g.normal(size=(size, O)) if at_end else x[1:], **options)


def learned(cell: Any, generator: Any) -> Any:
    return tg.nn.LearnedInitialState(cell)


def row(parameters: Any) -> np.ndarray:
    return np.concatenate([np.zeros(p.size) if p.grad is None else p.grad.numpy().ravel() for p in parameters])


def state_of(state: Any) -> np.ndarray:
    return np.concatenate([s.numpy().reshape(len(s.numpy()), -1) for s in flatten(state)[0]], axis=1)


#: Options of the network and of the batch.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "lengths and weights": ({}, {"lengths": LENGTHS, "weights": np.random.default_rng(3).random((T, B))}),
    "all that counts is one rank's": ({}, {"weights": np.arange(T * B).reshape(T, B) % B == 0}),
    "at the end": ({"at_end": True, "dropout": 0.5}, {"at_end": True, "lengths": LENGTHS}),
    "dropout": ({"dropout": 0.4}, {"lengths": LENGTHS}),
    "zoneout": ({"wrapped": tg.nn.Zoneout}, {}),
    "recurrent dropout": ({"wrapped": tg.nn.RecurrentDropout}, {}),
    "variational dropout": ({"wrapped": tg.nn.VariationalDropout}, {}),
    "some begin": ({"wrapped": tg.nn.VariationalDropout}, {"begins": np.array([True, True, False, True])}),
    "learned initial states": ({"wrapped": learned}, {"begins": np.array([False, True, False, False])}),
    "fewer rows than ranks": ({"dropout": 0.3}, {"size": 2}),
}
STRATEGIES = {"bptt": "bptt", "truncated": "truncated:2,3", "checkpointed": "checkpointed:3", "rtrl": "rtrl",
              "regularised": "regularised:0.5", "scheduled": "scheduled:8"}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", STRATEGIES)
def test_ranks_add_up_to_one_process(name: str, case: str) -> None:
    of_network, of_batch = CASES[case]
    if case == "at the end" and name == "scheduled":
        pytest.skip("its targets are no inputs")
    data, ways, parts = batch(**of_batch), strategy(STRATEGIES[name]), []
    ranks = 4 if case == "fewer rows than ranks" else 2

    def computed(ranks: Ranks) -> tuple[Any, ...]:
        net = network(**of_network)
        net.train()
        carried = net.initial_state(data.size) if data.begins is not None else None
        shares = Shares(ranks, net)
        if carried is not None:
            drawn = generator_states(net)
            carried = shares.own([s.numpy() + 0.1 for s in flatten(carried)[0]])
            restore_generators(net, drawn)
        criterion = Criterion("mse", net.at_end)
        loss, after = shares.gradients(ways, data, criterion, carried, 3, list(net.parameters()))
        return loss, row(net.parameters()), state_of(after), generator_states(net)

    loss, gradient, after, generators = computed(Ranks())
    parts = [computed(OneOf(rank, ranks)) for rank in range(ranks)]
    assert sum(part[0] for part in parts) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(sum(part[1] for part in parts), gradient, atol=1e-12)
    assert np.abs(gradient).max() > 1e-4
    if data.size >= ranks:
        np.testing.assert_allclose(np.concatenate([part[2] for part in parts]), after, atol=1e-12)
    assert all(part[3] == generators for part in parts)


def test_every_strategy_is_compared() -> None:
    assert STRATEGIES.keys() == NAMED.keys()


@pytest.mark.parametrize("at_end", [False, True])
def test_they_validate_together(at_end: bool) -> None:
    class Source:
        inputs, symbols, outputs, loss, epoch = D, False, O, "mse", 3

        def batch(self, k: int) -> Batch:
            return batch(self.at_end, 1 + k, lengths=np.arange(1, 2 + k))

    source: Any = Source()
    source.at_end = at_end
    net = network(at_end=at_end, dropout=0.5)
    parts = [evaluate(net, source, shares=Shares(OneOf(rank, 2), net)) for rank in range(2)]
    assert sum(parts) == pytest.approx(evaluate(net, source), rel=1e-12)


class Net(tg.nn.Module):
    """The least that a strategy asks of a network."""

    def __init__(self, cell: Any):
        self.cells = [cell]

    def initial_state(self, size: int) -> Any:
        return [self.cells[0].initial_state(size)]

    def step(self, x: Any, state: Any) -> Any:
        y, after = self.cells[0].step(tg.tensor(x), state[0])
        return y, [after]


def checked(cell: Any, size: int = B) -> None:
    x = np.random.default_rng(0).normal(size=(2, size, cell.input_size or 4))
    for rank in (0, 1):
        Shares(OneOf(rank, 2), Net(cell)).check(Batch(x, x), False)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CELLS)
def test_every_cell_of_the_catalogue_can_be_shared(case: str) -> None:
    checked(make(case))


class Mixing(tg.nn.RNNCell):
    def step(self, x: Any, state: Any) -> Any:
        return super().step(x - x.mean(axis=0), state)


class Noisy(tg.nn.RNNCell):
    noise = np.random.default_rng(0)

    def step(self, x: Any, state: Any) -> Any:
        return super().step(x + tg.tensor(self.noise.normal(size=x.shape)), state)


@pytest.mark.parametrize("kind", [Mixing, Noisy])
def test_a_cell_that_cannot_be_shared_is_refused_by_name(kind: Any) -> None:
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: its step on some rows of a batch is not that on all"):
        checked(kind(D, H, dtype=np.float64, generator=np.random.default_rng(0)))


@pytest.mark.parametrize(("size", "near"), [(5, "4 or 6"), (1, "2")])
def test_a_batch_that_cannot_be_shared_evenly_is_refused(size: int, near: str) -> None:
    with pytest.raises(ArgumentError, match=f"{size} sequences cannot be shared evenly by 2 ranks; make it {near}"):
        checked(tg.nn.RNNCell(D, H, dtype=np.float64), size)


def test_the_generators_are_the_networks_own() -> None:
    """What a rank draws, it draws from the bits of the generator that was there."""
    net = network(dropout=0.5)
    bits = net.generator.bit_generator
    shares = Shares(OneOf(1, 2), net)
    assert net.generator.bit_generator is bits
    with shares._drawing(batch().part(2, 4, False)):
        with pytest.raises(ArgumentError, match=r"\(3, 8\) are not those of 2 sequences, \(…, 2, features\)"):
            net.generator.random((3, 8))
        assert net.generator.random((2, 8)).shape == (2, 8)
        assert net.generator.random(5).shape == (5,)  # of all rows
    begun(net, batch(), None)
