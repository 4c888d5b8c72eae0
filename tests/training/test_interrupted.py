"""Runs that are killed, or asked to end: they go on as if they had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from train_cases import numbers, same, trainer

from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.training import locked

KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from train_cases import trainer
from pathlib import Path
run = trainer(Path(sys.argv[1]), save_every=2)
step = run._advance
def slow(seconds):
    time.sleep(0.02)
    print(run.step, flush=True)
    return step(seconds)
run._advance = slow
run.run(100000)
"""


def _started(folder: Path, steps: int) -> subprocess.Popen:
    """A run in another process, after so many steps."""
    code = KILLED.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout is not None
    while process.stdout.readline() != f"{steps}\n":
        assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def _as_uninterrupted(folder: Path) -> int:
    """Resume, and compare with a run that was not interrupted; the step it went on from."""
    resumed = trainer(folder, save_every=2)
    resumed.load(folder / "checkpoint.safetensors")
    begin = resumed.step
    resumed.run(begin + 5)
    whole = trainer()
    whole.run(begin + 5)
    assert numbers(resumed.history) == numbers(whole.history)
    assert same(resumed.network.state_dict(), whole.network.state_dict())
    return begin


def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    process = _started(tmp_path, 9)
    process.kill()
    process.communicate()
    assert _as_uninterrupted(tmp_path) >= 8


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_let_the_step_end_and_save(number: signal.Signals, code: int, tmp_path: Path) -> None:
    process = _started(tmp_path, 5)
    process.send_signal(number)
    _, said = process.communicate(timeout=300)
    assert process.returncode == code
    assert ("KeyboardInterrupt" in said) == (number == signal.SIGINT)
    steps = len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert _as_uninterrupted(tmp_path) == steps >= 5


def test_a_folder_is_written_by_one_at_a_time_and_killed_writers_leave_nothing(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    (tmp_path / ".checkpoint.safetensors.0123456789abcdef").write_bytes(b"half")
    (tmp_path / ".mine.0123").write_bytes(b"another's")
    with locked(tmp_path):
        run.run(2)  # who holds it may take it again
        errors: list[BaseException] = []

        def other() -> None:
            try:
                trainer(tmp_path).run(1)
            except ArgumentError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "another process is training here" in str(errors[0])
    files = {".lock", ".mine.0123", "checkpoint.safetensors", "metrics.jsonl", "metrics.csv"}
    assert {p.name for p in tmp_path.iterdir()} == files
    process = _started(tmp_path, 3)
    with pytest.raises(ArgumentError, match="another process is training here"):
        run.run(4)
    process.kill()
    process.communicate()
    run.run(4)
