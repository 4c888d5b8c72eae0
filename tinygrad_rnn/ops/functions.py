"""Elementary functions, entry by entry."""

from __future__ import annotations

import numpy as np

from ..core.elementwise import elementwise


@elementwise([lambda y, x: y], cost=10, latex="e^{{{x}}}", glyph="exp", onnx="Exp")
def exp(x):
    """e^x."""
    return np.exp(x)


@elementwise([lambda y, x: 1 / x], cost=10, latex=r"\ln {x}", glyph="ln", onnx="Log", domain={"x": (0.2, 3.0)})
def log(x):
    """The natural logarithm; −∞ at 0, NaN below."""
    return np.log(x)


@elementwise([lambda y, x: 1 - y * y], cost=10, latex=r"\tanh({x})", glyph="tanh", onnx="Tanh")
def tanh(x):
    """The hyperbolic tangent, 1 − 2 / (e^{2x} + 1)."""
    return np.tanh(x)
