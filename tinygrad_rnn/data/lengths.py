"""Sequences of different lengths, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from .batch import Batch
from .checks import at_least
from .epochs import Epochs


def pad(sequences: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (T_b, …) as one array (T, B, …), T the longest, with 0 past their ends; and their lengths (B,).

    Raises:
        ArgumentError: there are none, one is empty or not of numbers, or they differ in more than their lengths.
    """
    arrays = [_numeric(f"sequence {b}", sequence) for b, sequence in enumerate(sequences)]
    if not arrays:
        raise ArgumentError(with_user_line("pad: expected at least one sequence"))
    for b, a in enumerate(arrays):
        if a.shape[:1] in ((), (0,)):
            raise ArgumentError(with_user_line(f"pad: sequence {b} has no steps"))
        if a.shape[1:] != arrays[0].shape[1:]:
            steps = f"steps of sequence {b} are {a.shape[1:]}, those of sequence 0 {arrays[0].shape[1:]}"
            raise ArgumentError(with_user_line(f"pad: {steps}"))
    lengths = np.array([len(a) for a in arrays])
    padded = np.zeros((lengths.max(), len(arrays), *arrays[0].shape[1:]), np.result_type(*arrays))
    for b, a in enumerate(arrays):
        padded[: len(a), b] = a
    return padded, lengths


class Sequences:
    """Sequences of your own, of any lengths, and what should be said of each: a `Source`.

    Args:
        inputs: a list of (T_b, D) numbers, or (T_b,) floats; or of symbols, (T_b,) integers.
        targets: sequence to sequence: a list of (T_b, O) numbers, (T_b,) floats, or (T_b,) integers, which are classes.
            Sequence to one (`at_end`): a list of (O,) numbers, floats, or integers, which are classes.
        size: sequences in a batch. In an epoch each comes once; the last batch may be smaller.
        seed, shuffle: whether they come in another order in each epoch.
        loss: "bce" if targets are bits; otherwise found out: "cross_entropy" for classes, "mse" for numbers.
        vocabulary_size, classes: how many symbols and classes there are; None: up to the largest that is seen.

    Raises:
        ArgumentError: there are none; inputs and targets do not fit; a symbol or class is out of range; a number is not
            finite.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        targets: Sequence[Any],
        size: int,
        seed: int = 0,
        shuffle: bool = True,
        *,
        at_end: bool = False,
        loss: str | None = None,
        vocabulary_size: int | None = None,
        classes: int | None = None,
        dtype: Any = np.float32,
    ):
        if len(inputs) != len(targets) or not len(inputs):
            given = f"{len(inputs)} inputs, {len(targets)} targets"
            raise ArgumentError(with_user_line(f"Sequences: expected a target for each of some inputs, got {given}"))
        if loss not in (None, "mse", "cross_entropy", "bce"):
            expected = "'mse', 'cross_entropy' or 'bce'"
            raise ArgumentError(with_user_line(f"Sequences: loss is {expected}, not {loss!r}"))
        read = [_numeric(f"input {b}", x) for b, x in enumerate(inputs)]
        said = [_numeric(f"target {b}", y) for b, y in enumerate(targets)]
        over = 0 if at_end else 1  # axes before those of one step's target
        self.symbols = _all_integers(read, 1)
        self.at_end = at_end
        self.loss = loss or ("cross_entropy" if _all_integers(said, over) else "mse")
        if self.symbols:
            self._read, self.inputs = read, _range("input", read, vocabulary_size)
        else:
            self._read, self.inputs = _floats("input", read, 1, dtype)
        if self.loss == "cross_entropy":
            self._said, self.outputs = said, _range("target", said, classes)
        else:
            self._said, self.outputs = _floats("target", said, over, dtype)
        for b, (x, y) in enumerate(zip(self._read, self._said, strict=True)):
            if not len(x) or (not at_end and len(x) != len(y)):
                what = f"sequence {b} has {len(x)} steps" + ("" if at_end else f", and {len(y)} targets")
                raise ArgumentError(with_user_line(f"Sequences: {what}"))
        self._epochs = Epochs(len(read), size, seed, shuffle)
        self.epoch = self._epochs.batches

    def batch(self, k: int) -> Batch:
        """The k-th batch, k = 0, 1, …"""
        chosen = self._epochs.entries(k)
        inputs, lengths = pad([self._read[b] for b in chosen])
        said = [self._said[b] for b in chosen]
        return Batch(inputs, np.stack(said) if self.at_end else pad(said)[0], lengths)


def _numeric(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iufb":
        raise ArgumentError(with_user_line(f"{name}: expected numbers, got {array.dtype}"))
    return array


def _all_integers(arrays: list[np.ndarray], axes: int) -> bool:
    return all(a.dtype.kind in "iu" and a.ndim == axes for a in arrays)


def _range(what: str, arrays: list[np.ndarray], count: int | None) -> int:
    """How many symbols there are: `count`, or up to the largest."""
    if count is not None:
        at_least(1, **{"vocabulary_size" if what == "input" else "classes": count})
    for b, a in enumerate(arrays):
        if a.dtype.kind not in "iu":
            raise ArgumentError(with_user_line(f"Sequences: {what} {b}: classes are integers, not {a.dtype}"))
        low, high = a.min(initial=0), a.max(initial=0)
        if low < 0 or (count is not None and high >= count):
            expected = "at least 0" if count is None else f"0 … {count - 1}"
            raise ArgumentError(with_user_line(f"Sequences: {what} {b} has {low or high}; expected {expected}"))
    return count or 1 + max(int(a.max(initial=0)) for a in arrays)


def _floats(what: str, arrays: list[np.ndarray], axes: int, dtype: Any) -> tuple[list[np.ndarray], int]:
    """The arrays with `axes` axes and one of a step's numbers, and how many those are."""
    cast = [a.astype(dtype)[..., None] if a.ndim == axes else a.astype(dtype) for a in arrays]
    for b, a in enumerate(cast):
        if a.shape[axes:] != cast[0].shape[axes:] or a.ndim != axes + 1:
            expected = f"as in {what} 0, {cast[0].shape}, or one number a step"
            raise ArgumentError(with_user_line(f"Sequences: {what} {b} is {a.shape}; expected {expected}"))
        if not np.isfinite(a).all():
            raise ArgumentError(with_user_line(f"Sequences: {what} {b} has a number that is not finite"))
    return cast, cast[0].shape[-1]
