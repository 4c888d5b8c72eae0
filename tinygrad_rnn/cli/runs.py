"""What a training run is made of, from the facts that its checkpoint keeps: network, trainer, files."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import nn, optim, strategies, training
from ..core.errors import ArgumentError
from ..nn.network import output_size
from . import subject
from .config import Config, config_of
from .sources import Sources

CHECKPOINT, RESIDUALS = "checkpoint.safetensors", "residuals.safetensors"

#: The files that make a run; the checkpoint is deleted first, so what is left of a run is none.
_MAKE = (CHECKPOINT, "best.safetensors", RESIDUALS, "metrics.jsonl")
#: What is drawn and written from them.
_SHOW = ("metrics.csv", "loss.svg", "gradient-norm.svg", "forecast.csv", "forecast.svg", "one-step.csv")


# -- network and trainer ------------------------------------------------------------------------------------------


def network_of(config: Config, cell: str | None = None) -> nn.Network:
    """A network with new weights; `cell` if its cell is a user's own."""
    generator = np.random.default_rng(config["seed"])
    name = cell or config["cell"]
    width = config["embedding"] if config["symbols"] else config["inputs"]
    cells = []
    for k in range(config["layers"]):
        cells.append(subject.cell(name, width, config["hidden"], generator))
        if not isinstance(cells[-1], nn.Cell):
            raise ArgumentError(f"{name} is no subclass of tg.nn.Cell")
        width = output_size(cells[-1], k)
    symbols = config["inputs"] if config["symbols"] else None
    network = nn.Network(
        cells,
        config["outputs"],
        symbols=symbols,
        at_end=config["at_end"],
        dropout=config["dropout"],
        generator=generator,
    )
    if config["chrono"] is not None:
        nn.chrono_(network, config["chrono"], generator)
    return network


def trainer_of(
    config: Config, folder: Path, network: nn.Network, sources: Sources, ranks: training.Ranks
) -> training.Trainer:
    """The trainer of a run.

    Raises:
        ArgumentError: an option needs another one.
    """
    if config["patience"] and sources.validation is None:
        raise ArgumentError("--patience needs a validation part: more rows, or a larger --validation")
    return training.Trainer(
        network,
        sources.training,
        optimizer=optim.Adam(network.parameters(), lr=config["lr"]),
        strategy=strategies.strategy(config["strategy"]),
        schedule=schedule_of(config),
        clip_norm=config["clip"] or None,
        validation=sources.validation,
        validate_every=config["validate_every"],
        patience=config["patience"],
        folder=folder,
        save_every=config["save_every"],
        config=config,
        communicator=ranks,
    )


def schedule_of(config: Config) -> training.Schedule:
    """The schedule of the learning rate."""
    name, warmup = config["schedule"], config["warmup"]
    if name == "cosine":
        if config["steps"] is None:
            raise ArgumentError("--schedule cosine needs --steps or --epochs: it ends there")
        return training.Cosine(config["steps"], warmup=warmup)
    if name == "step":
        return training.StepDecay(max(1, (config["steps"] or 1000) // 4), warmup=warmup)
    return training.Plateau(warmup=warmup) if name == "plateau" else training.Schedule(warmup)


# -- a run in a folder --------------------------------------------------------------------------------------------


def files_in(folder: Path) -> list[str]:
    """Which files of a run are in a folder."""
    return [name for name in _MAKE if (folder / name).exists()]


def clear(folder: Path) -> None:
    """Delete all that a run left in a folder, and nothing else."""
    for name in (*_MAKE, *_SHOW):
        (folder / name).unlink(missing_ok=True)


def add_arguments(parser: argparse.ArgumentParser, of: str = "") -> None:
    """What names a run that was made before: its folder, and what it cannot know of itself."""
    parser.add_argument("run_folder", metavar="DIR", help=f"the folder of a run{of}")
    parser.add_argument("--last", action="store_true", help="the last weights, not those that were best in validation")
    parser.add_argument("--cell", metavar="FILE.py:NAME", help="the cell, if it is one of yours")


class Opened(NamedTuple):
    """A run as it was left: its config, and its network with the best weights (or the last)."""

    folder: Path
    config: Config
    network: nn.Network


def opened(folder: str, cell: str | None = None, last: bool = False) -> Opened:
    """The run in a folder.

    Raises:
        FileFormatError, StateDictError, ArgumentError, OSError: it cannot be read, or does not fit.
    """
    path = Path(folder)
    path = path / CHECKPOINT if path.is_dir() else path
    read = training.read(path)
    config = config_of(read, path)
    if not read.facts["step"]:
        raise ArgumentError(f"{path}: nothing was learnt yet; tinygrad-rnn resume {path.parent} goes on")
    network = network_of(config, own_cell(config, cell))
    network.load_state_dict(({} if last else read.part("best")) or read.part("network"))
    network.eval()
    return Opened(path.parent, config, network)


def own_cell(config: Config, cell: str | None) -> str | None:
    """The cell to make: one in a user's file must be named again, because a checkpoint must not run code.

    Raises:
        ArgumentError: it is not named again.
    """
    if ":" in config["cell"] and cell is None:
        raise ArgumentError(
            f"this run's cell is {config['cell']}, a program of yours, that is not run unasked: add --cell FILE.py:NAME"
        )
    return cell


def nats(loss: float, config: Config) -> str:
    """A loss in words."""
    if config["kind"] == "text":
        unit = "character" if config["level"] == "char" else "byte"
        return f"{loss:.4f} nats a {unit} ({loss / math.log(2):.3f} bits)"
    return f"{loss:.6g}"
