"""``tinygrad-rnn explore``: a page that steps through a cell, forward and backward."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..explorer import LEVELS, explore
from . import options, subject


def add(commands: Any) -> None:
    """The command ``explore``."""
    parser = commands.add_parser(
        "explore",
        help="a page that steps through a cell and its backward pass, and computes both again as numbers change",
        description="Runs a cell on a few random inputs and writes a page that steps through it, forward and then "
        "backward. Any number on it can be changed. It needs no network.",
        epilog="For example: tinygrad-rnn explore lstm --steps 4 -o lstm.html",
    )
    subject.add_cell_arguments(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to (default: CELL.html)")
    parser.add_argument("--steps", metavar="T", type=options.whole, default=5, help="time steps (default: 5)")
    parser.add_argument("--batch", metavar="B", type=options.whole, default=1, help="samples (default: 1)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the random inputs (default: 0)")
    parser.add_argument(
        "--level", choices=LEVELS, help="gate: as equations, the default where a step can be derived; op: every node"
    )
    parser.add_argument("--theme", choices=("auto", "light", "dark", "print"), default="auto")
    options.add_language(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write the page.

    Raises:
        TinygradError, OSError: there is no such cell, or it cannot be run, or the page not be written.
    """
    cell = subject.cell(given.cell, given.input_size, given.hidden_size)
    path = given.output or f"{Path(given.cell.rpartition(':')[2]).stem}.html"
    shape = subject.shape(cell, given, given.batch)
    print(
        explore(
            cell, path, level=given.level, input=shape, steps=given.steps, batch=given.batch, seed=given.seed,
            theme=given.theme, language=given.language,
        )
    )  # fmt: skip
