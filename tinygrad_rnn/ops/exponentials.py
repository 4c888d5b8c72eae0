"""Powers, logarithms and roots of other bases, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from ..core.elementwise import elementwise
from ..core.tensor import Tensor, TensorLike
from .activations import sigmoid
from .arithmetic import divide, multiply, power

__all__ = ["cbrt", "exp2", "log2", "log10", "logaddexp", "logaddexp2", "reciprocal", "square"]

_LN2, _LN10 = math.log(2), math.log(10)
_POSITIVE = {"x": (0.2, 3.0)}


@elementwise(
    [lambda y, x: _LN2 * y], cost=10, latex="2^{{{x}}}", glyph="2^·", onnx="Pow", scalar=f"exp({{x}} * {_LN2})"
)
def exp2(x):
    """2^x."""
    return np.exp2(x)


@elementwise(
    [lambda y, x: (1 / _LN2) / x],
    cost=10, latex=r"\log_2 {x}", glyph="log₂", onnx="Div(Log)", scalar=f"log({{x}}) * {1 / _LN2}", domain=_POSITIVE,
)  # fmt: skip
def log2(x):
    """The logarithm of base 2; −∞ at 0, NaN below."""
    return np.log2(x)


@elementwise(
    [lambda y, x: (1 / _LN10) / x],
    cost=10, latex=r"\log_{{10}} {x}", glyph="log₁₀", onnx="Div(Log)", scalar=f"log({{x}}) * {1 / _LN10}",
    domain=_POSITIVE,
)  # fmt: skip
def log10(x):
    """The logarithm of base 10; −∞ at 0, NaN below."""
    return np.log10(x)


@elementwise(
    [lambda y, x: (1 / 3) / (y * y)],
    cost=10, latex=r"\sqrt[3]{{{x}}}", glyph="∛", onnx="Pow",
    scalar=f"(abs({{x}}) ** {1 / 3} if {{x}} > 0 else -(abs({{x}}) ** {1 / 3}))", domain={"avoid": (0.0,)},
)  # fmt: skip
def cbrt(x):
    """The cube root, of negative numbers too. The gradient at 0 is infinite."""
    return np.cbrt(x)


@elementwise(
    [lambda y, a, b: sigmoid(a - b), lambda y, a, b: sigmoid(b - a)],
    cost=20, latex=r"\ln(e^{{{a}}} + e^{{{b}}})", glyph="ln(e+e)", onnx="ReduceLogSumExp",
    scalar=f"({{a}} + {_LN2} if {{a}} == {{b}} else {{b}} + softplus({{a}} - {{b}}))",
)  # fmt: skip
def logaddexp(a, b):
    """ln(e^a + e^b) without overflow. The gradient where both are infinite and equal is NaN."""
    return np.logaddexp(a, b)


def logaddexp2(a: TensorLike, b: TensorLike) -> Tensor:
    """log₂(2^a + 2^b) without overflow."""
    return logaddexp(multiply(a, _LN2), multiply(b, _LN2)) * (1 / _LN2)


def square(x: TensorLike) -> Tensor:
    """x²."""
    return power(x, 2)


def reciprocal(x: TensorLike) -> Tensor:
    """1 / x."""
    return divide(1.0, x)
