"""``tinygrad-rnn train``: a network for a text, a series of numbers, or a task of the literature."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, training
from ..core.errors import ArgumentError, TinygradError
from ..core.mode import no_grad
from ..io import checked_path, replace, save
from . import runs, sources, train_options
from .chart import alone, line_chart

SERIES_HORIZON, SERIES_ORIGINS = 50, 1000


def add(commands: Any) -> None:
    """The command ``train``."""
    parser = commands.add_parser(
        "train",
        help="train a recurrent network on your text, your numbers, or a task of the literature",
        description="Trains a recurrent network. Everything goes into one folder, from which resume, sample and "
        "predict go on.",
    )
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True, parser_class=type(parser))
    train_options.add_all(kinds, run)


def run(given: argparse.Namespace) -> None:
    """Begin a run.

    Raises:
        ArgumentError: there is a run in the folder already, or something makes no sense.
        TinygradError, OSError: the data cannot be read, or the folder not be written.
    """
    given.out = given.out or str(Path("runs") / default_name(given))
    folder = Path(given.out)
    ranks = given.ranks
    ranks.first(lambda: _refuse_a_run(folder, given.overwrite))
    left_out = ("run", "command", "out", "overwrite", "quiet", "usual_steps", "epochs", "ranks")
    config = {name: value for name, value in vars(given).items() if name not in left_out}
    if "files" in config:
        config["files"] = [str(checked_path(file).resolve()) for file in given.files]
    config.setdefault("embedding", None)
    found = sources.sources(config)
    if given.epochs is not None:
        assert found.training.epoch is not None
        config["steps"] = math.ceil(given.epochs * found.training.epoch)
    config["steps"] = config["steps"] or given.usual_steps
    config["validate_every"] = max(1, min(found.training.epoch or 200, 200, config["steps"] // 10))
    network = runs.network_of(config)
    trainer = runs.trainer_of(config, folder, network, found, ranks)
    size = sum(p.size for p in network.parameters())
    with training.locked(folder, ranks):
        ranks.first(lambda: _cleared(folder, given.overwrite))
        trainer.save(folder / runs.CHECKPOINT)  # from now on there is a run to resume
        print(f"{given.cell}, {given.layers} × {given.hidden} units, {size:,} parameters; into {folder}")
        if found.validation is None and config["validation"]:
            print(f"no validation    --validation {config['validation']:g} leaves too little to measure anything on")
        try:
            train_on(trainer, found, given.quiet)
        except TinygradError:
            if not trainer.step and not ranks.rank:  # nothing was learnt: a mistake leaves nothing
                runs.clear(folder)
            raise


def _refuse_a_run(folder: Path, overwrite: bool) -> None:
    there = runs.files_in(checked_path(folder))
    if there and not overwrite:
        way = f"tinygrad-rnn resume {folder} goes on with it, " * (runs.CHECKPOINT in there)
        what = "a run already" if way else f"what is left of a run ({', '.join(there)})"
        raise ArgumentError(f"{folder} has {what}: {way}--overwrite begins anew")


def _cleared(folder: Path, overwrite: bool) -> None:
    _refuse_a_run(folder, overwrite)
    runs.clear(folder)


def train_on(trainer: training.Trainer, found: sources.Sources, quiet: bool) -> None:
    """Train until the run's steps are done, and say what became of it."""
    config, folder = trainer.config, trainer.folder
    assert folder is not None
    ranks = trainer.ranks
    if ranks.size > 1:
        print(f"on {ranks}")
    seen = sys.stderr.isatty() or ranks.size > 1  # mpiexec hands on what is said
    history = trainer.run(config["steps"], progress=not quiet and seen)
    if ranks.rank:
        return
    tokens = sum(m.tokens for m in history)
    rate = tokens / max(trainer.seconds, 1e-9)
    print(f"{trainer.step:,} steps, {tokens:,} time steps read, {rate:,.0f} a second")
    if history:
        last = [m.loss for m in history[-50:]]
        print(f"training loss    {runs.nats(float(np.mean(last)), config)}, mean of the last {len(last)} steps")
        for name, chart in _charts(history, config).items():
            replace(folder / f"{name}.svg", alone(chart).encode())
    if math.isfinite(trainer.best[0]):
        print(f"validation loss  {runs.nats(trainer.best[0], config)}, best, after step {trainer.best[1]:,}")
    if found.naive:
        print(f"for comparison   {runs.nats(found.naive[1], config)}, {found.naive[0]}")
    FINISH[config["kind"]](trainer, folder)


