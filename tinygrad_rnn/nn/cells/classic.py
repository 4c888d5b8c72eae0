"""The classic cells, node by node. Parameters have PyTorch's names, layouts and gate order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops import relu, sigmoid, tanh
from ..init import Uniform
from ..parameter import Parameter
from .catalogue import catalogued
from .packed import PackedCell, TwoStateCell, activation

__all__ = ["GRUCell", "IRNNCell", "LSTMCell", "ProjectedLSTMCell", "RNNCell"]


@catalogued("rnn", "H(D + H + 2)", "the plainest: short memories, lessons, a baseline",
             "Elman, Finding structure in time, Cognitive Science 14(2), 1990")  # fmt: skip
class RNNCell(PackedCell):
    """The simple recurrent network (Elman 1990).

        h = tanh(W_ih x + b_ih + W_hh h′ + b_hh)

    Shapes: x (B, D); h (B, H); weight_ih (H, D), weight_hh (H, H), bias_ih and bias_hh (H,).

    Args:
        nonlinearity: "tanh", "relu", the name of any elementwise op of one operand, or a function of a tensor.

    Raises:
        DeclarationError: no such activation.

    >>> cell = tg.nn.RNNCell(input_size=3, hidden_size=4)
    >>> x = np.ones((2, 3), np.float32)
    >>> h = cell(x)
    >>> h = cell(x, h)
    >>> h.shape
    (2, 4)
    """

    biases = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str | Callable[[Tensor], Tensor] = "tanh",
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        super().__init__(input_size, hidden_size, bias, dtype=dtype, generator=generator)
        self.nonlinearity = nonlinearity
        self.activation = activation(nonlinearity)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        z = self.from_input(x) + self.from_state(state)
        h = self.activation(z).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}")


@catalogued("irnn", "H(D + H + 1)", "long sums with few parameters; small learning rates and clipped gradients",
             "Le, Jaitly & Hinton, A simple way to initialize recurrent networks of rectified linear units, "
             "arXiv:1504.00941, 2015")  # fmt: skip
class IRNNCell(PackedCell):
    """A simple recurrent network of rectifiers that begins as the identity (Le, Jaitly & Hinton 2015).

        h = relu(W x + R h′ + b);   R₀ = I,  b₀ = 0,  W₀ ∼ N(0, 0.001²)

    R₀, b₀ and W₀ are the weights before training.

    Shapes: x (B, D); h (B, H); weight_ih W (H, D), weight_hh R (H, H), bias_ih b (H,).
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        drawn = self.weight_ih.numpy()  # of variance bound² / 3, with the bound 1/√H
        self.weight_ih = Parameter(drawn * drawn.dtype.type(0.001 * np.sqrt(3 * hidden_size)))
        self.weight_hh = Parameter(np.eye(hidden_size, dtype=drawn.dtype))
        self.bias_ih = Parameter(np.zeros(hidden_size, drawn.dtype)) if bias else None

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        (z,) = self.affine(x, state)
        h = relu(z).named("h", role="state")
        return h, h


@catalogued("lstm", "4H(D + H + 2)", "the one to begin with",
             "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997; Gers, Schmidhuber & "
             "Cummins, Learning to forget, Neural Computation 12(10), 2000")  # fmt: skip
