"""A run and its data: what a run says belongs to it and to its files, or is refused in one line."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main, runs
from tinygrad_rnn.training import locked, read

SMALL = ["--hidden", "6", "--batch", "4", "--window", "8", "--quiet", "--save-every", "3"]
SERIES = ["train", "series", "s.csv", *SMALL, "--out", "r"]
TEXT = ["train", "text", "t.txt", "--embedding", "4", *SMALL, "--out", "r"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    series()
    Path("t.txt").write_text("to be or not to be\n" * 30)


def series(rows: int = 120, scale: float = 1.0) -> None:
    t = np.arange(rows)
    lines = (f"{10 + scale * np.sin(k / 5):.5f},{k % 7}\n" for k in t)
    Path("s.csv").write_text("a,b\n" + "".join(lines))


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as done:
        return int(done.code or 0)


def state(folder: str = "r") -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    found = read(Path(folder, "checkpoint.safetensors"))
    return found.arrays, {name: x for name, x in found.facts.items() if name != "seconds"}


def equal(one: Any, other: Any) -> bool:
    arrays, facts = one
    assert facts == other[1]
    return arrays.keys() == other[0].keys() and all(np.array_equal(arrays[n], other[0][n]) for n in arrays)


CHANGES = {
    "grown": (lambda: series(150), "s.csv: not what the run was trained on, 120 rows then, 150 now; --new-data"),
    "another scale": (lambda: series(120, 9.0), "120 rows as then, but of another content; --new-data"),
    "one digit": (
        lambda: Path("s.csv").write_text(Path("s.csv").read_text().replace("10.00000", "10.00001", 1)),
        "120 rows as then, but of another content; --new-data",
    ),
    "gone": (lambda: Path("s.csv").unlink(), "s.csv: No such file or directory"),
    "a column less": (lambda: Path("s.csv").write_text("a\n" + "1\n2\n" * 60), "no column 'b'; there are 'a'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_data_are_refused_by_name_and_nothing_is_written(change: str, capsys: pytest.CaptureFixture) -> None:
    assert run(*SERIES, "--steps", "4") == 0
    before = {file.name: file.read_bytes() for file in Path("r").iterdir()}
    act, message = CHANGES[change]
    act()
    capsys.readouterr()
    assert run("resume", "r", "--steps", "9", "--quiet") == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert {file.name: file.read_bytes() for file in Path("r").iterdir()} == before


def test_new_data_are_trained_on_with_the_scale_of_the_run_and_the_best_begins_anew(
    capsys: pytest.CaptureFixture,
) -> None:
    assert run(*SERIES, "--steps", "6", "--schedule", "plateau", "--patience", "9") == 0
    _, old = state()
    series(150, 50.0)
    assert run("resume", "r", "--steps", "20", "--quiet", "--new-data") == 0
    _, new = state()
    assert (new["config"]["mean"], new["config"]["deviation"]) == (old["config"]["mean"], old["config"]["deviation"])
    assert new["config"]["data"]["rows"] == 150
    assert new["best"][0] > old["best"][0], "of other data: not compared with the old"
    assert run("resume", "r", "--steps", "22", "--quiet") == 0, "these are now its data"
    assert run("predict", "r", "--steps", "3") == 0
    assert "forecasts of the validation part" in capsys.readouterr().out


def test_another_text_of_the_same_alphabet_is_noticed_and_new_characters_are_counted(
    capsys: pytest.CaptureFixture,
) -> None:
    assert run(*TEXT, "--steps", "4") == 0
    Path("t.txt").write_text("or to be not to be\n" * 30)
    assert run("resume", "r", "--steps", "8", "--quiet") == 2
    assert "570 symbols as then, but of another content; --new-data goes on with it, on the alphabet of the run" in (
        capsys.readouterr().err
    )
    Path("t.txt").write_text("or to be not to be?\n" * 30)
    assert run("resume", "r", "--steps", "8", "--quiet", "--new-data") == 0
    assert "30 of 600 characters are new to the run" in capsys.readouterr().out
    assert run("sample", "r", "--length", "400", "--temperature", "9", "--to", "said.txt") == 0
    assert "�" not in Path("said.txt").read_text(encoding="utf-8")
    assert run("predict", "r") == 0
    assert "�" not in capsys.readouterr().out
    for command in (["sample", "r"], ["predict", "r"]):
        assert run(*command, "--start", "to be? 水") == 2
        assert "--start: the text that the run learnt from has no '?', '水'" in capsys.readouterr().err


def test_predicting_from_changed_data_says_so(capsys: pytest.CaptureFixture) -> None:
    assert run(*SERIES, "--steps", "4") == 0
    series(130)
    capsys.readouterr()
    assert run("predict", "r", "--steps", "2") == 0
    assert "s.csv is not what the run was trained on: its 130 rows of now are gone on from" in capsys.readouterr().out
    assert Path("r/forecast.csv").read_text().splitlines()[1].startswith("130,")


def test_intervals_are_those_of_the_weights_that_predict(capsys: pytest.CaptureFixture) -> None:
    assert run(*SERIES, "--steps", "40") == 0
    text = Path("r/residuals.safetensors").read_bytes()
    assert run("resume", "r", "--steps", "80", "--quiet") == 0
    assert run("predict", "r") == 0
    assert "low" in Path("r/forecast.csv").read_text()
    Path("r/residuals.safetensors").write_bytes(text)  # as if the second training had not come to its end
    assert run("predict", "r") == 0
    assert "no intervals: what predictions miss was measured with other weights" in capsys.readouterr().out
    assert "low" not in Path("r/forecast.csv").read_text()


def test_overwriting_leaves_nothing_of_the_old_run_whenever_it_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two changes of the folder, what is left is no run, or the new one alone."""
    old = [*SERIES, "--steps", "6"]
    new = ["train", "series", "s.csv", "--target", "b", *SMALL, "--out", "r", "--overwrite", "--steps", "4"]

    class Killed(BaseException):
        pass

    def counted(name: str, real: Any, clock: Any, at: int) -> None:
        def act(*given: Any, **options: Any) -> Any:
            if next(clock) == at:
                raise Killed
            return real(*given, **options)

        monkeypatch.setattr(os, name, act)

    unlink, replace = os.unlink, os.replace
    for at in itertools.count():
        assert run(*old, "--overwrite") == 0
        assert run("predict", "r") == 0
        Path("r/notes.txt").write_text("mine")
        clock = itertools.count()
        for name, real in (("unlink", unlink), ("replace", replace)):
            counted(name, real, clock, at)
        ended = False
        with contextlib.suppress(Killed):
            ended = run(*new) == 0
        monkeypatch.setattr(os, "unlink", unlink)
        monkeypatch.setattr(os, "replace", replace)
        assert Path("r/notes.txt").read_text() == "mine"
        if Path("r/checkpoint.safetensors").exists():
            names = state()[1]["config"]["names"]
            assert names == ["b"] or (at == 0 and names == ["a", "b"]), "the old one alone if nothing was deleted yet"
            if names == ["b"]:
                assert run("resume", "r", "--steps", "5", "--quiet") == 0
                lines = Path("r/metrics.jsonl").read_text().splitlines()
                assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4, 5]
        else:
            assert run("predict", "r") == 2
            left_over = bool(runs.files_in(Path("r")))
            assert run(*new[:-3], *new[-2:]) == (2 if left_over else 0)
        if ended:
            break
    assert at > 10


