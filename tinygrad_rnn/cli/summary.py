"""``tinygrad-rnn summary``: parameters, arithmetic and memory of a cell."""

from __future__ import annotations

import argparse
from typing import Any

from ..measure import summary
from . import options, subject


def add(commands: Any) -> None:
    """The command ``summary``."""
    parser = commands.add_parser(
        "summary",
        help="parameters, arithmetic and memory of a cell, gate by gate, in numbers and formulas",
        description="Counts the parameters, the floating-point operations forward and backward, and the bytes kept for "
        "back-propagation through time.",
        epilog="For example: tinygrad-rnn summary lstm --input-size 64 --hidden-size 128 --steps 100 --batch 32",
    )
    subject.add_cell_arguments(parser)
    parser.add_argument("--steps", metavar="T", type=options.whole, default=1, help="time steps (default: 1)")
    parser.add_argument("--batch", metavar="B", type=options.whole, default=1, help="samples (default: 1)")
    parser.add_argument("--markdown", action="store_true", help="as Markdown tables")
    options.add_language(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print the summary.

    Raises:
        TinygradError, OSError: there is no such cell, or it cannot be counted.
    """
    cell = subject.cell(given.cell, given.input_size, given.hidden_size)
    page = summary(cell, (given.steps, *subject.shape(cell, given, given.batch)), language=given.language)
    print(page.to_markdown() if given.markdown else page)
