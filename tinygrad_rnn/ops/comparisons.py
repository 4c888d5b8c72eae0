"""Comparisons, logic on booleans, and choosing by them. Comparisons have no gradient; choices pass it on."""

from __future__ import annotations

import numpy as np

from ..core.broadcasting import unbroadcast
from ..core.elementwise import elementwise
from ..core.errors import ArgumentError

_APART = {"apart": 0.05}


@elementwise([None, None], latex="{a} = {b}", glyph="=", onnx="Equal", scalar="{a} == {b}")
def equal(a, b):
    """Whether a = b, entry by entry: booleans."""
    return np.equal(a, b)


@elementwise([None, None], latex=r"{a} \neq {b}", glyph="≠", onnx="Not(Equal)", scalar="{a} != {b}")
def not_equal(a, b):
    """Whether a ≠ b, entry by entry: booleans. NaN differs from everything."""
    return np.not_equal(a, b)


@elementwise([None, None], latex="{a} < {b}", glyph="<", onnx="Less", scalar="{a} < {b}")
def less(a, b):
    """Whether a < b, entry by entry: booleans."""
    return np.less(a, b)


@elementwise([None, None], latex=r"{a} \leq {b}", glyph="≤", onnx="LessOrEqual", scalar="{a} <= {b}")
def less_equal(a, b):
    """Whether a ≤ b, entry by entry: booleans."""
    return np.less_equal(a, b)


@elementwise([None, None], latex="{a} > {b}", glyph=">", onnx="Greater", scalar="{a} > {b}")
def greater(a, b):
    """Whether a > b, entry by entry: booleans."""
    return np.greater(a, b)


@elementwise([None, None], latex=r"{a} \geq {b}", glyph="≥", onnx="GreaterOrEqual", scalar="{a} >= {b}")
def greater_equal(a, b):
    """Whether a ≥ b, entry by entry: booleans."""
    return np.greater_equal(a, b)


def _booleans(*arrays):
    for array in arrays:
        if np.asarray(array).dtype != bool:
            raise TypeError("expected booleans; compare first, for example x > 0")


@elementwise(
    [None, None], latex=r"{a} \land {b}", glyph="∧", onnx="And", scalar="{a} and {b}",
    numpy="np.logical_and(a, b)", domain={"a": bool, "b": bool},
)  # fmt: skip
def logical_and(a, b):
    """Whether both hold. Operands are booleans; also written ``a & b``."""
    _booleans(a, b)
    return np.logical_and(a, b)


@elementwise(
    [None, None], latex=r"{a} \lor {b}", glyph="∨", onnx="Or", scalar="{a} or {b}",
    numpy="np.logical_or(a, b)", domain={"a": bool, "b": bool},
)  # fmt: skip
def logical_or(a, b):
    """Whether at least one holds. Operands are booleans; also written ``a | b``."""
    _booleans(a, b)
    return np.logical_or(a, b)


@elementwise(
    [None, None], latex=r"{a} \oplus {b}", glyph="⊻", onnx="Xor", scalar="{a} != {b}", domain={"a": bool, "b": bool}
)
def logical_xor(a, b):
    """Whether exactly one holds. Operands are booleans; also written ``a ^ b``."""
    _booleans(a, b)
    return np.logical_xor(a, b)


@elementwise([None], latex=r"\lnot {x}", glyph="¬", onnx="Not", scalar="not {x}", domain={"x": bool})
def logical_not(x):
    """Whether x does not hold. The operand is boolean; also written ``~x``."""
    _booleans(x)
    return np.logical_not(x)


@elementwise(
    [None, 0, 0],
    vjps=[
        None,
        lambda g, y, condition, a, b: unbroadcast(where(condition, g, 0), a.shape),
        lambda g, y, condition, a, b: unbroadcast(where(condition, 0, g), b.shape),
    ],
    promotes=("a", "b"), latex=r"\operatorname{{where}}({condition}, {a}, {b})", glyph="where", onnx="Where",
    scalar="{a} if {condition} else {b}", domain={"condition": bool},
)  # fmt: skip
def where(condition, a, b):
    """a where the condition holds, else b. The gradient goes to the chosen operand only, exactly 0 to the other."""
    return np.where(condition, a, b)


def _toward_larger(g, this, other):
    """g where this operand is the larger, half of it at ties."""
    return unbroadcast(where(this == other, 0.5 * g, where(this < other, 0, g)), this.shape)


def _toward_smaller(g, this, other):
    """g where this operand is the smaller, half of it at ties."""
    return unbroadcast(where(this == other, 0.5 * g, where(this > other, 0, g)), this.shape)


@elementwise(
    [None, None],
    vjps=[lambda g, y, a, b: _toward_larger(g, a, b), lambda g, y, a, b: _toward_larger(g, b, a)],
    latex=r"\max({a}, {b})", glyph="max", onnx="Max", domain=_APART,
    scalar="{a} if {a} > {b} or {a} != {a} else {b}",
)  # fmt: skip
def maximum(a, b):
    """The larger of a and b, NaN if either is. At ties each operand gets half the gradient, as in PyTorch."""
    return np.maximum(a, b)


@elementwise(
    [None, None],
    vjps=[lambda g, y, a, b: _toward_smaller(g, a, b), lambda g, y, a, b: _toward_smaller(g, b, a)],
    latex=r"\min({a}, {b})", glyph="min", onnx="Min", domain=_APART,
    scalar="{a} if {a} < {b} or {a} != {a} else {b}",
)  # fmt: skip
def minimum(a, b):
    """The smaller of a and b, NaN if either is. At ties each operand gets half the gradient, as in PyTorch."""
    return np.minimum(a, b)


@elementwise(
    [None],
    vjps=[lambda g, y, x, low, high: where((x >= low) & (x <= high), g, 0)],
    latex=r"\operatorname{{clip}}({x}, {low}, {high})", glyph="clip", onnx="Clip", numpy="np.clip(x, low, high)",
    scalar="{low} if {x} < {low} else ({high} if {x} > {high} else {x})",
    domain={"x": (-3.0, 3.0), "avoid": (-1.0, 2.0), "low": [-1.0], "high": [2.0]},
)  # fmt: skip
def clip(x, *, low=-np.inf, high=np.inf):
    """x limited to [low, high]. The gradient passes where low ≤ x ≤ high, the bounds included, as in PyTorch.

    Raises:
        ArgumentError: low exceeds high, or either is not a number.
    """
    for bound in (low, high):
        if not isinstance(bound, (int, float, np.number)):
            raise ArgumentError(f"bounds are numbers, not {type(bound).__name__}")
    if not low <= high:
        raise ArgumentError("low must not exceed high")
    if x.dtype.kind != "f":
        low, high = _integer_bounds(x.dtype, low, high)
    return np.clip(x, low, high)


def _integer_bounds(dtype, low, high):
    """Infinite bounds do not make integers floats."""
    return None if low == -np.inf else low, None if high == np.inf else high
