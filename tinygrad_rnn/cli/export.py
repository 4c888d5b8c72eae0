"""``tinygrad-rnn export``: the network of a run as an ONNX model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..onnx import save
from . import runs

_SAID = ("kind", "cell", "level", "vocabulary", "names", "mean", "deviation", "window", "task")


def add(commands: Any) -> None:
    """The command ``export``."""
    parser = commands.add_parser(
        "export",
        help="the network of a run as an ONNX model, for other programs",
        description="Writes the trained network of a run as ONNX: RNN, GRU and LSTM as its own operators, other cells "
        "as Scan. Batch and time may be of any size; states are inputs and outputs. Vocabulary or scale are in its "
        "metadata.",
        epilog="For example: tinygrad-rnn export run model.onnx",
    )
    runs.add_arguments(parser)
    parser.add_argument("output", metavar="FILE", nargs="?", help="where to (default: DIR.onnx)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write the model.

    Raises:
        TinygradError, OSError: the run cannot be read, its network has no ONNX form, or the file cannot be written.
    """
    found = runs.opened(given.run_folder, given.cell, given.last)
    path = given.output or f"{Path(given.run_folder).resolve().name}.onnx"
    said = {name: found.config[name] for name in _SAID if found.config.get(name) is not None}
    save(found.network, path, metadata=said)
    print(path)
