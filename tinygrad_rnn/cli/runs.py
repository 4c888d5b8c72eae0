"""What a training run is made of, from the facts that its checkpoint keeps: data, network, trainer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import data, nn, optim, strategies, training
from ..core.errors import ArgumentError, FileFormatError
from ..nn.network import output_size
from . import subject

CHECKPOINT = "checkpoint.safetensors"
Config = dict[str, Any]


class Sources(NamedTuple):
    """What is trained on, what is validated on (if there is enough), and the loss of a naive answer to the latter."""

    training: data.Source
    validation: data.Source | None
    naive: tuple[str, float] | None


# -- data ---------------------------------------------------------------------------------------------------------


def text_sources(config: Config) -> Sources:
    """Strands of text files; the vocabulary goes into the config, or must be the one that is there."""
    text = data.Text.from_files(config["files"], config["level"])
    vocabulary = list(text.vocabulary) if config["level"] == "char" else None
    if "inputs" in config and config.get("vocabulary") != vocabulary:
        raise FileFormatError(f"{', '.join(config['files'])}: its characters are not those the run began with")
    size = 256 if vocabulary is None else len(vocabulary)
    config |= {"vocabulary": vocabulary, "inputs": size, "symbols": True, "outputs": size, "at_end": False}
    known, unseen = text.numbers, text.numbers[:0]
    if config["validation"]:
        cut = len(known) - round(len(known) * config["validation"])
        known, unseen = known[:cut], known[cut:]
    steps = config["window"]
    validation = None
    if len(unseen) > 1:
        few = max(1, min(config["batch"], len(unseen) // (steps + 1)))
        validation = data.Strands(unseen, size, min(steps, len(unseen) - 1), few)
    counts = np.bincount(known[: 10**7], minlength=size) + 1.0
    naive = (
        "by the frequencies of symbols alone",
        float(-np.log(counts / counts.sum())[np.asarray(unseen[: 10**6])].mean()),
    )
    return Sources(data.Strands(known, size, steps, config["batch"]), validation, naive if validation else None)


def series_sources(config: Config) -> Sources:
    """Windows of a series' columns, standardised by the training part."""
    rows = series_of(config).values
    kept = len(rows) - round(len(rows) * config["validation"])
    known, unseen = rows[:kept], rows[kept:]
    standard = data.Standard.fit(known)
    width = rows.shape[1]
    config |= {"inputs": width, "symbols": False, "outputs": width, "at_end": False}
    config |= {"mean": standard.mean.tolist(), "deviation": standard.deviation.tolist()}
    window = config["window"]

    values = standard.apply(known)
    source = data.Windows(values, values, window, config["batch"], seed=config["seed"])
    values, validation = standard.apply(unseen), None
    if len(unseen) > 2:
        steps = min(window, len(unseen) - 1)
        validation = data.Windows(values, values, steps, config["batch"], shuffle=False, stride=steps)
    naive = None
    if validation:
        naive = ("by the value before", float((np.diff(values, axis=0) ** 2).mean()))
    return Sources(source, validation, naive)


def series_of(config: Config, path: str | None = None) -> data.Series:
    """The series of a run, or another one like it."""
    return data.read_series(path or config["files"][0], columns=config["columns"], decimal=config["decimal"])


def task_sources(config: Config) -> Sources:
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


SOURCES: dict[str, Callable[[Config], Sources]] = {
    "text": text_sources,
    "series": series_sources,
    "task": task_sources,
}


# -- network and trainer ------------------------------------------------------------------------------------------


def network_of(config: Config, cell: str | None = None) -> nn.Network:
    """A network with new weights; `cell` if its cell is a user's own."""
    generator = np.random.default_rng(config["seed"])
    name = cell or config["cell"]
    width = config["embedding"] if config["symbols"] else config["inputs"]
    cells = []
    for k in range(config["layers"]):
        cells.append(subject.cell(name, width, config["hidden"], generator))
        if not isinstance(cells[-1], nn.Cell):
            raise ArgumentError(f"{name} is no subclass of tg.nn.Cell")
        width = output_size(cells[-1], k)
    symbols = config["inputs"] if config["symbols"] else None
    network = nn.Network(
        cells,
        config["outputs"],
        symbols=symbols,
        at_end=config["at_end"],
        dropout=config["dropout"],
        generator=generator,
    )
    if config["chrono"] is not None:
        nn.chrono_(network, config["chrono"], generator)
    return network


