"""Text as numbers: what comes back, how windows follow one another, what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tinygrad_rnn.core.errors import FileFormatError
from tinygrad_rnn.data import Text
from tinygrad_rnn.data.text import UNKNOWN


def test_there_and_back() -> None:
    text = Text("naïve ∂L/∂h")
    assert text.decode(text.encode("∂h/∂L")) == "∂h/∂L"


def test_rare_and_unseen_characters_become_the_unknown_one() -> None:
    text = Text("aaabbbc", most=2)
    assert text.vocabulary == [UNKNOWN, "a", "b"]
    assert text.decode(text.encode("abcz")) == f"ab{UNKNOWN}{UNKNOWN}"


def test_windows_follow_one_another_in_every_strand_and_begin_anew() -> None:
    text = Text("".join(chr(ord("a") + k % 26) for k in range(27)))
    windows = list(itertools.islice(text.batches(2, 4), 4))
    assert [anew for *_, anew in windows] == [True, False, False, True]
    strand = np.concatenate([xs for xs, _, _ in windows[:3]])[:, 0]
    assert text.decode(strand) == "abcdefghijkl"
    assert all((ys[:-1] == xs[1:]).all() for xs, ys, _ in windows)


@pytest.mark.parametrize(("length", "fits"), [(2 * 4 + 1, True), (2 * 4, False)])
def test_the_shortest_text(length: int, fits: bool) -> None:
    text = Text("a" * length)
    if fits:
        xs, ys, anew = next(text.batches(2, 4))
        assert xs.shape == ys.shape == (4, 2)
        assert anew
    else:
        with pytest.raises(FileFormatError, match=f"has {length} characters; 2 strands of 4 need 9"):
            next(text.batches(2, 4))
