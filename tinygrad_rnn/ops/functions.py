"""Elementary functions, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from .. import kernels
from ..core.elementwise import elementwise


@elementwise(
    [lambda y, x: 0.5 / y],
    cost=5, latex=r"\sqrt{{{x}}}", glyph="√", plain="√({x})", onnx="Sqrt", scalar="sqrt({x})",
    domain={"x": (0.2, 3.0)},
)  # fmt: skip
def sqrt(x):
    """The square root; NaN below 0. The gradient at 0 is infinite, as in PyTorch."""
    return np.sqrt(x)


@elementwise([lambda y, x: y], cost=10, latex="e^{{{x}}}", glyph="exp", onnx="Exp", scalar="exp({x})")
def exp(x):
    """e^x."""
    return np.exp(x)


@elementwise(
    [lambda y, x: 1 / x],
    cost=10, latex=r"\ln {x}", glyph="ln", onnx="Log", scalar="log({x})", domain={"x": (0.2, 3.0)},
)  # fmt: skip
def log(x):
    """The natural logarithm; −∞ at 0, NaN below."""
    return np.log(x)


@elementwise(
    [lambda y, x: 1 / (1 + x)],
    cost=10, latex=r"\ln(1 + {x})", glyph="ln(1+·)", plain="ln(1 + {x})", onnx="Log(Add)", scalar="log1p({x})",
    domain={"x": (-0.7, 3.0)},
)  # fmt: skip
def log1p(x):
    """ln(1 + x), exact for small x; −∞ at −1, NaN below."""
    return np.log1p(x)


@elementwise(
    [lambda y, x: y + 1],
    cost=10, latex="e^{{{x}}} - 1", glyph="e^·−1", plain="(exp({x}) − 1)", onnx="Sub(Exp)", scalar="expm1({x})",
)  # fmt: skip
def expm1(x):
    """e^x − 1, exact for small x."""
    return np.expm1(x)


def _sin_partial(y, x):
    return cos(x)


@elementwise([_sin_partial], cost=10, latex=r"\sin({x})", glyph="sin", onnx="Sin", scalar="sin({x})")
def sin(x):
    """The sine of x radians."""
    return np.sin(x)


@elementwise([lambda y, x: -sin(x)], cost=10, latex=r"\cos({x})", glyph="cos", onnx="Cos", scalar="cos({x})")
def cos(x):
    """The cosine of x radians."""
    return np.cos(x)


@elementwise(
    [lambda y, x: 1 + y * y],
    cost=10, latex=r"\tan({x})", glyph="tan", onnx="Tan", scalar="tan({x})", domain={"x": (-1.2, 1.2)},
)  # fmt: skip
def tan(x):
    """The tangent of x radians."""
    return np.tan(x)


@elementwise(
    [lambda y, x: 1 - y * y], fused=[lambda g, y, x: kernels.fast.tanh_gradient(g, y)],
    cost=10, latex=r"\tanh({x})", glyph="tanh", onnx="Tanh", scalar="tanh({x})",
)  # fmt: skip
def tanh(x):
    """The hyperbolic tangent, 1 − 2 / (e^{2x} + 1)."""
    return np.tanh(x)


def _erf(x):
    return np.vectorize(math.erf, otypes=[x.dtype])(x)


@elementwise(
    [lambda y, x: 2 / math.sqrt(math.pi) * exp(-x * x)],
    cost=20, latex=r"\operatorname{{erf}}({x})", glyph="erf", onnx="Erf", scalar="erf({x})",
    numpy=_erf,
)  # fmt: skip
def erf(x):
    """The error function, 2/√π · ∫₀ˣ exp(−t²) dt."""
    return kernels.fast.erf(x)
