"""``tinygrad-rnn derive``: back-propagation through a cell as equations, or as NumPy."""

from __future__ import annotations

import argparse
from typing import Any

from ..derivation import derive
from . import options, subject

_FORMATS = ("text", "markdown", "latex", "html", "numpy")


def add(commands: Any) -> None:
    """The command ``derive``."""
    parser = commands.add_parser(
        "derive",
        help="back-propagation through time of a cell, as equations or as a NumPy function",
        description="Derives the backward pass of a cell from its graph and prints it, or writes it into a file.",
        epilog="For example: tinygrad-rnn derive lstm; tinygrad-rnn derive gru --to numpy; "
        "tinygrad-rnn derive mycell.py:MyCell -o mycell.html",
    )
    subject.add_cell_arguments(parser)
    parser.add_argument("--to", choices=_FORMATS, default="text", help="what to print (default: text)")
    parser.add_argument(
        "--style", choices=("bptt", "simplified"), default="bptt", help="with every step, or the result"
    )
    parser.add_argument("--wrt", metavar="NAME", action="append", help="only the gradient of this; repeatable")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write .txt, .md, .tex, .html or .py instead of printing"
    )
    options.add_language(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print or save the derivation.

    Raises:
        TinygradError, OSError: there is no such cell, or it cannot be derived or written.
    """
    cell = subject.cell(given.cell, given.input_size, given.hidden_size)
    page = derive(cell, input=subject.shape(cell, given), style=given.style, wrt=given.wrt,
                  language=given.language)  # fmt: skip
    if given.output:
        print(page.save(given.output))
        return
    formats = {
        "text": page.to_text,
        "markdown": page.to_markdown,
        "latex": page.to_latex,
        "html": page.to_html,
        "numpy": lambda: page.to_numpy().source,
    }
    print(formats[given.to]())
