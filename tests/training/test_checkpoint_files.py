"""Checkpoints that are damaged, foreign, or cannot be written: named, and nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from train_cases import network, same, trainer

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import FileFormatError, StateDictError
from tinygrad_rnn.training import checkpoint, read


def damaged(path: Path, how: str) -> Path:
    data = path.read_bytes()
    if how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "text":
        path.write_text("hello")
    elif how == "weights":
        tg.save({"weight": np.zeros(3)}, path)
    elif how == "version":
        tg.save({"x": np.zeros(1)}, path, {"tinygrad_rnn": '{"version": 99}'})
    elif how == "header":
        tg.save({"x": np.zeros(1)}, path, {"tinygrad_rnn": "{"})
    return path


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("cut", "not a sound safetensors file"),
        ("text", "not a sound safetensors file"),
        ("weights", r"weights alone \(weight, …\), not the checkpoint of a training run"),
        ("version", "a checkpoint of format 99; this version reads format 2"),
        ("header", "its header is no checkpoint's"),
    ],
)
def test_damaged_and_foreign_files(how: str, message: str, tmp_path: Path) -> None:
    trainer(tmp_path).run(2)
    path = damaged(tmp_path / "checkpoint.safetensors", how)
    run = trainer()
    before = run.network.state_dict()
    with pytest.raises(FileFormatError, match=message):
        run.load(path)
    assert same(run.network.state_dict(), before)
    assert run.step == 0


def test_a_checkpoint_of_another_network_or_optimiser(tmp_path: Path) -> None:
    trainer(tmp_path).run(2)
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(StateDictError, match=r"wrong shape: cells.0.weight_ih is \(64, 4\), got \(32, 4\)"):
        trainer(net=network(size=16)).load(path)
    net = network()
    before = net.state_dict()
    with pytest.raises(StateDictError, match=r"missing: alpha"):
        trainer(net=net, optimizer=tg.optim.RMSprop(net.parameters())).load(path)
    assert same(net.state_dict(), before)
    with pytest.raises(FileFormatError, match="the checkpoint has 1 generators, the network 2"):
        trainer(net=network(zoneout=0.1)).load(_renamed(path))


def _renamed(path: Path) -> Path:
    """The same checkpoint with the names that a wrapped cell has."""
    found = read(path)
    arrays = {name.replace("network.cells.1.", "network.cells.1.cell."): x for name, x in found.arrays.items()}
    checkpoint.write(path, arrays, found.facts)
    return path


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer(tmp_path).run(2)
    saved = (tmp_path / "checkpoint.safetensors").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = trainer(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        run.save(tmp_path / "checkpoint.safetensors")
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == saved
    assert {p.name for p in tmp_path.iterdir()} == {".lock", "checkpoint.safetensors", "metrics.jsonl", "metrics.csv"}
