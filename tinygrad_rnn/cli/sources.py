"""The data of a run: what it is trained and validated on, and whether that is still what it was."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import data
from ..core.errors import ArgumentError, FileFormatError
from ..io import checked_path
from .config import Config


class Sources(NamedTuple):
    """What is trained on, what is validated on (if there is enough), and the loss of a naive answer to the latter."""

    training: data.Source
    validation: data.Source | None
    naive: tuple[str, float] | None


def sources(config: Config, new_data: bool = False) -> Sources:
    """The sources of a run. What is learnt from the data of a new run (scale, vocabulary) goes into its config.

    Raises:
        FileFormatError: the files are not those that the run was trained on, unless `new_data` are meant.
        TinygradError, OSError: they cannot be read, or are not enough.
    """
    before, files = config.get("data"), [_facts(file) for file in config.get("files", ())]
    if before is not None and before["files"] != files and not new_data:
        raise FileFormatError(_changed(config, files))
    made = _SOURCES[config["kind"]](config)
    if files:
        config["data"]["files"] = files
    return made


def has_changed(config: Config) -> bool:
    """Whether the files of a run are other ones than it was trained on."""
    return config["data"]["files"] != [_facts(file) for file in config["files"]]


def _facts(file: str) -> dict[str, Any]:
    """By which a file is known again."""
    with open(checked_path(file), "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"size": stream.tell(), "sha256": digest}


def _changed(config: Config, files: list[dict[str, Any]]) -> str:
    """What is not as it was."""
    before = config["data"]
    now = dict(config)
    _SOURCES[config["kind"]](now)
    names = [file for file, old, new in zip(config["files"], before["files"], files, strict=False) if old != new]
    unit = "rows" if config["kind"] == "series" else "symbols"
    facts = [f"{before['rows']:,} {unit} then, {now['data']['rows']:,} now"]
    if before["rows"] == now["data"]["rows"]:
        facts = [f"{before['rows']:,} {unit} as then, but of another content"]
    keeps = "scale" if config["kind"] == "series" else "alphabet"
    way = f"--new-data goes on with it, on the {keeps} of the run"
    return f"{', '.join(names)}: not what the run was trained on, {', '.join(facts)}; {way}"


# -- text ---------------------------------------------------------------------------------------------------------


def _text(config: Config) -> Sources:
    """Strands of text files, in the vocabulary of the run."""
    known = config.get("vocabulary")
    text = data.Text.from_files(config["files"], config["level"], vocabulary=known, encoding=config["encoding"])
    vocabulary = list(text.vocabulary) if config["level"] == "char" else None
    size = len(text.vocabulary)
    config |= {"vocabulary": vocabulary, "inputs": size, "symbols": True, "outputs": size, "at_end": False}
    config |= {"data": {"rows": len(text)}}
    if known is not None and (unknown := int(np.count_nonzero(text.numbers == 0))):
        print(f"{unknown:,} of {len(text):,} characters are new to the run: all of them are one symbol to it")
    kept, steps = _kept(config, len(text)), config["window"]
    if kept <= steps * config["batch"]:
        need = f"--batch {config['batch']} strands of --window {steps} need {steps * config['batch'] + 1:,}"
        raise ArgumentError(_too_few(config, len(text), kept, "symbols", need))
    seen, unseen = text.numbers[:kept], text.numbers[kept:]
    validation = None
    if len(unseen) > 1:
        few = max(1, min(config["batch"], len(unseen) // (steps + 1)))
        validation = data.Strands(unseen, size, min(steps, len(unseen) - 1), few)
    counts = np.bincount(seen[: 10**7], minlength=size) + 1.0
    naive = (
        "by the frequencies of symbols alone",
        float(-np.log(counts / counts.sum())[np.asarray(unseen[: 10**6])].mean()) if validation else math.nan,
    )
    return Sources(data.Strands(seen, size, steps, config["batch"]), validation, naive if validation else None)


def symbols_of(config: Config) -> data.Text:
    """What encodes and decodes the symbols of a text run."""
    return data.Text("", vocabulary=config["vocabulary"], level=config["level"])


def start_of(config: Config, start: str | None) -> np.ndarray:
    """The symbols that a text run goes on from; None: a new line, or if its text had none, the first of its alphabet.

    Raises:
        ArgumentError: there is none, or the text of the run had no such character.
    """
    symbols = symbols_of(config)
    if start is None:
        start = "\n" if symbols.level == "byte" or "\n" in symbols.vocabulary else symbols.vocabulary[1]
    if not start:
        raise ArgumentError("--start: expected at least one character")
    new = [] if symbols.level == "byte" else [c for c in dict.fromkeys(start) if c not in symbols.vocabulary[1:]]
    if new:
        raise ArgumentError(f"--start: the text that the run learnt from has no {', '.join(map(repr, new))}")
    return symbols.encode(start)


# -- series -------------------------------------------------------------------------------------------------------


def _series(config: Config) -> Sources:
    """Windows of a series' columns, on the scale of the training part that the run began with."""
    series = series_of(config)
    rows, kept, window = series.values, _kept(config, len(series)), config["window"]
    config["data"] = {"rows": len(rows), "columns": series.names}
    if kept <= window:
        need = f"--window {window} needs {window + 1}"
        raise ArgumentError(_too_few(config, len(rows), kept, "rows", need))
    said = rows.shape[1] - len(config["known"] or ())
    if "mean" not in config:
        standard = data.Standard.fit(rows[:kept], series.names)
        config |= {"inputs": rows.shape[1], "symbols": False, "outputs": said, "at_end": False, "names": series.names}
        config |= {"mean": standard.mean.tolist(), "deviation": standard.deviation.tolist()}
    scaled = standard_of(config).apply(rows)
    values, known = scaled[:, :said], scaled[:, said:]

    def windows(a: int, b: int, steps: int, **how: Any) -> data.Windows:
        beside = known[a:b] if known.shape[1] else None
        return data.Windows(values[a:b], values[a:b], steps, config["batch"], known=beside, **how)

    source = windows(0, kept, window, seed=config["seed"])
    validation = naive = None
    if len(rows) - kept > 2:
        steps = min(window, len(rows) - kept - 1)
        validation = windows(kept, len(rows), steps, shuffle=False, stride=steps)
        naive = ("by the value before", float((np.diff(values[kept:], axis=0) ** 2).mean()))
    return Sources(source, validation, naive)


