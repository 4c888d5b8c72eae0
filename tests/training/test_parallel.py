"""Several processes on MPI: equal to one, to the bit among themselves; what happens when one of them ends."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ranks import CASES, outcome, strands
from train_cases import numbers

import tinygrad_rnn as tg
from tinygrad_rnn import training
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.kernels import threads
from tinygrad_rnn.training import parallel

MPIEXEC = Path(sys.executable).with_name("mpiexec")
INSTALLED = importlib.util.find_spec("mpi4py") is not None and MPIEXEC.exists()
several = pytest.mark.skipif(
    not INSTALLED or "NUMBA_DISABLE_JIT" in os.environ,
    reason="once is enough" if INSTALLED else "no MPI beside this Python: pip install tinygrad_rnn[mpi]",
)


def started(ranks: int, *command: object, **said: str) -> subprocess.Popen:
    line = [*([MPIEXEC, "-n", ranks] if ranks > 1 else []), sys.executable, *command]
    return subprocess.Popen([*map(str, line)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=os.environ | said)  # fmt: skip


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    try:
        said, complained = process.communicate(timeout=240)
    finally:
        process.kill()
    return process.returncode, said, complained


def ranks(count: int, what: str, folder: Path) -> subprocess.Popen:
    return started(count, Path(__file__).with_name("ranks.py"), what, folder)


def alike(one: Any, other: Any, tolerance: float = 2e-5) -> None:
    """Measurements, to rounding."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert [x is None for x in a] == [x is None for x in b]
        assert [x or 0 for x in a] == pytest.approx([x or 0 for x in b], rel=tolerance, abs=tolerance)


@several
@pytest.mark.parametrize("count", [2, 3])
def test_ranks_train_what_one_process_trains(count: int, tmp_path: Path) -> None:
    code, _, complained = finished(ranks(count, "equal", tmp_path))
    assert (code, complained) == (0, "")
    for name in CASES:
        measured, weights = outcome(name)
        alike(json.loads((tmp_path / f"{name}.json").read_text()), measured)
        found = tg.load(tmp_path / f"{name}.safetensors")
        assert found.keys() == weights.keys()
        for key, w in weights.items():
            np.testing.assert_allclose(found[key], w, atol=1e-4, err_msg=f"{name}, {key}")


@several
def test_a_run_goes_on_with_another_number_of_ranks(tmp_path: Path) -> None:
    for count in (3, 2):
        assert finished(ranks(count, "resume", tmp_path))[0] == 0
    last, whole = strands(folder=tmp_path), strands()
    last.load(tmp_path / "checkpoint.safetensors")
    assert last.step == 10
    last.run(15)
    whole.run(15)
    alike(numbers(last.history), numbers(whole.history))
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 15
    assert {file.name for file in tmp_path.iterdir()} == {
        "checkpoint.safetensors", "best.safetensors", "metrics.jsonl", "metrics.csv", ".lock",
    }  # fmt: skip


def goes_on(folder: Path, step: int) -> None:
    """The checkpoint is whole, of that step, and what follows is what would have followed."""
    resumed, whole = strands(folder=folder), strands()
    resumed.load(folder / "checkpoint.safetensors")
    assert resumed.step == step
    resumed.run(step + 2)
    whole.run(step + 2)
    alike(numbers(resumed.history), numbers(whole.history))


@several
def test_a_killed_rank_ends_the_job_and_the_last_checkpoint_is_whole(tmp_path: Path) -> None:
    code, said, _ = finished(ranks(2, "killed", tmp_path))
    assert code != 0
    assert said.split()[:9] == [*map(str, range(9))]
    goes_on(tmp_path, 8)


@several
def test_an_error_of_one_rank_ends_the_job_with_one_message(tmp_path: Path) -> None:
    code, _, complained = finished(ranks(2, "wrong", tmp_path))
    assert code != 0
    assert complained.count("Traceback") == complained.count("\nValueError: only here") == 1
    assert complained.startswith("rank 1 of 2, on ")
    goes_on(tmp_path, 8)


@several
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("infinite", "NonFiniteError: the loss of step 10 is nan"),
        ("different", "weights: those of rank 1 are not those of rank 0"),
    ],
)
def test_an_error_of_all_ranks_is_said_once(what: str, message: str, tmp_path: Path) -> None:
    code, _, complained = finished(ranks(2, what, tmp_path))
    assert code != 0
    assert complained.count("Traceback") == complained.count(message) == 1
    assert "rank 0 of" not in complained


