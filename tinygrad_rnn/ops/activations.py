"""Activation functions, entry by entry. Where one has a kink, its gradient there is PyTorch's."""

from __future__ import annotations

import math

import numpy as np

from .. import kernels
from ..core.elementwise import elementwise
from .comparisons import minimum, where
from .functions import erf, exp, expm1

__all__ = ["elu", "gelu", "hard_sigmoid", "hard_tanh", "leaky_relu", "relu", "sigmoid", "silu", "softplus", "softsign"]

_AT_ZERO = {"avoid": (0.0,)}


@elementwise(
    [lambda y, x: y * (1 - y)], fused=[lambda g, y, x: kernels.fast.sigmoid_gradient(g, y)],
    cost=10, latex=r"\sigma({x})", glyph="σ", onnx="Sigmoid", scalar="sigmoid({x})",
    numpy="0.5 * (1 + np.tanh(0.5 * x))",
)  # fmt: skip
def sigmoid(x):
    """The logistic function, σ(x) = 1 / (1 + e^{−x})."""
    return kernels.fast.sigmoid(x)


@elementwise(
    [lambda y, x: sigmoid(x)],
    cost=20, latex=r"\operatorname{{softplus}}({x})", glyph="softplus", onnx="Softplus", scalar="softplus({x})",
    numpy="np.logaddexp(0, x)",
)  # fmt: skip
def softplus(x):
    """ln(1 + e^x), a smooth relu."""
    return kernels.fast.softplus(x)


@elementwise(
    [None], vjps=[lambda g, y, x: where(x > 0, g, 0)],
    latex=r"\operatorname{{relu}}({x})", glyph="relu", onnx="Relu", scalar="0.0 if {x} < 0 else {x}", domain=_AT_ZERO,
)  # fmt: skip
def relu(x):
    """max(x, 0), the rectified linear unit. The sub-gradient at 0 is 0, as in PyTorch."""
    return np.maximum(x, 0)


@elementwise(
    [None], vjps=[lambda g, y, x, negative_slope: where(x > 0, g, negative_slope * g)],
    latex=r"\operatorname{{leaky\_relu}}({x})", glyph="leaky relu", onnx="LeakyRelu",
    scalar="{x} if {x} > 0 else {negative_slope} * {x}", domain={**_AT_ZERO, "negative_slope": [0.01, 0.3]},
    composed=lambda x, negative_slope: where(x > 0, x, negative_slope * x),
)  # fmt: skip
def leaky_relu(x, *, negative_slope=0.01):
    """x above 0, negative_slope·x below (Maas et al. 2013). At 0 the gradient is negative_slope, as in PyTorch."""
    return np.where(x > 0, x, negative_slope * x)


@elementwise(
    [None], vjps=[lambda g, y, x, alpha: where(x > 0, g, g * (y + alpha))],
    cost=10, latex=r"\operatorname{{elu}}({x})", glyph="elu", onnx="Elu",
    scalar="{x} if {x} > 0 else {alpha} * expm1({x})", domain={**_AT_ZERO, "alpha": [1.0, 0.5]},
    composed=lambda x, alpha: where(x > 0, x, alpha * expm1(minimum(x, 0))),
)  # fmt: skip
def elu(x, *, alpha=1.0):
    """x above 0, alpha·(e^x − 1) below (Clevert et al. 2016). At 0 the gradient is alpha, as in PyTorch."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _normal_cdf(x):
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


@elementwise(
    [lambda y, x: _normal_cdf(x) + x * exp(-0.5 * x * x) / math.sqrt(2 * math.pi)],
    cost=20, latex=r"\operatorname{{gelu}}({x})", glyph="gelu", onnx="Gelu", scalar="gelu({x})",
    numpy="0.5 * x * (1 + erf(x / np.sqrt(2)))",
)  # fmt: skip
def gelu(x):
    """x·Φ(x), Φ the normal distribution function: the exact form, not the tanh one (Hendrycks & Gimpel 2016)."""
    return kernels.fast.gelu(x)


def _silu_partial(y, x):
    s = sigmoid(x)
    return s + y * (1 - s)


@elementwise(
    [_silu_partial], cost=10, latex=r"\operatorname{{silu}}({x})", glyph="silu", onnx="Mul(Sigmoid)",
    scalar="silu({x})", numpy="x * sigmoid(x)",
)  # fmt: skip
def silu(x):
    """x·σ(x), also called swish (Hendrycks & Gimpel 2016; Ramachandran et al. 2017)."""
    return kernels.fast.silu(x)


@elementwise(
    [None], vjps=[lambda g, y, x: where((x > -3) & (x < 3), g * (1 / 6), 0)],
    cost=4, latex=r"\operatorname{{hard\_sigmoid}}({x})", glyph="hard σ", onnx="HardSigmoid",
    scalar="0.0 if {x} < -3 else (1.0 if {x} > 3 else {x} / 6 + 0.5)", domain={"x": (-5.0, 5.0), "avoid": (-3.0, 3.0)},
)  # fmt: skip
def hard_sigmoid(x):
    """x/6 + 1/2 limited to [0, 1]. The sub-gradient at the kinks, ±3, is 0, as in PyTorch."""
    return np.clip(x / 6 + 0.5, 0, 1)


@elementwise(
    [None], vjps=[lambda g, y, x: where((x > -1) & (x < 1), g, 0)],
    cost=2, latex=r"\operatorname{{hard\_tanh}}({x})", glyph="hard tanh", onnx="Clip",
    scalar="-1.0 if {x} < -1 else (1.0 if {x} > 1 else {x})", domain={"avoid": (-1.0, 1.0)},
)  # fmt: skip
def hard_tanh(x):
    """x limited to [−1, 1]. The sub-gradient at the kinks, ±1, is 0, as in PyTorch (unlike `clip`)."""
    return np.clip(x, -1, 1)


def _softsign_partial(y, x):
    d = 1 + abs(x)
    return 1 / (d * d)


@elementwise(
    [_softsign_partial],
    cost=3, latex=r"\operatorname{{softsign}}({x})", glyph="softsign", onnx="Softsign",
    scalar="{x} / (1 + abs({x}))", domain=_AT_ZERO,
)  # fmt: skip
def softsign(x):
    """x / (1 + |x|) (Turian et al. 2009)."""
    return x / (1 + np.abs(x))
