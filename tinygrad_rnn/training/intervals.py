"""Intervals around a forecast, from what forecasts missed before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..data.checks import at_least
from ..nn import Network
from .prediction import free_run


@dataclass(frozen=True)
class Residuals:
    """What free-running predictions missed on a validation series: (origins, horizon, O), truth − prediction.

    NaN where the series ended before the step that was predicted; infinite where the prediction was no finite number.
    """

    values: np.ndarray

    @property
    def origins(self) -> np.ndarray:
        """(horizon,) from how many origins each step ahead was measured."""
        return (~np.isnan(self.values).any(axis=2)).sum(axis=0)

    def reach(self, level: float = 0.9) -> int:
        """How many steps ahead there are intervals: as long as n origins, n ≥ level / (1 − level), were measured."""
        return int(sum(_rank(n, level) <= n for n in self.origins.tolist()))

    def interval(self, forecast: np.ndarray, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends between which the truth lies with probability `level`: forecast ± q of each step.

        q is the ⌈(n + 1) · level⌉-th smallest of the n residuals' absolute values (split conformal prediction, Lei et
        al. 2018): were residuals exchangeable with the one to come, the truth would lie within with probability
        `level` at least. Those of neighbouring origins depend on each other, so it is an approximation.

        Args:
            forecast: (steps, O).
            level: such as 0.9.

        Returns:
            (steps, O) each; NaN further ahead than `reach(level)`.

        Raises:
            ArgumentError: the forecast has other columns, or the level is not in (0, 1).
        """
        if not 0 < level < 1:
            raise ArgumentError(with_user_line(f"interval: level must be in (0, 1), got {level}"))
        forecast = np.asarray(forecast)
        if forecast.ndim != 2 or forecast.shape[1] != self.values.shape[2]:
            expected = f"(steps, {self.values.shape[2]})"
            raise ArgumentError(with_user_line(f"interval: the forecast is {forecast.shape}, expected {expected}"))
        half = np.full(forecast.shape, np.nan)
        for h in range(min(len(forecast), self.reach(level))):
            missed = np.abs(self.values[~np.isnan(self.values[:, h]).any(axis=1), h])
            half[h] = np.sort(missed, axis=0)[_rank(len(missed), level) - 1]
        return forecast - half, forecast + half


def _rank(n: int, level: float) -> int:
    """Which of n residuals, from the smallest, bounds an interval; above n: they are too few for it."""
    return math.ceil((n + 1) * level - 1e-9)


def residuals(
    network: Network,
    series: np.ndarray,
    horizon: int,
    warmup: int,
    origins: int = 1000,
    *,
    known: np.ndarray | None = None,
) -> Residuals:
    """Predict `horizon` steps ahead from many places of a series that was not trained on, and see what was missed.

    The first origin is after `warmup` rows, and then every row is one, as far as there is a row after it; so further
    ahead there are fewer. The rows before the first origin may be of the training part, for they are only read.

    Args:
        series: (N, O).
        horizon: steps ahead.
        warmup: steps read before each prediction begins.
        origins: at how many places at most, evenly spread.
        known: (N, E) what else the network reads; see `free_run`.

    Raises:
        ArgumentError: the series is too short.
    """
    at_least(1, horizon=horizon, warmup=warmup, origins=origins)
    series = np.asarray(series, network.dtype)
    if len(series) <= warmup:
        raise ArgumentError(
            with_user_line(f"residuals: {len(series)} steps; {warmup} to read and 1 to predict need {warmup + 1}")
        )
    at = np.unique(np.linspace(0, len(series) - warmup - 1, min(origins, len(series) - warmup)).astype(int))
    padded = np.concatenate([series, np.full((horizon - 1, *series.shape[1:]), np.nan, series.dtype)])
    missed = []
    for some in np.array_split(at, -(-len(at) // 100)):
        rows = some + np.arange(warmup + horizon)[:, None]
        beside = None if known is None else np.asarray(known)[np.minimum(rows, len(series) - 1)]
        said = free_run(network, padded[rows[:warmup]], horizon, known=beside)
        truth = padded[rows[warmup:]]
        off = np.where(np.isfinite(said) | np.isnan(truth), truth - said, np.inf)
        missed.append(off.transpose(1, 0, 2))
    return Residuals(np.concatenate(missed))
