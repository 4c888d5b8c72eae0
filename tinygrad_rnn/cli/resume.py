"""``tinygrad-rnn resume``: a run goes on where it stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import training
from ..core.errors import ArgumentError
from ..io import checked_path
from . import options, runs, sources
from .config import config_of
from .train import train_on


def add(commands: Any) -> None:
    """The command ``resume``."""
    parser = commands.add_parser(
        "resume",
        help="go on with a run that was interrupted, or train it further",
        description="Goes on with a run exactly where its last checkpoint stands: losses and weights are those of a "
        "run that was never interrupted. Files that have changed since are refused, unless --new-data says so.",
    )
    parser.add_argument("out", metavar="DIR", help="the folder of the run")
    parser.add_argument(
        "--steps", metavar="N", type=options.whole, help="train until step N (default: as it was begun)"
    )
    parser.add_argument(
        "--new-data",
        action="store_true",
        help="train on the files as they are now, though they have changed: on the scale and alphabet of the run; the "
        "best validation loss begins anew",
    )
    parser.add_argument("--cell", metavar="FILE.py:NAME", help="the cell, if it is one of yours")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Go on.

    Raises:
        ArgumentError: the run is done already.
        TinygradError, OSError: the checkpoint or the data cannot be read, or do not fit.
    """
    folder = Path(given.out)
    path = folder / runs.CHECKPOINT
    checked_path(path).stat()  # nothing is made, not even a lock, where there is no run
    with training.locked(folder, given.ranks):
        read = training.read(path)
        config = config_of(read, path)
        cell = runs.own_cell(config, given.cell)
        steps = given.steps or config["steps"]
        if steps <= read.facts["step"]:
            raise ArgumentError(
                f"{folder}: {read.facts['step']:,} steps are done; --steps N with a larger N trains further"
            )
        before = config.get("data")
        found = sources.sources(config, given.new_data)
        trainer = runs.trainer_of(config, folder, runs.network_of(config, cell), found, given.ranks)
        trainer.load(path)
        if config.get("data") != before:
            trainer.forget_best()
        config["steps"] = steps
        print(f"{folder}: from step {trainer.step:,} to {steps:,}")
        train_on(trainer, found, given.quiet)
