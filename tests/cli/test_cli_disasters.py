"""Kills, full and read-only disks, a missing home: a run then equals an undisturbed one, or one line says why not."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn.cli import main
from tinygrad_rnn.training import read

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits of processes")
TRAIN = ["train", "series", "s.csv", "--cell", "rnn", "--hidden", "3", "--window", "8", "--batch", "4", "--quiet"]
TRAIN += ["--save-every", "2"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("y\n" + "".join(f"{math.sin(k / 3):.5f}\n" for k in range(90)))


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as done:
        return int(done.code or 0)


def child(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The command line in another process, after some lines of code."""
    command = [sys.executable, "-c", f"{code}\nfrom tinygrad_rnn.cli import main; import sys; sys.exit(main())"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen([*command, *arguments], **pipes, **options)


def equal(one: str, other: str) -> bool:
    """Whether two runs are in the same state, the time they took aside."""
    a, b = (read(Path(folder, "checkpoint.safetensors")) for folder in (one, other))
    assert {**a.facts, "seconds": 0} == {**b.facts, "seconds": 0}
    return a.arrays.keys() == b.arrays.keys() and all(np.array_equal(a.arrays[n], b.arrays[n]) for n in a.arrays)


def test_sigterm_lets_the_step_end_and_the_run_goes_on() -> None:
    process = child("", *TRAIN, "--steps", "100000", "--out", "r")
    while not (lines := Path("r/metrics.jsonl")).exists() or lines.stat().st_size < 1000:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (143, "")
    steps = read("r/checkpoint.safetensors").facts["step"]
    assert steps == len(Path("r/metrics.jsonl").read_text().splitlines())
    assert run("resume", "r", "--steps", str(steps + 3), "--quiet") == 0
    assert len(Path("r/metrics.jsonl").read_text().splitlines()) == steps + 3
    assert sorted(Path("r").glob(".*.????????????????")) == []


def test_a_kill_inside_the_very_first_save(capsys: pytest.CaptureFixture) -> None:
    code = "import os, signal\nos.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)"
    process = child(code, *TRAIN, "--steps", "5", "--out", "r")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    left = {file.name for file in Path("r").iterdir()}
    assert ".lock" in left
    assert any(name.startswith(".checkpoint.safetensors.") for name in left)
    assert run("resume", "r") == 2
    assert "r/checkpoint.safetensors: No such file or directory" in capsys.readouterr().err
    assert run(*TRAIN, "--steps", "5", "--out", "r") == run(*TRAIN, "--steps", "5", "--out", "w") == 0
    assert equal("r", "w")
    assert {file.name for file in Path("r").iterdir()} == {file.name for file in Path("w").iterdir()}


def test_a_disk_that_is_full_at_any_moment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """From the n-th write on none succeeds: one line; and when there is room again, the run goes on to the same end."""
    assert run(*TRAIN, "--steps", "5", "--out", "w") == 0
    fsync = os.fsync
    for n in range(100):
        writes = iter(range(1000))

        def full(file: int) -> None:
            if next(writes) >= n:  # noqa: B023
                raise OSError(28, "No space left on device")
            fsync(file)

        monkeypatch.setattr(os, "fsync", full)
        capsys.readouterr()
        code = run(*TRAIN, "--steps", "5", "--out", f"r{n}")
        monkeypatch.setattr(os, "fsync", fsync)
        if code == 0:
            break
        assert code == 2
        said = capsys.readouterr().err
        assert said.startswith(f"tinygrad-rnn: r{n}/")
        assert said.endswith(": No space left on device\n")
        assert not list(Path(f"r{n}").glob(".*.????????????????")), "half a file"
        there = Path(f"r{n}/checkpoint.safetensors").exists()
        assert there == (n > 0)
        if not there:
            assert run(*TRAIN, "--steps", "5", "--out", f"r{n}") == 0
        elif read(f"r{n}/checkpoint.safetensors").facts["step"] < 5:
            assert run("resume", f"r{n}", "--quiet") == 0
        assert equal(f"r{n}", "w")
    assert n > 8


@pytest.mark.parametrize("place", ["/proc/run", "/dev/null/run", "locked"])
def test_a_folder_that_cannot_be_written(place: str, capsys: pytest.CaptureFixture) -> None:
    if place == "locked":
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        Path("locked").mkdir(mode=0o500)
        place = "locked/run"
    assert run(*TRAIN, "--steps", "5", "--out", place) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"tinygrad-rnn: {place}")
    assert said.count("\n") == 1


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
@pytest.mark.parametrize("how", ["no home", "a full disk"])
def test_a_cache_of_programs_that_cannot_be_written_costs_time_alone(how: str) -> None:
    """Full: no file may be larger than 60 kB, which the run's are not and compiled programs are."""
    names = ("HOME", "XDG_CACHE_HOME", "TINYGRAD_RNN_CACHE", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    code = ""
    if how == "a full disk":
        code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"
        environment |= {"TINYGRAD_RNN_CACHE": "programs", "NUMBA_CACHE_DIR": "kernels", "HOME": "."}
    process = child(code, *TRAIN, "--steps", "5", "--out", "r", env=environment)
    _, said = process.communicate(timeout=600)
    assert (process.returncode, said) == (0, "")
    assert run(*TRAIN, "--steps", "5", "--out", "w") == 0
    assert equal("r", "w")
