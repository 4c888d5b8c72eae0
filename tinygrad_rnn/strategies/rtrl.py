"""Real-time recurrent learning: the gradient in forward mode, step by step, with nothing kept of the past."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.autodiff import pull_back
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..data.batch import Batch
from ..nn import Network
from ..step.cells import stepped
from .base import Outcome, Strategy
from .criterion import Criterion


class RTRL(Strategy):
    """Real-time recurrent learning: how the state depends on the weights is carried forward beside the state.

        P_t = ∂s_t/∂s_{t−1} P_{t−1} + ∂s_t/∂w (immediate),   P_0 = ∂s_0/∂w
        ∂L/∂w = Σ_t ∂ℓ_t/∂s_{t−1} P_{t−1} + ∂ℓ_t/∂w (immediate)

    The gradient is that of `BPTT`, and what is kept does not grow with T: the state's n numbers times the number of
    weights, of each sample. Time grows as n times that again, so this is for small networks, for lessons, and for
    learning without an end.

    Source: Williams & Zipser, A learning algorithm for continually running fully recurrent neural networks, Neural
    Computation 1(2), 1989.
    """

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        weights: list[Tensor] = list(network.parameters())
        state = network.initial_state(batch.size) if state is None else state
        leaves, rebuild = flatten(state)
        influence = _influence(leaves, batch.size, weights)  # P: (B, n, |w|)
        gradient, total = np.zeros(influence.shape[2]), 0.0
        for t in range(batch.steps):
            leaves = [_leaf(s) for s in leaves]
            output, after = stepped(network, batch.inputs[t], rebuild(leaves))
            after = flatten(after)[0]
            if criterion.hears(batch, t, t + 1):
                loss = criterion.part(output.reshape((1, *output.shape)), batch, t, t + 1)
                by_state, immediate = _pulled(loss, np.ones((), loss.dtype), leaves, weights)
                gradient += immediate + np.einsum("bn,bnw->w", _rows(by_state, batch.size), influence)
                total += loss.item()
            inside = np.ones(batch.size, bool) if batch.lengths is None else t < batch.lengths
            influence[inside] = self._carried(after, leaves, weights, influence)[inside]
            leaves = [
                Tensor(np.where(inside.reshape(-1, *[1] * (new.ndim - 1)), new.numpy(), old.numpy()))
                for new, old in zip(after, leaves, strict=True)
            ]
        _add(gradient, weights)
        return Outcome(total, rebuild(leaves))

    def _carried(
        self, after: list[Tensor], leaves: list[Tensor], weights: list[Tensor], influence: np.ndarray
    ) -> np.ndarray:
        """J_t P_{t−1} + ∂s_t/∂w: one backward pass for every number of every sample's new state."""
        batch, rows = len(influence), []
        for s in after:
            for index in np.ndindex(*s.shape):
                seed = np.zeros(s.shape, s.dtype)
                seed[index] = 1
                by_state, immediate = _pulled(s, seed, leaves, weights)
                sample = index[0]
                rows.append((sample, _rows(by_state, batch)[sample] @ influence[sample] + immediate))
        new = [[row for sample, row in rows if sample == b] for b in range(batch)]
        return np.array(new).reshape(influence.shape)

    def __repr__(self) -> str:
        return "RTRL()"


def _leaf(s: Tensor) -> Tensor:
    leaf = Tensor(np.array(s.numpy()))
    leaf.requires_grad = True
    return leaf


def _pulled(root: Tensor, seed: np.ndarray, leaves: list[Tensor], weights: list[Tensor]) -> tuple[Any, np.ndarray]:
    """The gradients of the state's tensors, and of all weights in one row."""
    found = {}
    if root.requires_grad:
        pairs = pull_back([root], [Tensor(seed)], wrt=[*leaves, *weights], retain_graph=True)
        found = {x.number: g.numpy() for x, g in pairs}
    by_state = [found.get(s.number, np.zeros(s.shape)) for s in leaves]
    row = np.concatenate([found.get(w.number, np.zeros(w.shape)).reshape(-1) for w in weights])
    return by_state, row.astype(np.float64)


def _rows(state: list[np.ndarray], batch: int) -> np.ndarray:
    """The numbers of each sample's state, (B, n)."""
    return np.concatenate([s.reshape(batch, -1) for s in state], axis=1).astype(np.float64)


def _influence(leaves: list[Tensor], batch: int, weights: list[Tensor]) -> np.ndarray:
    """P_0: 0, but for initial states that are learned."""
    width, size = sum(s.size for s in leaves) // batch, sum(w.size for w in weights)
    if not any(s.requires_grad for s in leaves):
        return np.zeros((batch, width, size))
    rows = []
    for s in leaves:
        for index in np.ndindex(*s.shape):
            seed = np.zeros(s.shape, s.dtype)
            seed[index] = 1
            rows.append((index[0], _pulled(s, seed, [], weights)[1]))
    return np.array([[row for sample, row in rows if sample == b] for b in range(batch)])


def _add(gradient: np.ndarray, weights: list[Tensor]) -> None:
    """To the ``.grad`` of the weights."""
    at = 0
    for w in weights:
        part = gradient[at : at + w.size].reshape(w.shape).astype(w.dtype)
        w.grad = Tensor(part if w.grad is None else w.grad.numpy() + part)
        at += w.size
