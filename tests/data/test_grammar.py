"""Strings of grammars against automata written another way."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

import numpy as np
import pytest

from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.data import Batch, Counting, Dyck, Reber
from tinygrad_rnn.data.grammar import REBER


def reads(string: str) -> bool:
    """The plain Reber grammar as a walk by hand."""
    state = "start"
    walk = {
        "start": {"B": "fork"}, "fork": {"T": "s loop", "P": "t loop"},
        "s loop": {"S": "s loop", "X": "x or s"}, "t loop": {"T": "t loop", "V": "p or v"},
        "x or s": {"X": "t loop", "S": "end"}, "p or v": {"P": "x or s", "V": "end"},
        "end": {"E": "done"}, "done": {},
    }  # fmt: skip
    for symbol in string:
        if symbol not in walk[state]:
            return False
        state = walk[state][symbol]
    return state == "done"


def strings(batch: Batch) -> list[str]:
    assert batch.lengths is not None
    return [
        "".join(REBER[s] for s in [*batch.inputs[:n, k], batch.targets[n - 1, k]]) for k, n in enumerate(batch.lengths)
    ]


@pytest.mark.parametrize(("embedded", "mean"), [(True, 12), (False, 8)])
def test_reber_strings(embedded: bool, mean: float) -> None:
    task = Reber(embedded)
    batch = task.sample(np.random.default_rng(0), 20_000)
    found = strings(batch)
    for string in found:
        if embedded:
            assert re.fullmatch("B(T|P).*(T|P)E", string)
            assert string[1] == string[-2]
            assert reads(string[2:-2])
        else:
            assert reads(string)
    lengths = np.array([len(s) for s in found])
    assert lengths.mean() == pytest.approx(mean, abs=4 * lengths.std() / math.sqrt(len(found)))
    np.testing.assert_array_equal(batch.inputs[1:], np.where(batch.inputs[1:] > 0, batch.targets[:-1], 0))
    # One who knows the grammar pays ln 2 wherever there are two ways.
    ways = task.allowed(batch.inputs).sum(axis=-1)
    assert np.log(ways[ways > 0]).sum() / batch.tokens == pytest.approx(task.best, abs=0.003)


def test_reber_probabilities_are_halves() -> None:
    counts = Counter(strings(Reber(False).sample(np.random.default_rng(1), 40_000)))
    for string, p in {"BTXSE": 1 / 8, "BPVVE": 1 / 8, "BTSXSE": 1 / 16, "BTXXVVE": 1 / 32}.items():
        assert counts[string] / 40_000 == pytest.approx(p, abs=4 * math.sqrt(p / 40_000))


def test_what_is_right_of_reber() -> None:
    task = Reber()
    batch = task.sample(np.random.default_rng(2), 50)
    perfect = task.allowed(batch.inputs).astype(float)
    assert task.correct(perfect, batch).all()
    assert not task.correct(-perfect, batch).any()
    wrong = perfect.copy()
    wrong[1, 4, REBER.index("E")] = 2
    np.testing.assert_array_equal(task.correct(wrong, batch), np.arange(50) != 4)


@pytest.mark.parametrize(("language", "letters"), [("anbn", "ab"), ("anbncn", "abc")])
def test_counting(language: str, letters: str) -> None:
    task = Counting(language, least=1, most=6)
    batch = task.sample(np.random.default_rng(0), 300)
    language_ = ["".join(c * n for c in letters) + "$" for n in range(400)]
    assert batch.lengths is not None
    seen = set()
    for k, length in enumerate(batch.lengths):
        string = "".join(letters[s - 1] for s in batch.inputs[1:length, k])
        assert string + "$" in language_
        seen.add(len(string) // len(letters))
        for t in range(length):
            expected = {w[t] for w in language_ if w.startswith(string[:t]) and len(w) > t}
            said = {("$" + letters)[j] for j in np.flatnonzero(batch.targets[t, k])}
            assert said == expected, (string, t)
    assert seen == set(range(1, 7))
    logits = 2 * batch.targets - 1
    assert task.correct(logits, batch).all()
    logits[0, 9] *= -1
    assert task.correct(logits, batch).sum() == 299
    assert 0 < task.baseline < math.log(2)


def test_dyck() -> None:
    task = Dyck(least=1, most=6)
    batch = task.sample(np.random.default_rng(0), 300)
    assert batch.lengths is not None
    for k, length in enumerate(batch.lengths):
        assert 3 <= length <= 13
        depth = 0
        for t in range(length):
            depth += {0: 0, 1: 1, 2: -1}[int(batch.inputs[t, k])]
            assert depth >= 0
            assert batch.targets[t, k].tolist() == [depth == 0, 1, depth > 0]
        assert depth == 0
    assert task.correct(2 * batch.targets - 1, batch).all()


def test_dyck_strings_are_equally_likely() -> None:
    batch = Dyck(least=3, most=3).sample(np.random.default_rng(0), 10_000)
    counts = Counter(map(tuple, batch.inputs[1:].T))
    nested = [
        s
        for s in itertools.product((1, 2), repeat=6)
        if s.count(1) == 3 and all(s[:t].count(1) >= s[:t].count(2) for t in range(7))
    ]
    assert set(counts) == set(nested)
    assert len(nested) == 5
    assert all(abs(n - 2000) < 200 for n in counts.values())


@pytest.mark.parametrize("language", ["an", "anan", "anbm", "", "ab", "nanb"])
def test_no_language(language: str) -> None:
    with pytest.raises(ArgumentError, match="letters that differ"):
        Counting(language)


def test_most_is_not_below_least() -> None:
    with pytest.raises(ArgumentError, match="most is a whole number of at least 5, got 4"):
        Counting(least=5, most=4)
    with pytest.raises(ArgumentError, match="least is a whole number of at least 1, got 0"):
        Dyck(least=0)
