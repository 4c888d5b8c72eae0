"""The options of ``tinygrad-rnn train``, as tables."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from .. import data, strategies
from . import options

_STRATEGIES = "; ".join(f"{written}: {what}" for written, what, _ in strategies.NAMED.values())
_SCHEDULES = ("constant", "cosine", "step", "plateau")

#: (option, what stands for its value, type or choices, default, help); the default is said in the help.
NETWORK = [
    ("--cell", "NAME", str, "lstm", "any of tinygrad-rnn cells, or FILE.py:NAME for your own"),
    ("--layers", "N", options.whole, 1, "cells one above the other"),
    ("--hidden", "H", options.whole, None, "units of each"),
    ("--chrono", "T", options.whole, None, "begin with memories of up to T steps (chrono initialisation)"),
    ("--dropout", "P", options.share, 0.0, "between layers and before the readout"),
]
LEARNING = [
    ("--strategy", "NAME", options.strategy, "bptt", _STRATEGIES),
    ("--steps", "N", options.whole, None, "steps of the optimiser, each on one batch"),
    ("--batch", "B", options.whole, 32, "sequences side by side"),
    ("--lr", "RATE", options.above_zero, 3e-3, "learning rate of Adam"),
    ("--schedule", None, _SCHEDULES, "constant", "of the learning rate"),
    ("--warmup", "N", options.whole_or_zero, 0, "steps in which the rate rises"),
    ("--clip", "NORM", options.above_zero, 1.0, "bound on the gradient's norm"),
    ("--patience", "N", options.whole, None, "stop after N validations that are no better"),
    ("--seed", "N", options.whole_or_zero, 0, "of all that is random"),
]
FILES = [
    ("--epochs", "N", options.above_zero, None, "passes through the data, instead of --steps"),
    ("--window", "T", options.whole, None, "time steps of a batch"),
    ("--validation", "SHARE", options.share, 0.1, "of the data, its end, not trained on"),
]
TABLE = [
    ("--delimiter", "SIGN", options.sign, None, "what stands between fields; or tab, space (default: found out)"),
    ("--decimal", None, (".", ","), ".", "what stands before decimals"),
    ("--thousands", "SIGN", options.sign, None, "what stands between groups of three digits"),
    ("--skip-rows", "N", options.whole_or_zero, 0, "lines to leave out at the beginning"),
    ("--encoding", "NAME", str, "utf-8", "of the file, such as utf-16 or cp1252"),
]
KEEPING = [
    ("--out", "DIR", str, None, "folder of the run (default: runs/ and a name made of what is learned)"),
    ("--save-every", "N", options.whole, 100, "steps between checkpoints"),
]
Table = Sequence[tuple[str, str | None, Any, Any, str]]


def add_all(commands: Any, run: Any) -> None:
    """The commands text, series and task."""
    text = commands.add_parser(
        "text",
        help="say the next character (or byte) of a text",
        description="Trains a network to say the next character of a text; then: tinygrad-rnn sample DIR.",
        epilog="For example: tinygrad-rnn train text novel.txt --layers 2 --hidden 256 --epochs 5",
    )
    text.add_argument("files", metavar="FILE", nargs="+", help="text, of any script and size, or .gz or .zip of it")
    own: Table = [
        ("--level", None, ("char", "byte"), "char", "what a symbol is"),
        ("--encoding", "NAME", str, "utf-8", "of the files, such as utf-16 or cp1252"),
        ("--embedding", "E", options.whole, 64, "numbers that stand for a symbol"),
    ]
    _fill(text, run, own, FILES, {"--hidden": 128, "--window": 100, "--steps": 2000})

    series = commands.add_parser(
        "series",
        help="say the next numbers of a series",
        description="Trains a network to say the next numbers of a series; then: tinygrad-rnn predict DIR.",
        epilog="For example: tinygrad-rnn train series power.csv --target load --cell gru",
    )
    series.add_argument(
        "files", metavar="FILE.csv", nargs=1,
        help="rows in time: CSV, or columns between blanks, or .gz or .zip of it; .npy, .npz",
    )  # fmt: skip
    series.add_argument(
        "--target", metavar="COLUMN", action="append", dest="columns",
        help="a column to read and predict; repeatable (default: all)",
    )  # fmt: skip
    series.add_argument(
        "--inputs", metavar="COLUMN", action="extend", nargs="+", dest="known",
        help="columns to read beside (a calendar, weather) that are known of the rows to predict too: predict reads "
        "them from rows whose target is empty",
    )  # fmt: skip
    series.add_argument(
        "--header", action=argparse.BooleanOptionalAction, help="the first row has names, or not (default: found out)"
    )
    _fill(series, run, TABLE, FILES, {"--hidden": 64, "--window": 50, "--steps": 1500})

    task = commands.add_parser(
        "task",
        help="learn a task of the literature: " + ", ".join(data.TASKS),
        description="Trains a network on sequences that a process generates without end.",
        epilog="For example: tinygrad-rnn train task adding --chrono 100 --hidden 32 --lr 0.01",
    )
    task.add_argument("task", metavar="NAME", choices=list(data.TASKS), help=", ".join(data.TASKS))
    own = [
        ("--length", "T", options.whole, None, "of the sequences (default: as published)"),
        ("--embedding", "E", options.whole, 16, "numbers that stand for a symbol, if inputs are symbols"),
    ]
    _fill(task, run, own, [], {"--hidden": 64, "--steps": 2000})


def _fill(parser: argparse.ArgumentParser, run: Any, own: Table, files: Table, defaults: dict[str, Any]) -> None:
    _table(parser, "what is learned", own, defaults)
    _table(parser, "the network", NETWORK, defaults)
    _table(parser, "how it learns", [*LEARNING[:2], *files, *LEARNING[2:]], defaults)
    keeping = _table(parser, "what is kept", KEEPING, defaults)
    keeping.add_argument("--overwrite", action="store_true", help="begin anew where there is a run already")
    keeping.add_argument("--quiet", action="store_true", help="no progress bar")
    missing = {} if files else {"epochs": None, "window": None, "validation": 0.0}
    parser.set_defaults(run=run, usual_steps=defaults["--steps"], steps=None, **missing)


def _table(parser: argparse.ArgumentParser, title: str, table: Table, defaults: dict[str, Any]) -> Any:
    group = parser.add_argument_group(title)
    for name, metavar, kind, default, text in table:
        default = defaults.get(name, default)
        said = "" if default is None else f" (default: {default})"
        how: dict[str, Any] = {"choices": kind} if isinstance(kind, tuple) else {"type": kind, "metavar": metavar}
        group.add_argument(name, default=default, help=text + said, **how)
    return group
