"""`Batch`: sequences read side by side, and what should be said of them; `Part`: some of them; `Source`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Batch:
    """Sequences that are read side by side, and what should be said of them.

    Attributes:
        inputs: (T, B, D) numbers, or (T, B) integers, each the place of a symbol in a vocabulary.
        targets: what should be said after every step, (T, B, O) numbers or (T, B) symbols; or once, after a sequence
            has been read: (B, O) numbers or (B,) classes.
        lengths: (B,) the steps of each sequence; what stands past its end is 0 and counts for nothing. None: all T.
        weights: (T, B) how much a step's error counts; None: all steps the same.
        begins: (B,) of which samples the state begins anew, and is not carried from the batch before. None: of all.
    """

    inputs: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray | None = None
    weights: np.ndarray | None = None
    begins: np.ndarray | None = None

    @property
    def steps(self) -> int:
        """T."""
        return self.inputs.shape[0]

    @property
    def size(self) -> int:
        """B."""
        return self.inputs.shape[1]

    @property
    def tokens(self) -> int:
        """Steps that are read, of all sequences together."""
        return int(self.steps * self.size if self.lengths is None else self.lengths.sum())

    @property
    def whole(self) -> Batch:
        """The batch that losses are means over: this one, or that of which it is a `Part`."""
        return self

    @property
    def rows(self) -> slice:
        """Which sequences of `whole` these are."""
        return slice(0, self.size)

    def part(self, first: int, last: int, at_end: bool) -> Part:
        """Sequences first … last − 1; `at_end` if targets stand once, after each."""
        rows = slice(first, last)
        targets = self.targets[rows] if at_end else self.targets[:, rows]
        lengths, begins = [None if x is None else x[rows] for x in (self.lengths, self.begins)]
        weights = None if self.weights is None else self.weights[:, rows]
        return Part(self.inputs[:, rows], targets, lengths, weights, begins, of=self, first=first)


@dataclass(frozen=True, kw_only=True)
class Part(Batch):
    """Some sequences of a batch. Their loss is what they add to that of the batch, and their gradient likewise.

    Attributes:
        of: the batch.
        first: the number of the first of them there.
    """

    of: Batch
    first: int

    @property
    def whole(self) -> Batch:
        return self.of

    @property
    def rows(self) -> slice:
        return slice(self.first, self.first + self.size)


class Source(Protocol):
    """Where batches come from.

    Batch k is a function of k (and of the source's seed) alone: a run that stopped at batch k goes on from there, and
    reads what it would have read.
    """

    @property
    def inputs(self) -> int:
        """D if inputs are numbers, the size of the vocabulary if they are symbols."""
        ...

    @property
    def symbols(self) -> bool:
        """Whether inputs are symbols."""
        ...

    @property
    def outputs(self) -> int:
        """How many numbers or classes the network gives out."""
        ...

    @property
    def loss(self) -> str:
        """Its kind: "mse" (numbers), "cross_entropy" (classes), "bce" (probabilities of several symbols each)."""
        ...

    @property
    def at_end(self) -> bool:
        """Whether targets stand once, after each sequence, and not after every step."""
        ...

    @property
    def epoch(self) -> int | None:
        """Batches in an epoch; None: there is always more."""
        ...

    def batch(self, k: int) -> Batch:
        """The k-th batch, k = 0, 1, …"""
        ...