def series_of(config: Config, path: str | None = None) -> data.Series:
    """The series of a run, or another one like it: what is predicted, and then what else is read."""
    columns, known = config["columns"], config["known"]
    if known and not columns:
        raise ArgumentError("--inputs needs --target: the columns to predict from them")
    names = ("delimiter", "header", "decimal", "thousands", "encoding", "skip_rows")
    series = data.read_series(
        path or config["files"][0],
        columns=[*columns, *(known or ())] if columns else None,
        targets=columns if known else None,
        **{name: config[name] for name in names},
    )
    return series.select(*config["names"]) if "names" in config else series


def standard_of(config: Config) -> data.Standard:
    """How a series was standardised."""
    return data.Standard(np.array(config["mean"]), np.array(config["deviation"]))


def _kept(config: Config, count: int) -> int:
    """How many of so many rows are before the validation part."""
    return count - round(count * config["validation"])


def _too_few(config: Config, count: int, kept: int, what: str, need: str) -> str:
    before = f", {kept:,} before the validation part (--validation {config['validation']:g})" if kept < count else ""
    return f"{', '.join(config['files'])}: {count:,} {what}{before}; {need}"


# -- tasks --------------------------------------------------------------------------------------------------------


def _task(config: Config) -> Sources:
    """Sequences of a task."""
    task = task_of(config)
    config |= {"inputs": task.inputs, "symbols": task.symbols, "outputs": task.outputs, "at_end": task.at_end}
    seed = config["seed"]
    return Sources(
        task.source(config["batch"], seed),
        task.source(config["batch"], seed + 10**6),
        ("the best constant", task.baseline),
    )


def task_of(config: Config) -> data.Task:
    """The task of a config; `length` where it has one."""
    kind = data.TASKS[config["task"]]
    options = {} if config["length"] is None else {"length": config["length"]}
    if options and not (is_dataclass(kind) and "length" in kind.__dataclass_fields__):
        raise ArgumentError(f"the task {config['task']} has no length to choose")
    task = kind(**options)
    if is_dataclass(task):
        config["settings"] = asdict(task)
    return task


_SOURCES: dict[str, Callable[[Config], Sources]] = {"text": _text, "series": _series, "task": _task}
