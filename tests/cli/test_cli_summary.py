"""``tinygrad-rnn summary``."""

import pytest

from tinygrad_rnn.cli import main


def test_what_is_printed(capsys):
    assert (
        main(["summary", "lstm", "--input-size", "64", "--hidden-size", "128", "--steps", "100", "--batch", "32"]) == 0
    )
    out = capsys.readouterr().out
    assert out.startswith("LSTMCell(64, 128): 100 steps of 32 samples, float32")
    assert "99,328  4DH + 4H² + 8H" in out
    assert main(["summary", "gru", "--markdown"]) == 0
    assert "| total |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grru"], "no cell 'grru' (did you mean gru?)"),
        (["gru", "--steps", "0"], "expected a whole number of at least 1, got '0'"),
        (["gru", "--stesp", "3"], "unrecognized arguments: --stesp 3 (did you mean --steps?)"),
    ],
)
def test_mistakes_get_one_line(arguments, message, capsys):
    try:
        code = main(["summary", *arguments])
    except SystemExit as done:
        code = done.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert message in error