def test_a_mistake_leaves_the_old_run(capsys: pytest.CaptureFixture) -> None:
    assert run(*SERIES, "--steps", "4") == 0
    before = state()
    assert run(*SERIES, "--overwrite", "--target", "c") == 2
    assert run("train", "series", "s.csv", "--overwrite", "--window", "500", "--out", "r") == 2
    assert equal(state(), before)


def test_one_process_at_a_time(capsys: pytest.CaptureFixture) -> None:
    assert run(*SERIES, "--steps", "4") == 0
    code = "from tinygrad_rnn.training import locked\nwith locked('r'):\n print(1, flush=True)\n input()"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    capsys.readouterr()
    before = state()
    for command in (["resume", "r", "--steps", "9"], [*SERIES, "--overwrite"]):
        assert run(*command) == 2
        assert capsys.readouterr().err == "tinygrad-rnn: r: another process is training here\n"
    assert equal(state(), before)
    assert run("predict", "r") == 0, "reading is free"
    other.kill()
    other.communicate()
    assert run("resume", "r", "--steps", "9", "--quiet") == 0


def test_where_there_is_no_run_nothing_is_made() -> None:
    assert run("resume", "nowhere") == 2
    assert not Path("nowhere").exists()
    with locked("r"):
        pass
    assert run("resume", "r") == 2
    assert run(*SERIES, "--steps", "3") == 0


def test_a_run_that_was_killed_before_it_learnt_anything(capsys: pytest.CaptureFixture) -> None:
    """It can be resumed from the start, and equals one that was not killed; nothing is predicted from it."""
    assert run(*SERIES, "--steps", "5") == 0
    whole = state()
    trainer = tg.Trainer.run
    try:
        tg.Trainer.run = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[assignment, method-assign]
        assert run(*SERIES, "--steps", "5", "--overwrite") == 130
    finally:
        tg.Trainer.run = trainer  # type: ignore[method-assign]
    assert run("predict", "r") == 2
    assert "nothing was learnt yet; tinygrad-rnn resume r goes on" in capsys.readouterr().err
    assert run("resume", "r", "--quiet") == 0
    assert equal(state(), whole)
