"""`Trainer`: steps of an optimiser along a source of batches, validated, logged, saved, and resumed to the bit."""

from __future__ import annotations

import math
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from ..core.errors import ArgumentError, NonFiniteError, with_user_line
from ..core.trees import flatten
from ..data.batch import Source
from ..io import save
from ..nn import Network
from ..nn.loading import checked_arrays
from ..optim import Adam, Optimizer, clip_grad_norm_, clip_grad_value_
from ..strategies import BPTT, Criterion, Strategy
from . import checkpoint
from .evaluation import check_fit, evaluate
from .folder import locked
from .history import History, Measured
from .interrupts import interruptible
from .parallel import Ranks, ranks_of
from .schedules import Schedule
from .sharing import Shares

if TYPE_CHECKING:
    from mpi4py.MPI import Intracomm


class Trainer:
    """Trains a network on a source of batches.

    A run is a function of the network's weights, the source and the settings: batch k is a function of k, and what is
    random in the network has its generators. So a run that is saved and resumed, or is run again, has the same losses
    and weights to the bit, with any number of threads.

    Args:
        network: what is trained.
        source: of batches, such as `tg.data.Adding(100).source(32)`.
        optimizer: default: `Adam` with its usual rate.
        strategy: how gradients are computed; default: full BPTT.
        schedule: of the learning rate.
        clip_norm, clip_value: bounds on the gradient's norm, and on each of its entries.
        validation: another source, of which an epoch is read, or `validation_batches` if that is longer.
        validate_every: steps between validations; default: an epoch, or 100.
        patience: stop after so many validations without a better loss.
        restore_best: with validation, let the network have its best weights whenever `run` ends, however it ends. The
            next `run`, and a checkpoint, go on from the last ones all the same. False: the last ones stay.
        folder: where a run leaves ``checkpoint.safetensors``, ``best.safetensors`` (weights alone), ``metrics.jsonl``
            and ``metrics.csv``.
        save_every: steps between checkpoints; default: `validate_every`.
        config: facts of your own that go into the checkpoint, as JSON has them.
        communicator: of mpi4py, such as ``MPI.COMM_WORLD``, whose processes all make this trainer and share each batch;
            the network, source and settings must be the same in all. Rank 0 writes.

    Attributes:
        ranks: the processes that train.
        step: steps done.
        history: what was measured at each.
        best: the best validation loss, and the step it was measured after.

    Raises:
        ArgumentError: a setting makes no sense, or the source does not fit the network.
    """

    def __init__(
        self,
        network: Network,
        source: Source,
        *,
        optimizer: Optimizer | None = None,
        strategy: Strategy | None = None,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        validation: Source | None = None,
        validate_every: int | None = None,
        validation_batches: int = 50,
        patience: int | None = None,
        restore_best: bool = True,
        folder: str | os.PathLike[str] | None = None,
        save_every: int | None = None,
        config: dict[str, Any] | None = None,
        communicator: Intracomm | Ranks | None = None,
    ):
        check_fit(network, source)
        self.ranks = ranks_of(communicator)
        self.shares = Shares(self.ranks, network)
        self.network, self.source, self.validation = network, source, validation
        self.optimizer = Adam(network.parameters()) if optimizer is None else optimizer
        self.strategy = BPTT() if strategy is None else strategy
        self.schedule = Schedule() if schedule is None else schedule
        self.criterion = Criterion(source.loss, source.at_end)
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.validate_every = validate_every or source.epoch or 100
        self.validation_batches, self.patience = validation_batches, patience
        self.save_every = save_every or self.validate_every
        for name in ("validate_every", "save_every", "validation_batches", "patience"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ArgumentError(with_user_line(f"Trainer: {name} must be at least 1, got {value}"))
        if patience is not None and validation is None:
            raise ArgumentError(with_user_line("Trainer: patience needs a validation source"))
        self.folder = None if folder is None else Path(folder)
        self.config = {} if config is None else config
        self.step, self.carried = 0, None
        self.best: tuple[float, int] = (math.inf, 0)
        self.best_weights: dict[str, np.ndarray] | None = None
        self.restore_best = restore_best
        self.last_weights: dict[str, np.ndarray] | None = None  # while the network has the best ones instead
        self.seconds = 0.0  # of earlier sessions
        self.writes = self.folder is not None and self.ranks.rank == 0
        self.history = History(self.folder / "metrics.jsonl" if self.folder is not None and self.writes else None)

    # -- training -----------------------------------------------------------------------------

    def run(
        self,
        steps: int | None = None,
        *,
        epochs: float | None = None,
        seconds: float | None = None,
        progress: bool = False,
    ) -> History:
        """Train until so many steps (epochs) have been done in all, or for so many seconds, or until `patience` ends.

        A first Ctrl-C (or SIGTERM) lets the step end and saves a checkpoint, then raises; a second raises at once.
        Where there are several ranks, all end after the step in which one of them got it.

        Raises:
            ArgumentError: neither steps, epochs nor seconds are given, or epochs of a source without an end; another
                process trains in the folder; ranks cannot share the batches, or differ in what they train.
            NonFiniteError: the loss or the gradient is infinite or NaN; the step was not made.
            KeyboardInterrupt, SystemExit: see above.
            OSError: the folder cannot be written.
        """
        last = self._last_step(steps, epochs, seconds)
        begin, since, whole = time.perf_counter(), self.seconds, True
        self.network.train()
        deadline, over = math.inf, False
        bar = self._bar(last, seconds, progress)
        with locked(self.folder, self.ranks), interruptible() as interrupted, bar:
            self._take_last_weights()
            self._check_ranks(last)
            try:
                while self.step < last and not self._patience_is_over() and not over:
                    whole = False
                    measured = self._advance(since + time.perf_counter() - begin)
                    self.history.add(measured)
                    whole = self.ranks.size == 1  # other ranks may not be as far
                    self.seconds = measured.seconds
                    if seconds is not None and deadline == math.inf:  # what was compiled first does not count
                        deadline = time.perf_counter() + seconds
                    self._show(bar, measured, None if seconds is None else seconds - deadline + time.perf_counter())
                    if self.folder is not None and self.step % self.save_every == 0:
                        self.save(self.folder / "checkpoint.safetensors")
                    now = time.perf_counter() >= deadline
                    stop, end, over = self.ranks.any(signal.SIGINT in interrupted, signal.SIGTERM in interrupted, now)
                    whole = True
                    if stop or end:
                        raise KeyboardInterrupt if stop else SystemExit(128 + signal.SIGTERM)
            finally:
                try:
                    self.history.close()
                    if self.folder is not None and self.step and whole:
                        self.save(self.folder / "checkpoint.safetensors")
                        if self.writes:
                            self.history.to_csv(self.folder / "metrics.csv")
                finally:
                    self._take_best_weights()
        return self.history

    def _bar(self, last: float, seconds: float | None, progress: bool) -> Any:
        """A progress bar of steps, or of seconds, on rank 0."""
        hidden = not progress or self.ranks.rank > 0
        if seconds is not None:
            form = "{desc} {bar:24} {n:.0f}/{total:.0f} s{postfix}"
            return tqdm(total=seconds, desc="training", bar_format=form, disable=hidden)
        label = f"steps of {self.source.epoch}" if self.source.epoch else "steps"
        label += f" on {self.ranks.size} ranks" if self.ranks.size > 1 else ""
        return tqdm(total=last, initial=self.step, disable=hidden, unit="step", desc=label)

    def _last_step(self, steps: int | None, epochs: float | None, seconds: float | None) -> float:
        if epochs is not None:
            if self.source.epoch is None:
                raise ArgumentError(with_user_line("run: the source has no epochs; say how many steps"))
            steps = math.ceil(epochs * self.source.epoch)
        if steps is None and seconds is None:
            raise ArgumentError(with_user_line("run: say how many steps, epochs or seconds"))
        return math.inf if steps is None else steps

    def _advance(self, seconds: float) -> Measured:
        """One step."""
        batch = self.source.batch(self.step)
        base = self.optimizer.lr
        rate = self.schedule.rate(base, self.step)
        self.optimizer.zero_grad()
        loss, carried = self.shares.gradients(
            self.strategy, batch, self.criterion, self.carried, self.step, self.optimizer.parameters
        )
        if not math.isfinite(loss):
            raise NonFiniteError(
                with_user_line(
                    f"the loss of step {self.step + 1} is {loss}: a lower learning rate or clip_norm may help"
                )
            )
        if self.clip_value is not None:
            clip_grad_value_(self.optimizer.parameters, self.clip_value)
        norm = clip_grad_norm_(self.optimizer.parameters, math.inf if self.clip_norm is None else self.clip_norm)
        vars(self.optimizer)["lr"] = rate
        try:
            self.optimizer.step()
        finally:
            vars(self.optimizer)["lr"] = base
        self.carried = carried if batch.begins is not None else None
        self.step += 1
        checked = self.validate() if self.validation is not None and self.step % self.validate_every == 0 else None
        return Measured(self.step, loss, norm, rate, batch.tokens, seconds, checked)

    def validate(self) -> float:
        """The mean loss on the validation source; a better one than ever before is remembered with the weights.

        Raises:
            ArgumentError: there is no validation source.
        """
        if self.validation is None:
            raise ArgumentError(with_user_line("validate: there is no validation source"))
        loss = evaluate(self.network, self.validation, self.validation_batches, self.shares)
        self.schedule.observe(loss)
        if loss < self.best[0]:
            self.best, self.best_weights = (loss, self.step), self.network.state_dict()
            if self.folder is not None and self.writes:
                save(self.best_weights, self.folder / "best.safetensors")
        return loss

    def _patience_is_over(self) -> bool:
        return self.patience is not None and self.step - self.best[1] >= self.patience * self.validate_every

    def _take_best_weights(self) -> None:
        if self.restore_best and self.best_weights is not None:
            self.last_weights = self.network.state_dict()
            self.network.load_state_dict(self.best_weights)

    def _take_last_weights(self) -> None:
        """Go on from the last weights, unless somebody gave the network others than the best meanwhile."""
        if self.last_weights is not None and self.best_weights is not None:
            own = self.network.state_dict()
            if all(np.array_equal(own[name], x, equal_nan=True) for name, x in self.best_weights.items()):
                self.network.load_state_dict(self.last_weights)
        self.last_weights = None

    def forget_best(self) -> None:
        """Begin the best validation loss anew, as for a source of other data."""
        self.best, self.best_weights = (math.inf, self.step), None
        self.schedule.forget()

    def _show(self, bar: Any, measured: Measured, spent: float | None) -> None:
        if bar.disable:
            return
        facts = {"loss": f"{measured.loss:.4g}", "|g|": f"{measured.gradient_norm:.3g}"}
        if len(self.history) > 1:
            recent = self.history[-50:]
            took = recent[-1].seconds - recent[0].seconds
            facts["tokens/s"] = f"{sum(m.tokens for m in recent[1:]) / max(took, 1e-9):,.0f}"
        if math.isfinite(self.best[0]):
            facts["best"] = f"{self.best[0]:.4g}"
        bar.set_postfix(facts, refresh=False)
        bar.update(1 if spent is None else min(spent, bar.total) - bar.n)

    # -- saving and resuming ------------------------------------------------------------------

    def _check_ranks(self, last: float) -> None:
        """Raise unless all ranks are about to do the same, and can share it."""
        if self.ranks.size == 1:
            return
        batch = self.source.batch(self.step)
        rate = self.schedule.rate(self.optimizer.lr, self.step)
        settings = [last, self.step, type(self.strategy), rate, self.clip_norm, self.clip_value,
                    self.validation is None, self.validate_every, self.validation_batches, self.patience,
                    self.restore_best, self.folder is None, self.save_every]  # fmt: skip
        self.ranks.alike(
            settings=settings,
            weights=self.network.state_dict(),
            generators=checkpoint.generator_states(self.network),
            optimizer=self.optimizer.state_dict(),
            batches=vars(batch),
        )
        self.shares.check(self.source.batch(0), self.source.at_end)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: weights, optimiser, schedule, generators, carried state, position, configuration.

        Where there are several ranks, all must come here; rank 0 writes.

        Raises:
            OSError: it cannot be written; an older one is still there.
            ArgumentError: the ranks' weights have come apart.
        """
        weights = self.network.state_dict() if self.last_weights is None else self.last_weights
        self.ranks.alike(weights=weights)
        carried = self.shares.gathered(self.carried)
        self.ranks.first(lambda: self._write(path, weights, carried))

    def _write(self, path: str | os.PathLike[str], weights: dict[str, np.ndarray], carried: list[np.ndarray]) -> None:
        arrays = {f"network.{name}": x for name, x in weights.items()}
        arrays |= {f"optimizer.{name}": x for name, x in self.optimizer.state_dict().items()}
        arrays |= {f"best.{name}": x for name, x in (self.best_weights or {}).items()}
        arrays |= {f"carried.{k}": s for k, s in enumerate(carried)}
        facts = {
            "step": self.step,
            "schedule": self.schedule.state(),
            "best": self.best,
            "seconds": self.seconds,
            "generators": checkpoint.generator_states(self.network),
            "config": self.config,
        }
        checkpoint.write(path, arrays, facts)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint of a run with the same settings.

        Raises:
            FileFormatError: the file is damaged, or no checkpoint.
            StateDictError: it is of a network or optimiser of another make. Nothing was loaded.
            OSError: it cannot be read.
        """
        read = checkpoint.read(path)
        facts, states = read.facts, checkpoint.generator_states(self.network)
        weights, memory, best = self.network.state_dict(), self.optimizer.state_dict(), read.part("best") or None
        try:
            if best is not None:  # whether they fit
                self.network.load_state_dict(best)
            self.network.load_state_dict(read.part("network"))
            self.optimizer.load_state_dict(read.part("optimizer"))
            carried = self._carried(read)
            checkpoint.restore_generators(self.network, facts["generators"])
            self.schedule.restore(facts["schedule"])
        except (Exception, KeyboardInterrupt):
            self.network.load_state_dict(weights)
            self.optimizer.load_state_dict(memory)
            checkpoint.restore_generators(self.network, states)
            raise
        self.step, self.seconds, self.carried = facts["step"], facts["seconds"], carried
        self.best, self.best_weights, self.last_weights = (facts["best"][0], facts["best"][1]), best, None
        self.ranks.first(lambda: self.history.resume(self.step))

    def _carried(self, read: checkpoint.Checkpoint) -> Any:
        """The carried state in a checkpoint, of this rank's rows."""
        arrays = read.part("carried")
        if not arrays:
            return None
        batch = max(x.shape[0] if x.ndim else 0 for x in arrays.values())
        leaves, _ = flatten(self.network.initial_state(batch))
        fit = checked_arrays("carried", {str(k): leaf for k, leaf in enumerate(leaves)}, arrays)
        return self.shares.own([fit[str(k)] for k in range(len(leaves))])


def train(
    network: Network,
    source: Source,
    steps: int | None = None,
    *,
    epochs: float | None = None,
    progress: bool = True,
    **settings: Any,
) -> History:
    """Train a network, and return what was measured at every step.

    Args:
        network, source, settings: of `Trainer`.
        steps, epochs: how long.
        progress: show loss, gradient norm, tokens a second and the time left.

    >>> task = tg.data.Echo(length=12, delay=2)
    >>> network = tg.nn.Network(tg.nn.GRUCell(task.inputs, 16), task.outputs)
    >>> history = tg.train(network, task.source(32), 3, clip_norm=1.0, progress=False)
    >>> [m.step for m in history]
    [1, 2, 3]

    Raises:
        ArgumentError, NonFiniteError, OSError: see `Trainer`.
    """
    return Trainer(network, source, **settings).run(steps, epochs=epochs, progress=progress)
