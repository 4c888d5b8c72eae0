"""Scheduled sampling, strategies by name, their comparison, mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategy_cases import B, T, batch, gradient, network

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, ShapeError
from tinygrad_rnn.strategies import BPTT, NAMED, Criterion, ScheduledSampling, Truncated, strategy


@pytest.mark.parametrize(("decay", "half"), [("linear", 50), ("exponential", 100), ("sigmoid", 100)])
def test_the_share_of_truth_falls_as_said(decay: str, half: int) -> None:
    sampling = ScheduledSampling(decay, 100, floor=0.1)
    assert sampling.share(0) == pytest.approx(1, abs=0.05)
    assert sampling.share(half) == pytest.approx(0.5, abs=0.01)
    assert sampling.share(10_000) == 0.1


def following(symbols: int | None = None) -> tg.data.Batch:
    """Sequences whose targets are the next inputs."""
    data = batch(symbols=symbols)
    return tg.data.Batch(data.inputs[:-1], data.inputs[1:])


def test_scheduled_sampling_reads_its_own_words_and_the_truth_in_their_share() -> None:
    net, data = network(symbols=4), following(4)
    seen: list[Any] = []

    class Watching(BPTT):
        def gradients(self, network: Any, batch: Any, *rest: Any) -> Any:
            seen.append(batch)
            return super().gradients(network, batch, *rest)

    for number in (0, 5, 5, 10):
        ScheduledSampling("linear", 10, inner=Watching()).gradients(net, data, Criterion("cross_entropy"), None, number)
    assert (seen[0].inputs == data.inputs).all()
    assert (seen[1].inputs == seen[2].inputs).all()  # batch k draws the same whenever it is asked
    assert (seen[3].inputs[0] == data.inputs[0]).all()
    assert (seen[3].inputs != data.inputs).any()
    assert all((s.targets == data.targets).all() for s in seen)


def test_what_is_drawn_is_drawn_from_the_predictions() -> None:
    net = network(symbols=4)
    logits = np.log(np.tile([0.1, 0.2, 0.3, 0.4], (20_000, 1)))
    data = tg.data.Batch(*np.zeros((2, 2, 20_000), int))
    drawn = ScheduledSampling()._said(logits, data, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.1, 0.2, 0.3, 0.4], atol=0.02)
    assert net.symbols == 4


def test_numbers_are_fed_back_as_they_are() -> None:
    net, data = network(), following()
    mixed = ScheduledSampling("linear", 1)._mixed(net, data, None, 0.0, 0)
    first, state = net.step(data.inputs[0], net.initial_state(B))
    np.testing.assert_allclose(mixed[1], first.numpy())
    np.testing.assert_allclose(mixed[2], net.step(first.numpy(), state)[0].numpy())


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("bptt", "BPTT()"),
        ("truncated:4", "Truncated(4, 4)"),
        ("truncated:4,9", "Truncated(4, 9)"),
        ("checkpointed", "Checkpointed('sqrt')"),
        ("checkpointed:7", "Checkpointed(7)"),
        ("rtrl", "RTRL()"),
        ("regularised:0.5", "Regularised(0.5)"),
        ("scheduled:100,sigmoid", "ScheduledSampling('sigmoid', 100, 0.0)"),
    ],
)
def test_names(text: str, made: str) -> None:
    assert repr(strategy(text)) == made
    assert text.split(":")[0] in NAMED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bttp", "no strategy 'bttp' (did you mean bptt?); there are bptt, truncated"),
        ("truncated", "strategy 'truncated': expected truncated:K1[,K2]"),
        ("truncated:x", "expected truncated:K1[,K2]"),
        ("truncated:5,2", "expected 1 ≤ k1 ≤ k2, got k1 = 5, k2 = 2"),
        ("bptt:3", "strategy 'bptt:3': expected bptt"),
        ("checkpointed:0", "of at least 1, not 0"),
        ("regularised:-1", "strength must be at least 0"),
        ("scheduled:10,cosine", "got 'cosine', 10, 0.0"),
    ],
)
def test_mistakes_in_names(text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        strategy(text)
    assert message in str(raised.value)


def test_the_comparison_says_what_each_gradient_is_worth() -> None:
    net, data = network(), batch()
    found = tg.compare_strategies(net, data, [Truncated(T), Truncated(2)])
    full, cut = gradient(net, data, BPTT())[1], gradient(net, data, Truncated(2))[1]
    assert [round(row.cosine, 9) for row in found.rows[:2]] == [1, 1]
    assert found.rows[2].cosine == pytest.approx(full @ cut / np.linalg.norm(full) / np.linalg.norm(cut))
    assert found.rows[2].norm == pytest.approx(np.linalg.norm(cut) / np.linalg.norm(full))
    assert all(row.seconds > 0 and row.bytes > 0 for row in found.rows)
    assert repr(found).count("\n") == 3
    assert "Truncated(2, 2)" in repr(found)


def test_full_bptt_keeps_more_than_truncated() -> None:
    g = np.random.default_rng(0)
    net = tg.nn.Network(tg.nn.LSTMCell(4, 32, generator=g), 1, generator=g)
    data = tg.data.Batch(g.normal(size=(1500, 4, 4)).astype(np.float32), np.zeros((1500, 4, 1), np.float32))
    found = tg.compare_strategies(net, data, [Truncated(20)])
    assert found.rows[1].bytes < found.rows[0].bytes / 3


def test_what_is_cut_off_is_drawn() -> None:
    net, data = network(), batch()
    found = tg.compare_strategies(net, data, [Truncated(2)])
    plain, cut = found.draw(Truncated(2), theme="print"), found.draw(Truncated(3), theme="print")
    assert plain.svg != cut.svg
    with pytest.raises(ArgumentError, match="cuts no gradient off within 6 steps"):
        found.draw(BPTT())


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: Criterion("mae"), ArgumentError, "'mse', 'cross_entropy' or 'bce', got 'mae'"),
        (lambda: Truncated(0), ArgumentError, "1 ≤ k1 ≤ k2"),
        (lambda: tg.compare_strategies(network(), batch(), []), ArgumentError, "at least one strategy"),
        (lambda: gradient(network(), batch(weights=np.zeros((T, B))), BPTT()), ArgumentError, "no step .* counts"),
        (lambda: gradient(network(), batch(at_end=True), BPTT()), ShapeError, "outputs are .* targets"),
        (
            lambda: ScheduledSampling("linear", 1).gradients(
                network(symbols=4), batch(symbols=4), Criterion("cross_entropy"), None, 9
            ),
            ArgumentError,
            "the targets are not the next inputs",
        ),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()
