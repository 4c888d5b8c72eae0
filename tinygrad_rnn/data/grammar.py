"""Tasks of grammar: which symbols may come next?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from .batch import Batch
from .checks import at_least
from .task import Task, all_right

#: The symbols of the Reber grammar.
REBER = "BTPSXVE"
# From each state: which symbols lead where.
_ARROWS = [{"T": 1, "P": 2}, {"S": 1, "X": 3}, {"T": 2, "V": 4}, {"X": 2, "S": 5}, {"P": 3, "V": 5}, {"E": 6}]


def reber_table(embedded: bool) -> np.ndarray:
    """The grammar as an automaton, (states, 7): the state a symbol leads to, −1 where it is not allowed.

    It begins in state 0 and has ended in the last state.
    """
    inner = [{"B": 1}, *({symbol: to + 1 for symbol, to in arrows.items()} for arrows in _ARROWS), {}]
    rows = inner
    if embedded:  # B, T or P, one of two copies of the grammar, the same T or P, E
        rows = [{"B": 1}, {"T": 2, "P": 10}]
        for outer in "TP":
            begin = len(rows)
            rows += [{symbol: to + begin for symbol, to in arrows.items()} for arrows in inner[:-1]]
            rows.append({outer: 18})
        rows += [{"E": 19}, {}]
    return np.array([[row.get(symbol, -1) for symbol in REBER] for row in rows])


@dataclass
class Reber(Task):
    """Predict the next symbol of strings of the Reber grammar (Reber 1967; embedded: Smith & Zipser 1989).

    An automaton says which symbols may come next; where there are two, each has probability ½. Embedded, a whole
    string stands between T and T, or between P and P: the last but one symbol is known from the second.

    Symbols: those of `REBER`, B 0 … E 6. Read: a string without its last symbol; to be said: without its first.
    Best loss: 7 ln 2 / 11 = 0.441 nats a symbol over all of them (mean length 12); not embedded 6 ln 2 / 7 (8).
    Right: after every symbol, all that may come next are likelier than all that may not.
    Published: an LSTM learned it from 8,440 sequences, every time (Hochreiter & Schmidhuber 1997).
    """

    embedded: bool = True
    name = "reber"
    inputs, symbols, outputs, loss = 7, True, 7, "cross_entropy"

    @property
    def best(self) -> float:
        """The loss of one who knows the grammar."""
        return 7 * math.log(2) / 11 if self.embedded else 6 * math.log(2) / 7

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        table = reber_table(self.embedded)
        # The first and the second symbol allowed in each state; where there is one, it is both.
        choices = np.array([(np.flatnonzero(row >= 0).tolist() * 2)[:2] or (0, 0) for row in table])
        end = len(table) - 1
        state, lengths, strings = np.zeros(size, np.int64), np.zeros(size, np.int64), []
        while (state != end).any():
            symbols = choices[state, generator.integers(2, size=size)]
            lengths += state != end
            state = np.where(state == end, end, table[state, symbols])
            strings.append(symbols)
        symbols = np.where(np.arange(len(strings))[:, None] < lengths, strings, 0)
        targets = symbols[1:]
        inputs = np.where(np.arange(len(targets))[:, None] < lengths - 1, symbols[:-1], 0)
        return Batch(inputs, targets, lengths - 1)

    def allowed(self, inputs: np.ndarray) -> np.ndarray:
        """(T, B, 7): which symbols may follow after each one of the strings (T, B)."""
        table = reber_table(self.embedded)
        state, found = np.zeros(inputs.shape[1], np.int64), []
        for symbols in inputs:
            state = table[state, symbols]  # past the end of a string, −1 leads to the last state: nothing may follow
            found.append(table[state] >= 0)
        return np.array(found)

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        allowed = self.allowed(batch.inputs)
        least = np.where(allowed, outputs, np.inf).min(axis=-1)
        most = np.where(allowed, -np.inf, outputs).max(axis=-1)
        return all_right(least > most, batch)


class _NextSet(Task):
    """Tasks where the set of symbols that may come next is said, one bit for each."""

    symbols, loss = True, "bce"

    def correct(self, outputs: np.ndarray, batch: Batch) -> np.ndarray:
        return all_right(((outputs > 0) == (batch.targets > 0)).all(axis=-1), batch)


@dataclass
class Counting(_NextSet):
    """Say which symbols may come next in aⁿbⁿ (or aⁿbⁿcⁿ, …): n must be counted (Gers & Schmidhuber 2001).

    Read: a sign (0), n times a (1), n times b (2); n is drawn from `least` … `most`. Said after each, as bits of (end,
    a, b): a or the end after the sign; a or b after an a; b until there are n; then the end.

    Right: every step. Learned for small n, does it hold for larger ones? An LSTM and an RNN with ReLU can count; a GRU
    and an RNN with tanh, in finite precision, cannot (Weiss et al. 2018).
    """

    language: str = "anbn"
    least: int = 1
    most: int = 10
    name = "anbn"

    def __post_init__(self):
        letters = self.language[::2]
        if len(letters) < 2 or len(set(letters)) < len(letters) or self.language != "".join(f"{c}n" for c in letters):
            expected = "letters that differ, each followed by n, as 'anbn' or 'anbncn'"
            raise ArgumentError(with_user_line(f"Counting: a language is {expected}; got {self.language!r}"))
        at_least(1, least=self.least)
        at_least(self.least, most=self.most)
        self.letters, self.name = len(letters), self.language
        self.inputs = self.outputs = self.letters + 1

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        n = generator.integers(self.least, self.most, size=size, endpoint=True)
        t = np.arange(self.letters * n.max() + 1)[:, None]
        within = t <= self.letters * n
        inputs = np.where(within, (t + n - 1) // n, 0)  # 1 for t = 1 … n, 2 for t = n + 1 … 2n, …
        following = np.where(t < self.letters * n, t // n + 1, 0)
        one = np.eye(self.outputs)
        targets = one[following]
        targets[0] = one[0] + one[1]
        targets[inputs == 1] = one[1] + one[2]
        return Batch(inputs, targets * within[..., None], self.letters * n + 1)


@dataclass
class Dyck(_NextSet):
    """Say which symbols may come next among well-nested brackets, Dyck-1 (Suzgun et al. 2019).

    Read: a sign (0), then n opening (1) and n closing (2) brackets, n drawn from `least` … `most`, all well-nested
    strings of n equally likely. Said after each, as bits of (end, opening, closing): an opening one always; a closing
    one while one is open, else the end.

    Right: every step. An LSTM and an RNN with ReLU can count what is open; a GRU and an RNN with tanh, in finite
    precision, cannot (Weiss et al. 2018).
    """

    least: int = 1
    most: int = 15
    name = "dyck"
    inputs = outputs = 3

    def __post_init__(self):
        at_least(1, least=self.least)
        at_least(self.least, most=self.most)

    def draw(self, generator: np.random.Generator, size: int) -> Batch:
        n = generator.integers(self.least, self.most, size=size, endpoint=True)
        steps = np.zeros((2 * n.max() + 1, size), np.int64)
        for k, pairs in enumerate(n):
            steps[1 : 2 * pairs + 1, k] = _well_nested(generator, pairs)
        is_open = steps.cumsum(axis=0) > 0
        targets = np.stack([~is_open, np.ones_like(is_open), is_open], axis=-1)
        within = np.arange(len(steps))[:, None] <= 2 * n
        return Batch(np.where(steps < 0, 2, steps), (targets & within[..., None]).astype(np.float64), 2 * n + 1)


def _well_nested(generator: np.random.Generator, pairs: int) -> np.ndarray:
    """+1 and −1, `pairs` of each, no sum from the left below 0; each such string equally likely.

    Of all rotations of pairs + 1 times +1 and pairs times −1 exactly one has all sums above 0 (the cycle lemma): the
    one that begins where the sum was lowest for the last time.
    """
    steps = generator.permutation(np.repeat([1, -1], [pairs + 1, pairs]))
    sums = steps.cumsum()
    lowest = len(sums) - 1 - int(sums[::-1].argmin())
    return np.roll(steps, -(lowest + 1))[1:]
