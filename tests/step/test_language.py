"""English and Chinese: whatever is said has both."""

import re
from importlib.resources import files
from string import Formatter

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main
from tinygrad_rnn.step.language import CHINESE
from tinygrad_rnn.view.legend import EDGES, SAYS

LATIN_WORD = re.compile(r"[A-Za-z]{4,}")
KEPT = {"FLOPs", "float", "tanh", "weight", "bias", "LSTMCell", "GRUCell", "RNNCell", "softmax"}


def fields(text):
    return sorted(int(f or k) if (f or "").isdecimal() or not f else f for k, (_, f, _, _) in enumerate(
        part for part in Formatter().parse(text) if part[1] is not None))  # fmt: skip


@pytest.mark.parametrize("sentence", CHINESE)
def test_a_sentence_and_its_translation_fill_in_the_same(sentence):
    assert fields(sentence) == fields(CHINESE[sentence])


@pytest.mark.parametrize("kind", [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell])
def test_nothing_english_is_left(kind):
    cell = kind(3, 4)
    shown = [
        str(tg.derive(cell, language="zh")), str(tg.summary(cell, language="zh")),
        tg.derive(cell, language="zh").to_markdown().replace("\\", " "),
        str(tg.compare(cell, tg.nn.RNNCell(3, 4), language="zh")),
    ]  # fmt: skip
    for text in (shown[0], shown[1], shown[3]):
        words = {w for w in LATIN_WORD.findall(re.sub(r"\w+_\w+", "", text)) if w not in KEPT}
        assert not words, words
        assert re.search("[\u4e00-\u9fff]", text)


def test_everything_that_a_legend_says_is_in_the_table():
    assert {meaning for _, meaning in SAYS.values()} - {"parameter"} <= set(CHINESE)
    assert set(EDGES.values()) <= set(CHINESE)


def test_everything_that_the_explorer_says_is_in_the_table():
    folder = files("tinygrad_rnn.explorer")
    script, page = ((folder / f"explorer.{kind}").read_text("utf-8") for kind in ("js", "html"))
    said = set(re.findall(r'say\(\s*"([^"]+)"', script)) | set(re.findall(r'[?:] "([^"]+)"\)', script))
    said |= set(re.findall(r"data-word>([^<]+)<", page)) | set(re.findall(r'aria-label="([a-z][^"]+)"', page))
    lacking = {
        s for s in said if s not in CHINESE and re.search("[a-z]{3}", s) and " " in s and not s.startswith("item")
    }
    assert not lacking, lacking


def test_the_command_line_speaks_it(capsys):
    for command in (["derive", "rnn"], ["summary", "rnn"], ["compare", "rnn", "gru"]):
        assert main([*command, "--language", "zh"]) == 0
        assert re.search("[\u4e00-\u9fff]", capsys.readouterr().out)


@pytest.mark.parametrize("reader", ["derive", "summary", "explore"])
def test_another_language_is_refused(reader):
    with pytest.raises(tg.errors.ArgumentError, match=f"{reader}: language is one of en, zh, not 'fr'"):
        getattr(tg, reader)(tg.nn.RNNCell(3, 4), language="fr")
