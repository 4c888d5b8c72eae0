"""Gated cells with one state or few gates, each in its paper's symbols."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops import relu, sigmoid
from ..cell import Cell
from ..init import Uniform, check_sizes
from .catalogue import catalogued
from .packed import PackedCell, activation

__all__ = ["IndRNNCell", "JANETCell", "LiGRUCell", "MGUCell", "MinGRUCell", "MinLSTMCell", "UGRNNCell"]


@catalogued("ugrnn", "2H(D + H + 1)", "half of an LSTM; easy to train in deep stacks",
             "Collins, Sohl-Dickstein & Sussillo, Capacity and trainability in recurrent neural "
             "networks, ICLR 2017")  # fmt: skip
class UGRNNCell(PackedCell):
    """The update gate RNN: one gate mixes the old state and a candidate (Collins, Sohl-Dickstein & Sussillo 2017).

        c = tanh(W_c x + R_c h′ + b_c)     candidate
        g = σ(W_g x + R_g h′ + b_g)        update gate
        h = g ⊙ h′ + (1 − g) ⊙ c

    Shapes: x (B, D); h (B, H); blocks in the order c g: weight_ih (2H, D), weight_hh (2H, H), bias_ih (2H,).
    """

    blocks = 2

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h = state
        z_c, z_g = self.affine(x, h)
        c = self.candidate(z_c).named("c")
        g = sigmoid(z_g).named("g")
        h = (g * h + (1 - g) * c).named("h", role="state")
        return h, h


@catalogued("janet", "2H(D + H + 1)", "half of an LSTM; long memories with chrono initialisation",
             "van der Westhuizen & Lasenby, The unreasonable effectiveness of the forget "
             "gate, arXiv:1804.04849, 2018")  # fmt: skip
class JANETCell(PackedCell):
    """Just another network: an LSTM of which only the forget gate is left (van der Westhuizen & Lasenby 2018).

        s = W_f x + R_f h′ + b_f
        c̃ = tanh(W_c x + R_c h′ + b_c)
        h = σ(s) ⊙ h′ + (1 − σ(s − β)) ⊙ c̃

    With β > 0 more comes in than is let go. The paper writes c for the state, which is also the output.

    Shapes: x (B, D); h (B, H); blocks in the order f c̃: weight_ih (2H, D), weight_hh (2H, H), bias_ih (2H,).
    """

    blocks = 2
    keeps = 0

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, beta: float = 1.0, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        self.beta = beta

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h = state
        s, z_c = self.affine(x, h)
        f = sigmoid(s).named("f")
        i = (1 - sigmoid(s - self.beta)).named("i")
        c = self.candidate(z_c).named("c̃")
        h = (f * h + i * c).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.beta == 1 else f", beta={self.beta}")


@catalogued("mgu", "2H(D + H + 1)", "a GRU with two thirds of its parameters",
             "Zhou et al., Minimal gated unit for recurrent neural networks, IJAC 13(3), 2016")  # fmt: skip
class MGUCell(PackedCell):
    """The minimal gated unit: a GRU whose one gate both resets and updates (Zhou et al. 2016).

        f = σ(W_f x + R_f h′ + b_f)             forget gate
        h̃ = tanh(W_h x + R_h (f ⊙ h′) + b_h)    candidate
        h = (1 − f) ⊙ h′ + f ⊙ h̃

    Shapes: x (B, D); h (B, H); blocks in the order f h̃: weight_ih (2H, D), weight_hh (2H, H), bias_ih (2H,).
    """

    blocks = 2

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, H = state, self.hidden_size
        x_f, x_h = self.split(self.from_input(x))
        f = sigmoid(x_f + self.from_state(h, slice(0, H))).named("f")
        n = self.candidate(x_h + self.from_state(f * h, slice(H, 2 * H))).named("h̃")
        h = ((1 - f) * h + f * n).named("h", role="state")
        return h, h


@catalogued("li-gru", "2H(D + H + 1)", "speech; a GRU with two thirds of its parameters and no saturation",
             "Ravanelli et al., Light gated recurrent units for speech recognition, IEEE TETCI 2(2), 2018")  # fmt: skip
class LiGRUCell(PackedCell):
    """The light GRU: no reset gate, and rectifiers (Ravanelli et al. 2018), without the paper's batch normalisation.

        z = σ(W_z x + R_z h′ + b_z)       update gate
        h̃ = relu(W_h x + R_h h′ + b_h)    candidate
        h = z ⊙ h′ + (1 − z) ⊙ h̃

    Shapes: x (B, D); h (B, H); blocks in the order z h̃: weight_ih (2H, D), weight_hh (2H, H), bias_ih (2H,).
    """

    blocks = 2

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h = state
        z_z, z_h = self.affine(x, h)
        z = sigmoid(z_z).named("z")
        n = self.candidate(z_h, relu).named("h̃")
        h = (z * h + (1 - z) * n).named("h", role="state")
        return h, h


class InputGatedCell(Cell):
    """What minGRU and minLSTM share: gates that see the input alone, weight (blocks·H, D) and bias (blocks·H,)."""

    blocks = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        draw, rows = Uniform(hidden_size, dtype, generator), self.blocks * hidden_size
        self.weight_ih = draw(rows, input_size)
        self.bias_ih = draw(rows) if bias else None

    def initial_state(self, batch: int | None) -> Tensor:
        """h′ = 0, (B, H)."""
        return self.zeros(batch, self.hidden_size, "h")

    def affine(self, x: Tensor) -> list[Tensor]:
        """W_k x + b_k for every block k, each (B, H)."""
        z, H = x @ self.weight_ih.mT, self.hidden_size
        z = z if self.bias_ih is None else z + self.bias_ih
        return [z[..., k * H : (k + 1) * H] for k in range(self.blocks)]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")


@catalogued("min-gru", "2H(D + 1)", "many units in several layers, cheaply",
             "Feng et al., Were RNNs all we needed?, arXiv:2410.01201, 2024")  # fmt: skip
class MinGRUCell(InputGatedCell):
    """A GRU without recurrent weights, which could be computed by a parallel scan (Feng et al. 2024).

        z = σ(W_z x + b_z)       update gate
        h̃ = W_h x + b_h          candidate
        h = (1 − z) ⊙ h′ + z ⊙ h̃

    Shapes: x (B, D); h (B, H); blocks in the order z h̃: weight_ih (2H, D), bias_ih (2H,).
    """

    blocks = 2

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h = state
        z_z, z_h = self.affine(x)
        z = sigmoid(z_z).named("z")
        n = z_h.named("h̃")
        h = ((1 - z) * h + z * n).named("h", role="state")
        return h, h


@catalogued("min-lstm", "3H(D + 1)", "many units in several layers, cheaply",
             "Feng et al., Were RNNs all we needed?, arXiv:2410.01201, 2024")  # fmt: skip
class MinLSTMCell(InputGatedCell):
    """An LSTM without recurrent weights, its two gates scaled to add up to 1 (Feng et al. 2024).

        f = σ(W_f x + b_f)       forget gate
        i = σ(W_i x + b_i)       input gate
        h̃ = W_h x + b_h          candidate
        h = (f ⊙ h′ + i ⊙ h̃) / (f + i)

    Shapes: x (B, D); h (B, H); blocks in the order f i h̃: weight_ih (3H, D), bias_ih (3H,).
    """

    blocks = 3

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h = state
        z_f, z_i, z_h = self.affine(x)
        f = sigmoid(z_f).named("f")
        i = sigmoid(z_i).named("i")
        n = z_h.named("h̃")
        h = ((f * h + i * n) / (f + i)).named("h", role="state")
        return h, h


@catalogued("ind-rnn", "H(D + 2)", "very long sequences in many layers; each unit is easy to read",
             "Li et al., Independently recurrent neural network (IndRNN), CVPR 2018")  # fmt: skip
class IndRNNCell(InputGatedCell):
    """The independently recurrent network: every unit sees only its own past (Li et al. 2018).

        h = relu(W x + u ⊙ h′ + b)

    Shapes: x (B, D); h (B, H); weight_ih W (H, D), weight_hh u (H,) from U(0, 1), bias_ih b (H,).

    Args:
        nonlinearity: instead of "relu", see `RNNCell`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Any = "relu",
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        super().__init__(input_size, hidden_size, bias, dtype=dtype, generator=generator)
        self.nonlinearity, self.activation = nonlinearity, activation(nonlinearity)
        self.weight_hh = Uniform(hidden_size, dtype, generator).between(0.0, 1.0, hidden_size)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        (z,) = self.affine(x)
        h = self.activation(z + self.weight_hh * state).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "relu" else f", nonlinearity={self.nonlinearity!r}")
