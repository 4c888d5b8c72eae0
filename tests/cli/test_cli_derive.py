"""``tinygrad-rnn derive``."""

import runpy

import numpy as np
import pytest

from tinygrad_rnn.cli import main


@pytest.mark.parametrize(
    ("arguments", "start", "inside"),
    [
        (["rnn"], "RNNCell\n\nForward", "δzₜ = δhₜ ⊙ (1 − hₜ²)"),
        (["gru", "--style", "simplified"], "GRUCell", "δz_nₜ = δhₜ ⊙ (1 − zₜ) ⊙ (1 − nₜ²)"),
        (["lstm", "--to", "latex"], r"\paragraph{Forward}", r"\tilde{c}_{t}"),
        (["lstm", "--to", "markdown"], "# LSTMCell", "$$"),
        (["lstm", "--to", "html"], "<!DOCTYPE html>", "<math"),
        (["lstm", "--to", "numpy"], "import numpy as np", "def LSTMCell(xs, h_0, c_0, weight_ih"),
        (["lstm", "--wrt", "W_f"], "LSTMCell", "δW_f = Σₜ δz_fₜ xₜᵀ"),
    ],
)
def test_what_is_printed(arguments, start, inside, capsys):
    assert main(["derive", *arguments]) == 0
    out = capsys.readouterr().out
    assert out.startswith(start)
    assert inside in out


def test_a_numpy_file_runs(tmp_path, capsys):
    assert main(["derive", "gru", "--input-size", "2", "--hidden-size", "3", "-o", str(tmp_path / "gru.py")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "gru.py")
    gru = runpy.run_path(str(tmp_path / "gru.py"))["GRUCell"]
    shapes = [(5, 1, 2), (1, 3), (9, 2), (9, 3), (9,), (9,), (5, 1, 3)]
    outputs, gradients, _ = gru(*[np.ones(s) for s in shapes])
    assert outputs.shape == (5, 1, 3)
    assert gradients["weight_hh"].shape == (9, 3)


def test_a_cell_in_a_users_file(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "import tinygrad_rnn as tg\n"
        "class Leaky(tg.nn.RNNCell):\n"
        "    def step(self, x, h):\n"
        "        h = (0.9 * h + tg.tanh(self.from_input(x))).named('h', role='state')\n"
        "        return h, h\n"
    )
    assert main(["derive", f"{tmp_path / 'mine.py'}:Leaky", "--style", "simplified"]) == 0
    assert "δhₜ = ∂ℓ/∂hₜ + 0.9 δhₜ₊₁" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lstn"], "no cell 'lstn' (did you mean lstm?)"),
        (["lstm", "--to", "word"], "invalid choice: 'word'"),
        (["lstm", "--wrt", "q"], "there is no gradient of q; there are x, h, c"),
        (["lstm", "-o", "page.doc"], "a file ends in .tex, .md, .html, .txt, .py, not 'page.doc'"),
        (["lstm", "-o", "nowhere/page.txt"], "nowhere/page.txt: No such file or directory"),
    ],
)
def test_mistakes_get_one_line(arguments, message, capsys):
    try:
        code = main(["derive", *arguments])
    except SystemExit as done:
        code = done.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert message in error
