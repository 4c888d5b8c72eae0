"""The command line: the tour leaves what it promises; mistakes get one line and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main, tour
from tinygrad_rnn.cli.fading import norms_by_step
from tinygrad_rnn.core.errors import GradientCheckError


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the tour trains a compiled layer")
def test_the_tour_leaves_pictures_a_model_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog. " * 200, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["tour", "--text", str(text), "--out", str(out), "--seconds", "1.5"]) == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    for kind in ("rnn", "lstm", "gru"):
        for picture in (f"{kind}.svg", f"{kind}-backward.svg", f"{kind}-bptt.svg", f"{kind}-gates.svg"):
            assert (out / picture).read_text(encoding="utf-8").startswith(("<?xml", "<svg"))
            assert f'src="{picture}"' in page
        assert f'href="{kind}.html"' in page
        assert "const FUNCTIONS" in (out / f"{kind}.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert "<script" not in page
    saved = tg.load(out / "checkpoint.safetensors")
    assert saved["network.cells.0.weight_hh"].shape == (4 * 192, 192)
    assert int(saved["optimizer.0.step"]) > 0
    assert page.rstrip().endswith("</html>")
    for promised in (
        "Five minutes",
        "The smallest graph",
        "Graphs, node by node",
        "How a gradient travels",
        "Learning to write",
        "What to look at next",
    ):
        assert promised in page
    assert page.count("<figure") == 1 + 12 + 2
    assert "nan" not in page.split("<svg", 1)[1]
    printed = capsys.readouterr().out
    assert printed.count("gradients checked to second order") == 3
    before, after = printed.split("loss ")[-1].split(" nats")[0].split(" → ")
    assert float(after) < float(before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tuor"], "did you mean tour?"),
        (["tour", "--secnds", "3"], "--secnds"),
        (["tour", "--seconds", "fast"], "expected a number of seconds above 0, got 'fast'"),
        (["tour", "--seconds", "0"], "expected a number of seconds above 0, got '0'"),
        (["tour", "--text", "/no/such/file"], "/no/such/file: No such file"),
        (["tour", "--text", "."], ".: Is a directory"),
        ([], "required: COMMAND"),
        (["TOUR"], "did you mean tour?"),
        (["--versoin"], "--versoin (did you mean --version?)"),
    ],
)
def test_mistakes_get_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tinygrad_rnn", *arguments]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "the file is empty"), (b"abc", "need"), (b"\xff\xfe\x00", "not UTF-8")]
)
def test_texts_that_will_not_do(content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    assert main(["tour", "--text", str(tmp_path / "text.txt"), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert not (tmp_path / "out").exists()


def test_help_and_version(capsys: pytest.CaptureFixture) -> None:
    for arguments, expected in (
        (["--help"], "tour"),
        (["tour", "--help"], "--seconds"),
        (["--version"], tg.__version__),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 0
        assert expected in capsys.readouterr().out


def test_what_the_page_proposes_to_try_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(tour.NEXT, "what to look at next", "exec"), {})
    assert (tmp_path / "bptt.svg").read_text().startswith("<svg")


def test_a_wrong_rule_for_a_weight_is_found() -> None:
    """The tour's check looks at weights, not at inputs alone; afterwards the cell holds its own parameters again."""

    class Wrong(tg.nn.RNNCell):
        def step(self, x: tg.Tensor, state: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor]:
            h = x @ self.weight_ih.mT + state @ self.weight_hh.detach().mT + 0 * self.weight_hh.sum()
            return h, h

    cell = Wrong(2, 3, bias=False, dtype=np.float64)
    with pytest.raises(GradientCheckError, match="weight_hh"):
        tour.check(cell, tg.tensor(np.ones((2, 1, 2))))
    assert [name for name, _ in cell.named_parameters()] == ["weight_ih", "weight_hh"]


def test_a_terminal_that_cannot_show_mathematics_gets_question_marks(tmp_path: Path) -> None:
    code = "from tinygrad_rnn.cli import main; code = main(['tour', '--text', 'σ']); print('∂'); exit(code)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, timeout=120, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert run.returncode == 2
    assert run.stdout.strip() == b"?"
    assert run.stderr.strip() == b"tinygrad-rnn: ?: No such file or directory"


def test_an_interrupted_tour_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tour, "learning", interrupted)
    assert main(["tour", "--out", str(tmp_path / "out")]) == 130
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "interrupted here" in page
    assert 'src="lstm-backward.svg"' in page
    assert "what was finished is in" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "taken").write_text("a file")
    assert main(["tour", "--out", str(tmp_path / "taken")]) == 2
    assert capsys.readouterr().err == f"tinygrad-rnn: {tmp_path / 'taken'}: File exists\n"
    assert main(["tour", "--out", str(tmp_path / "taken" / "deeper")]) == 2
    assert "Not a directory" in capsys.readouterr().err


def test_a_misspelt_file_gets_a_suggestion(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "shakespeare.txt").write_text("To be")
    assert main(["tour", "--text", str(tmp_path / "shakespear.txt"), "--out", str(tmp_path / "out")]) == 2
    assert f"did you mean {tmp_path / 'shakespeare.txt'}?" in capsys.readouterr().err


def test_the_forget_bias_carries_the_gradient() -> None:
    """What the tour's chart says: it vanishes in all but the LSTM that starts out remembering."""
    first, last = 0, 59
    for kind, bias in (("RNN", None), ("GRU", None), ("LSTM", None)):
        norms = norms_by_step(kind, bias)
        assert norms[first] < 1e-9 * norms[last]
    norms = norms_by_step("LSTM", 2.0)
    assert norms[first] > 1e-3 * norms[last]


def test_shells_are_told_what_may_follow(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    pytest.importorskip("argcomplete")
    asked = {
        "_ARGCOMPLETE": "1", "COMP_LINE": "tinygrad-rnn derive lstm --to la", "COMP_POINT": "32",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "said"), "_ARGCOMPLETE_IFS": "\n",
    }  # fmt: skip
    command = [sys.executable, "-c", "from tinygrad_rnn.cli import main; main()"]
    subprocess.run(command, env=os.environ | asked, check=False, capture_output=True)
    assert (tmp_path / "said").read_text().split() == ["latex"]
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "register-python-argcomplete --shell fish" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["derive", "lstm", "--to", "latx"], "latex"), (["draw", "lstm", "--level", "gates"], "gate"),
        (["explore", "lstm", "--level", "opp"], "op"), (["derive", "lstm", "--language", "z"], "zh"),
        (["draw", "lstm", "--theme", "drak"], "dark"),
    ],
)  # fmt: skip
def test_a_wrong_choice_names_the_nearest(typed: list[str], meant: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(typed)
    assert f"did you mean {meant}?" in capsys.readouterr().err
