"""``tinygrad-rnn predict``: what comes next, by a trained network."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from .. import training
from ..core.mode import no_grad
from . import options, runs, sources
from .forecast import forecast
from .train import solved


def add(commands: Any) -> None:
    """The command ``predict``."""
    parser = commands.add_parser(
        "predict",
        help="what comes next: of a series with intervals, of a text with probabilities; or how a task is solved",
        description="Series: goes on alone from the end of the data, each prediction the next input, with intervals as "
        "wide as what was missed on the validation part; or, with --one-step, predicts each row from those before. "
        "Text: the likeliest next symbols. Task: of how many new sequences it is right.",
        epilog="For example: tinygrad-rnn predict runs/power-gru --steps 24 --to forecast.csv",
    )
    runs.add_arguments(parser)
    parser.add_argument("file", metavar="FILE", nargs="?", help="a series to go on from (default: that of the run)")
    parser.add_argument(
        "--steps",
        metavar="N",
        type=options.whole,
        help="steps ahead (default: as far as there are intervals and inputs, 20 at most)",
    )
    parser.add_argument("--one-step", action="store_true", help="predict every row of the series from those before it")
    parser.add_argument(
        "--interval",
        metavar="SHARE",
        type=options.share_above_zero,
        default=0.9,
        help="how often the truth should lie within (default: 0.9)",
    )
    parser.add_argument("--start", metavar="TEXT", help="of a text: what was read before (default: a new line)")
    parser.add_argument(
        "--to", metavar="FILE.csv", help="table (default: forecast.csv in DIR); a picture goes beside it"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Predict.

    Raises:
        TinygradError, OSError: the run or the series cannot be read, or do not fit.
    """
    run = runs.opened(given.run_folder, given.cell, given.last)
    {"series": forecast, "text": _text, "task": _task}[run.config["kind"]](run, given)


def _text(run: runs.Opened, given: argparse.Namespace) -> None:
    symbols, start = sources.symbols_of(run.config), sources.start_of(run.config, given.start)
    with no_grad():
        outputs, _ = run.network(start[:, None])
    p = training.probabilities(outputs.numpy()[-1, 0], never=symbols.never)
    for k in [k for k in np.argsort(-p)[:10] if p[k]]:
        print(f"{p[k]:7.2%}  {symbols.decode(np.array([k]))!r}")


def _task(run: runs.Opened, given: argparse.Namespace) -> None:
    task = sources.task_of(run.config)
    loss = training.evaluate(run.network, task.source(100, 2**31))
    print(f"loss {loss:.6g} on 5,000 new sequences; without memory {task.baseline:.6g}")
    try:
        right, all_of = solved(run.network, task)
        print(f"right on {right:,} of {all_of:,}")
    except NotImplementedError as error:
        print(str(error))
