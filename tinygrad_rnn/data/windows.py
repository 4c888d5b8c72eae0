"""Series of numbers made ready to train on: to one scale, and cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from .batch import Batch
from .checks import at_least
from .epochs import Epochs

#: Whose square is still a number of full precision.
_LEAST = 1e-150


@dataclass(frozen=True)
class Standard:
    """Values brought to mean 0 and standard deviation 1, each column by itself: (v − mean) / deviation.

    Fit it on the training part alone; what comes later must not be known. The deviation of a constant column is taken
    as 1. mean, deviation: (columns,).
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, names: Sequence[str] | None = None) -> Standard:
        """The scale of values (N, columns); `names` of the columns are for errors.

        Raises:
            ArgumentError: there are none, one is not a finite number, or they are so large or so near each other that
                their mean or deviation is none.
        """
        values = numbers("values", values, np.float64)
        constant = values.max(axis=0) == values.min(axis=0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            mean = np.where(constant, values[0], values.mean(axis=0))
            deviation = np.where(constant, 1.0, values.std(axis=0))
        for k in range(values.shape[1]):
            if not (np.isfinite(mean[k]) and _LEAST < deviation[k] < np.inf):
                column = f"column {k}" if names is None else f"column {names[k]!r}"
                low, high = values[:, k].min(), values[:, k].max()
                what = f"from {low:g} to {high:g} the mean is {mean[k]:g} and the deviation {deviation[k]:g}"
                raise ArgumentError(with_user_line(f"Standard: {column} cannot be brought to one scale: {what}"))
        return cls(mean, deviation)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """(values − mean) / deviation; values: (…, columns)."""
        return (values - self.mean) / self.deviation

    def undo(self, values: np.ndarray) -> np.ndarray:
        """values · deviation + mean; values: (…, columns)."""
        return values * self.deviation + self.mean


class Windows:
    """Windows of a series, and what comes after: a `Source`.

    The window from s on reads rows s … s + steps − 1. Sequence to sequence: after row t, row t + `ahead` of the targets
    is to be said. Sequence to one (`at_end`): only row s + steps − 1 + ahead, once. In an epoch each window comes once;
    the last batch may be smaller.

    Args:
        values: (N, D) what is read, or (N,).
        targets: (N, O) the rows whose future is to be said, or (N,); `values` itself for a forecast of all.
        steps: the length of a window. size: windows in a batch.
        ahead: how many steps ahead.
        seed, shuffle: whether windows come in another order in each epoch.
        at_end: sequence to one.
        stride: from one window's first row to the next one's.
        known: (N, E) what is known beforehand (a calendar, weather forecasts), or (N,): beside row t, row t + `ahead`
            of it is read, that of the row to be said; so D + E numbers are read.

    Raises:
        ArgumentError: an argument makes no sense, a number is not finite, or the series is too short.
    """

    symbols, loss = False, "mse"

    def __init__(
        self,
        values: np.ndarray,
        targets: np.ndarray,
        steps: int,
        size: int,
        ahead: int = 1,
        seed: int = 0,
        shuffle: bool = True,
        *,
        at_end: bool = False,
        stride: int = 1,
        known: np.ndarray | None = None,
        dtype: Any = np.float32,
    ):
        at_least(1, steps=steps, size=size, ahead=ahead, stride=stride)
        self.values, self.targets = numbers("values", values, dtype), numbers("targets", targets, dtype)
        rows = len(self.values)
        self.known = np.zeros((rows, 0), dtype) if known is None else numbers("known", known, dtype)
        for name, other in (("targets", self.targets), ("known", self.known)):
            if len(other) != rows:
                raise ArgumentError(with_user_line(f"Windows: {rows} rows of values, but {len(other)} of {name}"))
        if rows < steps + ahead:
            need = f"windows of {steps} steps and a target {ahead} ahead need {steps + ahead}"
            raise ArgumentError(with_user_line(f"Windows: the series has {rows} rows; {need}"))
        self.steps, self.ahead, self.at_end, self.stride = steps, ahead, at_end, stride
        self.inputs, self.outputs = self.values.shape[1] + self.known.shape[1], self.targets.shape[1]
        self._epochs = Epochs((rows - steps - ahead) // stride + 1, size, seed, shuffle)
        self.epoch = self._epochs.batches

    def batch(self, k: int) -> Batch:
        """The k-th batch, k = 0, 1, …"""
        first = self._epochs.entries(k) * self.stride
        read = first + np.arange(self.steps)[:, None]
        said = (read[-1] if self.at_end else read) + self.ahead
        seen = np.concatenate([self.values[read], self.known[read + self.ahead]], axis=2)
        return Batch(seen, self.targets[said])


def numbers(name: str, values: Any, dtype: Any) -> np.ndarray:
    """(N, columns) finite numbers of `dtype`; (N,) becomes (N, 1).

    Raises:
        ArgumentError: they are not.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "iufb" or given.ndim not in (1, 2) or not given.size:
        expected = f"{name}: expected an array (N, columns) of numbers"
        raise ArgumentError(with_user_line(f"{expected}, got {given.shape} {given.dtype}"))
    with np.errstate(over="ignore"):
        cast = given.reshape(len(given), -1).astype(dtype)
    wrong = np.argwhere(~np.isfinite(cast))
    if len(wrong):
        row, column = wrong[0]
        value = given.reshape(cast.shape)[row, column]
        what = f"{value} in row {row}, column {column} is not a finite number of {cast.dtype}"
        raise ArgumentError(with_user_line(f"{name}: {what}"))
    return cast
