"""The command draw: every format, level and view; mistakes in one line."""

from __future__ import annotations

import pytest

from tinygrad_rnn.cli import main

OWN = """
import numpy as np
import tinygrad_rnn as tg

class Leaky(tg.nn.Cell):
    def __init__(self, hidden_size):
        self.R = tg.nn.Parameter(np.eye(hidden_size))
    def initial_state(self, batch):
        return self.zeros(batch, len(self.R))
    def step(self, x, h):
        h = (0.9 * h + (h @ self.R).tanh() + x.sum()).named("h", role="state")
        return h, h
"""


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", "<svg"), ("html", "<!DOCTYPE"), ("dot", "//"), ("mmd", "flowchart"), ("pdf", "%PDF")]
)
def test_the_suffix_says_what_is_written(suffix, start, tmp_path, capsys):
    file = tmp_path / f"lstm.{suffix}"
    assert main(["draw", "lstm", "--view", "unrolled", "--steps", "4", "-o", str(file)]) == 0
    assert file.read_bytes().startswith(start.encode())
    assert capsys.readouterr().out == f"{file}\n"


def test_what_is_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["draw", "gru", "--level", "gate", "--view", "fold", "--show", "name", "--legend"]) == 0
    gate = (tmp_path / "gru.svg").read_text(encoding="utf-8")
    assert "t−1" in gate
    assert "state: handed to the next step" in gate
    assert ">(1, 4)<" not in gate
    assert main(["draw", "rnn", "--steps", "5", "--input-size", "7", "--hidden-size", "9", "--theme", "dark"]) == 0
    rnn = (tmp_path / "rnn.svg").read_text(encoding="utf-8")
    assert "(9, 7)" in rnn
    assert "t = 4" in rnn
    assert "prefers-color-scheme" not in rnn


def test_a_cell_in_a_users_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mycell.py").write_text(OWN, encoding="utf-8")
    assert main(["draw", "mycell.py:Leaky", "--direction", "both"]) == 0
    assert "δR" in (tmp_path / "Leaky.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lsmt"], "no cell 'lsmt' (did you mean lstm?)"),
        (["lstm", "-o", "x.jpg"], "cannot tell a format from 'x.jpg'"),
        (["lstm", "-o", "/no/such/x.svg"], "there is no directory '/no/such'"),
        (["lstm", "--show", "colour"], "got 'colour'"),
        (["lstm", "--level", "gaet"], "gaet"),
        (["none.py:Cell"], "none.py: No such file"),
    ],
)
def test_mistakes_get_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["draw", *arguments])
    except SystemExit as exit:
        code = exit.code
    said = capsys.readouterr().err
    assert code == 2
    assert message in said
    assert said.count("\n") == 1