@several
def test_ctrl_c_ends_all_after_the_step(tmp_path: Path) -> None:
    process = ranks(2, "nothing", tmp_path)
    assert process.stdout is not None
    while process.stdout.readline() != "5\n":
        assert process.poll() is None, process.stderr and process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, _, complained = finished(process)
    assert complained.count("\nKeyboardInterrupt\n") == complained.count("Traceback") == 1
    steps = len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert steps > 5
    goes_on(tmp_path, steps)


@several
def test_the_command_line(tmp_path: Path) -> None:
    train = ["train", "task", "echo", "--length", "12", "--hidden", "8", "--quiet", "--out", tmp_path / "run"]
    code, said, complained = finished(started(2, "-m", "tinygrad_rnn", *train, "--batch", "4", "--steps", "4"))
    assert (code, complained) == (0, "")
    assert said.count("into") == said.count("on 2 ranks on one machine, ") == said.count("then: ") == 1
    again = ["-m", "tinygrad_rnn", "resume", tmp_path / "run", "--steps", "6"]
    with training.locked(tmp_path / "run"):
        code, _, complained = finished(started(2, *again))
    assert (code, complained) == (2, f"tinygrad-rnn: {tmp_path / 'run'}: another process is training here\n")
    code, said, complained = finished(started(2, *again, "--quiet"))
    assert (code, complained, said.count("from step 4 to 6")) == (0, "", 1)
    code, _, complained = finished(started(2, "-m", "tinygrad_rnn", *train))
    assert (code, complained.count("has a run already"), complained.count("\n")) == (2, 1, 1)
    code, said, complained = finished(started(3, "-m", "tinygrad_rnn", *train, "--batch", "4", "--overwrite"))
    assert (code, complained) == (
        2, "tinygrad-rnn: a batch of 4 sequences cannot be shared evenly by 3 ranks; make it 3 or 6\n",
    )  # fmt: skip
    code, _, complained = finished(started(2, "-m", "tinygrad_rnn", "draw", "lstm"))
    assert (code, complained) == (2, "tinygrad-rnn: draw runs in one process; train and resume run in several\n")
    code, _, complained = finished(started(2, "-m", "tinygrad_rnn", "train", "--wat"))
    assert code == 2
    assert complained.count("\n") == 1


@pytest.mark.parametrize(
    ("rank", "size"),
    [("PMI_RANK", "PMI_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
     ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")],
)  # fmt: skip
def test_launchers_say_how_many_there_are(rank: str, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parallel.launched() == (0, 1)
    monkeypatch.setenv(rank, "2")
    assert parallel.launched() == (0, 1)
    monkeypatch.setenv(size, "4")
    assert parallel.launched() == (2, 4)


@several
def test_another_mpi_is_found_out(tmp_path: Path) -> None:
    """Four processes that do not know of one another must not write into one folder."""
    said = {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"}
    code, _, complained = finished(started(1, "-m", "tinygrad_rnn", "train", "task", "echo", "--out", tmp_path, **said))
    assert code == 2
    assert complained.startswith("tinygrad-rnn: 4 processes were started, but for MPI there are 1: mpi4py uses MPICH")
    assert complained.count("\n") == 1


def test_without_mpi4py(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parallel.world().size == 1
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ArgumentError, match=r"one of 4 processes, but .* pip install 'tinygrad_rnn\[mpi\]'"):
        parallel.world()


def test_nothing_of_mpi_is_imported_where_nobody_asks() -> None:
    program = "import sys, tinygrad_rnn as tg; tg.Trainer; print('mpi4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize(("processes", "threads_each"), [(1, 8), (2, 4), (3, 2), (9, 1)])
def test_ranks_of_a_machine_share_its_cores(processes: int, threads_each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYGRAD_RNN_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "cores", lambda: set(range(8)))
    monkeypatch.setattr(threads, "_sharing", 1)
    threads.share(processes)
    assert threads.default_size() == threads_each
    monkeypatch.setenv("TINYGRAD_RNN_NUM_THREADS", "3")
    assert threads.default_size() == 3


def test_one_process_alone() -> None:
    alone = parallel.Ranks()
    assert (alone.rank, alone.size, str(alone)) == (0, 1, "one process")
    assert alone.any(True, False) == [True, False]
