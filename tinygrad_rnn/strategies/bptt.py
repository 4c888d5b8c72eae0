"""Back-propagation through time: in full, truncated, and with checkpoints."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..compile import CompiledStep
from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..data.batch import Batch
from ..nn import Network
from .base import Outcome, Strategy, detached
from .criterion import Criterion


class BPTT(Strategy):
    """Full back-propagation through time: every step's error reaches every step before it (Werbos 1990).

        ∂L/∂w = Σ_t Σ_{s ≤ t} ∂ℓ_t/∂s_t · ∂s_t/∂s_s · ∂s_s/∂w

    Time and memory grow with T.
    """

    checkpoint: int | str | None = None

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        given = batch.inputs, batch.targets, batch.lengths, criterion.shares(batch), state
        learned = any(s.requires_grad for s in flatten(state)[0] if isinstance(s, Tensor))  # before the first step
        step = _loss if learned else self._compiled
        loss, after = step(network, criterion, self.checkpoint, *given)
        return Outcome(loss.item(), after)

    @cached_property
    def _compiled(self) -> CompiledStep[..., tuple[Tensor, Any]]:
        return CompiledStep(_loss)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _loss(
    network: Network, criterion: Criterion, checkpoint: int | str | None,
    inputs: Any, targets: Any, lengths: Any, shares: Any, state: Any,
) -> tuple[Tensor, Any]:  # fmt: skip
    """The loss, back-propagated, and the state after the batch: the same graph at every step."""
    outputs, after = network(inputs, state, lengths, checkpoint)
    loss = criterion.total(outputs, targets, shares)
    after = detached(after)
    loss.backward()
    return loss, after


class Checkpointed(BPTT):
    """Full BPTT that keeps the states before every so many steps and computes what is between again.

    The gradient is that of `BPTT`; memory grows as √T for one more forward pass (Chen et al. 2016, arXiv:1604.06174).

    Args:
        every: steps, or "sqrt" for √T of them.

    Raises:
        ArgumentError: it is neither.
    """

    def __init__(self, every: int | str = "sqrt"):
        if every != "sqrt" and (not isinstance(every, int) or every < 1):
            raise ArgumentError(
                with_user_line(f"Checkpointed: every is 'sqrt' or a number of steps of at least 1, not {every!r}")
            )
        self.checkpoint = every

    def __repr__(self) -> str:
        return f"Checkpointed({self.checkpoint!r})"


class Truncated(Strategy):
    """Truncated BPTT(k1, k2): after every k1 steps, the errors of these go back through the last k2 steps.

        ∂L/∂w ≈ Σ_n Σ_{t in window n} Σ_{s > n·k1 − k2, s ≤ t} ∂ℓ_t/∂s_t · ∂s_t/∂s_s · ∂s_s/∂w,
        window n being steps (n − 1)·k1 + 1 … n·k1

    The state is carried from window to window, detached; of each sample of a batch that begins anew it is fresh (see
    `Batch.begins`). With k1 = k2 windows do not overlap and each step is computed once; with k2 ≥ T it is `BPTT`.
    All windows of a batch are summed into one gradient: to update after every window, make batches of k1 steps.

    Source: Williams & Peng, An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories, Neural Computation 2(4), 1990.

    Raises:
        ArgumentError: not 1 ≤ k1 ≤ k2.
    """

    def __init__(self, k1: int, k2: int | None = None):
        k2 = k1 if k2 is None else k2
        if not (isinstance(k1, int) and isinstance(k2, int) and 1 <= k1 <= k2):
            raise ArgumentError(with_user_line(f"Truncated: expected 1 ≤ k1 ≤ k2, got k1 = {k1!r}, k2 = {k2!r}"))
        self.k1, self.k2, self.cuts = k1, k2, k1

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        total, at = 0.0, 0  # `state` is that before step `at`

        def run(first: int, last: int) -> Any:
            return network(batch.inputs[first:last], state, _inside(batch, first, last), at_end=False)

        for first in range(0, batch.steps, self.k1):
            last = min(first + self.k1, batch.steps)
            if not criterion.hears(batch, first, last):
                continue
            start = max(at, last - self.k2)
            if start > at:
                with no_grad():
                    state = run(at, start)[1]
                at = start
            outputs, after = run(start, last)
            loss = criterion.part(outputs[first - start :], batch, first, last)
            after = detached(after)
            loss.backward()
            total += loss.item()
            if self.k1 == self.k2:
                state, at = after, last
        with no_grad():
            return Outcome(total, detached(run(at, batch.steps)[1] if at < batch.steps else state))

    def __repr__(self) -> str:
        return f"Truncated({self.k1}, {self.k2})"


def _inside(batch: Batch, first: int, last: int) -> np.ndarray | None:
    """The lengths of a batch's sequences within some steps."""
    return None if batch.lengths is None else np.clip(batch.lengths - first, 0, last - first)
