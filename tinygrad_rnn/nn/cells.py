"""The three classic cells, node by node. Parameters have PyTorch's names, layouts and gate order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import DeclarationError, with_user_line
from ..core.tensor import Tensor
from ..ops import sigmoid, tanh
from .cell import Cell
from .init import Uniform, check_sizes


class PackedCell(Cell):
    """A cell whose blocks (gates) are packed, one above the other, in two matrices.

    weight_ih: (blocks·H, D), weight_hh: (blocks·H, H), bias_ih and bias_hh: (blocks·H,), all from U(−1/√H, 1/√H).
    """

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
        """Draw the parameters from `generator` (default: a fresh one); they and the states are of `dtype`.

        Raises:
            ShapeError: a size is not a positive integer.
            DTypeError: `dtype` is neither float32 nor float64.
        """
        check_sizes(self, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        draw, rows = Uniform(hidden_size, dtype, generator), self.blocks * hidden_size
        self.weight_ih = draw(rows, input_size)
        self.weight_hh = draw(rows, hidden_size)
        self.bias_ih = draw(rows) if bias else None
        self.bias_hh = draw(rows) if bias else None

    def initial_state(self, batch: int | None) -> Any:
        """h′ = 0, (B, H)."""
        return self.zeros(batch, self.hidden_size, "h")

    @property
    def dtype(self) -> np.dtype:
        """The dtype it computes in: its parameters'."""
        return self.weight_ih.dtype

    def from_input(self, x: Tensor) -> Tensor:
        """x W_ihᵀ + b_ih, all blocks: (B, blocks·H)."""
        z = x @ self.weight_ih.mT
        return z if self.bias_ih is None else z + self.bias_ih

    def from_state(self, h: Tensor, rows: slice = slice(None)) -> Tensor:
        """h W_hhᵀ + b_hh, all blocks or those in `rows`: (B, blocks·H)."""
        weight, bias = self.weight_hh, self.bias_hh
        if rows != slice(None):
            weight, bias = weight[rows], bias if bias is None else bias[rows]
        z = h @ weight.mT
        return z if bias is None else z + bias

    def split(self, z: Tensor) -> list[Tensor]:
        """The blocks of z, each (B, H)."""
        H = self.hidden_size
        return [z[..., k * H : (k + 1) * H] for k in range(z.shape[-1] // H)]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")


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


class LSTMCell(PackedCell):
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

    blocks = 4

    def initial_state(self, batch: int | None) -> tuple[Tensor, Tensor]:
        """h′ = 0 and c′ = 0, each (B, H)."""
        return self.zeros(batch, self.hidden_size, "h"), self.zeros(batch, self.hidden_size, "c")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c = state
        z_i, z_f, z_c, z_o = self.split(self.from_input(x) + self.from_state(h))
        i = sigmoid(z_i).named("i")
        f = sigmoid(z_f).named("f")
        g = tanh(z_c).named("c̃")
        o = sigmoid(z_o).named("o")
        c = (f * c + i * g).named("c", role="state")
        h = (o * tanh(c)).named("h", role="state")
        return h, (h, c)


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

    blocks = 3

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
        n = tanh(x_n + kept).named("n")
        h = ((1 - z) * n + z * h).named("h", role="state")
        return h, h

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")


def activation(nonlinearity: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function a name stands for: any elementwise op of one operand."""
    if callable(nonlinearity):
        return nonlinearity
    function = getattr(ops, nonlinearity, None)
    op = getattr(function, "op", None)
    if op is None or not op.elementwise or len(op.operands) != 1:
        raise DeclarationError(
            with_user_line(f"no activation {nonlinearity!r}; expected the name of an elementwise op, or a function")
        )
    return function  # type: ignore[return-value]
