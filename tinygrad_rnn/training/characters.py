"""A character language model, and its training by truncated back-propagation through time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import compile as compiler
from .. import nn, ops, optim
from ..core.mode import no_grad
from ..core.tensor import Tensor
from ..data import Text


class CharacterCell(nn.Cell):
    """An LSTM cell and its readout in one step.  x: (B, D); output: the logits (B, V); h, c: (B, H).

    The readout stands inside the step so that the compiled loop over time holds the whole network.
    """

    def __init__(self, input_size: int, size: int, vocabulary: int, generator: np.random.Generator):
        self.input_size = input_size
        self.lstm = nn.LSTMCell(input_size, size, generator=generator)
        self.readout = nn.Linear(size, vocabulary, generator=generator)

    def initial_state(self, batch: int | None) -> Any:
        return self.lstm.initial_state(batch)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, state = self.lstm.step(x, state)
        return self.readout(h).named("logits"), state


class CharacterModel(nn.Module):
    """Embedding, LSTM, readout: the logits of the next character after each one.

    Shapes: characters (T, B); logits (T, B, V); state (h, c), each (B, H).
    """

    def __init__(self, vocabulary: int, size: int, generator: np.random.Generator):
        self.embedding = nn.Embedding(vocabulary, 32, generator=generator)
        self.cell = CharacterCell(32, size, vocabulary, generator)

    def forward(self, characters: np.ndarray, state: Any = None) -> tuple[Tensor, Any]:
        return compiler.scan(self.cell, self.embedding(characters), state)

    def sample(self, text: Text, start: str, length: int, temperature: float, generator: np.random.Generator) -> str:
        """Continue `start` by drawing character after character from the model's own predictions."""
        numbers = list(text.encode(start))
        with no_grad():
            logits, state = self(np.array(numbers)[:, None])
            for _ in range(length):
                p = ops.softmax(logits[-1, 0].astype(np.float64) * (1 / temperature)).numpy()
                numbers.append(int(generator.choice(len(p), p=p)))
                logits, state = self(np.array([[numbers[-1]]]), state)
        return text.decode(np.array(numbers))


@dataclass
class Progress:
    """One step of training: the loss is in nats per character."""

    step: int
    loss: float
    gradient_norm: float
    characters: int
    seconds: float


def train_characters(
    model: CharacterModel,
    batches: Iterator[tuple[np.ndarray, np.ndarray, bool]],
    optimizer: optim.Adam,
    *,
    seconds: float,
    clip: float = 1.0,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> list[Progress]:
    """Train for about so many seconds by truncated BPTT: each window's gradient stops at its first character.

    The state is carried from window to window, cut from the graph. The clock starts after the first window, so that
    compiling does not count.
    """
    history: list[Progress] = []
    state: Any = None
    begin = 0.0
    while not history or history[-1].seconds < seconds:
        characters, following, anew = next(batches)
        state = None if anew or state is None else tuple(s.detach() for s in state)
        logits, state = model(characters, state)
        loss = ops.cross_entropy(logits.reshape(-1, logits.shape[-1]), following.reshape(-1))
        model.zero_grad()
        loss.backward()
        norm = optim.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        begin = begin or time.perf_counter()
        done = Progress(len(history), loss.item(), float(norm), characters.size, time.perf_counter() - begin)
        history.append(done)
        watch(done)
    return history