def default_name(given: argparse.Namespace) -> str:
    """What is learned, and by which cell."""
    what = given.task if given.kind == "task" else Path(given.files[0]).stem
    return f"{what}-{Path(given.cell.split(':')[0]).stem}"


def _charts(history: training.History, config: runs.Config) -> dict[str, str]:
    """Loss and gradient norm by step, as means of stretches of steps."""
    stretch = max(1, len(history) // 200)
    parts = [history[k : k + stretch] for k in range(0, len(history), stretch)]
    lines = {"training": [(float(p[-1].step), float(np.mean([m.loss for m in p]))) for p in parts]}
    checked = [(float(m.step), m.validation) for m in history if m.validation is not None]
    if checked:
        lines["validation"] = checked
    norms = {"before clipping": [(float(p[-1].step), float(np.mean([m.gradient_norm for m in p]))) for p in parts]}
    unit = "nats a symbol" if config["kind"] == "text" else "loss"
    return {
        "loss": line_chart(lines, "loss", "step", unit),
        "gradient-norm": line_chart(norms, "gradient norm", "step", "gradient norm", logarithmic=True),
    }


def _finish_text(trainer: training.Trainer, folder: Path) -> None:
    print(f"then: tinygrad-rnn sample {folder}")


def _finish_series(trainer: training.Trainer, folder: Path) -> None:
    """Measure what free-running predictions miss on the validation part, for the intervals of `predict`."""
    config = trainer.config
    rows = sources.standard_of(config).apply(sources.series_of(config).values)
    unseen, window, said = round(len(rows) * config["validation"]), config["window"], config["outputs"]
    if unseen:
        part = rows[len(rows) - unseen - window :]
        known = part[:, said:] if said < part.shape[1] else None
        missed = training.residuals(
            trainer.network, part[:, :said], min(SERIES_HORIZON, unseen), window, SERIES_ORIGINS, known=known
        )
        of = training.checksum(trainer.network.state_dict())
        save({"residuals": missed.values}, folder / runs.RESIDUALS, {"weights": of})
        each = np.sqrt((missed.values[:, 0] ** 2).mean(axis=0)) * np.array(config["deviation"][:said])
        errors = ", ".join(f"{e:.4g}" for e in each)
        print(f"one step ahead   a root mean squared error of {errors} on the {unseen:,} rows of the validation part")
    print(f"then: tinygrad-rnn predict {folder}")


def _finish_task(trainer: training.Trainer, folder: Path) -> None:
    task = sources.task_of(trainer.config)
    try:
        right, all_of = solved(trainer.network, task)
        print(f"solved           {right:,} of {all_of:,} new sequences")
    except NotImplementedError:
        pass
    print(f"then: tinygrad-rnn predict {folder}")


def solved(network: Any, task: data.Task, sequences: int = 1000, seed: int = 2**31) -> tuple[int, int]:
    """Of how many new sequences the network is right, by the criterion of the literature."""
    right = 0
    with no_grad():
        network.eval()
        for k in range(-(-sequences // 100)):
            batch = task.sample(np.random.default_rng([seed, k]), min(100, sequences - 100 * k))
            outputs, _ = network(batch.inputs, None, batch.lengths)
            right += int(task.correct(outputs.numpy(), batch).sum())
    return right, sequences


FINISH = {"text": _finish_text, "series": _finish_series, "task": _finish_task}
