"""``tinygrad-rnn compare``: cells side by side."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from ..measure import compare
from . import options, subject


def add(commands: Any) -> None:
    """The command ``compare``."""
    parser = commands.add_parser(
        "compare",
        help="cells side by side: equations, arithmetic, and how their gradients flow",
        description="Puts cells side by side: the equations of each quantity in one row, marked where they differ; "
        "parameters, arithmetic and memory; how fast their gradients fade.",
        epilog="For example: tinygrad-rnn compare rnn gru lstm; tinygrad-rnn compare gru mycell.py:MyCell "
        "-o cells.html",
    )
    subject.add_cell_arguments(parser, several=True)
    parser.add_argument("-o", "--output", metavar="FILE", help="write .html, with pictures, or .txt instead")
    options.add_language(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print or save the comparison.

    Raises:
        TinygradError, OSError: there is no such cell, or they read different inputs.
    """
    cells = [subject.cell(name, given.input_size, given.hidden_size) for name in given.cells]
    found = compare(*cells, input=subject.shape(cells[0], given), language=given.language)
    print(found.save(given.output) if given.output else found.to_text(shutil.get_terminal_size((120, 24)).columns))
