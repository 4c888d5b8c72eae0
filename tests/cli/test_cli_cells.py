"""``tinygrad-rnn cells``."""

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main


def test_the_list_names_every_cell(capsys):
    assert main(["cells"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(tg.nn.catalogue())]] == list(tg.nn.catalogue())


@pytest.mark.parametrize("spelling", ["mgu", "MGU", "MGUCell"])
def test_one_cell_in_full(spelling, capsys):
    assert main(["cells", spelling]) == 0
    out = capsys.readouterr().out
    assert "h = (1 − f) ⊙ h′ + f ⊙ h̃" in out
    assert "Parameters: 2H(D + H + 1) = 64 for D = 3, H = 4." in out
    assert "Zhou et al., Minimal gated unit" in out
    assert "In Python: tg.nn.MGUCell(3, 4)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mgo"], "no cell 'mgo' (did you mean mgu?)"),
        (["mgu", "--hidden-size", "-1"], "expected a whole number of at least 1, got '-1'"),
    ],
)
def test_mistakes_get_one_line(arguments, message, capsys):
    try:
        code = main(["cells", *arguments])
    except SystemExit as done:
        code = done.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert message in error
