"""``tinygrad-rnn predict``: what comes next, by a trained network."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, training
from ..core.errors import ArgumentError
from ..core.mode import no_grad
from ..io import load
from . import options, runs
from .chart import alone, line_chart
from .train import solved


def add(commands: Any) -> None:
    """The command ``predict``."""
    parser = commands.add_parser(
        "predict",
        help="what comes next: of a series with intervals, of a text with probabilities; or how a task is solved",
        description="Series: goes on alone from the end of the data, each prediction the next input, with intervals in "
        "which the validation part would have lain; or, with --one-step, predicts each row from those before. "
        "Text: the likeliest next symbols. Task: of how many new sequences it is right.",
        epilog="For example: tinygrad-rnn predict runs/power-gru --steps 24 --to forecast.csv",
    )
    parser.add_argument("run_folder", metavar="DIR", help="the folder of a run")
    parser.add_argument("file", metavar="FILE", nargs="?", help="a series to go on from (default: that of the run)")
    parser.add_argument(
        "--steps",
        metavar="N",
        type=options.whole,
        help="steps ahead (default: as far as intervals are known, 20 at most)",
    )
    parser.add_argument("--one-step", action="store_true", help="predict every row of the series from those before it")
    parser.add_argument(
        "--interval",
        metavar="SHARE",
        type=options.share_above_zero,
        default=0.9,
        help="how often the truth should lie within (default: 0.9)",
    )
    parser.add_argument("--start", metavar="TEXT", default="\n", help="of a text: what was read before")
    parser.add_argument(
        "--to", metavar="FILE.csv", help="table (default: forecast.csv in DIR); a picture goes beside it"
    )
    parser.add_argument("--last", action="store_true", help="the last weights, not those that were best in validation")
    parser.add_argument("--cell", metavar="FILE.py:NAME", help="the cell, if it is one of yours")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Predict.

    Raises:
        TinygradError, OSError: the run or the series cannot be read, or do not fit.
    """
    run = runs.opened(given.run_folder, given.cell, given.last)
    {"series": _series, "text": _text, "task": _task}[run.config["kind"]](run, given)


def _series(run: runs.Opened, given: argparse.Namespace) -> None:
    config, standard = run.config, runs.standard_of(run.config)
    path = given.file or config["files"][0]
    series = runs.series_of(config, path)
    if series.values.shape[1] != config["inputs"]:
        raise ArgumentError(f"{path} has {series.values.shape[1]} columns, the run was trained on {config['inputs']}")
    values = standard.apply(series.values).astype(run.network.dtype)
    table = Path(given.to) if given.to else run.folder / ("one-step.csv" if given.one_step else "forecast.csv")
    if given.one_step:
        with no_grad():
            said = standard.undo(run.network(values[:-1, None])[0].numpy()[:, 0])
        columns = {}
        for k, name in enumerate(series.names):
            columns |= {name: series.values[1:, k], f"{name} predicted": said[:, k]}
        _write(table, np.arange(1, len(values)), columns)
        error = np.sqrt(((said - series.values[1:]) ** 2).mean(axis=0))
        print(f"root mean squared error one step ahead: {', '.join(f'{e:.6g}' for e in error)}")
    else:
        missed = _missed(run)
        steps = given.steps or min(20, 20 if missed is None else missed.values.shape[1])
        ahead = training.free_run(run.network, values[:, None], steps)[:, 0]
        said = standard.undo(ahead)
        columns = {}
        ends = None if missed is None else missed.interval(ahead, given.interval)
        for k, name in enumerate(series.names):
            columns[name] = said[:, k]
            if ends is not None:
                columns |= {
                    f"{name} {side}": standard.undo(end)[:, k] for side, end in zip(("low", "high"), ends, strict=True)
                }
        _write(table, np.arange(len(values), len(values) + steps), columns)
        _picture(table.with_suffix(".svg"), series, columns, steps)
    print(f"wrote {table} and {table.with_suffix('.svg')}" if not given.one_step else f"wrote {table}")


def _missed(run: runs.Opened) -> training.Residuals | None:
    """What predictions missed on the validation part."""
    path = run.folder / "residuals.safetensors"
    if path.exists():
        return training.Residuals(load(path)["residuals"])
    print("no intervals: the validation part of the run was too short to measure what predictions miss")
    return None


def _write(path: Path, rows: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", *columns])
        table.writerows([row, *(repr(float(c[k])) for c in columns.values())] for k, row in enumerate(rows))


def _picture(path: Path, series: data.Series, columns: dict[str, np.ndarray], steps: int) -> None:
    """The last rows of the first column, and what was predicted to follow."""
    name, N = series.names[0], len(series)
    shown = min(N, 4 * steps)
    past = [(float(N - shown + k), float(y)) for k, y in enumerate(series.values[N - shown :, 0])]
    lines = {name: past}
    for label in (name, f"{name} low", f"{name} high"):
        if label in columns:
            said = "predicted" if label == name else label.removeprefix(f"{name} ")
            lines[said] = [past[-1], *((float(N + k), float(y)) for k, y in enumerate(columns[label]))]
    path.write_text(alone(line_chart(lines, name, "row", name)), encoding="utf-8")


def _text(run: runs.Opened, given: argparse.Namespace) -> None:
    symbols = runs.symbols_of(run.config)
    start = symbols.encode(given.start)
    if not len(start):
        raise ArgumentError("--start: expected at least one character")
    with no_grad():
        outputs, _ = run.network(start[:, None])
    p = training.probabilities(outputs.numpy()[-1, 0])
    for k in np.argsort(-p)[:10]:
        print(f"{p[k]:7.2%}  {symbols.decode(np.array([k]))!r}")


def _task(run: runs.Opened, given: argparse.Namespace) -> None:
    task = runs.task_of(run.config)
    loss = training.evaluate(run.network, task.source(100, 2**31))
    print(f"loss {loss:.6g} on 5,000 new sequences; without memory {task.baseline:.6g}")
    try:
        right, all_of = solved(run.network, task)
        print(f"right on {right:,} of {all_of:,}")
    except NotImplementedError as error:
        print(str(error))
