"""What comes next in a series: the table and the picture of ``predict``, with intervals and what is known ahead."""

from __future__ import annotations

import argparse
import csv
import io
import math
from pathlib import Path

import numpy as np

from .. import data, training
from ..core.errors import ArgumentError, FileFormatError
from ..core.mode import no_grad
from ..io import load_all, replace
from . import runs, sources
from .chart import alone, line_chart
from .config import Config


def forecast(run: runs.Opened, given: argparse.Namespace) -> None:
    """Write what comes next in a series, as a table and a picture; or every row from those before (`one_step`).

    Raises:
        TinygradError, OSError: the series cannot be read, or does not fit the run.
    """
    config = run.config
    path = given.file or config["files"][0]
    series = sources.series_of(config, path)
    if given.file is None and sources.has_changed(config):
        print(f"{path} is not what the run was trained on: its {len(series):,} rows of now are gone on from")
    table = Path(given.to) if given.to else run.folder / ("one-step.csv" if given.one_step else "forecast.csv")
    if given.one_step:
        _one_step(run, series, table)
        return
    missed = _missed(run)
    reach = 0 if missed is None else missed.reach(given.interval)
    steps, rows = _rows_ahead(config, series, given.steps, min(20, reach or 20), path)
    said, window = config["outputs"], config["window"]
    standard = sources.standard_of(config)
    scaled = standard.apply(np.concatenate([series.values, rows]))[max(0, len(series) - window) :]
    read = len(scaled) - steps
    known = scaled[:, None, said:] if said < scaled.shape[1] else None
    ahead = training.free_run(run.network, scaled[:read, None, :said], steps, known=known)[:, 0]
    scale = data.Standard(standard.mean[:said], standard.deviation[:said])
    ends = missed.interval(ahead, given.interval) if missed is not None and reach else None
    columns = {}
    for k, name in enumerate(series.names[:said]):
        columns[name] = scale.undo(ahead)[:, k]
        if ends is not None:
            for side, end in zip(("low", "high"), ends, strict=True):
                columns[f"{name} {side}"] = scale.undo(end)[:, k]
    _write(table, np.arange(len(series), len(series) + steps), columns)
    picture = table.with_suffix(".svg")
    _picture(picture, series, columns, steps)
    if missed is not None:
        print(_said_of_intervals(missed, given.interval, steps))
    print(f"wrote {table} and {picture}")


def _one_step(run: runs.Opened, series: data.Series, table: Path) -> None:
    """Every row from those before."""
    said, standard = run.config["outputs"], sources.standard_of(run.config)
    values = standard.apply(series.values).astype(run.network.dtype)
    with no_grad():
        read = np.concatenate([values[:-1, :said], values[1:, said:]], axis=1)
        found = run.network(read[:, None])[0].numpy()[:, 0]
    found = found * standard.deviation[:said] + standard.mean[:said]
    columns = {}
    for k, name in enumerate(series.names[:said]):
        columns |= {name: series.values[1:, k], f"{name} predicted": found[:, k]}
    _write(table, np.arange(1, len(values)), columns)
    error = np.sqrt(((found - series.values[1:, :said]) ** 2).mean(axis=0))
    print(f"root mean squared error one step ahead: {', '.join(f'{e:.6g}' for e in error)}")
    print(f"wrote {table}")


def _rows_ahead(
    config: Config, series: data.Series, steps: int | None, usual: int, path: str
) -> tuple[int, np.ndarray]:
    """How many steps to predict, and what is known of their rows (NaN for what is to be said).

    Raises:
        ArgumentError: inputs of some of these rows are not in the file.
    """
    width = series.values.shape[1]
    rows = np.zeros((0, width)) if series.future is None else series.future
    if not config["known"]:
        steps = steps or usual
        return steps, np.full((steps, width), np.nan)
    wanted = steps or min(usual, max(1, len(rows)))
    if wanted > len(rows):
        first, last = len(series) + len(rows), len(series) + wanted - 1
        which = f"row {first}" if first == last else f"rows {first} … {last}"
        names, targets = ", ".join(config["known"]), ", ".join(config["columns"])
        raise ArgumentError(
            f"{path}: {wanted} steps ahead need {names} of {which} too (the first row is 0); "
            f"it has {len(rows)} rows with {names} after the last {targets}"
        )
    return wanted, rows[:wanted]


def _missed(run: runs.Opened) -> training.Residuals | None:
    """What predictions with these weights missed on the validation part; None (and why) if that was not measured."""
    path, why = run.folder / runs.RESIDUALS, "the run has no validation part, or has not come to its end"
    if path.exists():
        arrays, texts = load_all(path)
        if texts.get("weights") == training.checksum(run.network.state_dict()):
            values = arrays.get("residuals", np.zeros(0))
            if values.ndim == 3 and values.shape[2] == run.config["outputs"] and values.dtype.kind == "f":
                return training.Residuals(values)
            raise FileFormatError(f"{path}: no residuals of {run.config['outputs']} columns")
        why = "what predictions miss was measured with other weights, at the end of an earlier training"
    print(f"no intervals: {why}")
    return None


def _said_of_intervals(missed: training.Residuals, level: float, steps: int) -> str:
    """From how many forecasts they come, and how far they reach."""
    reach, origins = missed.reach(level), missed.origins
    if not reach:
        need = math.ceil(level / (1 - level) - 1e-9)
        more = "train with a larger --validation, or say a smaller --interval"
        few = f"they need {need} forecasts of the validation part, there were {origins[0]}"
        return f"no {level:.0%} intervals: {few}; {more}"
    seen = origins[: min(reach, steps)]
    of = f"{seen[0]:,}" if seen[0] == seen[-1] else f"{seen[0]:,} (one step ahead) to {seen[-1]:,}"
    beyond = f"; further than {reach} steps ahead too little was measured for them" * (reach < steps)
    return f"{level:.0%} intervals from {of} forecasts of the validation part{beyond}"


def _write(path: Path, rows: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """A table; what is not known is empty."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["row", *columns])
    for k, row in enumerate(rows):
        table.writerow([row, *("" if np.isnan(c[k]) else repr(float(c[k])) for c in columns.values())])
    replace(path, text.getvalue().encode())


def _picture(path: Path, series: data.Series, columns: dict[str, np.ndarray], steps: int) -> None:
    """The last rows of the first column, and what was predicted to follow."""
    name, N = series.names[0], len(series)
    shown = min(N, 4 * steps)
    past = [(float(N - shown + k), float(y)) for k, y in enumerate(series.values[N - shown :, 0])]
    lines = {name: past}
    for label in (name, f"{name} low", f"{name} high"):
        if label in columns:
            said = "predicted" if label == name else label.removeprefix(f"{name} ")
            points = [(float(N + k), float(y)) for k, y in enumerate(columns[label]) if np.isfinite(y)]
            lines[said] = [past[-1], *points]
    replace(path, alone(line_chart(lines, name, "row", name)).encode())
