"""Relatives of the LSTM: its first form, peepholes and what ablations leave of it, normalised, exponential."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, with_user_line
from ...core.tensor import Tensor
from ...ops import concatenate, exp, maximum, sigmoid, softplus, tanh
from ..init import Uniform, check_sizes
from ..parameter import Parameter
from .catalogue import catalogued
from .packed import PackedCell, TwoStateCell

__all__ = ["LayerNormLSTMCell", "MemoryBlockCell", "PeepholeLSTMCell", "SLSTMCell"]


@catalogued("memory-block", "3H(D + 3H + 1)", "to reproduce the experiments of 1997; memories that never fade",
             "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997")  # fmt: skip
class MemoryBlockCell(PackedCell):
    """The LSTM of 1997: memory blocks of several cells that share their gates, and no forget gate
    (Hochreiter & Schmidhuber 1997).

        u = [h; i; o]                                all units feed all units
        i = σ(W_i x + R_i u′ + b_i)                  input gate, one for each block
        o = σ(W_o x + R_o u′ + b_o)                  output gate, one for each block
        c = c′ + i ⊙ (4 σ(W_c x + R_c u′ + b_c) − 2)
        h = o ⊙ (2 σ(c) − 1)

    Shapes: x (B, D); h, c (B, H); H = n·s for n blocks of s cells, where cell k is of block k mod n; i, o (B, n);
    u (B, U), U = H + 2n, or H + n without output gates. In the order c i o: weight_ih (U, D), weight_hh (U, U),
    bias_ih (U,). Gradients here are exact; the paper cuts those that leave a block.

    Args:
        block_size: s.
        output_gates: without, h = 2 σ(c) − 1, as in the paper's second kind of network.
        bias: of all units, of none, or, as in the paper's Reber networks, of the "gates".

    Raises:
        ShapeError: H is no multiple of s.
        ArgumentError: another `bias`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool | str = True,
        *,
        block_size: int = 1,
        output_gates: bool = True,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, input_size=input_size, hidden_size=hidden_size, block_size=block_size)
        if hidden_size % block_size:
            raise ShapeError(
                with_user_line(f"MemoryBlockCell: hidden_size={hidden_size} is no multiple of block_size={block_size}")
            )
        if bias not in (True, False, "gates"):
            raise ArgumentError(with_user_line(f"MemoryBlockCell: bias is True, False or 'gates', got {bias!r}"))
        self.input_size, self.hidden_size, self.block_size = input_size, hidden_size, block_size
        self.output_gates, self.bias = output_gates, bias
        self.gates = hidden_size // block_size * (2 if output_gates else 1)
        self.units = hidden_size + self.gates
        draw = Uniform(self.units, dtype, generator)
        self.weight_ih = draw(self.units, input_size)
        self.weight_hh = draw(self.units, self.units)
        self.bias_ih = draw(self.gates if bias == "gates" else self.units) if bias else None
        self.bias_hh = None

    def initial_state(self, batch: int | None) -> tuple[Tensor, Tensor]:
        """u′ = 0, (B, U), and c′ = 0, (B, H)."""
        return self.zeros(batch, self.units, "u"), self.zeros(batch, self.hidden_size, "c")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        u, c = state
        z = x @ self.weight_ih.mT + self.from_state(u)
        z_c, z_gates = z[..., : self.hidden_size], z[..., self.hidden_size :]
        if self.bias_ih is not None:
            z_gates = z_gates + self.bias_ih[-self.gates :]
            z_c = z_c if self.bias == "gates" else z_c + self.bias_ih[: self.hidden_size]
        n = self.hidden_size // self.block_size
        i = sigmoid(z_gates[..., :n]).named("i")
        c = (c + self.to_cells(i) * (4 * sigmoid(z_c) - 2)).named("c", role="state")
        h, gates = 2 * sigmoid(c) - 1, [i]
        if self.output_gates:
            o = sigmoid(z_gates[..., n:]).named("o")
            h, gates = self.to_cells(o) * h, [i, o]
        h = h.named("h", role="state")
        return h, (concatenate([h, *gates], axis=-1).named("u", role="state"), c)

    def to_cells(self, gate: Tensor) -> Tensor:
        """A block's gate, for each of its cells: (B, n) to (B, H)."""
        return gate if self.block_size == 1 else concatenate([gate] * self.block_size, axis=-1)

    def extra_repr(self) -> str:
        options = "" if self.bias is True else f", bias={self.bias!r}"
        options += "" if self.block_size == 1 else f", block_size={self.block_size}"
        return f"{self.input_size}, {self.hidden_size}{options}" + ("" if self.output_gates else ", output_gates=False")


