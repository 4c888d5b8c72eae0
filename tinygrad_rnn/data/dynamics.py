"""Tasks of dynamics: series that equations generate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from .batch import Batch
from .checks import at_least
from .task import Task


@dataclass
class Sine(Task):
    """Predict a sine's next value: x_t = sin(2π t / P + φ), y_t = x_{t+1}.

    The period P, in steps, is drawn from U[shortest, longest], the phase φ from U[0, 2π], for each sequence; so two
    values at least must be remembered: x_{t+1} = 2 cos(2π/P) x_t − x_{t−1}.
    """

    length: int = 100
    shortest: float = 10.0
    longest: float = 50.0
    name = "sine"
    inputs = 1

    def __post_init__(self):
        at_least(1, length=self.length)
        if not 0 < self.shortest <= self.longest < math.inf:
            raise ArgumentError(
                with_user_line(f"Sine: periods reach from shortest > 0 to longest, got {self.shortest}, {self.longest}")
            )

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        period = generator.uniform(self.shortest, self.longest, size)
        phase = generator.uniform(0, 2 * np.pi, size)
        x = np.sin(2 * np.pi * np.arange(self.length + 1)[:, None] / period + phase)[..., None]
        return Batch(x[:-1], x[1:])


@dataclass
class NARMA10(Task):
    """Follow a nonlinear moving average of order 10 (Atiya & Parlos 2000).

        y_{t+1} = 0.3 y_t + 0.05 y_t (y_t + y_{t−1} + … + y_{t−9}) + 1.5 u_{t−9} u_t + 0.1

    u ∈ U[0, 0.5]; before the beginning all are 0. Read: u_t; said: y_{t+1}.

    Now and then it diverges. Past y = 0.7 + √0.29 ≈ 1.24 it would grow without input, were it there for ten steps; a
    sequence that comes there is drawn anew. So many steps that hardly one stays below raise ArgumentError.
    """

    length: int = 200
    name = "narma10"
    inputs = 1

    def __post_init__(self):
        at_least(1, length=self.length)

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        u, y = np.zeros((2, self.length, size))
        wanted = np.arange(size)
        for _ in range(100):
            u[:, wanted] = generator.uniform(0, 0.5, (self.length, len(wanted)))
            y[:, wanted] = narma10(u[:, wanted])
            wanted = np.flatnonzero(~(y.max(axis=0) < DIVERGES))  # "not below" is true of NaN
            if not len(wanted):
                return Batch(u[..., None], y[..., None])
        raise ArgumentError(with_user_line(f"NARMA10: sequences of {self.length} steps nearly always diverge"))


#: Where y = 0.3 y + 0.05 y · 10 y + 0.1: NARMA10's unstable fixed point without input.
DIVERGES = 0.7 + math.sqrt(0.29)


def narma10(u: np.ndarray) -> np.ndarray:
    """The y_{t+1} of `NARMA10` for inputs u_t, each (T, B); where it diverges, they become infinite or NaN."""
    before = np.zeros((10, *u.shape[1:]))
    u = np.concatenate([before[:9], u])
    y = np.concatenate([before, np.zeros_like(u[9:])])  # y[t + 9] is y_t
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(u) - 9):
            now, last_ten = y[t + 9], y[t : t + 10].sum(axis=0)
            y[t + 10] = 0.3 * now + 0.05 * now * last_ten + 1.5 * u[t] * u[t + 9] + 0.1
    return y[10:]


@dataclass
class MackeyGlass(Task):
    """Predict a chaotic series (Mackey & Glass 1977): dx/dt = 0.2 x(t−τ) / (1 + x(t−τ)¹⁰) − 0.1 x.

    Read: x at whole times t; said: x(t + `ahead`). Each sequence has a past of its own: x = x₀ for t ≤ 0, with x₀ from
    U[1.2 − spread, 1.2 + spread]; the first 200 units of time, until it is on the attractor, are left out. τ = 17.
    """

    length: int = 200
    tau: int = 17
    ahead: int = 1
    spread: float = 0.2
    name = "mackey-glass"
    inputs = 1

    def __post_init__(self):
        at_least(1, length=self.length, tau=self.tau, ahead=self.ahead)
        if not 0 <= self.spread <= 1.2:
            raise ArgumentError(with_user_line(f"MackeyGlass: spread is a number from 0 to 1.2, got {self.spread!r}"))

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        past = generator.uniform(1.2 - self.spread, 1.2 + self.spread, size)
        x = mackey_glass(200 + self.length + self.ahead, past, self.tau)[200:, :, None]
        return Batch(x[: self.length], x[self.ahead :])


def mackey_glass(steps: int, past: float | np.ndarray = 1.2, tau: int = 17, fine: int = 4) -> np.ndarray:
    """x(0), x(1), …, x(steps − 1) of the Mackey-Glass equation with x = `past` for t ≤ 0; (steps, *shape of past).

    Runge-Kutta steps of order 4, `fine` in a unit of time. Between two points of the delayed past, x is that of a cubic
    through both with both slopes: (x₀ + x₁) / 2 + h (ẋ₀ − ẋ₁) / 8 in the middle, also of order 4.
    """
    h, delay = 1 / fine, tau * fine
    x = np.empty((delay + (steps - 1) * fine + 1, *np.shape(past)))
    x[: delay + 1] = past
    slope = np.zeros_like(x)

    def change(now: np.ndarray, delayed: np.ndarray) -> np.ndarray:
        return 0.2 * delayed / (1 + delayed**10) - 0.1 * now

    for t in range(delay, len(x) - 1):
        now, old, new = x[t], x[t - delay], x[t - delay + 1]
        middle = (old + new) / 2
        if t >= 2 * delay:  # else it lies in the constant past
            middle += h * (slope[t - delay] - slope[t - delay + 1]) / 8
        slope[t] = one = change(now, old)
        two = change(now + h / 2 * one, middle)
        three = change(now + h / 2 * two, middle)
        four = change(now + h * three, new)
        x[t + 1] = now + h / 6 * (one + 2 * two + 2 * three + four)
    return x[delay::fine]
