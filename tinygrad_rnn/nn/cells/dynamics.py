"""Cells that are steps of a differential equation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ShapeError, with_user_line
from ...core.tensor import Tensor
from ...ops import sigmoid, tanh
from ...ops.indexing import put
from ..init import Uniform
from .catalogue import catalogued
from .packed import PackedCell

__all__ = ["AntisymmetricCell", "CoRNNCell", "LEMCell"]


@catalogued("antisymmetric", "H(D + 1) + H(H − 1)/2", "gradients that neither vanish nor explode, with few parameters",
             "Chang et al., AntisymmetricRNN: a dynamical system view on recurrent neural "
             "networks, ICLR 2019")  # fmt: skip
class AntisymmetricCell(PackedCell):
    """The antisymmetric RNN, whose Jacobian has eigenvalues near 1 (Chang et al. 2019).

        h = h′ + ε tanh(W x + (M − Mᵀ − γ I) h′ + b)

    Shapes: x (B, D); h (B, H); weight_ih W (H, D); weight_hh: the H(H − 1)/2 entries of M above its diagonal, row by
    row, the others being 0; bias_ih b (H,).

    Args:
        epsilon: ε, the step of Euler's method.
        gamma: γ, the damping that keeps Euler's method stable.

    Raises:
        ShapeError: H is 1, which leaves M no entries.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        epsilon: float = 0.1,
        gamma: float = 0.01,
        **options: Any,
    ):
        options["generator"] = options.get("generator") or np.random.default_rng()
        super().__init__(input_size, hidden_size, bias, **options)
        if hidden_size < 2:
            raise ShapeError(with_user_line("AntisymmetricCell: hidden_size must be at least 2, got 1"))
        self.epsilon, self.gamma = epsilon, gamma
        self.weight_hh = Uniform(hidden_size, self.dtype, options["generator"])(hidden_size * (hidden_size - 1) // 2)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, H = state, self.hidden_size
        above = np.tri(H, k=-1, dtype=bool).T
        M = put(self.weight_hh, index=(above,), shape=(H, H)).named("M")
        change = tanh(self.from_input(x) + h @ (M - M.mT).mT - self.gamma * h).named("ḣ")
        h = (h + self.epsilon * change).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        options = "" if self.epsilon == 0.1 else f", epsilon={self.epsilon}"
        return super().extra_repr() + options + ("" if self.gamma == 0.01 else f", gamma={self.gamma}")


@catalogued("co-rnn", "H(D + 2H + 1)", "oscillating signals; bounded gradients",
             "Rusch & Mishra, Coupled oscillatory recurrent neural network (coRNN), ICLR 2021")  # fmt: skip
class CoRNNCell(PackedCell):
    """The coupled oscillatory RNN: units are oscillators that drive each other (Rusch & Mishra 2021).

        z = z′ + Δt (tanh(W x + R h′ + V z′ + b) − γ h′ − ε z′)        velocities
        h = h′ + Δt z                                                  positions

    Shapes: x (B, D); h, z (B, H); weight_ih W (H, D), weight_hh R and weight_zh V (H, H), bias_ih b (H,).

    Args:
        dt: Δt.
        gamma: γ, the restoring force; its root is the frequency.
        epsilon: ε, the damping.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        dt: float = 0.1,
        gamma: float = 1.0,
        epsilon: float = 1.0,
        **options: Any,
    ):
        options["generator"] = options.get("generator") or np.random.default_rng()
        super().__init__(input_size, hidden_size, bias, **options)
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon
        self.weight_zh = Uniform(hidden_size, self.dtype, options["generator"])(hidden_size, hidden_size)

    def initial_state(self, batch: int | None) -> tuple[Tensor, Tensor]:
        """h′ = 0 and z′ = 0, each (B, H)."""
        return self.zeros(batch, self.hidden_size, "h"), self.zeros(batch, self.hidden_size, "z")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, z = state
        force = tanh(self.from_input(x) + self.from_state(h) + z @ self.weight_zh.mT).named("a")
        z = (z + self.dt * (force - self.gamma * h - self.epsilon * z)).named("z", role="state")
        h = (h + self.dt * z).named("h", role="state")
        return h, (h, z)

    def extra_repr(self) -> str:
        usual = {"dt": 0.1, "gamma": 1.0, "epsilon": 1.0}
        options = [f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return super().extra_repr() + "".join(options)


@catalogued("lem", "4H(D + H + 1)", "signals with several time scales, at an LSTM's cost",
             "Rusch et al., Long expressive memory for sequence modeling, ICLR 2022")  # fmt: skip
class LEMCell(PackedCell):
    """Long expressive memory: two states, each with a learned time step of its own (Rusch et al. 2022).

        Δ = Δt σ(W_Δ x + R_Δ y′ + b_Δ)            time step of z
        Δ̄ = Δt σ(W_Δ̄ x + R_Δ̄ y′ + b_Δ̄)            time step of y
        z = (1 − Δ) ⊙ z′ + Δ ⊙ tanh(W_z x + R_z y′ + b_z)
        y = (1 − Δ̄) ⊙ y′ + Δ̄ ⊙ tanh(W_y x + R_y z + b_y)

    Shapes: x (B, D); y, the output, and z (B, H); blocks in the order Δ Δ̄ z y: weight_ih (4H, D), weight_hh (4H, H),
    bias_ih (4H,).

    Args:
        dt: Δt, the largest time step.
    """

    blocks = 4

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, dt: float = 1.0, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        self.dt = dt

    def initial_state(self, batch: int | None) -> tuple[Tensor, Tensor]:
        """y′ = 0 and z′ = 0, each (B, H)."""
        return self.zeros(batch, self.hidden_size, "y"), self.zeros(batch, self.hidden_size, "z")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, z = state
        H = self.hidden_size
        *x_3, x_y = self.split(self.from_input(x))
        s_1, s_2, s_z = (a + b for a, b in zip(x_3, self.split(self.from_state(y, slice(0, 3 * H))), strict=True))
        d_z = (self.dt * sigmoid(s_1)).named("Δ")
        d_y = (self.dt * sigmoid(s_2)).named("Δ̄")
        z = ((1 - d_z) * z + d_z * tanh(s_z)).named("z", role="state")
        y = ((1 - d_y) * y + d_y * tanh(x_y + self.from_state(z, slice(3 * H, 4 * H)))).named("y", role="state")
        return y, (y, z)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.dt == 1 else f", dt={self.dt}")
