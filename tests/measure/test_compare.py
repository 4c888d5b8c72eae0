"""Cells side by side."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError


@pytest.fixture(scope="module")
def comparison():
    random = np.random.default_rng(0)
    return tg.compare(*[kind(3, 4, generator=random) for kind in (tg.nn.ArticleCell, tg.nn.LSTMCell)])


def test_both_stand_side_by_side(comparison):
    lines = str(comparison).splitlines()
    assert lines[0].split() == ["ArticleCell(3,", "4)", "LSTMCell(3,", "4)"]
    rows = {line[2:].split(" ")[0]: line.replace(" ", "") for line in lines}
    assert rows["hₜ"] == "≠hₜ=σ(oₜ)⊙tanh(cₜ)hₜ=oₜ⊙tanh(cₜ)"
    assert rows["fₜ"] == "fₜ=σ(z_fₜ)fₜ=σ(z_fₜ)"


def test_as_many_as_one_likes_within_a_width():
    kinds = (tg.nn.RNNCell, tg.nn.GRUCell, tg.nn.LSTMCell, tg.nn.MGUCell)
    found = tg.compare(*[kind(3, 4) for kind in kinds])
    text = found.to_text(112)
    assert all(kind.__name__ in text for kind in kinds)
    assert max(map(len, text.splitlines())) <= 112
    wide = "".join(found.to_text(1000).split())
    assert sorted(wide) == sorted("".join(text.split())), "nothing is lost by wrapping"
    assert found.to_html().count("<svg") == 4
    assert found.to_html().count('class="differs"') > 10


def test_numbers_and_layers(comparison):
    assert re.search(r"parameters +96 = 3DH \+ 3H² \+ 3H +parameters +144 = 4DH \+ 4H² \+ 8H", str(comparison))
    assert "largest exponent" in str(comparison)


def test_the_literal_cell_must_forget(comparison):
    """σ(σ(·)) ≤ σ(1) = 0.731: half of what is remembered is gone after 2.21 steps."""
    assert comparison.sides[0].flow.half_life("c") <= np.log(2) / -np.log(1 / (1 + np.exp(-1)))


def test_a_page(comparison, tmp_path):
    html = comparison.save(tmp_path / "cells.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 2
    assert html.count("<math") > 30
    assert "<script" not in html
    assert comparison.save(tmp_path / "cells.txt").read_text(encoding="utf-8").startswith("  ArticleCell")
    assert comparison._repr_mimebundle_()["text/html"] == html
    with pytest.raises(ArgumentError, match=r"ends in .html or .txt, not 'cells.pdf'"):
        comparison.save(tmp_path / "cells.pdf")


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="the same input_size, got 3, 4"):
        tg.compare(tg.nn.RNNCell(3, 4), tg.nn.RNNCell(4, 4))
    with pytest.raises(ArgumentError, match="expected a cell or a layer of one cell, got str"):
        tg.compare(tg.nn.RNNCell(3, 4), "lstm")
    with pytest.raises(ArgumentError, match="two cells or more, got 1"):
        tg.compare(tg.nn.RNNCell(3, 4))
