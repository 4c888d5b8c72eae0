"""The optimisers. Each `update` is its docstring's equations; w and what is kept start at step t = 1 from zeros."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .. import kernels
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor
from .optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Polyak 1964; Nesterov: Sutskever et al. 2013).

        g ← ∂L/∂w + weight_decay · w
        v ← momentum · v + (1 − dampening) · g           (v = g at the first step)
        w ← w − lr · v,   Nesterov: w ← w − lr · (g + momentum · v),   without momentum: w ← w − lr · g

    Raises:
        ArgumentError: a hyperparameter is negative, or Nesterov is asked without momentum or with dampening.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        self.keeps = ("v",) if momentum else ()
        super().__init__(
            parameters, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )
        if nesterov and (not momentum or dampening):
            raise ArgumentError(with_user_line("SGD: nesterov needs momentum above 0 and dampening 0"))

    def update(self, w, g, memory):
        g = g + self.weight_decay * w
        if "v" in memory:
            v = memory["v"]
            v[...] = g if memory["step"] == 1 else self.momentum * v + (1 - self.dampening) * g
            g = g + self.momentum * v if self.nesterov else v
        w -= self.lr * g


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015).

        g ← ∂L/∂w + weight_decay · w
        m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
        w ← w − lr · m̂ / (√v̂ + eps),   m̂ = m / (1 − β₁ᵗ),   v̂ = v / (1 − β₂ᵗ)

    With `amsgrad` v̂ is computed from the largest v so far (Reddi et al. 2018).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ):
        self.keeps = ("m", "v", "v_max") if amsgrad else ("m", "v")
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def update(self, w, g, memory):
        self._move([(w, g, memory)], self.weight_decay)

    def update_all(self, moved):
        if type(self).update is Adam.update:
            self._move(moved, self.weight_decay)
        else:
            super().update_all(moved)

    def _move(self, moved, decay, shrink=1.0):
        """Updates of some w in place: smaller by a factor, then decay, then the step by the means of g and g²."""
        b1, b2 = self.betas
        steps = [int(memory["step"]) for *_, memory in moved]
        rates = [self.lr / (1 - b1**t) for t in steps]
        if not self.amsgrad:
            parameters = [(w, g, memory["m"], memory["v"]) for w, g, memory in moved]
            given = [(rate, 1 / (1 - b2**t)) for rate, t in zip(rates, steps, strict=True)]
            kernels.loss_and_update.adam(parameters, given, decay, b1, b2, self.eps, shrink)
            return
        for (w, g, memory), rate, t in zip(moved, rates, steps, strict=True):
            w *= shrink
            g = g + decay * w
            m, v = memory["m"], memory["v"]
            m += (1 - b1) * (g - m)
            v += (1 - b2) * (g * g - v)
            v = np.maximum(memory["v_max"], v, out=memory["v_max"])
            w -= rate * m / (np.sqrt(v / (1 - b2**t)) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): w ← (1 − lr · weight_decay) w, then Adam's step."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ):
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad)

    def update(self, w, g, memory):
        self._move([(w, g, memory)], 0.0, 1 - self.lr * self.weight_decay)

    def update_all(self, moved):
        if type(self).update is AdamW.update:
            self._move(moved, 0.0, 1 - self.lr * self.weight_decay)
        else:
            super().update_all(moved)


class RMSprop(Optimizer):
    """Divide the gradient by a running root mean square of itself (Tieleman & Hinton 2012).

    g ← ∂L/∂w + weight_decay · w
    v ← alpha · v + (1 − alpha) · g²
    d = g / (√v + eps);   centered (Graves 2013): a ← alpha · a + (1 − alpha) · g and √(v − a²) for √v
    w ← w − lr · d;       with momentum: b ← momentum · b + d,  w ← w − lr · b
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ):
        self.keeps = ("v",) + ("a",) * bool(centered) + ("b",) * bool(momentum)
        super().__init__(
            parameters, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
        )

    def update(self, w, g, memory):
        g, v = g + self.weight_decay * w, memory["v"]
        v += (1 - self.alpha) * (g * g - v)
        if self.centered:
            a = memory["a"]
            a += (1 - self.alpha) * (g - a)
            v = np.maximum(v - a * a, 0)  # rounding takes it below 0 when the gradient hardly changes
        d = g / (np.sqrt(v) + self.eps)
        if "b" in memory:
            d = memory["b"] = self.momentum * memory["b"] + d
        w -= self.lr * d


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares (Duchi et al. 2011).

    g ← ∂L/∂w + weight_decay · w
    v ← v + g²                                       (v = initial_accumulator_value before the first step)
    w ← w − lr / (1 + (t − 1) · lr_decay) · g / (√v + eps)
    """

    keeps = ("v",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ):
        super().__init__(
            parameters, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, eps=eps,
        )  # fmt: skip
        for memory in self.memory:
            memory["v"] += initial_accumulator_value

    def update(self, w, g, memory):
        g, v = g + self.weight_decay * w, memory["v"]
        v += g * g
        w -= self.lr / (1 + (int(memory["step"]) - 1) * self.lr_decay) * g / (np.sqrt(v) + self.eps)