class LSTMCell(TwoStateCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000).

        i = σ(W_i x + R_i h′ + b_i)        input gate
        f = σ(W_f x + R_f h′ + b_f)        forget gate
        c̃ = tanh(W_c x + R_c h′ + b_c)     candidate
        o = σ(W_o x + R_o h′ + b_o)        output gate
        c = f ⊙ c′ + i ⊙ c̃
        h = o ⊙ tanh(c)

    Shapes: x (B, D); h, c (B, H). W, R and b are packed in the order i f c̃ o: weight_ih (4H, D), weight_hh (4H, H),
    and b is the sum of bias_ih and bias_hh (4H,).

    >>> cell = tg.nn.LSTMCell(input_size=3, hidden_size=4)
    >>> x = np.ones((2, 3), np.float32)
    >>> h, c = cell(x)
    >>> h, c = cell(x, (h, c))
    >>> c.shape
    (2, 4)
    """

    blocks, biases = 4, 2
    keeps, admits = 1, 0

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c = state
        z_i, z_f, z_c, z_o = self.affine(x, h)
        i = sigmoid(z_i).named("i")
        f = sigmoid(z_f).named("f")
        g = self.candidate(z_c).named("c̃")
        o = sigmoid(z_o).named("o")
        c = (f * c + i * g).named("c", role="state")
        h = (o * tanh(c)).named("h", role="state")
        return h, (h, c)


@catalogued("gru", "3H(D + H + 2)", "as good as the LSTM on most tasks with a quarter fewer parameters; cannot count",
             "Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014")  # fmt: skip
class GRUCell(PackedCell):
    """The gated recurrent unit (Cho et al. 2014).

        r = σ(W_r x + R_r h′ + b_r)                      reset gate
        z = σ(W_z x + R_z h′ + b_z)                      update gate
        n = tanh(W_n x + b_in + r ⊙ (R_n h′ + b_hn))     candidate; with reset_after=False, as in the paper:
        n = tanh(W_n x + b_in + R_n (r ⊙ h′) + b_hn)
        h = (1 − z) ⊙ n + z ⊙ h′

    Shapes: x (B, D); h (B, H). W and R are packed in the order r z n: weight_ih (3H, D), weight_hh (3H, H), bias_ih
    and bias_hh (3H,), whose parts for n are b_in and b_hn, and for r and z are summed.

    Args:
        reset_after: whether the reset gate acts after the product with R_n (PyTorch, cuDNN) or before (the paper).

    >>> cell = tg.nn.GRUCell(input_size=3, hidden_size=4)
    >>> x = np.ones((2, 3), np.float32)
    >>> h = cell(x)
    >>> h = cell(x, h)
    >>> h.shape
    (2, 4)
    """

    blocks, biases = 3, 2
    keeps = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        reset_after: bool = True,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        super().__init__(input_size, hidden_size, bias, dtype=dtype, generator=generator)
        self.reset_after = reset_after

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, H = state, self.hidden_size
        x_r, x_z, x_n = self.split(self.from_input(x))
        h_r, h_z, *h_n = self.split(self.from_state(h, slice(None) if self.reset_after else slice(0, 2 * H)))
        r = sigmoid(x_r + h_r).named("r")
        z = sigmoid(x_z + h_z).named("z")
        kept = r * h_n[0] if self.reset_after else self.from_state(r * h, slice(2 * H, 3 * H))
        n = self.candidate(x_n + kept).named("n")
        h = ((1 - z) * n + z * h).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")


@catalogued("projected-lstm", "4H(D + P + 2) + HP", "much memory with small recurrent matrices (P = H/2 here)",
             "Sak, Senior & Beaufays, Long short-term memory based recurrent neural network architectures, "
             "arXiv:1402.1128, 2014")  # fmt: skip
class ProjectedLSTMCell(LSTMCell):
    """An LSTM whose output is projected to P units before it is fed back (Sak et al. 2014).

        h = W_hr (o ⊙ tanh(c)),   otherwise as `LSTMCell`

    Shapes: h (B, P); c (B, H); weight_ih (4H, D), weight_hh (4H, P), weight_hr (P, H).
    """

    def __init__(self, input_size: int, hidden_size: int, proj_size: int, bias: bool = True, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        draw = Uniform(hidden_size, self.dtype, options.get("generator"))
        self.proj_size = proj_size
        self.weight_hh = draw(4 * hidden_size, proj_size)
        self.weight_hr = draw(proj_size, hidden_size)

    def initial_state(self, batch: int | None) -> tuple[Tensor, Tensor]:
        """h′ = 0, (B, P), and c′ = 0, (B, H)."""
        return self.zeros(batch, self.proj_size, "h"), self.zeros(batch, self.hidden_size, "c")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, (_, c) = super().step(x, state)
        h = (h @ self.weight_hr.mT).named("h", role="state")
        return h, (h, c)

    def extra_repr(self) -> str:
        bias = "" if self.bias_ih is not None else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}, {self.proj_size}{bias}"
