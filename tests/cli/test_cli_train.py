"""``tinygrad-rnn train, resume, sample, predict``: whole journeys, and every mistake on one line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main
from tinygrad_rnn.training import checkpoint, read

SMALL = ["--hidden", "8", "--batch", "4", "--quiet", "--save-every", "4"]
OWN = """
import tinygrad_rnn as tg
class Own(tg.nn.GRUCell):
    pass
class Mixing(tg.nn.RNNCell):
    pass
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    t = np.arange(300)
    rows = zip(t, np.sin(t / 5), np.cos(t / 5), strict=True)
    Path("waves.csv").write_text("day,a,b\n" + "".join(f"d{k},{x:.5f},{y:.5f}\n" for k, x, y in rows))
    Path("commas.csv").write_text("a;b\n" + "".join(f"{k % 7},5;{k % 3}\n" for k in t))
    Path("words.txt").write_text("naïve café 水 φ. " * 60, encoding="utf-8")
    Path("own.py").write_text(OWN)


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as done:
        return int(done.code or 0)


def weights(folder: str) -> dict[str, np.ndarray]:
    return read(Path(folder) / "checkpoint.safetensors").part("network")


def losses(folder: str) -> list[float]:
    return [json.loads(line)["loss"] for line in Path(folder, "metrics.jsonl").read_text().splitlines()]


def table(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text().splitlines()))


JOURNEYS = {
    "text": ["text", "words.txt", "--window", "12", "--embedding", "4"],
    "bytes": ["text", "words.txt", "words.txt", "--level", "byte", "--window", "12", "--embedding", "4"],
    "series": ["series", "waves.csv", "--target", "a", "--target", "b", "--window", "10"],
    "decimal commas": ["series", "commas.csv", "--decimal", ",", "--window", "10"],
    "task": ["task", "echo"],
    "own cell": ["task", "echo", "--cell", "own.py:Own"],
    "two layers": ["task", "parity", "--length", "9", "--layers", "2", "--dropout", "0.2", "--cell", "mgu"],
    "plateau": ["task", "echo", "--schedule", "plateau", "--patience", "50"],
    "truncated": ["task", "echo", "--strategy", "truncated:5", "--schedule", "cosine", "--warmup", "2"],
}


@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_run_that_is_resumed_is_the_uninterrupted_one(journey: str, capsys: pytest.CaptureFixture) -> None:
    begin = ["train", *JOURNEYS[journey], *SMALL]
    own = ["--cell", "own.py:Own"] if journey == "own cell" else []
    if "cosine" not in begin:  # whose rates depend on where it ends
        assert run(*begin, "--steps", "6", "--out", "part") == 0
        assert run("resume", "part", "--steps", "9", "--quiet", *own) == 0
        assert run(*begin, "--steps", "9", "--out", "whole") == 0
        whole, part = weights("whole"), weights("part")
        assert all(np.array_equal(whole[name], part[name]) for name in whole)
        assert losses("whole") == losses("part")
        assert (
            read("whole/checkpoint.safetensors").facts["schedule"]
            == read("part/checkpoint.safetensors").facts["schedule"]
        )
    else:
        assert run(*begin, "--steps", "9", "--out", "whole") == 0
    assert {"checkpoint.safetensors", "metrics.jsonl", "metrics.csv", "loss.svg", "gradient-norm.svg"} <= set(
        os.listdir("whole")
    )
    said = capsys.readouterr().out
    assert "training loss" in said
    assert "for comparison" in said
    assert run("predict", "whole", *own) == 0
    if journey in ("text", "bytes"):
        assert run("sample", "whole", "--length", "30", "--seed", "1", "--to", "said.txt") == 0
        assert run("sample", "whole", "--length", "30", "--seed", "1", "--top-k", "3", "--top-p", "0.9") == 0
        assert len(Path("said.txt").read_text(encoding="utf-8")) in range(1, 31)


