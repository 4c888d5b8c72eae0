"""The cells of the tutorial this library implements, its equations taken literally (their numbers are the tutorial's).

They are here to be run, drawn and compared with the standard cells: where its equations contradict each other or the
literature, the docstring says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops import concatenate, sigmoid, tanh
from ..cell import Cell
from ..init import Uniform, check_sizes
from .catalogue import catalogued
from .packed import PackedCell

__all__ = ["ArticleCell", "ArticleForgetCell", "ArticleInputCell", "ArticleOutputCell"]


@catalogued("article", "3H(D + H + 1)", "to see what a double sigmoid does to memory (HD fewer if D = H)",
             "equations 1 to 4 of the tutorial that this library implements")  # fmt: skip
class ArticleCell(Cell):
    """The cell of equations 1 to 4, whose gates are squashed twice.

        f = σ(W_f [c′; x] + b_f)             gates, as by equations 5, 9 and 12, fed by c as section 3.4 says
        i = σ(W_i [c′; x] + b_i)
        c̃ = σ(i) ⊙ P x                       (2)
        c = σ(f) ⊙ c′ + σ(1 − f) ⊙ c̃         (1, 4)
        o = σ(W_o c + b_o)
        h = σ(o) ⊙ tanh(c)                   (3)

    As f is a gate already, σ(f) lies between 0.5 and 0.731, so that memory must vanish: at least half of it in 2.21
    steps. The standard cell has f and 1 − f for σ(f) and σ(1 − f); read as σ of what f is made from, (1) is the
    `JANETCell` with β = 1. The products of equations 1 to 3 are written as matrix products and mean Hadamard products.

    Shapes: x (B, D); c, the state, and h (B, H); weight W_f, W_i (2H, H + D), bias (2H,); weight_o W_o (H, H), bias_o
    (H,); weight_p P (H, D), which (2) needs only if D ≠ H.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = D, H = input_size, hidden_size
        draw = Uniform(hidden_size, dtype, generator)
        self.weight, self.bias = draw(2 * H, H + D), draw(2 * H)
        self.weight_o, self.bias_o = draw(H, H), draw(H)
        self.weight_p = draw(H, D) if D != H else None

    def initial_state(self, batch: int | None) -> Tensor:
        """c′ = 0, (B, H)."""
        return self.zeros(batch, self.hidden_size, "c")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        c, H = state, self.hidden_size
        z = concatenate([c, x], axis=-1) @ self.weight.mT + self.bias
        f = sigmoid(z[..., :H]).named("f")
        i = sigmoid(z[..., H:]).named("i")
        g = (sigmoid(i) * (x if self.weight_p is None else x @ self.weight_p.mT)).named("c̃")
        c = (sigmoid(f) * c + sigmoid(1 - f) * g).named("c", role="state")
        o = sigmoid(c @ self.weight_o.mT + self.bias_o).named("o")
        h = (sigmoid(o) * tanh(c)).named("h")
        return h, c

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class SectionFiveCell(PackedCell):
    """What the cells of section 3.5 share: packed blocks of [h′; x], and the output gate of equations 12 and 13."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, **options: Any):
        options["generator"] = options.get("generator") or np.random.default_rng()
        super().__init__(input_size, hidden_size, bias, **options)
        draw = Uniform(hidden_size, self.dtype, options["generator"])
        self.weight_o = draw(hidden_size, 2 * hidden_size)
        self.bias_o = draw(hidden_size) if bias else None

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h′ = 0 and c′ = 0, each (B, H)."""
        return self.zeros(batch, self.hidden_size, "h"), self.zeros(batch, self.hidden_size, "c")

    def output(self, h: Tensor, c: Tensor) -> Tensor:
        """(12, 13): o = σ(W_o [h′; c] + b_o), h = o ⊙ tanh(c)."""
        z = concatenate([h, c], axis=-1) @ self.weight_o.mT
        o = sigmoid(z if self.bias_o is None else z + self.bias_o).named("o")
        return (o * tanh(c)).named("h", role="state")


@catalogued("article-forget", "3H(D + H + 1) + H(2H + 1)", "to compare with a standard forget gate",
             "equations 5, 7 to 9, 12 and 13 of the tutorial that this library implements")  # fmt: skip
