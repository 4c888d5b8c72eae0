"""Tasks of memory: something must be kept over many steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from .batch import Batch
from .checks import at_least
from .task import Task


@dataclass
class Adding(Task):
    """Add the two numbers that are marked (Hochreiter & Schmidhuber 1997, experiment 4).

    A step is a number and a mark. As published: numbers x ∈ U[−1, 1]; between T and 1.1 T steps, T = `length`; one of
    the first ten pairs is marked 1, then one of the first T/2 − 1 others; the first and last mark are −1, and a
    first pair that was chosen counts as 0. Said at the end: ½ + (X₁ + X₂) / 4.

    With `modern` (Arjovsky et al. 2016): x ∈ U[0, 1], T steps, one mark in each half, and X₁ + X₂ is said.

    Baseline: the variance of what is said, (2 − P) / 48 with P how often the first pair is chosen, so about 1/24;
    modern 1/6. Right: an error below 0.04. Published: an LSTM learned T = 100 from 74,000 sequences.
    """

    length: int = 100
    modern: bool = False
    name = "adding"
    inputs = 2
    at_end = True

    def __post_init__(self):
        at_least(6, length=self.length)

    @property
    def _choices(self) -> tuple[int, int]:
        """Among how many pairs the first is chosen, and the second."""
        others = self.length // 2 - 1
        return min(10, others), others

    @property
    def baseline(self) -> float:
        if self.modern:
            return 1 / 6
        first, second = self._choices
        return (2 - (1 / first + (1 - 1 / first) / second)) / 48

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        T, rows = self.length, np.arange(size)
        if self.modern:
            lengths = np.full(size, T)
            x = generator.uniform(0, 1, (T, size))
            one, two = generator.integers(T // 2, size=size), generator.integers(T // 2, T, size=size)
        else:
            lengths = generator.integers(T, T + T // 10, size=size, endpoint=True)
            x = generator.uniform(-1, 1, (lengths.max(), size))
            first, second = self._choices
            one, two = generator.integers(first, size=size), generator.integers(second, size=size)
            two += two >= one  # one of the others
        marks = np.zeros_like(x)
        marks[one, rows] = marks[two, rows] = 1
        if not self.modern:
            marks[0] = marks[lengths - 1, rows] = -1
        x[np.arange(len(x))[:, None] >= lengths] = 0
        said = (x * (marks == 1)).sum(axis=0)[:, None]
        inputs = np.stack([x, marks], axis=-1)
        return Batch(inputs, said if self.modern else 0.5 + said / 4, None if self.modern else lengths)

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        return np.abs(outputs - batch.targets)[:, 0] < 0.04


@dataclass
class Copy(Task):
    """Keep ten symbols over a long blank, then say them (Arjovsky et al. 2016).

    Read: 10 symbols out of 8 (1 … 8), T − 1 blanks (0), a sign (9), 10 blanks; T + 20 steps, T = `length`. Said: T + 10
    blanks, then the 10 symbols.

    Baseline: blanks, then a guess: the cross-entropy is 10 ln 8 / (T + 20). Right: all ten symbols.
    """

    length: int = 100
    name = "copy"
    inputs, symbols, outputs, loss = 10, True, 9, "cross_entropy"

    def __post_init__(self):
        at_least(1, length=self.length)

    @property
    def baseline(self) -> float:
        return 10 * math.log(8) / (self.length + 20)

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        inputs = np.zeros((self.length + 20, size), np.int64)
        targets = inputs.copy()
        inputs[:10] = targets[-10:] = generator.integers(1, 9, (10, size))
        inputs[-11] = 9
        return Batch(inputs, targets)

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        return (outputs[-10:].argmax(axis=-1) == batch.targets[-10:]).all(axis=0)


@dataclass(init=False)
class TemporalOrder(Task):
    """Say in which order X and Y came (Hochreiter & Schmidhuber 1997, experiment 6).

    Between 100 and 110 steps: E, noise out of a, b, c, d, and last B. In the noise, at t₁ ∈ [10, 20] and t₂ ∈ [50, 60],
    stand two symbols, each X or Y: which of the 4 orders is said at the end (6a, `symbols` = 2). With 3 symbols (6b)
    they stand at [10, 20], [33, 43] and [66, 76], and there are 8 orders. Another `length` shifts all in proportion.

    Symbols: E 0, B 1, a … d 2 … 5, X 6, Y 7. Class: X is 0, Y is 1, read as a binary number.
    Baseline: ln 4, ln 8. Right: the class. Published: an LSTM learned 6a from 31,390 sequences.

    Raises:
        ArgumentError: `symbols` is neither 2 nor 3.
    """

    marks: int
    length: int
    name = "temporal-order"
    inputs, symbols, loss, at_end = 8, True, "cross_entropy", True

    def __init__(self, symbols: int = 2, length: int = 100):
        at_least(10, length=length)
        if symbols not in (2, 3):
            raise ArgumentError(with_user_line(f"TemporalOrder: symbols are 2 (6a) or 3 (6b), not {symbols!r}"))
        self.marks, self.length = symbols, length
        self.outputs = 2**symbols

    @property
    def baseline(self) -> float:
        return self.marks * math.log(2)

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        T, columns = self.length, np.arange(size)
        lengths = generator.integers(T, T + T // 10, size=size, endpoint=True)
        inputs = generator.integers(2, 6, (lengths.max(), size))
        classes = np.zeros(size, np.int64)
        for percent in (10, 50) if self.marks == 2 else (10, 33, 66):
            t = generator.integers(percent * T // 100, (percent + 10) * T // 100, size=size, endpoint=True)
            is_y = generator.integers(2, size=size)
            inputs[t, columns] = 6 + is_y
            classes = 2 * classes + is_y
        inputs[0] = 0
        inputs[lengths - 1, columns] = 1
        inputs[np.arange(len(inputs))[:, None] >= lengths] = 0
        return Batch(inputs, classes, lengths)

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        return outputs.argmax(axis=-1) == batch.targets


@dataclass
class Parity(Task):
    """Say after every bit whether an odd number of ones came: y_t = x_0 ⊕ x_1 ⊕ … ⊕ x_t, x random bits.

    Baseline: ln 2, also for what missed only one of the bits. Right: every step. Guessing weights at random solves it
    sooner than many an algorithm that was published with it (Hochreiter & Schmidhuber 1996).
    """

    length: int = 20
    name = "parity"
    inputs, loss = 1, "bce"

    def __post_init__(self):
        at_least(1, length=self.length)

    @property
    def baseline(self) -> float:
        return math.log(2)

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        bits = generator.integers(2, size=(self.length, size, 1))
        return Batch(bits.astype(np.float64), (bits.cumsum(axis=0) % 2).astype(np.float64))

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        return ((outputs > 0) == (batch.targets > 0)).all(axis=(0, 2))


@dataclass
class Echo(Task):
    """Say what was read `delay` steps ago: y_t = x_{t−d}, and 0 for t < d; x ∈ U[−1, 1].

    Baseline: 0, always: (1 − d/T) / 3. What a linear network of H units can keep was measured so by Jaeger (2001).
    """

    length: int = 50
    delay: int = 10
    name = "echo"
    inputs = 1

    def __post_init__(self):
        at_least(1, length=self.length)
        at_least(0, delay=self.delay)
        if self.delay >= self.length:
            reads = f"Echo: a delay of {self.delay} needs sequences longer than that, not of {self.length}"
            raise ArgumentError(with_user_line(reads))

    @property
    def baseline(self) -> float:
        return (1 - self.delay / self.length) / 3

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        x = generator.uniform(-1, 1, (self.length, size, 1))
        y = np.zeros_like(x)
        y[self.delay :] = x[: self.length - self.delay]
        return Batch(x, y)