#: What each variant of Greff et al. leaves out, or adds to, the vanilla LSTM.
VARIANTS = {
    "V": "vanilla: nothing left out",
    "NIG": "no input gate: i = 1",
    "NFG": "no forget gate: f = 1",
    "NOG": "no output gate: o = 1",
    "NIAF": "no input activation function: z is not squashed",
    "NOAF": "no output activation function: h = o ⊙ c",
    "CIFG": "coupled input and forget gate: f = 1 − i",
    "NP": "no peepholes",
    "FGR": "full gate recurrence: every gate also sees all gates of the step before",
}


@catalogued("peephole-lstm", "4H(D + H + 1) + 3H", "precise timing; which part of the LSTM does what",
             "Greff et al., LSTM: a search space odyssey, arXiv:1503.04069, 2015; Gers & Schmidhuber, Recurrent nets "
             "that time and count, IJCNN 2000")  # fmt: skip
class PeepholeLSTMCell(TwoStateCell):
    """The LSTM with peepholes, and all that Greff et al. (2015) left out of it (peepholes: Gers & Schmidhuber 2000).

        z = tanh(W_z x + R_z h′ + b_z)                  block input
        i = σ(W_i x + R_i h′ + p_i ⊙ c′ + b_i)          input gate
        f = σ(W_f x + R_f h′ + p_f ⊙ c′ + b_f)          forget gate
        c = i ⊙ z + f ⊙ c′
        o = σ(W_o x + R_o h′ + p_o ⊙ c + b_o)           output gate
        h = o ⊙ tanh(c)

    Shapes: x (B, D); h, c (B, H); blocks in the order z i f o: weight_ih (4H, D), weight_hh (4H, H), bias_ih (4H,);
    p_i, p_f, p_o packed in weight_peephole (3H,). Blocks and peepholes of gates that are left out are left out.

    Args:
        variant: "V" (all of it), "NIG", "NFG", "NOG", "NIAF", "NOAF", "CIFG" (f = 1 − i), "NP" (no peepholes), "FGR"
            (each gate also sees i′, f′ and o′, through weight_gates (3H, 3H), and they are part of the state).

    Raises:
        ArgumentError: no such variant.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, variant: str = "V", **options: Any):
        if variant not in VARIANTS:
            raise ArgumentError(
                with_user_line(f"PeepholeLSTMCell: no variant {variant!r}; expected one of {', '.join(VARIANTS)}")
            )
        left_out = {"NIG": "i", "NFG": "f", "CIFG": "f", "NOG": "o"}.get(variant, "")
        self.variant, self.gates = variant, "ifo".replace(left_out, "") if left_out else "ifo"
        self.blocks = 1 + len(self.gates)
        options["generator"] = options.get("generator") or np.random.default_rng()
        super().__init__(input_size, hidden_size, bias, **options)
        draw, H = Uniform(hidden_size, self.dtype, options["generator"]), hidden_size
        self.weight_peephole = draw(len(self.gates) * H) if variant != "NP" else None
        self.weight_gates = draw(3 * H, 3 * H) if variant == "FGR" else None

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h′ = 0 and c′ = 0, each (B, H); with full gate recurrence also the gates (i, f, o)′ = 0, (B, 3H)."""
        more = (self.zeros(batch, 3 * self.hidden_size, "g"),) if self.weight_gates is not None else ()
        return *super().initial_state(batch), *more

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c, *before = state
        z_z, *parts = self.affine(x, h)
        if self.weight_gates is not None:
            parts = [z + r for z, r in zip(parts, self.split(before[0] @ self.weight_gates.mT), strict=True)]
        z_gates = dict(zip(self.gates, parts, strict=True))
        z = self.candidate(z_z, (lambda a: a) if self.variant == "NIAF" else tanh).named("z")
        i = self.gate("i", z_gates, c)
        f = (1 - i).named("f") if self.variant == "CIFG" else self.gate("f", z_gates, c)
        c = (through(i, z) + through(f, c)).named("c", role="state")
        o = self.gate("o", z_gates, c)
        h = through(o, c if self.variant == "NOAF" else tanh(c)).named("h", role="state")
        after = [concatenate([i, f, o], axis=-1).named("g", role="state")] if before else []
        return h, (h, c, *after)

    def gate(self, name: str, z: dict[str, Tensor], c: Tensor) -> Any:
        """σ(z + p ⊙ c) of the gate; None if it is left out."""
        if name not in z:
            return None
        if self.weight_peephole is None:
            return sigmoid(z[name]).named(name)
        k, H = self.gates.index(name), self.hidden_size
        return sigmoid(z[name] + self.weight_peephole[k * H : (k + 1) * H] * c).named(name)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.variant == "V" else f", variant={self.variant!r}")


