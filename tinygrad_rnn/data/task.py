"""`Task`: sequences that a process generates, without end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .batch import Batch
from .checks import at_least, generator


class Task:
    """Sequences that a process generates, and what should be said of them.

    A subclass says what it is in its attributes, which are those of `Source`, and writes `draw`.
    """

    #: What it is called on the command line.
    name: str
    inputs: int
    symbols: bool = False
    outputs: int = 1
    loss: str = "mse"
    at_end: bool = False
    epoch: ClassVar[None] = None

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        """`size` sequences, numbers in float64."""
        raise NotImplementedError

    def sample(self, generator: np.random.Generator, size: int, dtype: Any = np.float32) -> Batch:
        """`size` sequences, their numbers of `dtype`, which depend on the state of the generator alone.

        Raises:
            ArgumentError: `size` is no whole number, or below 1.
        """
        at_least(1, size=size)
        batch = self.draw(generator, size)
        cast = {n: a.astype(dtype) for n, a in vars(batch).items() if a is not None and a.dtype == np.float64}
        return replace(batch, **cast)

    def source(self, size: int, seed: int = 0, dtype: Any = np.float32) -> Endless:
        """Batches of `size` sequences; batch k is ``sample(np.random.default_rng([seed, k]), size)``."""
        return Endless(self, size, seed, dtype)

    @property
    def baseline(self) -> float:
        """The loss, a mean over steps and outputs, of the best answer that needs no memory and hence no learning.

        From a formula where the task has one; otherwise that of the best constant, measured on 1,000 sequences.
        """
        batch = self.sample(np.random.default_rng(0), 1000, np.float64)
        said = batch.targets if self.at_end else batch.targets[steps_that_count(batch)]
        if self.loss == "cross_entropy":
            p = np.bincount(said, minlength=self.outputs) / len(said)
            return float(entropy(p).sum())
        if self.loss == "bce":
            p = said.mean(axis=0)
            return float((entropy(p) + entropy(1 - p)).mean())
        return float(said.var(axis=0).mean())

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        """Of which sequences the outputs are right, (B,) truth values, by the criterion of the literature.

        outputs: what the network gave out for `batch`: numbers, or logits of classes or of bits; (T, B, O), with
        `at_end` (B, O).

        Raises:
            NotImplementedError: there is no such criterion; look at the loss.
        """
        raise NotImplementedError(f"no criterion says which sequences of {self.name} are right")


@dataclass
class Endless:
    """The sequences of a task as a `Source`: `size` in a batch, each batch new."""

    task: Task
    size: int
    seed: int = 0
    dtype: Any = np.float32

    def __post_init__(self):
        at_least(1, size=self.size)
        at_least(0, seed=self.seed)
        task = self.task
        self.inputs, self.symbols, self.outputs = task.inputs, task.symbols, task.outputs
        self.loss, self.at_end, self.epoch = task.loss, task.at_end, task.epoch

    def batch(self, k: int) -> Batch:
        """The k-th batch, k = 0, 1, …"""
        return self.task.sample(generator(self.seed, k), self.size, self.dtype)


def entropy(p: np.ndarray) -> np.ndarray:
    """−p ln p, of each p."""
    return -p * np.log(np.where(p > 0, p, 1))


def steps_that_count(batch: Batch) -> np.ndarray:
    """(T, B): which steps lie before the end of their sequence."""
    lengths = np.full(batch.size, batch.steps) if batch.lengths is None else batch.lengths
    return np.arange(batch.steps)[:, None] < lengths


def all_right(right: np.ndarray, batch: Batch) -> np.ndarray:
    """(B,): of which sequences every step that counts is right. right: (T, B)."""
    return np.all(right | ~steps_that_count(batch), axis=0)
