"""Learning rates that change in the course of training. Each says the factor of the optimiser's own rate at a step."""

from __future__ import annotations

import math
from typing import Any

from ..core.errors import ArgumentError, FileFormatError, with_user_line


class Schedule:
    """A constant rate, with a linear warm-up if asked for.

        lr_k = base · min(1, (k + 1) / warmup) · factor(k),   k = 0, 1, … the step

    Args:
        warmup: steps in which the rate rises to its full height.

    Raises:
        ArgumentError: it is negative.
    """

    def __init__(self, warmup: int = 0):
        if warmup < 0:
            raise ArgumentError(with_user_line(f"{type(self).__name__}: warmup must be at least 0, got {warmup}"))
        self.warmup = warmup

    def factor(self, step: int) -> float:
        """The rate at a step, as a multiple of the base rate, the warm-up aside."""
        return 1.0

    def rate(self, base: float, step: int) -> float:
        """The learning rate at a step."""
        rising = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        return base * rising * self.factor(step)

    def observe(self, loss: float) -> None:
        """Called with every validation loss."""

    def forget(self) -> None:
        """Take what is observed from now on as if nothing had been before: of other data."""

    def state(self) -> dict[str, Any]:
        """What changes in the course of training, as JSON has it."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` said.

        Raises:
            FileFormatError: it is that of another schedule.
        """
        own = self.state()
        kinds = {name: (int, float) if isinstance(value, float) else int for name, value in own.items()}
        if state.keys() != own.keys() or not all(isinstance(state[name], kind) for name, kind in kinds.items()):
            raise FileFormatError(with_user_line(f"the checkpoint's schedule is no {type(self).__name__}: {state!r}"))
        for name, value in state.items():
            setattr(self, name, value)


class Cosine(Schedule):
    """Half a cosine from 1 down to `floor` at step `steps` (Loshchilov & Hutter 2017, without restarts).

        factor(k) = floor + (1 − floor) · ½ (1 + cos(π · min(1, k/steps)))

    Raises:
        ArgumentError: steps below 1, or a floor outside [0, 1].
    """

    def __init__(self, steps: int, floor: float = 0.0, warmup: int = 0):
        super().__init__(warmup)
        if steps < 1 or not 0 <= floor <= 1:
            raise ArgumentError(
                with_user_line(f"Cosine: expected steps ≥ 1 and floor in [0, 1], got {steps} and {floor}")
            )
        self.steps, self.floor = steps, floor

    def factor(self, step: int) -> float:
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))


class StepDecay(Schedule):
    """Times `gamma` after every `every` steps: factor(k) = gamma^⌊k/every⌋.

    Raises:
        ArgumentError: every below 1, or gamma not above 0.
    """

    def __init__(self, every: int, gamma: float = 0.5, warmup: int = 0):
        super().__init__(warmup)
        if every < 1 or not gamma > 0:
            raise ArgumentError(with_user_line(f"StepDecay: expected every ≥ 1 and gamma > 0, got {every} and {gamma}"))
        self.every, self.gamma = every, gamma

    def factor(self, step: int) -> float:
        return self.gamma ** (step // self.every)


class Plateau(Schedule):
    """Times `gamma` whenever the validation loss has not improved for `patience` validations.

    Raises:
        ArgumentError: patience below 1, or gamma outside (0, 1).
    """

    def __init__(self, patience: int = 3, gamma: float = 0.5, warmup: int = 0):
        super().__init__(warmup)
        if patience < 1 or not 0 < gamma < 1:
            raise ArgumentError(
                with_user_line(f"Plateau: expected patience ≥ 1 and gamma in (0, 1), got {patience} and {gamma}")
            )
        self.patience, self.gamma = patience, gamma
        self.best, self.waited, self.reduced = math.inf, 0, 0

    def factor(self, step: int) -> float:
        return self.gamma**self.reduced

    def observe(self, loss: float) -> None:
        self.waited = 0 if loss < self.best else self.waited + 1
        self.best = min(self.best, loss)
        if self.waited >= self.patience:
            self.waited, self.reduced = 0, self.reduced + 1

    def forget(self) -> None:
        self.best, self.waited = math.inf, 0

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited, "reduced": self.reduced}
