"""Whole numbers and remainders. Steps are flat: their gradient is 0 wherever there is one, and 0 at the jumps too."""

from __future__ import annotations

import numpy as np

from ..core.apply import shaped
from ..core.elementwise import elementwise
from ..core.tensor import Tensor, TensorLike
from .arithmetic import absolute, sign
from .comparisons import equal, maximum, minimum, where

__all__ = [
    "ceil", "divmod", "floor", "floor_divide", "fmax", "fmin", "fmod", "heaviside", "isfinite", "isinf", "isnan",
    "nan_to_num", "remainder", "rint", "round", "trunc",
]  # fmt: skip

_BETWEEN = {"x": (-2.9, 2.9), "avoid": (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5)}
_QUOTIENT = {"a": (0.1, 0.9), "b": (1.0, 3.0)}


@elementwise(
    [0], latex=r"\lfloor {x} \rfloor", glyph="⌊·⌋", onnx="Floor", scalar="floor({x})", domain=_BETWEEN,
)  # fmt: skip
def floor(x):
    """The largest whole number up to x."""
    return np.floor(x)


@elementwise(
    [0], latex=r"\lceil {x} \rceil", glyph="⌈·⌉", onnx="Ceil", scalar="ceil({x})", domain=_BETWEEN,
)  # fmt: skip
def ceil(x):
    """The smallest whole number from x."""
    return np.ceil(x)


@elementwise(
    [0], latex=r"\operatorname{{rint}}({x})", glyph="rint", onnx="Round", scalar="rint({x})", domain=_BETWEEN,
)  # fmt: skip
def rint(x):
    """The nearest whole number, the even one of two."""
    return np.rint(x)


@elementwise(
    [0], latex=r"\operatorname{{trunc}}({x})", glyph="trunc", onnx="Mul(Sign, Floor(Abs))", scalar="trunc({x})",
    domain=_BETWEEN,
)  # fmt: skip
def trunc(x):
    """x without what stands behind the point: the nearest whole number on the way to 0."""
    return np.trunc(x)


@elementwise(
    [0, 0], cost=10, latex=r"\left\lfloor \frac{{{a}}}{{{b}}} \right\rfloor", glyph="//", onnx="Floor(Div)",
    scalar="{a} // {b}", domain=_QUOTIENT,
)  # fmt: skip
def floor_divide(a, b):
    """⌊a / b⌋, as ``a // b``."""
    return np.floor_divide(a, b)


@elementwise(
    [1, lambda y, a, b: -floor_divide(a, b)],
    cost=10, latex=r"{a} \bmod {b}", glyph="mod", onnx="Mod", scalar="{a} % {b}", domain=_QUOTIENT,
)  # fmt: skip
def remainder(a, b):
    """a − b·⌊a / b⌋, which has the sign of b, as ``a % b``."""
    return np.remainder(a, b)


def fmod(a: TensorLike, b: TensorLike) -> Tensor:
    """The remainder that has the sign of a, as in C."""
    return sign(a) * remainder(absolute(a), absolute(b))


def divmod(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """``(a // b, a % b)``."""
    return floor_divide(a, b), remainder(a, b)


def round(x: TensorLike, decimals: int = 0) -> Tensor:
    """Rounded to `decimals` places behind the point (before it, if negative), to the even one of two."""
    x = shaped(x)
    if x.dtype.kind != "f" and decimals >= 0:
        return x
    return rint(x) if decimals == 0 else rint(x * 10.0**decimals) / 10.0**decimals


def fmax(a: TensorLike, b: TensorLike) -> Tensor:
    """The larger of a and b, the other one where one is NaN. Ties share the gradient."""
    return maximum(where(isnan(a), b, a), where(isnan(b), a, b))


def fmin(a: TensorLike, b: TensorLike) -> Tensor:
    """The smaller of a and b, the other one where one is NaN. Ties share the gradient."""
    return minimum(where(isnan(a), b, a), where(isnan(b), a, b))


def heaviside(x: TensorLike, at_zero: TensorLike) -> Tensor:
    """0 below 0, 1 above, `at_zero` at 0."""
    return where(equal(x, 0), at_zero, 0.5 * (sign(x) + 1))


def isnan(x: TensorLike) -> Tensor:
    """Whether an entry is not a number."""
    return ~equal(x, x)


def isinf(x: TensorLike) -> Tensor:
    """Whether an entry is infinite."""
    return equal(absolute(x), np.inf)


def isfinite(x: TensorLike) -> Tensor:
    """Whether an entry is neither infinite nor NaN."""
    return absolute(x) < np.inf


def nan_to_num(x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """NaN and infinities replaced by numbers, the largest there are unless told otherwise; their gradient is 0."""
    x = shaped(x)
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    high, low = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    return where(isnan(x), nan, where(equal(x, np.inf), high, where(equal(x, -np.inf), low, x)))
