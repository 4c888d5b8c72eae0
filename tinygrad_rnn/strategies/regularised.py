"""The regulariser against vanishing gradients of Pascanu et al."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import scope
from ..core.tensor import Tensor
from ..core.transforms import grad
from ..core.trees import flatten
from ..data.batch import Batch
from ..nn import Network
from ..ops import concatenate, sqrt, stack, where
from ..step.cells import stepped
from .base import Outcome, Strategy, detached
from .criterion import Criterion


class Regularised(Strategy):
    """Full BPTT with a term that asks gradients to keep their norm from step to step.

        L + strength · Ω,   Ω = mean over samples of Σ_t (‖∂L/∂s_{t+1} · ∂s_{t+1}/∂s_t‖ / ‖∂L/∂s_{t+1}‖ − 1)²

    As in the paper, ∂L/∂s_{t+1} and s_t count as constants in ∂Ω/∂w: only ∂s_{t+1}/∂s_t is differentiated, which is a
    second derivative of the step. s is the whole state of all layers. Steps run on the plain engine. The loss that is
    reported is L alone; `omega` is Ω of the last batch (of a `Part`: what its samples add to it).

    Source: Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural networks, ICML 2013, eq. 9 and 10.

    Raises:
        ArgumentError: the strength is negative.
    """

    def __init__(self, strength: float = 1.0):
        if not strength >= 0:
            raise ArgumentError(with_user_line(f"Regularised: strength must be at least 0, got {strength}"))
        self.strength, self.omega = strength, 0.0

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        state = network.initial_state(batch.size) if state is None else state
        outputs, states = [], []
        rebuild = flatten(state)[1]
        for t in range(batch.steps):
            leaves = flatten(state)[0]
            states.append(leaves)
            with scope(f"t={t}", step=t):
                output, after = stepped(network, batch.inputs[t], state)
            after = flatten(after)[0]
            if batch.lengths is not None:
                after = _kept(t < batch.lengths, after, leaves)
            state = rebuild(after)
            for s in after:
                if s.requires_grad:
                    s.retain_grad()
            outputs.append(output)
        states.append(flatten(state)[0])
        after = detached(state)
        loss = criterion.part(stack(outputs), batch, 0, batch.steps)
        loss.backward()
        if self.strength and batch.steps > 1:
            self._regularise(network, batch, states, rebuild)
        return Outcome(loss.item(), after)

    def _regularise(self, network: Network, batch: Batch, states: list[list[Tensor]], rebuild: Any) -> None:
        """Add strength · ∂Ω/∂w: all steps but the first, side by side as the rows of one."""
        before = [np.concatenate([states[t][k].numpy() for t in range(1, batch.steps)]) for k in range(len(states[0]))]
        arriving = [
            np.concatenate([_gradient(states[t + 1][k]) for t in range(1, batch.steps)]) for k in range(len(before))
        ]
        inputs = np.concatenate(list(batch.inputs[1:]))

        def flowing(leaves: list[Tensor]) -> Tensor:
            after = flatten(stepped(network, inputs, rebuild(leaves))[1])[0]
            return concatenate([(s * g).sum(axis=1) for s, g in zip(after, arriving, strict=True)]).sum()

        passed = grad(flowing)([Tensor(b) for b in before])
        size = np.sqrt(sum((g**2).sum(axis=1) for g in arriving))
        reached = size > 0
        if not reached.any():
            return
        rows = concatenate(list(passed), axis=1)[np.flatnonzero(reached)]
        ratio = sqrt((rows**2).sum(axis=1) + np.finfo(size.dtype).tiny) / size[reached]
        omega = ((ratio - 1) ** 2).sum() * (1 / batch.whole.size)
        self.omega = omega.item()
        if omega.requires_grad:
            (omega * self.strength).backward()

    def __repr__(self) -> str:
        return f"Regularised({self.strength})"


def _gradient(s: Tensor) -> np.ndarray:
    return np.zeros(s.shape, s.dtype) if s.grad is None else s.grad.numpy()


def _kept(inside: np.ndarray, after: list[Tensor], before: list[Tensor]) -> list[Tensor]:
    """The state of sequences that have ended stays."""
    return [where(inside.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(after, before, strict=True)]
