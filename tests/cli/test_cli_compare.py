"""``tinygrad-rnn compare`` and ``flow``."""

import pytest

from tinygrad_rnn.cli import main


def test_cells_side_by_side(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    assert main(["compare", "rnn", "gru", "lstm"]) == 0
    out = capsys.readouterr().out
    assert out.split()[:2] == ["RNNCell(3,", "4)"]
    assert "LSTMCell" in out
    assert max(map(len, out.splitlines())) <= 90
    assert main(["compare", "rnn", "gru", "-o", str(tmp_path / "cells.html")]) == 0
    assert (tmp_path / "cells.html").read_text(encoding="utf-8").count("<svg") == 2


def test_a_gradient_through_time(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    assert main(["flow", "lstm", "--steps", "10", "-o", str(tmp_path / "flow.svg")]) == 0
    assert capsys.readouterr().out.startswith("LSTMCell: gradients through 10 steps")
    assert (tmp_path / "flow.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "gru"], "expected two cells or more, got 1"),
        (["compare", "gru", "lstn"], "no cell 'lstn' (did you mean lstm?)"),
        (["compare", "gru", "lstm", "-o", "cells.pdf"], "a file ends in .html or .txt, not 'cells.pdf'"),
        (["flow", "gru", "--steps", "0"], "expected a whole number of at least 1, got '0'"),
        (["flow", "gru", "-o", "/nowhere/flow.svg"], "/nowhere/flow.svg: No such file or directory"),
        (["flow", "gru", "--steps", "3", "-o", "flow.xyz"], "a figure ends in .svg, .png or .pdf, not 'flow.xyz'"),
    ],
)
def test_mistakes_get_one_line(arguments, message, capsys):
    try:
        code = main(arguments)
    except SystemExit as done:
        code = done.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert message in error
