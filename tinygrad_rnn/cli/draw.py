"""``tinygrad-rnn draw``: the graph of a cell as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..view import draw
from . import options, subject


def add(commands: Any) -> None:
    """The command ``draw``."""
    parser = commands.add_parser(
        "draw",
        help="draw a cell: one step, folded or unrolled, forward, backward or both",
        description="Draws the graph of a cell as .svg, .pdf, .png, .html (to move about in), .dot or .mmd (Mermaid).",
        epilog="For example: tinygrad-rnn draw lstm --level gate -o lstm.svg; "
        "tinygrad-rnn draw gru --view unrolled --steps 4 --direction both -o bptt.svg",
    )
    subject.add_cell_arguments(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; its suffix says what (default: CELL.svg)")
    parser.add_argument("--view", choices=("step", "fold", "unrolled"), help="one step (default), looping, or several")
    parser.add_argument("--steps", metavar="T", type=options.whole, help="time steps of --view unrolled (default: 3)")
    parser.add_argument("--level", choices=("op", "gate", "cell", "layer"), default="op", help="what one node is")
    parser.add_argument("--direction", choices=("forward", "backward", "both"), default="forward")
    parser.add_argument("--theme", choices=("auto", "light", "dark", "print"), default="auto")
    parser.add_argument("--show", metavar="WHAT", default="name,shape", help="e.g. name,shape,weights")
    parser.add_argument(
        "--highlight", metavar="NAME", action="append", help="point out this node or weight; repeatable"
    )
    parser.add_argument("--cuts", metavar="K", type=options.whole, help="where BPTT truncated every K steps is cut off")
    parser.add_argument("--legend", action="store_true", help="say what shapes, signs and lines mean")
    options.add_language(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Draw the cell into its file.

    Raises:
        TinygradError, OSError: there is no such cell, or no picture or file can be made of it.
    """
    cell = subject.cell(given.cell, given.input_size, given.hidden_size)
    unrolled = given.view == "unrolled" or (given.view is None and given.steps is not None)
    picture = draw(
        cell,
        view=None if given.view == "step" else given.view,
        steps=(given.steps or 3) if unrolled else None,
        level=given.level,
        direction=given.direction,
        theme=given.theme,
        language=given.language,
        show=[word for word in given.show.split(",") if word],
        highlight=given.highlight,
        cuts=given.cuts,
        legend=given.legend,
        input=subject.shape(cell, given),
    )
    print(picture.save(given.output or f"{Path(given.cell.rpartition(':')[2]).stem}.svg"))
