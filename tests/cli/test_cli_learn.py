"""``tinygrad-rnn learn``, as a reader uses it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tinygrad_rnn.cli import learn, main
from tinygrad_rnn.exercises import exercise, exercises
from tinygrad_rnn.exercises.reader_folder import ReaderFolder


def say(*words: object) -> int:
    return main(["learn", *map(str, words)])


def test_from_an_empty_folder_to_the_first_right_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "exercises"
    assert say(folder, "--language", "en") == 0
    assert f"Next: {folder}/01_product.py" in capsys.readouterr().out
    assert say(folder, "--check", "product") == 0
    assert "δa is still `...`" in capsys.readouterr().out
    (folder / "01_product.py").write_text(exercise("product").solution)
    assert say(folder, "--check", 1) == 0
    out = capsys.readouterr().out
    assert "Right." in out
    assert "02_chain.py" in out
    assert say(folder, "--list") == 0
    assert "✓ 01 · A product" in capsys.readouterr().out
    assert say(folder, "--reset", "product") == 0
    assert "01_product.1.py" in capsys.readouterr().out
    assert say(folder, "--hint") == 0
    assert "Hint 1 of" in capsys.readouterr().out


def test_to_look_is_not_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(tmp_path / "exercies", "--list", "--language", "en") == 0
    assert "01 · A product" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--check", "prodct"], "did you mean product?"),
        (["--check", "99"], "numbered 1 to"),
        (["--watch", "--list"], "not allowed with"),
        (["--hnt"], "did you mean --hint?"),
        (["--language", "fr"], "invalid choice"),
    ],
)
def test_a_slip_gets_one_line(words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = say(tmp_path / "new", *words)
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "exercises").write_text("mine")
    assert say(tmp_path / "exercises") == 2
    assert "is a file; expected a folder" in capsys.readouterr().err


def test_watching_checks_what_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ReaderFolder(tmp_path, "en")
    folder.fill()
    for e in exercises()[1:]:
        folder.mark(e, True)
    looked = threading.Event()
    pause = learn.time.sleep

    def sleep(seconds: float) -> None:
        if not looked.is_set():  # it has looked once: now the reader saves
            looked.set()
            folder.file(exercises()[0]).write_text(exercise("product").solution)
        pause(min(seconds, 0.01))

    monkeypatch.setattr(learn.time, "sleep", sleep)
    assert say(tmp_path, "--watch") == 0
    out = capsys.readouterr().out
    assert "Right." in out
    assert f"All {len(exercises())} are done" in out


def test_in_its_folder_the_folder_need_not_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ReaderFolder(tmp_path, "zh").fill()
    monkeypatch.chdir(tmp_path)
    assert say("--hint") == 0
    assert "提示 1/2" in capsys.readouterr().out
    assert not (tmp_path / "exercises").exists()
    assert os.listdir(tmp_path / ".") != []
