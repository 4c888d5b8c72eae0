"""Hyperbolic functions, and the inverses of both kinds, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from ..core.elementwise import elementwise
from ..core.tensor import Tensor, TensorLike
from .arithmetic import multiply
from .comparisons import where
from .functions import sin, sqrt

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cosh", "deg2rad", "hypot", "rad2deg",
    "sinc", "sinh",
]  # fmt: skip

_INSIDE = {"x": (-0.8, 0.8)}


def _sinh_partial(y, x):
    return cosh(x)


@elementwise([_sinh_partial], cost=10, latex=r"\sinh({x})", glyph="sinh", onnx="Sinh", scalar="sinh({x})")
def sinh(x):
    """The hyperbolic sine, (e^x − e^{−x}) / 2."""
    return np.sinh(x)


@elementwise([lambda y, x: sinh(x)], cost=10, latex=r"\cosh({x})", glyph="cosh", onnx="Cosh", scalar="cosh({x})")
def cosh(x):
    """The hyperbolic cosine, (e^x + e^{−x}) / 2."""
    return np.cosh(x)


@elementwise(
    [lambda y, x: 1 / sqrt(1 - x * x)],
    cost=10, latex=r"\arcsin({x})", glyph="arcsin", onnx="Asin", scalar="arcsin({x})", domain=_INSIDE,
)  # fmt: skip
def arcsin(x):
    """The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1]. The gradient at ±1 is infinite."""
    return np.arcsin(x)


@elementwise(
    [lambda y, x: -1 / sqrt(1 - x * x)],
    cost=10, latex=r"\arccos({x})", glyph="arccos", onnx="Acos", scalar="arccos({x})", domain=_INSIDE,
)  # fmt: skip
def arccos(x):
    """The angle in [0, π] whose cosine is x; NaN outside [−1, 1]. The gradient at ±1 is infinite."""
    return np.arccos(x)


@elementwise(
    [lambda y, x: 1 / (1 + x * x)],
    cost=10, latex=r"\arctan({x})", glyph="arctan", onnx="Atan", scalar="arctan({x})",
)  # fmt: skip
def arctan(x):
    """The angle in (−π/2, π/2) whose tangent is x."""
    return np.arctan(x)


@elementwise(
    [lambda y, x: 1 / sqrt(x * x + 1)],
    cost=10, latex=r"\operatorname{{arsinh}}({x})", glyph="arsinh", onnx="Asinh", scalar="arcsinh({x})",
)  # fmt: skip
def arcsinh(x):
    """The number whose hyperbolic sine is x."""
    return np.arcsinh(x)


@elementwise(
    [lambda y, x: 1 / sqrt(x * x - 1)],
    cost=10, latex=r"\operatorname{{arcosh}}({x})", glyph="arcosh", onnx="Acosh", scalar="arccosh({x})",
    domain={"x": (1.2, 4.0)},
)  # fmt: skip
def arccosh(x):
    """The number ≥ 0 whose hyperbolic cosine is x; NaN below 1. The gradient at 1 is infinite."""
    return np.arccosh(x)


@elementwise(
    [lambda y, x: 1 / (1 - x * x)],
    cost=10, latex=r"\operatorname{{artanh}}({x})", glyph="artanh", onnx="Atanh", scalar="arctanh({x})", domain=_INSIDE,
)  # fmt: skip
def arctanh(x):
    """The number whose hyperbolic tangent is x; ±∞ at ±1, NaN outside."""
    return np.arctanh(x)


@elementwise(
    [lambda y, a, b: b / (a * a + b * b), lambda y, a, b: -a / (a * a + b * b)],
    cost=12, latex=r"\operatorname{{atan2}}({a}, {b})", glyph="atan2", onnx="Atan(Div)", scalar="arctan2({a}, {b})",
    domain={"b": (0.2, 3.0)},
)  # fmt: skip
def arctan2(a, b):
    """The angle in [−π, π] of the point at height a and breadth b, seen from the origin, where its gradient is NaN."""
    return np.arctan2(a, b)


@elementwise(
    [lambda y, a, b: a / y, lambda y, a, b: b / y],
    cost=8, latex=r"\sqrt{{{a}^2 + {b}^2}}", glyph="hypot", onnx="Sqrt(Add(Mul, Mul))", scalar="hypot({a}, {b})",
    domain={"b": (0.2, 3.0)},
)  # fmt: skip
def hypot(a, b):
    """√(a² + b²), without overflow in between. The gradient at the origin is NaN."""
    return np.hypot(a, b)


def sinc(x: TensorLike) -> Tensor:
    """sin(πx) / (πx); near 0 its series 1 − (πx)²/6 + (πx)⁴/120 − …, so that derivatives are right there."""
    z = multiply(x, math.pi)
    small = abs(z) < 0.1
    square = where(small, z * z, 0)
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    away = where(small, 1, z)
    return where(small, series, sin(away) / away)


def deg2rad(x: TensorLike) -> Tensor:
    """Degrees as radians."""
    return multiply(x, math.pi / 180)


def rad2deg(x: TensorLike) -> Tensor:
    """Radians as degrees."""
    return multiply(x, 180 / math.pi)