def through(gate: Tensor | None, value: Tensor) -> Tensor:
    """What a gate lets through: all of it, if there is none."""
    return value if gate is None else gate * value


@catalogued("layer-norm-lstm", "4H(D + H + 1) + 10H", "large or deep networks, small batches",
             "Ba, Kiros & Hinton, Layer normalization, arXiv:1607.06450, 2016")  # fmt: skip
class LayerNormLSTMCell(TwoStateCell):
    """The LSTM with layer normalisation (Ba, Kiros & Hinton 2016).

        N(a) = (a − mean(a)) / √(var(a) + ε)
        [z_i; z_f; z_c; z_o] = γ_x ⊙ N(W x) + γ_h ⊙ N(R h′) + b
        i = σ(z_i)          input gate
        f = σ(z_f)          forget gate
        c̃ = tanh(z_c)       candidate
        o = σ(z_o)          output gate
        c = f ⊙ c′ + i ⊙ c̃
        h = o ⊙ tanh(γ_c ⊙ N(c) + b_c)

    Shapes: x (B, D); h, c (B, H); means and variances are over the last axis; blocks in the order i f c̃ o:
    weight_ih (4H, D), weight_hh (4H, H), bias_ih (4H,); gain_x γ_x and gain_h γ_h (4H,), gain_c γ_c and bias_c (H,).

    Args:
        eps: ε.
    """

    blocks = 4

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, eps: float = 1e-5, **options: Any):
        super().__init__(input_size, hidden_size, bias, **options)
        self.eps, H = eps, hidden_size
        self.gain_x, self.gain_h, self.gain_c = (Parameter(np.ones(n, self.dtype)) for n in (4 * H, 4 * H, H))
        self.bias_c = Parameter(np.zeros(H, self.dtype))

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c = state
        z = self.gain_x * self.norm(x @ self.weight_ih.mT) + self.gain_h * self.norm(self.from_state(h))
        z_i, z_f, z_c, z_o = self.split(z if self.bias_ih is None else z + self.bias_ih)
        i = sigmoid(z_i).named("i")
        f = sigmoid(z_f).named("f")
        g = self.candidate(z_c).named("c̃")
        o = sigmoid(z_o).named("o")
        c = (f * c + i * g).named("c", role="state")
        h = (o * tanh(self.gain_c * self.norm(c) + self.bias_c)).named("h", role="state")
        return h, (h, c)

    def norm(self, a: Tensor) -> Tensor:
        """N(a), the same shape."""
        return (a - a.mean(axis=-1, keepdims=True)) / (a.var(axis=-1, keepdims=True) + self.eps).sqrt()


@catalogued("slstm", "4H(D + H + 1)", "revising what was stored: exponential gates can outweigh the past",
             "Beck et al., xLSTM: extended long short-term memory, NeurIPS 2024")  # fmt: skip
class SLSTMCell(PackedCell):
    """The LSTM with exponential gates of xLSTM, with a dense R (Beck et al. 2024).

        ĩ = W_i x + R_i h′ + b_i
        f̃ = W_f x + R_f h′ + b_f
        z = tanh(W_z x + R_z h′ + b_z)
        o = σ(W_o x + R_o h′ + b_o)
        m = max(ln σ(f̃) + m′, ĩ)             largest exponent so far
        i = exp(ĩ − m)
        f = exp(ln σ(f̃) + m′ − m)
        c = f ⊙ c′ + i ⊙ z
        n = f ⊙ n′ + i                       normaliser
        h = o ⊙ c / n

    h does not depend on m, which only keeps the exponentials from overflowing.

    Shapes: x (B, D); h, c, n, m (B, H); blocks in the order ĩ f̃ z o: weight_ih (4H, D), weight_hh (4H, H),
    bias_ih (4H,).
    """

    blocks = 4

    def initial_state(self, batch: int | None) -> tuple[Tensor, ...]:
        """h′, c′, n′ and m′ = 0, each (B, H)."""
        return tuple(self.zeros(batch, self.hidden_size, name) for name in "hcnm")

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, c, n, m = state
        z_i, z_f, z_z, z_o = self.affine(x, h)
        z = self.candidate(z_z).named("z")
        o = sigmoid(z_o).named("o")
        kept = m - softplus(-z_f)
        m = maximum(kept, z_i).named("m", role="state")
        i = exp(z_i - m).named("i")
        f = exp(kept - m).named("f")
        c = (f * c + i * z).named("c", role="state")
        n = (f * n + i).named("n", role="state")
        h = (o * c / n).named("h", role="state")
        return h, (h, c, n, m)
