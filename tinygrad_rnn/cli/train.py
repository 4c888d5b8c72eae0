"""``tinygrad-rnn train``: a network for a text, a series of numbers, or a task of the literature."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, training
from ..core.errors import ArgumentError
from ..core.mode import no_grad
from ..io import save
from . import runs, train_options
from .chart import alone, line_chart

SERIES_HORIZON = 50


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
    if (folder / runs.CHECKPOINT).exists() and not given.overwrite:
        raise ArgumentError(
            f"{folder} has a run already: tinygrad-rnn resume {folder} goes on with it, --overwrite begins anew"
        )
    left_out = ("run", "command", "out", "overwrite", "quiet", "usual_steps", "epochs", "ranks")
    config = {name: value for name, value in vars(given).items() if name not in left_out}
    if "files" in config:
        config["files"] = [str(Path(file).resolve()) for file in given.files]
    config.setdefault("embedding", None)
    sources = runs.SOURCES[given.kind](config)
    if given.epochs is not None:
        assert sources.training.epoch is not None
        config["steps"] = math.ceil(given.epochs * sources.training.epoch)
    config["steps"] = config["steps"] or given.usual_steps
    config["validate_every"] = max(1, min(sources.training.epoch or 200, 200, config["steps"] // 10))
    network = runs.network_of(config)
    trainer = runs.trainer_of(config, folder, network, sources, given.ranks)
    size = sum(p.size for p in network.parameters())
    print(f"{given.cell}, {given.layers} × {given.hidden} units, {size:,} parameters; into {folder}")
    train_on(trainer, sources, given.quiet)


def train_on(trainer: training.Trainer, sources: runs.Sources, quiet: bool) -> None:
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
    if trainer.best_weights is not None:
        trainer.network.load_state_dict(trainer.best_weights)
    last = float(np.mean([m.loss for m in history[-50:]]))
    spent = max(history[-1].seconds, 1e-9)
    rate = sum(m.tokens for m in history) / spent
    print(f"{len(history):,} steps, {sum(m.tokens for m in history):,} time steps read, {rate:,.0f} a second")
    print(f"training loss    {runs.nats(last, config)}, mean of the last {min(50, len(history))} steps")
    if trainer.best[1]:
        print(f"validation loss  {runs.nats(trainer.best[0], config)}, best, after step {trainer.best[1]:,}")
    if sources.naive:
        print(f"for comparison   {runs.nats(sources.naive[1], config)}, {sources.naive[0]}")
    for name, chart in _charts(history, config).items():
        (folder / f"{name}.svg").write_text(alone(chart), encoding="utf-8")
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
    rows = runs.series_of(config).values
    kept = len(rows) - round(len(rows) * config["validation"])
    unseen = runs.standard_of(config).apply(rows[kept:])
    horizon = min(SERIES_HORIZON, (len(unseen) - 1) // 2)
    if horizon >= 1:
        warmup = min(config["window"], len(unseen) - horizon)
        missed = training.residuals(trainer.network, unseen, horizon, warmup, origins=200)
        save({"residuals": missed.values}, folder / "residuals.safetensors")
        each = np.sqrt((missed.values[:, 0] ** 2).mean(axis=0)) * np.array(config["deviation"])
        errors = ", ".join(f"{e:.4g}" for e in each)
        print(f"one step ahead   a root mean squared error of {errors} on the validation part")
    print(f"then: tinygrad-rnn predict {folder}")


def _finish_task(trainer: training.Trainer, folder: Path) -> None:
    task = runs.task_of(trainer.config)
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
