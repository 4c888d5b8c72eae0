"""Arithmetic, entry by entry, with NumPy's broadcasting."""

# The decorated functions compute on arrays; what users see is in `core.op.OpFunction`.
from __future__ import annotations

import numpy as np

from ..core.broadcasting import unbroadcast
from ..core.elementwise import elementwise

_ANY = (-3.0, 3.0)
_APART = {"a": (-3.0, 3.0), "b": (-3.0, 3.0), "apart": True}


@elementwise([1, 1], latex="{a} + {b}", glyph="+", onnx="Add")
def add(a, b):
    """a + b."""
    return np.add(a, b)


@elementwise([1, -1], latex="{a} - {b}", glyph="−", onnx="Sub")
def subtract(a, b):
    """a − b."""
    return np.subtract(a, b)


@elementwise([lambda y, a, b: b, lambda y, a, b: a], latex=r"{a} \odot {b}", glyph="⊙", onnx="Mul")
def multiply(a, b):
    """a ⊙ b, the entrywise (Hadamard) product."""
    return np.multiply(a, b)


@elementwise(
    [lambda y, a, b: 1 / b, lambda y, a, b: -y / b],
    latex=r"\frac{{{a}}}{{{b}}}", glyph="÷", onnx="Div", domain={"b": (0.5, 3.0)},
)  # fmt: skip
def divide(a, b):
    """a / b."""
    return np.true_divide(a, b)


def _power_base(g, y, a, b):
    """b·a^(b−1), and 0 where b is 0 whatever a is."""
    return unbroadcast(where(b == 0, 0, g * b * a ** where(b == 0, 1, b - 1)), a.shape)


def _power_exponent(g, y, a, b):
    """a^b·ln a, and 0 where a is 0 and b ≥ 0."""
    zero = (a == 0) & (b >= 0)
    return unbroadcast(g * where(zero, 0, y * log(where(zero, 1, a))), b.shape)


@elementwise(
    [None, None], vjps=[_power_base, _power_exponent], cost=10,
    latex=r"{a}^{{{b}}}", glyph="pow", onnx="Pow", domain={"a": (0.2, 3.0), "b": (-2.0, 3.0)},
)  # fmt: skip
def power(a, b):
    """a to the power b. ∂/∂a = b·a^(b−1), 0 where b = 0; ∂/∂b = y·ln a, 0 where a = 0 and b ≥ 0 (as PyTorch)."""
    return np.power(a, b)


@elementwise([-1], latex="-{x}", glyph="−", onnx="Neg")
def negative(x):
    """−x."""
    return np.negative(x)


@elementwise([lambda y, x: sign(x)], latex=r"\left|{x}\right|", glyph="|·|", onnx="Abs", domain={"x": (0.2, 3.0)})
def absolute(x):
    """|x|. The sub-gradient at 0 is 0, as in PyTorch."""
    return np.absolute(x)


@elementwise([0], latex=r"\operatorname{{sign}}({x})", glyph="sign", onnx="Sign", domain={"x": (0.2, 3.0)})
def sign(x):
    """−1, 0 or 1. The gradient is 0 everywhere."""
    return np.sign(x)


@elementwise(
    [None, 0, 0],
    vjps=[
        None,
        lambda g, y, condition, a, b: unbroadcast(where(condition, g, 0), a.shape),
        lambda g, y, condition, a, b: unbroadcast(where(condition, 0, g), b.shape),
    ],
    promotes=("a", "b"), latex=r"\operatorname{{where}}({condition}, {a}, {b})", glyph="where", onnx="Where",
    domain={"condition": bool},
)  # fmt: skip
def where(condition, a, b):
    """a where the condition holds, else b. The gradient goes to the chosen operand only, exactly 0 to the other."""
    return np.where(condition, a, b)


def _share(y, this, other):
    """1 where this operand is the result, ½ at ties, 0 elsewhere."""
    return where(this == other, 0.5, where(this == y, 1.0, 0.0))


@elementwise(
    [lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a)],
    latex=r"\max({a}, {b})", glyph="max", onnx="Max", domain=_APART,
)  # fmt: skip
def maximum(a, b):
    """The larger, NaN if either is. At ties each operand gets half the gradient, as in PyTorch."""
    return np.maximum(a, b)


@elementwise(
    [lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a)],
    latex=r"\min({a}, {b})", glyph="min", onnx="Min", domain=_APART,
)  # fmt: skip
def minimum(a, b):
    """The smaller, NaN if either is. At ties each operand gets half the gradient, as in PyTorch."""
    return np.minimum(a, b)


from .functions import log  # noqa: E402  (the rules above name it only when they run)
