"""``tinygrad-rnn flow``: how the gradient of a cell fades, or grows, through time."""

from __future__ import annotations

import argparse
from typing import Any

from ..measure import gradient_flow
from ..measure.plots import check_figure_path
from . import options, subject


def add(commands: Any) -> None:
    """The command ``flow``."""
    parser = commands.add_parser(
        "flow",
        help="how the gradient of a cell fades, or grows, through time",
        description="Runs a cell on random inputs and watches the gradient of a loss flow back: its norm at every "
        "step, in how many steps it halves, and the largest Lyapunov exponent.",
        epilog="For example: tinygrad-rnn flow lstm --steps 100 -o lstm.svg",
    )
    subject.add_cell_arguments(parser)
    parser.add_argument("--steps", metavar="T", type=options.whole, default=50, help="time steps (default: 50)")
    parser.add_argument("-o", "--output", metavar="FILE", help="a figure too: .svg, .png or .pdf (needs matplotlib)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print what is found, and save its figure.

    Raises:
        TinygradError, OSError: there is no such cell, matplotlib is not installed, or the file cannot be written.
    """
    check_figure_path("flow", given.output)
    cell = subject.cell(given.cell, given.input_size, given.hidden_size)
    found = gradient_flow(cell, (given.steps, *subject.shape(cell, given)))
    print(found)
    if given.output:
        found.plot(given.output)
        print(given.output)