class ArticleForgetCell(SectionFiveCell):
    """The forget gate of section 3.5.1: an update gate G fed by gates.

        f = σ(W_f [h′; x] + b_f)                       (5), read by the next step
        i = σ(W_i [h′; x] + b_i)                       (9)
        c̃ = tanh(W_c [h′; x] + b_c)                    (7, which lacks W_c)
        G = σ(W_f [σ(f′) ⊙ σ(i); x] + b_f)             (8), with the weights of (5)
        c = G ⊙ c̃ + (1 − G) ⊙ c′                       (8)
        o = σ(W_o [h′; c] + b_o)                       (12)
        h = o ⊙ tanh(c)                                (13)

    It is one of three updates of c in the tutorial that contradict each other (1, 8 and 11). The standard forget gate
    is f itself: c = f ⊙ c′ + i ⊙ c̃ (`LSTMCell`).

    Shapes: x (B, D); the state h, c, f (B, H), f′ = 0 at first; blocks in the order f i c̃: weight_ih (3H, D),
    weight_hh (3H, H), bias_ih (3H,); weight_o (H, 2H), bias_o (H,).
    """

    blocks = 3

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h′, c′ and f′ = 0, each (B, H)."""
        return *super().initial_state(batch), self.zeros(batch, self.hidden_size, "f")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c, f_before = state
        x_f, x_i, x_c = self.split(self.from_input(x))
        h_f, h_i, h_c = self.split(self.from_state(h))
        f = sigmoid(x_f + h_f).named("f", role="state")
        i = sigmoid(x_i + h_i).named("i")
        g = self.candidate(x_c + h_c).named("c̃")
        both = sigmoid(f_before) * sigmoid(i)
        G = sigmoid(x_f + self.from_state(both, slice(0, self.hidden_size))).named("G")
        c = (G * g + (1 - G) * c).named("c", role="state")
        h = self.output(h, c)
        return h, (h, c, f)


@catalogued("article-input", "2H(D + H + 1) + H(2H + 1)", "to compare with a standard input gate",
             "equations 9 to 13 of the tutorial that this library implements")  # fmt: skip
class ArticleInputCell(SectionFiveCell):
    """The input gate of section 3.5.2: one that retains.

        i = σ(W_i [h′; x] + b_i)             (9)
        c̃ = tanh(W_c [h′; x] + b_c)          (10, which lacks W_c)
        c = (1 − i) ⊙ c̃ + i ⊙ c′             (11)
        o = σ(W_o [h′; c] + b_o)             (12)
        h = o ⊙ tanh(c)                      (13)

    (11) is the update of the `UGRNNCell`: what is called an input gate holds the old memory. The standard input gate
    multiplies c̃ and leaves c′ to the forget gate (`LSTMCell`).

    Shapes: x (B, D); h, c (B, H); blocks in the order i c̃: weight_ih (2H, D), weight_hh (2H, H), bias_ih (2H,);
    weight_o (H, 2H), bias_o (H,).
    """

    blocks = 2

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c = state
        z_i, z_c = self.affine(x, h)
        i = sigmoid(z_i).named("i")
        g = self.candidate(z_c).named("c̃")
        c = ((1 - i) * g + i * c).named("c", role="state")
        h = self.output(h, c)
        return h, (h, c)


@catalogued("article-output", "3H(D + H + 1) + H(2H + 1)", "to compare with a standard output gate",
             "equations 5, 9, 10, 12 and 13 of the tutorial that this library implements")  # fmt: skip
class ArticleOutputCell(SectionFiveCell):
    """The output gate of section 3.5.3: fed by c through a full matrix, and not by x.

        f = σ(W_f [h′; x] + b_f)             (5)
        i = σ(W_i [h′; x] + b_i)             (9)
        c̃ = tanh(W_c [h′; x] + b_c)          (7, 10, which lack W_c)
        c = f ⊙ c′ + i ⊙ c̃                   the standard update
        o = σ(W_o [h′; c] + b_o)             (12)
        h = o ⊙ tanh(c)                      (13)

    The standard output gate sees [h′; x]; peepholes to c are diagonal (`PeepholeLSTMCell`).

    Shapes: x (B, D); h, c (B, H); blocks in the order f i c̃: weight_ih (3H, D), weight_hh (3H, H), bias_ih (3H,);
    weight_o (H, 2H), bias_o (H,).
    """

    blocks = 3

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c = state
        z_f, z_i, z_c = self.affine(x, h)
        f = sigmoid(z_f).named("f")
        i = sigmoid(z_i).named("i")
        g = self.candidate(z_c).named("c̃")
        c = (f * c + i * g).named("c", role="state")
        h = self.output(h, c)
        return h, (h, c)