def trainer_of(
    config: Config, folder: Path, network: nn.Network, sources: Sources, ranks: training.Ranks
) -> training.Trainer:
    """The trainer of a run."""
    return training.Trainer(
        network,
        sources.training,
        optimizer=optim.Adam(network.parameters(), lr=config["lr"]),
        strategy=strategies.strategy(config["strategy"]),
        schedule=schedule_of(config),
        clip_norm=config["clip"] or None,
        validation=sources.validation,
        validate_every=config["validate_every"],
        patience=config["patience"] if sources.validation else None,
        folder=folder,
        save_every=config["save_every"],
        config=config,
        communicator=ranks,
    )


def schedule_of(config: Config) -> training.Schedule:
    """The schedule of the learning rate."""
    name, warmup = config["schedule"], config["warmup"]
    if name == "cosine":
        if config["steps"] is None:
            raise ArgumentError("--schedule cosine needs --steps or --epochs: it ends there")
        return training.Cosine(config["steps"], warmup=warmup)
    if name == "step":
        return training.StepDecay(max(1, (config["steps"] or 1000) // 4), warmup=warmup)
    return training.Plateau(warmup=warmup) if name == "plateau" else training.Schedule(warmup)


# -- a run in a folder --------------------------------------------------------------------------------------------


#: What the config of a run says, of every kind and of each.
_SAYS = {"cell", "layers", "hidden", "dropout", "chrono", "embedding", "seed", "inputs", "outputs", "symbols", "at_end",
         "strategy", "batch", "lr", "schedule", "warmup", "clip", "patience", "steps", "save_every",
         "validate_every"}  # fmt: skip
_KIND_SAYS = {
    "text": {"files", "level", "vocabulary", "window", "validation"},
    "series": {"files", "columns", "decimal", "mean", "deviation", "window", "validation"},
    "task": {"task", "length"},
}


class Opened(NamedTuple):
    """A run as it was left: its config, and its network with the best weights (or the last)."""

    folder: Path
    config: Config
    network: nn.Network


def config_of(read: training.Checkpoint, path: Path) -> Config:
    """The config in a checkpoint.

    Raises:
        FileFormatError: the checkpoint is not of a run that ``train`` began.
    """
    config = read.facts.get("config")
    if not isinstance(config, dict) or config.get("kind") not in SOURCES:
        raise FileFormatError(f"{path}: a checkpoint, but not of a run that tinygrad-rnn train began")
    missing = sorted((_SAYS | _KIND_SAYS[config["kind"]]) - config.keys())
    if missing:
        raise FileFormatError(f"{path}: its configuration does not say {', '.join(missing)}")
    return config


def opened(folder: str, cell: str | None = None, last: bool = False) -> Opened:
    """The run in a folder.

    Raises:
        FileFormatError, StateDictError, ArgumentError, OSError: it cannot be read, or does not fit.
    """
    path = Path(folder)
    path = path / CHECKPOINT if path.is_dir() else path
    read = training.read(path)
    config = config_of(read, path)
    network = network_of(config, own_cell(config, cell))
    network.load_state_dict(({} if last else read.part("best")) or read.part("network"))
    network.eval()
    return Opened(path.parent, config, network)


def own_cell(config: Config, cell: str | None) -> str | None:
    """The cell to make: one in a user's file must be named again, because a checkpoint must not run code.

    Raises:
        ArgumentError: it is not named again.
    """
    if ":" in config["cell"] and cell is None:
        raise ArgumentError(
            f"this run's cell is {config['cell']}, a program of yours, that is not run unasked: add --cell FILE.py:NAME"
        )
    return cell


def standard_of(config: Config) -> data.Standard:
    """How a series was standardised."""
    return data.Standard(np.array(config["mean"]), np.array(config["deviation"]))


def symbols_of(config: Config) -> data.Text:
    """What encodes and decodes the symbols of a text run."""
    return data.Text("", vocabulary=config["vocabulary"], level=config["level"])


def nats(loss: float, config: Config) -> str:
    """A loss in words."""
    if config["kind"] == "text":
        unit = "character" if config["level"] == "char" else "byte"
        return f"{loss:.4f} nats a {unit} ({loss / math.log(2):.3f} bits)"
    return f"{loss:.6g}"
