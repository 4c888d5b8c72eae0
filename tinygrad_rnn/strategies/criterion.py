"""`Criterion`: the loss of a network's outputs on a batch."""

from __future__ import annotations

import math

import numpy as np

from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from ..data.batch import Batch
from ..ops import bce_with_logits, cross_entropy, mean, mse


class Criterion:
    """The mean error over all steps that count (over all sequences, if something is said once).

        L = Σ_tb w_tb ℓ(y_tb, target_tb) / Σ_tb w_tb,   w = weights of the batch, 0 past the end of a sequence

    Of a `Part` of a batch the first sum is over its own sequences, and the second over all: parts add up to L.

    Args:
        kind: ℓ: "mse" (y − target)², averaged over the entries of y; "cross_entropy" −ln softmax(y)[target];
            "bce" −t ln σ(y) − (1 − t) ln(1 − σ(y)), averaged over the entries.
        at_end: whether targets stand once, after each sequence.

    Raises:
        ArgumentError: there is no such kind; no step counts.
    """

    def __init__(self, kind: str, at_end: bool = False):
        if kind not in ("mse", "cross_entropy", "bce"):
            raise ArgumentError(with_user_line(f"Criterion: expected 'mse', 'cross_entropy' or 'bce', got {kind!r}"))
        self.kind, self.at_end = kind, at_end

    def __call__(self, outputs: Tensor, batch: Batch) -> Tensor:
        """L of the outputs on all steps."""
        return self.total(outputs, batch.targets, self.shares(batch))

    def total(self, outputs: Tensor, targets: TensorLike, shares: TensorLike | None) -> Tensor:
        """L of the outputs, given how much each step adds to it (see `shares`)."""
        errors = self.errors(outputs, targets)
        return mean(errors) if shares is None else (errors * shares.astype(outputs.dtype)).sum()

    def errors(self, outputs: Tensor, targets: TensorLike) -> Tensor:
        """ℓ of every step, (T, B), or of every sequence, (B,).

        Raises:
            ShapeError: outputs and targets differ in shape.
        """
        if self.kind == "cross_entropy":
            return cross_entropy(outputs, targets, reduction="none")
        if outputs.shape != targets.shape:
            raise ShapeError(
                with_user_line(f"Criterion: outputs are {outputs.shape}, targets {targets.shape}; expected one shape")
            )
        each = mse if self.kind == "mse" else bce_with_logits
        return each(outputs, targets.astype(outputs.dtype), reduction="none").mean(axis=-1)

    def shares(self, batch: Batch) -> np.ndarray | None:
        """How much each step (each sequence) adds to L, in sum 1 over the whole batch; None: all the same.

        Raises:
            ArgumentError: no step of the batch counts.
        """
        whole = batch.whole
        if self.at_end or (whole.weights is None and whole.lengths is None):
            steps = () if self.at_end else (batch.steps,)
            return None if whole is batch else np.full((*steps, batch.size), 1 / (math.prod(steps) * whole.size))
        total = _weights(whole).sum()
        if not total > 0:
            raise ArgumentError(with_user_line("Criterion: no step of the batch counts"))
        return _weights(batch) / total

    def part(self, outputs: Tensor, batch: Batch, first: int, last: int) -> Tensor:
        """What steps first … last − 1 add to L; `outputs` are theirs (T, B, …), of every step even if `at_end`."""
        if self.at_end:
            ends = _ends(batch)
            here = np.flatnonzero((first <= ends) & (ends < last))
            errors = self.errors(outputs[ends[here] - first, here], batch.targets[here])
            return errors.sum() * (1 / batch.whole.size)
        errors = self.errors(outputs, batch.targets[first:last])
        shares = self.shares(batch)
        if shares is None:
            return errors.sum() * (1 / (batch.steps * batch.size))
        return (errors * shares[first:last].astype(outputs.dtype)).sum()

    def hears(self, batch: Batch, first: int, last: int) -> bool:
        """Whether steps first … last − 1 add anything to L (of the whole batch, so that all parts do the same)."""
        if not self.at_end:
            return True
        ends = _ends(batch.whole)
        return bool(((first <= ends) & (ends < last)).any())

    def __repr__(self) -> str:
        return f"Criterion({self.kind!r}{', at_end=True' if self.at_end else ''})"


def _weights(batch: Batch) -> np.ndarray:
    """w of every step, (T, B)."""
    weights = np.ones((batch.steps, batch.size)) if batch.weights is None else batch.weights.astype(np.float64)
    return weights if batch.lengths is None else weights * (np.arange(batch.steps)[:, None] < batch.lengths)


def _ends(batch: Batch) -> np.ndarray:
    """The last step of each sequence, (B,)."""
    return (np.full(batch.size, batch.steps) if batch.lengths is None else batch.lengths) - 1
