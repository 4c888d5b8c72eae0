"""Scheduled sampling: learning to go on from one's own words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..data.batch import Batch
from ..nn import Network
from .base import Outcome, Strategy
from .bptt import BPTT
from .criterion import Criterion


class ScheduledSampling(Strategy):
    """Scheduled sampling: more and more inputs are the network's own predictions instead of the truth.

        x̂_t = x_t with probability ε_k, else drawn from softmax(y_{t−1}) (for numbers: y_{t−1} itself)

    ε_k is the share of truth after k batches; each input is decided by itself. The gradient does not flow through what
    was drawn. With ε = 1 this is teacher forcing, and the gradient that of `inner`.

    Args:
        decay: "linear" ε = max(floor, 1 − k/steps), "exponential" ε = max(floor, a^k) with a^steps = ½, or
            "sigmoid" ε = max(floor, c/(c + e^(k/c))) with c ln c = steps.
        steps: until ε is 0 (linear) or ½.
        floor: the least share of truth.
        inner: the strategy that computes the gradient on the inputs so made; default: `BPTT`.
        seed: of what is drawn; batch k draws the same whenever it is asked.

    Source: Bengio et al., Scheduled sampling for sequence prediction with recurrent neural networks, NIPS 2015.

    Raises:
        ArgumentError: an argument makes no sense; when called, if targets are not the next inputs.
    """

    def __init__(
        self,
        decay: str = "linear",
        steps: int = 1000,
        floor: float = 0.0,
        inner: Strategy | None = None,
        seed: int = 0,
    ):
        if decay not in ("linear", "exponential", "sigmoid") or steps < 1 or not 0 <= floor <= 1:
            expected = "decay 'linear', 'exponential' or 'sigmoid', steps of at least 1 and a floor in [0, 1]"
            raise ArgumentError(
                with_user_line(f"ScheduledSampling: expected {expected}; got {decay!r}, {steps}, {floor}")
            )
        self.decay, self.steps, self.floor, self.seed = decay, steps, floor, seed
        self.inner = BPTT() if inner is None else inner
        self.cuts = self.inner.cuts

    def share(self, number: int) -> float:
        """ε after so many batches."""
        if self.decay == "linear":
            share = 1 - number / self.steps
        elif self.decay == "exponential":
            share = 0.5 ** (number / self.steps)
        else:
            c = float(self.steps)
            for _ in range(50):  # c ln c = steps, where ε is ½
                c = self.steps / math.log(max(c, math.e))
            share = c / (c + math.exp(min(number / c, 700.0)))
        return max(self.floor, share)

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        share = self.share(number)
        if share < 1:
            batch = replace(batch, inputs=self._mixed(network, batch, state, share, number))
        return self.inner.gradients(network, batch, criterion, state, number)

    def _mixed(self, network: Network, batch: Batch, state: Any, share: float, number: int) -> np.ndarray:
        _check_that_targets_are_next_inputs(batch)
        generator = np.random.default_rng([self.seed, number])
        inputs = batch.inputs.copy()
        state = network.initial_state(batch.size) if state is None else state
        with no_grad():
            for t in range(1, batch.steps):
                output, state = network.step(inputs[t - 1], state)
                own = self._said(output.numpy(), batch, generator)
                truth = generator.random(batch.whole.size)[batch.rows] < share
                inputs[t] = np.where(truth.reshape(-1, *[1] * (inputs.ndim - 2)), inputs[t], own)
        return inputs

    def _said(self, output: np.ndarray, batch: Batch, generator: np.random.Generator) -> np.ndarray:
        """What the network says, as an input."""
        if batch.inputs.ndim == 2:
            noise = generator.gumbel(size=(batch.whole.size, output.shape[1]))
            return np.argmax(output + noise[batch.rows], axis=1)  # which is drawn from softmax(y)
        return output

    def __repr__(self) -> str:
        return f"ScheduledSampling({self.decay!r}, {self.steps}, {self.floor})"


def _check_that_targets_are_next_inputs(batch: Batch) -> None:
    lengths = np.full(batch.size, batch.steps) if batch.lengths is None else batch.lengths
    inside = np.arange(1, batch.steps)[:, None] < lengths
    said = batch.targets[:-1]
    if said.shape != batch.inputs[1:].shape or not np.array_equal(said[inside], batch.inputs[1:][inside]):
        raise ArgumentError(
            with_user_line("ScheduledSampling: the targets are not the next inputs, so what is said cannot be read")
        )
