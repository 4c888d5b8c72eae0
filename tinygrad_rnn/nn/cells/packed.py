"""`PackedCell`: what cells of several like blocks (gates) share; `activation`: the function a name stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import ops
from ...core.errors import DeclarationError, with_user_line
from ...core.tensor import Tensor
from ...ops import tanh
from ..cell import Cell
from ..init import Uniform, check_sizes


@dataclass
class Masks:
    """What a wrapper drops inside a step of a cell, and what of it the step came to."""

    candidate: Tensor | None = None
    state: Tensor | None = None
    used: set[str] = field(default_factory=set)

    def on(self, name: str, value: Tensor) -> Tensor:
        mask = getattr(self, name)
        self.used.add(name)
        return value if mask is None else value * mask


_masks: ContextVar[Masks | None] = ContextVar("tinygrad_rnn_masks", default=None)


@contextmanager
def masked(masks: Masks) -> Iterator[None]:
    """Within the block, packed cells multiply their candidate, and the state their recurrent weights see, by masks."""
    token = _masks.set(masks)
    try:
        yield
    finally:
        _masks.reset(token)


class PackedCell(Cell):
    """A cell whose blocks (gates) are packed, one above the other, in two matrices: z_k = W_k x + R_k h′ + b_k.

    weight_ih: (blocks·H, D), weight_hh: (blocks·H, H), bias_ih and, if there are two, bias_hh: (blocks·H,), all from
    U(−1/√H, 1/√H).
    """

    blocks = 1
    #: Biases of a block: one, as in the papers; PyTorch's cells have two.
    biases = 1
    #: Which block holds the memory (a forget gate, or what multiplies h′), and which lets new things in, if another one
    #: does: `chrono_` sets their biases.
    keeps: int | None = None
    admits: int | None = None

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
        self.bias_hh = draw(rows) if bias and self.biases == 2 else None

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
        masks = _masks.get()
        h = h if masks is None else masks.on("state", h)
        weight, bias = self.weight_hh, self.bias_hh
        if rows != slice(None):
            weight, bias = weight[rows], bias if bias is None else bias[rows]
        z = h @ weight.mT
        return z if bias is None else z + bias

    def split(self, z: Tensor) -> list[Tensor]:
        """The blocks of z, each (B, H)."""
        H = self.hidden_size
        return [z[..., k * H : (k + 1) * H] for k in range(z.shape[-1] // H)]

    def affine(self, x: Tensor, h: Tensor) -> list[Tensor]:
        """W_k x + R_k h + b_k for every block k, each (B, H)."""
        return self.split(self.from_input(x) + self.from_state(h))

    def candidate(self, z: Tensor, squash: Callable[[Tensor], Tensor] = tanh) -> Tensor:
        """squash(z): what a step offers to its memory, and `RecurrentDropout` drops entries of."""
        masks = _masks.get()
        return squash(z) if masks is None else masks.on("candidate", squash(z))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")


class TwoStateCell(PackedCell):
    """A packed cell whose state is (h, c): what it gives out, and its memory."""

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h′ = 0 and c′ = 0, each (B, H)."""
        return self.zeros(batch, self.hidden_size, "h"), self.zeros(batch, self.hidden_size, "c")


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
