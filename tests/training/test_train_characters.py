"""The character model and its training: losses fall, states are carried, nothing depends on the compiled path."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data import Text
from tinygrad_rnn.training import CharacterModel, Progress, train_characters

TEXT = Text("the quick brown fox jumps over the lazy dog. " * 40)


def model(size: int = 16) -> CharacterModel:
    return CharacterModel(len(TEXT.vocabulary), size, np.random.default_rng(0))


def test_logits_equal_the_cell_run_op_by_op() -> None:
    xs, _, _ = next(TEXT.batches(3, 5))
    net = model()
    logits, (h, c) = net(xs)
    unrolled, _ = tg.unroll(net.cell, net.embedding(xs))
    assert logits.shape == (5, 3, len(TEXT.vocabulary))
    assert h.shape == c.shape == (3, 16)
    np.testing.assert_allclose(logits.numpy(), unrolled.numpy(), atol=1e-5)


def test_training_reports_each_step_and_learns() -> None:
    net, seen = model(), list[Progress]()
    optimizer = tg.optim.Adam(net.parameters(), lr=2e-2)
    history = train_characters(net, TEXT.batches(4, 16), optimizer, seconds=0.5, watch=seen.append)
    for _ in range(20):  # however slow the machine: at least some steps
        if len(history) >= 40:
            break
        history += train_characters(net, TEXT.batches(4, 16), optimizer, seconds=0.5)
    assert seen == history[: len(seen)]
    assert [p.step for p in seen] == list(range(len(seen)))
    assert all(p.characters == 64 and p.gradient_norm > 0 for p in history)
    assert history[0].loss == pytest.approx(np.log(len(TEXT.vocabulary)), abs=0.4)
    assert np.mean([p.loss for p in history[-5:]]) < history[0].loss - 0.3


def test_a_carried_state_continues_the_strand() -> None:
    """Two windows with the state handed over give what one long window gives."""
    (first, *_), (second, *_) = (window for _, window in zip(range(2), TEXT.batches(2, 6), strict=False))
    net = model()
    long, _ = net(np.concatenate([first, second]))
    _, state = net(first)
    rest, _ = net(second, state)
    np.testing.assert_allclose(rest.numpy(), long.numpy()[6:], atol=1e-5)


def test_samples_start_as_told_and_repeat_with_their_generator() -> None:
    net = model()
    once, again = (net.sample(TEXT, "the ", 20, 0.7, np.random.default_rng(3)) for _ in range(2))
    assert once == again
    assert once.startswith("the ")
    assert len(once) == 24
