"""``tinygrad-rnn sample``: text that a trained network writes."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from .. import training
from ..core.errors import ArgumentError
from ..io import replace
from . import options, runs, sources


def add(commands: Any) -> None:
    """The command ``sample``."""
    parser = commands.add_parser(
        "sample",
        help="let a network that was trained on a text write",
        description="Continues a text symbol by symbol, each drawn from what the network says of the next.",
        epilog='For example: tinygrad-rnn sample runs/novel-lstm --start "It was" --temperature 0.7',
    )
    runs.add_arguments(parser, " of train text")
    parser.add_argument("--start", metavar="TEXT", help="what it goes on from (default: a new line)")
    parser.add_argument(
        "--length", metavar="N", type=options.whole, default=500, help="symbols to write (default: 500)"
    )
    parser.add_argument(
        "--temperature",
        metavar="X",
        type=options.zero_or_above,
        default=0.8,
        help="below 1 safer, above 1 wilder, 0 always the likeliest (default: 0.8)",
    )
    parser.add_argument("--top-k", metavar="K", type=options.whole, help="only the K likeliest symbols")
    parser.add_argument(
        "--top-p",
        metavar="P",
        type=options.share_above_zero,
        help="only the likeliest that together have probability P",
    )
    parser.add_argument(
        "--seed", metavar="N", type=options.whole_or_zero, help="to write the same again (default: another each time)"
    )
    parser.add_argument("--to", metavar="FILE", help="write into a file, not to the terminal")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write.

    Raises:
        ArgumentError: the run is of numbers, or there is nothing to start with.
        TinygradError, OSError: the run cannot be read.
    """
    run = runs.opened(given.run_folder, given.cell, given.last)
    if run.config["kind"] != "text":
        raise ArgumentError(f"{run.folder} was trained on a {run.config['kind']}: tinygrad-rnn predict {run.folder}")
    symbols, start = sources.symbols_of(run.config), sources.start_of(run.config, given.start)
    drawn = training.sample(
        run.network,
        start,
        given.length,
        temperature=given.temperature,
        top_k=given.top_k,
        top_p=given.top_p,
        never=symbols.never,
        generator=np.random.default_rng(given.seed),
    )
    text = (given.start or "").lstrip("\n") + symbols.decode(drawn)
    if given.to is None:
        sys.stdout.write(text + "\n")
    else:
        replace(given.to, text.encode())
        print(f"wrote {given.to}")
