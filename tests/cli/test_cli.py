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
from tinygrad_rnn.core.errors import GradientCheckError


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the tour trains a compiled layer")
def test_the_tour_leaves_pictures_a_model_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog. " * 200, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["tour", "--text", str(text), "--out", str(out), "--seconds", "1.5"]) == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    for kind in ("rnn", "lstm", "gru"):
        for picture in (f"{kind}.svg", f"{kind}-backward.svg", f"{kind}-unrolled.svg"):
            assert (out / picture).read_text(encoding="utf-8").startswith(("<?xml", "<svg"))
            assert f'src="{picture}"' in page
    assert 'src="http' not in page
    assert "<script" not in page
    assert tg.load(out / "model.safetensors")["cell.lstm.weight_hh"].shape == (4 * 192, 192)
    printed = capsys.readouterr().out
    assert "gradients checked to second order" in printed
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
    assert (tmp_path / "bptt.pdf").read_bytes().startswith(b"%PDF")


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