def test_a_series_is_predicted_with_intervals_and_row_by_row() -> None:
    options = ["--target", "a", "--window", "20", "--hidden", "16", "--steps", "150", "--quiet", "--out", "w"]
    assert run("train", "series", "waves.csv", *options) == 0
    assert run("predict", "w", "--steps", "10", "--to", "next.csv") == 0
    rows = table("next.csv")
    assert [row["row"] for row in rows] == [str(300 + k) for k in range(10)]
    assert all(float(r["a low"]) <= float(r["a high"]) for r in rows)
    truth = np.sin((300 + np.arange(10)) / 5)
    assert np.abs(np.array([float(r["a"]) for r in rows]) - truth).max() < 0.5
    assert "<style>" in Path("next.svg").read_text()
    assert run("predict", "w", "--one-step") == 0
    rows = table("w/one-step.csv")
    assert len(rows) == 299
    assert np.abs([float(r["a"]) - float(r["a predicted"]) for r in rows[20:]]).max() < 0.3


def test_the_shell_of_another_language_or_none_reads_the_same_text(capsys: pytest.CaptureFixture) -> None:
    assert run("train", *JOURNEYS["text"], *SMALL, "--steps", "4", "--out", "t") == 0
    assert run("predict", "t", "--start", "水") == 0
    assert capsys.readouterr().out.count("%") == 10


