"""Arithmetic, entry by entry, with NumPy's broadcasting."""

# The decorated functions compute on arrays; what users see is in `core.op.OpFunction`.
from __future__ import annotations

import numpy as np

from ..core.broadcasting import unbroadcast
from ..core.elementwise import elementwise
from ..core.tensor import Tensor, TensorLike
from .comparisons import where
from .functions import log


@elementwise([1, 1], latex="{a} + {b}", glyph="+", onnx="Add", scalar="{a} + {b}", neutral=0, commutes=True)
def add(a, b):
    """a + b."""
    return a + b


@elementwise([1, -1], latex="{a} - {b}", glyph="−", onnx="Sub", scalar="{a} - {b}", neutral=0)
def subtract(a, b):
    """a − b."""
    return a - b


@elementwise(
    [lambda y, a, b: b, lambda y, a, b: a],
    linear="each", latex=r"{a} \odot {b}", glyph="⊙", onnx="Mul", scalar="{a} * {b}",
    neutral=1, commutes=True,
)  # fmt: skip
def multiply(a, b):
    """a ⊙ b, the entrywise (Hadamard) product."""
    return a * b


@elementwise(
    [lambda y, a, b: 1 / b, lambda y, a, b: -y / b],
    linear="first", latex=r"\frac{{{a}}}{{{b}}}", glyph="÷", onnx="Div", scalar="{a} / {b}",
    neutral=1, domain={"b": (0.5, 3.0)},
)  # fmt: skip
def divide(a, b):
    """a / b."""
    return a / b


@elementwise([-1], latex="-{x}", glyph="−", onnx="Neg", scalar="-{x}")
def negative(x):
    """−x."""
    return -x


@elementwise(
    [lambda y, x: sign(x)],
    latex=r"\left|{x}\right|", glyph="|·|", plain="|{x}|", onnx="Abs", scalar="abs({x})", domain={"avoid": (0.0,)},
)  # fmt: skip
def absolute(x):
    """|x|. The sub-gradient at 0 is 0, as in PyTorch."""
    return np.absolute(x)


@elementwise(
    [0],
    latex=r"\operatorname{{sign}}({x})", glyph="sign", onnx="Sign", domain={"avoid": (0.0,)},
    scalar="1.0 if {x} > 0 else (-1.0 if {x} < 0 else {x})",
)  # fmt: skip
def sign(x):
    """−1, 0 or 1. The gradient is 0 everywhere."""
    return np.sign(x)


def _power_base(g, y, a, b):
    """b·a^(b−1), and 0 where b is 0 whatever a is."""
    return unbroadcast(where(b == 0, 0, g * b * a ** where(b == 0, 1, b - 1)), a.shape)


def _power_exponent(g, y, a, b):
    """a^b·ln a, and 0 where a is 0 and b ≥ 0."""
    zero = (a == 0) & (b >= 0)
    return unbroadcast(g * where(zero, 0, y * log(where(zero, 1, a))), b.shape)


@elementwise(
    [None, None], vjps=[_power_base, _power_exponent], cost=10,
    latex=r"{a}^{{{b}}}", glyph="pow", onnx="Pow", scalar="{a} ** {b}", domain={"a": (0.2, 3.0), "b": (-2.0, 3.0)},
)  # fmt: skip
def general_power(a, b):
    """a to the power b. ∂/∂a = b·a^(b−1), 0 where b = 0; ∂/∂b = y·ln a, 0 where a = 0 and b ≥ 0 (as PyTorch)."""
    return a**b


def _short_power(x, *, exponent):
    """Powers that a product, a root or a quotient computes."""
    cases = {
        1.0: lambda: x,
        2.0: lambda: x * x,
        3.0: lambda: x * x * x,
        0.5: lambda: x.sqrt(),
        -0.5: lambda: 1.0 / x.sqrt(),
        -1.0: lambda: 1.0 / x,
    }
    make = cases.get(float(exponent))
    return make() if make else None


@elementwise(
    [None],
    vjps=[lambda g, y, x, exponent: _scaled_power(g, x, exponent)],
    cost=10, name="power", latex="{x}^{{{exponent}}}", glyph="pow", onnx="Pow", scalar="{x} ** {exponent}",
    numpy="x ** exponent", expansion=_short_power,
    domain={"x": (0.2, 3.0), "exponent": [0, 1, 2, 3, 0.5, -1, -1.5]},
)  # fmt: skip
def _power(x, *, exponent):
    """x to the power of a number. The gradient is exponent·x^(exponent−1), and 0 for exponent 0 whatever x is."""
    if x.dtype.kind in "iu" and isinstance(exponent, int) and exponent < 0:
        raise TypeError("integers have no negative integer powers; use floats")
    return x**exponent


def _scaled_power(g, x, exponent):
    if exponent == 0:
        return g * 0
    if exponent == 1:
        return g
    return g * (exponent * (x if exponent == 2 else x ** (exponent - 1)))


def power(a: TensorLike, b: TensorLike) -> Tensor:
    """a to the power b, entry by entry.

    ∂/∂a = b·a^(b−1), 0 where b = 0; ∂/∂b = a^b·ln a, 0 where a = 0 and b ≥ 0, as in PyTorch. An exponent that is a
    Python number is part of the op, so that its rule stays short; the op of two tensors is `general_power`.

    Raises:
        DTypeError: integers to a negative integer power.
    """
    if isinstance(b, (int, float)):
        return _power(a, exponent=b.item() if isinstance(b, np.generic) else b)
    return general_power(a, b)
