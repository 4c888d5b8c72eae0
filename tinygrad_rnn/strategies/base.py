"""What every training strategy is: a way from a batch to gradients; and how states are carried between batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.errors import DeclarationError, with_user_line
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..data.batch import Batch
from ..nn import Network
from ..ops import where
from .criterion import Criterion


class Outcome(NamedTuple):
    """The loss of a batch, and the state after it, cut from the graph."""

    loss: float
    state: Any


class Strategy:
    """How the gradient of a batch is computed. A subclass writes `gradients`.

    Attributes:
        cuts: every how many steps gradients are cut off on their way back; None: nowhere.
    """

    cuts: int | None = None

    def gradients(
        self, network: Network, batch: Batch, criterion: Criterion, state: Any = None, number: int = 0
    ) -> Outcome:
        """Add ∂L/∂w to the ``.grad`` of every parameter.

        Args:
            network: whatever has `Network`'s call, step and initial_state.
            batch: sequences, all of whose steps are read; of a `Part`, L is what it adds to that of ``batch.whole``.
            criterion: L, of the network's outputs.
            state: before the first step (`begun` makes it); default: the network's own.
            number: how many batches came before, for what changes in the course of training.

        Raises:
            DeclarationError: a subclass does not define it.
        """
        raise DeclarationError(with_user_line(f"{type(self).__name__} does not define gradients"))


def begun(network: Network, batch: Batch, carried: Any) -> Any:
    """The state that a batch begins with: carried from the batch before, anew for the samples that begin."""
    begins = batch.whole.begins  # not those of a part alone: what is drawn for new states must not depend on it
    if carried is None or (begins is not None and begins.all()):
        return None
    if begins is None or not begins.any():
        return carried
    leaves, rebuild = flatten(carried)
    fresh, _ = flatten(network.initial_state(batch.size))
    return rebuild([where(_column(begins[batch.rows], new), new, old) for new, old in zip(fresh, leaves, strict=True)])


def _column(rows: np.ndarray, like: Tensor) -> np.ndarray:
    return rows.reshape(-1, *[1] * (like.ndim - 1))


def detached(state: Any) -> Any:
    """The same numbers, cut from the graph."""
    leaves, rebuild = flatten(state)
    return rebuild([leaf.detach() for leaf in leaves])