def bad(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


BROKEN = {
    "nothing there": (["text", "wrods.txt"], "wrods.txt: No such file or directory (did you mean"),
    "empty": (["text", ("e.txt", "")], "e.txt: the file is empty"),
    "not text": (["text", "waves.npy"], "an array of NumPy (.npy), not text; save it as"),
    "too long a window": (["text", "words.txt", "--window", "99999"], "960 symbols, 864 before the"),
    "no column": (["series", "waves.csv", "--target", "aa"], "there is no column 'aa'"),
    "a column of text": (["series", "waves.csv"], "column 'day': 'd0' is not a number"),
    "missing": (["series", ("m.csv", "a,b\n1,2\n3,\n5,6\n")], "line 3, column 'b': the value is missing"),
    "nan": (["series", ("n.csv", "a,b\n1,2\n3,nan\n5,6\n")], "line 3, column 'b': the value is missing"),
    "patience": (["series", "waves.csv", "--target", "a", "--validation", "0", "--patience", "2"], "--patience needs"),
    "commas": (["series", "commas.csv"], "if the comma is a decimal one, say --decimal ','"),
    "thousands": (["series", ("k.csv", 'a;b\n"1,000";2\n999;1\n')], "if ',' separates thousands, say --thousands ','"),
    "years": (["series", ("y.csv", "who,1960\n1,2\n")], "if line 1 has names, say --header"),
    "which columns": (["series", "waves.csv"], "to leave a column of text out, name those wanted (--target)"),
    "an encoding": (["series", ("u.csv", b"\xff\xfea\0\n\0"), "--header"], "but UTF-16; say --encoding 'utf-16'"),
    "of the text": (["text", ("l.txt", b"na\xefve")], "say --encoding cp1252"),
    "no encoding": (["text", "words.txt", "--encoding", "utf-9"], "--encoding: there is no encoding 'utf-9'"),
    "a column twice": (["series", "waves.csv", "--target", "a", "--target", "a"], "--target: expected names"),
    "inputs alone": (["series", "waves.csv", "--inputs", "a"], "--inputs needs --target"),
    "infinite": (["series", ("i.csv", "a\n1\ninf\n3\n")], "line 3, column 'a': 'inf' is not finite"),
    "one row": (["series", ("o.csv", "a\n1\n")], "one row of numbers; a series has at least two"),
    "too short": (["series", ("s.csv", "a\n1\n2\n3\n")], "s.csv: 3 rows; --window 50 needs 51"),
    "no task": (["task", "addign"], "(did you mean adding?)"),
    "no cell": (["task", "echo", "--cell", "lsmt"], "no cell 'lsmt' (did you mean lstm?)"),
    "no own cell": (["task", "echo", "--cell", "own.py:Onw"], "own.py has no 'Onw'; it has Mixing, Own"),
    "no strategy": (["task", "echo", "--strategy", "bttp"], "no strategy 'bttp' (did you mean bptt?)"),
    "no number": (["task", "echo", "--hidden", "big"], "argument --hidden: expected a whole number of at least 1"),
    "no share": (["task", "echo", "--dropout", "1"], "argument --dropout: expected a share from 0 to below 1"),
    "no rate": (["task", "echo", "--lr", "0"], "argument --lr: expected a number above 0, got '0'"),
    "no length": (["task", "reber", "--length", "9"], "the task reber has no length to choose"),
    "typo": (["task", "echo", "--hiden", "8"], "(did you mean --hidden?)"),
    "nothing": ([], "WHAT"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_mistakes_get_one_line_and_leave_nothing(what: str, capsys: pytest.CaptureFixture) -> None:
    given, message = BROKEN[what]
    np.save("waves.npy", np.arange(9.0))
    before = set(os.listdir())
    arguments = [g if isinstance(g, str) else bad(*g) for g in given]  # type: ignore[misc]
    made = {g[0] for g in given if isinstance(g, tuple)}
    assert run("train", *arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert message in said
    assert set(os.listdir()) - before <= made | {"__pycache__"}


def test_scheduled_sampling_of_what_is_no_next_step(capsys: pytest.CaptureFixture) -> None:
    assert run("train", "task", "copy", "--strategy", "scheduled:1", *SMALL, "--steps", "3") == 2
    assert "the targets are not the next inputs" in capsys.readouterr().err


def test_mistakes_with_runs(capsys: pytest.CaptureFixture) -> None:
    assert run("train", *JOURNEYS["own cell"], *SMALL, "--steps", "4", "--out", "r") == 0
    assert run("train", *JOURNEYS["series"], *SMALL, "--steps", "4", "--out", "s") == 0
    tg.save({"w": np.zeros(2)}, "weights.safetensors")
    Path("cut").mkdir()
    Path("cut/checkpoint.safetensors").write_bytes(Path("s/checkpoint.safetensors").read_bytes()[:500])
    found = read("s/checkpoint.safetensors")
    for name, config in (("other", {}), ("older", {k: v for k, v in found.facts["config"].items() if k != "chrono"})):
        Path(name).mkdir()
        checkpoint.write(f"{name}/checkpoint.safetensors", found.arrays, {**found.facts, "config": config})
    capsys.readouterr()
    for arguments, message in (
        (["predict", "other"], "a checkpoint, but not of a run that tinygrad-rnn train began"),
        (["resume", "older"], "its configuration does not say chrono"),
        (["train", *JOURNEYS["task"], "--out", "r"], "r has a run already: tinygrad-rnn resume r goes on with it"),
        (["resume", "r"], "that is not run unasked: add --cell FILE.py:NAME"),
        (["resume", "r", "--cell", "own.py:Own"], "4 steps are done; --steps N"),
        (["resume", "r", "--steps", "8", "--cell", "own.py:Mixing"], "wrong shape: cells.0."),
        (["resume", "nowhere"], "No such file or directory"),
        (["resume", "cut"], "is not a sound safetensors file"),
        (["predict", "weights.safetensors"], "weights alone (w, …), not the checkpoint of a training run"),
        (["sample", "s"], "s was trained on a series: tinygrad-rnn predict s"),
        (["predict", "s", "words.txt"], "words.txt"),
        (["predict", "s", "--interval", "2"], "expected a share between 0 and 1"),
    ):
        assert run(*arguments) == 2, arguments
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert message in said


def test_a_checkpoint_runs_no_code(capsys: pytest.CaptureFixture) -> None:
    """Of a run with a cell in a user's file, that file is not run because a checkpoint names it."""
    assert run("train", *JOURNEYS["own cell"], *SMALL, "--steps", "4", "--out", "r") == 0
    Path("own.py").write_text(OWN + "open('harm', 'w')\n")
    for command in (["resume", "r", "--steps", "8"], ["predict", "r"]):
        assert run(*command) == 2
    assert not Path("harm").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_keeps_what_was_learned() -> None:
    command = [
        sys.executable,
        "-m",
        "tinygrad_rnn",
        "train",
        "task",
        "echo",
        "--out",
        "r",
        "--steps",
        "1000000",
        *SMALL,
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lines = Path("r/metrics.jsonl")
    while not lines.exists() or lines.stat().st_size < 2000:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said.strip() == "interrupted; what was finished is in r"
    steps = read("r/checkpoint.safetensors").facts["step"]
    assert steps == len(lines.read_text().splitlines())
    assert run("resume", "r", "--steps", str(steps + 3), "--quiet") == 0


def test_help_names_everything(capsys: pytest.CaptureFixture) -> None:
    for command in ("text", "series", "task"):
        assert run("train", command, "--help") == 0
    said: Any = capsys.readouterr().out
    for word in ("--cell", "--layers", "--hidden", "--strategy", "truncated:K1[,K2]", "For example:"):
        assert said.count(word) >= 3
