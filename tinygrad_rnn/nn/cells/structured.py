"""Recurrence with a structure of its own: on states of several steps ago, and among units that compete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, with_user_line
from ...core.tensor import Tensor
from ...ops import concatenate, maximum, tanh, where
from ..cell import Cell
from ..init import Uniform, check_sizes
from .catalogue import catalogued
from .packed import PackedCell

__all__ = ["DelayedRNNCell", "WinnerTakeAllCell"]


@catalogued("delayed-rnn", "H(D + 2H + 1)", "dependencies at known lags (delays 1 and 2 here)",
             "Lin, Horne, Tiňo & Giles, Learning long-term dependencies in NARX recurrent neural networks, IEEE TNN "
             "7(6), 1996")  # fmt: skip
class DelayedRNNCell(Cell):
    """A simple recurrent network that sees states of several steps ago (NARX networks: Lin et al. 1996).

        h = tanh(W x + Σ_k R_k h⁽ᵏ⁾ + b),   h⁽ᵏ⁾ the h of k steps ago, k ∈ delays

    Gradients reach k steps back in one, so that fewer factors shrink them. This is how we read the tutorial's "DEEP"
    (delayed element dependence), a name we found nowhere else.

    Shapes: x (B, D); the state h⁽¹⁾, h⁽²⁾, …, each (B, H), as many as the longest delay; weight_ih W (H, D);
    weight_hh [R_k] side by side (H, |delays|·H); bias b (H,).

    Args:
        delays: the k, each at least 1.

    Raises:
        ArgumentError: there is no delay, or one that is not a whole number of at least 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        delays: Sequence[int] = (1, 2),
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, input_size=input_size, hidden_size=hidden_size)
        if not delays or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in delays):
            raise ArgumentError(
                with_user_line(f"DelayedRNNCell: delays are whole numbers of at least 1, got {delays!r}")
            )
        self.input_size, self.hidden_size, self.delays = input_size, hidden_size, tuple(sorted(set(delays)))
        draw = Uniform(hidden_size * len(self.delays), dtype, generator)
        self.weight_ih = draw(hidden_size, input_size)
        self.weight_hh = draw(hidden_size, len(self.delays) * hidden_size)
        self.bias = draw(hidden_size) if bias else None

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h⁽¹⁾ = h⁽²⁾ = … = 0, each (B, H)."""
        return tuple(self.zeros(batch, self.hidden_size, f"h{k}") for k in range(1, self.delays[-1] + 1))

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        earlier = [state[k - 1] for k in self.delays]
        v = earlier[0] if len(earlier) == 1 else concatenate(earlier, axis=-1)
        z = x @ self.weight_ih.mT + v @ self.weight_hh.mT
        h = tanh(z if self.bias is None else z + self.bias).named("h", role="state")
        return h, (h, *state[:-1])

    def extra_repr(self) -> str:
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{bias}, delays={self.delays}"


@catalogued("winner-take-all", "H(D + H + 1)", "to see competition: gradients flow through winners alone",
             "Srivastava et al., Compete to compute, NIPS 2013")  # fmt: skip
class WinnerTakeAllCell(PackedCell):
    """A simple recurrent network whose units compete within blocks (local winner-take-all: Srivastava et al. 2013).

        z = W x + R h′ + b
        h_j = z_j if z_j is the largest of its block, else 0

    The gradient flows through the winners alone. This is how we read the tutorial's "CM" (competitive memory), a name
    we found nowhere else.

    Shapes: x (B, D); z, h (B, H); H = n·s for n blocks of s units, where unit j is of block j mod n; weight_ih W
    (H, D), weight_hh R (H, H), bias_ih b (H,).

    Args:
        block_size: s.

    Raises:
        ShapeError: H is no multiple of s.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, block_size: int = 2, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        check_sizes(self, block_size=block_size)
        if hidden_size % block_size:
            raise ShapeError(
                with_user_line(
                    f"WinnerTakeAllCell: hidden_size={hidden_size} is no multiple of block_size={block_size}"
                )
            )
        self.block_size = block_size

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        (z,) = self.affine(x, state)
        n = self.hidden_size // self.block_size
        rivals = [z[..., k * n : (k + 1) * n] for k in range(self.block_size)]
        best = rivals[0]
        for rival in rivals[1:]:
            best = maximum(best, rival)
        winners = [where(rival < best, 0.0, rival) for rival in rivals]  # NaN is no loser: it stays to be seen
        h = concatenate(winners, axis=-1).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.block_size == 2 else f", block_size={self.block_size}")
