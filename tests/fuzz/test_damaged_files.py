"""Whatever a file holds, it is read, or refused in one line that names it: 2,000 mutants of each kind, always the same.

What is no `TinygradError` or `OSError`, a warning included, fails. ``python tests/fuzz/test_damaged_files.py`` counts.
"""

from __future__ import annotations

import collections
import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz.mutants import altered, mutants

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main, resume, runs
from tinygrad_rnn.core.errors import TinygradError
from tinygrad_rnn.training import History, checkpoint

COUNT, SAMPLE = int(os.environ.get("FUZZ", "2000")), 25
KINDS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "csv": ("s.csv", tg.data.read_series),
    "known ahead": ("k.csv", lambda path: tg.data.read_series(path, columns=["b", "a"], targets=["b"])),
    "blanks": ("s.txt", tg.data.read_series),
    "csv.gz": ("s.csv.gz", tg.data.read_series),
    "csv.zip": ("s.csv.zip", tg.data.read_series),
    "npy": ("s.npy", tg.data.read_series),
    "npz": ("s.npz", tg.data.read_series),
    "text": ("t.txt", tg.data.Text.from_files),
    "utf-16": ("t16.txt", lambda path: tg.data.Text.from_files(path, encoding="utf-16")),
    "weights": ("best.safetensors", tg.load),
    "checkpoint": ("checkpoint.safetensors", tg.training.read),
    "metrics": ("metrics.jsonl", lambda path: History(path).resume(3)),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each kind; the run of a series ``r``, and of a text ``w``."""
    folder = tmp_path_factory.mktemp("sound")
    made(folder)
    return folder


def made(folder: Path) -> None:
    table = "a,b\n" + "".join(f"{k % 5},{k / 7:.4f}\n" for k in range(60))
    (folder / "s.csv").write_text(table)
    (folder / "k.csv").write_text(table + "".join(f"{k % 5},\n" for k in range(9)))
    (folder / "s.txt").write_text("# a machine's\n" + table.replace(",", "  "))
    (folder / "s.csv.gz").write_bytes(gzip.compress(table.encode(), mtime=0))
    with zipfile.ZipFile(folder / "s.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("s.csv"), table)
    values = np.arange(60.0).reshape(30, 2)
    np.save(folder / "s.npy", values)
    np.savez_compressed(folder / "s.npz", a=values[:, 0], b=values)
    (folder / "t.txt").write_text("naïve café, 水 and tea.\n" * 30, encoding="utf-8")
    (folder / "t16.txt").write_text("naïve café, 水 and tea.\n" * 30, encoding="utf-16")
    small = ["--cell", "rnn", "--hidden", "3", "--batch", "4", "--window", "5", "--steps", "3", "--quiet"]
    assert main(["train", "series", str(folder / "s.csv"), *small, "--out", str(folder / "r")]) == 0
    assert main(["train", "text", str(folder / "t.txt"), *small, "--embedding", "2", "--out", str(folder / "w")]) == 0
    for name in ("best.safetensors", "checkpoint.safetensors", "metrics.jsonl"):
        (folder / name).write_bytes((folder / "r" / name).read_bytes())


def outcomes(sound: Path, kind: str, folder: Path) -> collections.Counter[str]:
    """How many mutants of a kind were read, and refused by which error."""
    name, reader = KINDS[kind]
    data, path = (sound / name).read_bytes(), folder / name
    counts: collections.Counter[str] = collections.Counter()
    whole = reader(sound / name) if kind == "checkpoint" else None
    for k, mutant in enumerate(mutants(data, COUNT, seed=0)):
        path.write_bytes(mutant)
        try:
            read = reader(path)
        except (TinygradError, OSError) as error:
            counts[type(error).__name__] += 1
            counts["not named"] += path.name not in str(error)
        except Exception as error:
            raise AssertionError(f"mutant {k} of {kind}: {error!r}") from error
        else:
            counts["read"] += 1
            if whole is not None:  # as it was, for it has a checksum
                assert read.facts == whole.facts
                assert all(np.array_equal(read.arrays[n], x) for n, x in whole.arrays.items())
            elif isinstance(read, tg.data.Series):
                assert len(read) >= 2
                assert np.isfinite(read.values).all()
    return counts


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_are_read_or_refused_by_name(kind: str, sound: Path, tmp_path: Path) -> None:
    counts = outcomes(sound, kind, tmp_path)
    assert not counts.pop("not named")
    assert sum(counts.values()) == COUNT
    assert counts["FileFormatError"] > COUNT // 20


def configurations(sound: Path, folder: Path, name: str) -> collections.Counter[str]:
    """The same of checkpoints that are whole, but say something else."""
    found = tg.training.read(sound / name / runs.CHECKPOINT)
    folder.mkdir(exist_ok=True)
    counts: collections.Counter[str] = collections.Counter()
    for k, facts in enumerate(altered(found.facts, COUNT, seed=1)):
        checkpoint.write(folder / runs.CHECKPOINT, found.arrays, facts)
        for command in (["predict", str(folder)], ["resume", str(folder), "--steps", "9"]):
            given = _Quiet.parsed(command)
            try:
                given.run(given)
                counts["read"] += 1
            except (TinygradError, OSError) as error:
                counts[type(error).__name__] += 1
            except Exception as error:
                raise AssertionError(f"variant {k} of {name}: {error!r}") from error
    return counts


class _Quiet:
    """Commands without their training and their forecasts."""

    @staticmethod
    def parsed(command: list[str]) -> Any:
        import argparse

        parser = argparse.ArgumentParser()
        commands = parser.add_subparsers()
        resume.add(commands)
        predict = commands.add_parser("predict")
        predict.add_argument("out")
        predict.set_defaults(run=lambda given: runs.opened(given.out))
        return parser.parse_args(command, argparse.Namespace(ranks=tg.training.Ranks()))


@pytest.mark.parametrize("name", ["r", "w"])
def test_configurations_of_any_values_are_read_or_refused(
    name: str, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "train_on", lambda *_: None)
    counts = configurations(sound, tmp_path / "c", name)
    assert sum(counts.values()) == 2 * COUNT
    assert counts["FileFormatError"] > COUNT // 2
    assert counts["read"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_through_the_command_line(
    kind: str, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    name = KINDS[kind][0]
    data, path = (sound / name).read_bytes(), tmp_path / name
    command = ["train", "series", str(path), "--window", "9999", "--out", str(tmp_path / "out")]
    if kind in ("text", "utf-16"):
        command = ["train", "text", str(path), "--window", "9999", "--out", str(tmp_path / "out")]
    elif path.suffix in (".safetensors", ".jsonl"):
        for file in (sound / "r").iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        command = ["resume" if kind == "metrics" else "predict", str(tmp_path)]
    elif kind == "known ahead":
        command += ["--target", "b", "--inputs", "a"]
    for mutant in mutants(data, SAMPLE, seed=2):
        path.write_bytes(mutant)
        capsys.readouterr()
        code = main([str(tmp_path / name) if kind == "weights" and a == str(tmp_path) else a for a in command])
        said = capsys.readouterr().err
        assert code == 2 or (code == 0 and path.suffix == ".safetensors"), said
        assert said.count("\n") == (code == 2)


def test_a_traceback_never_reaches_a_shell(sound: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.npz").write_bytes((sound / "s.npz").read_bytes()[:200])
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_rnn", "train", "series", "cut.npz"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 2
    assert "cut.npz: not a NumPy file of plain numbers" in done.stderr
    assert done.stderr.count("\n") == 1


def test_paths_that_no_file_can_have(tmp_path: Path) -> None:
    for path in (f"{tmp_path}/a\0b", f"{tmp_path}/a\ud800b"):
        for reader in (
            *(reader for _, reader in KINDS.values()),
            lambda path: tg.data.Text.from_files(path, "byte"),
            tg.data.read_text,
            lambda path: tg.save({"x": np.zeros(1)}, path),
            lambda path: tg.data.read_series(path + ".npy"),
        ):
            with pytest.raises(TinygradError, match="cannot be the name of a file"):
                reader(path)
        assert main(["train", "series", path]) == main(["train", "text", "t.txt", "--out", path]) == 2


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        made(Path(place))
        (Path(place) / "mutants").mkdir()
        resume.train_on = lambda *_: None
        table = {kind: outcomes(Path(place), kind, Path(place) / "mutants") for kind in KINDS}
        sys.stdout = io.StringIO()
        table |= {f"config {name}": configurations(Path(place), Path(place) / "c", name) for name in "rw"}
        sys.stdout = sys.__stdout__
        print(json.dumps(table, indent=1))
