"""Elementary functions of one number, float32 or float64, that a compiler can turn into vector instructions.

Inside Numba code they are inlined into the loop that calls them, and the loop vectorises: no branches, no tables, no
calls into a C library. Called from plain Python they take numbers or whole arrays: the text is the same.

Error at most 4 units in the last place in float32 and 1e-14 relative in float64, where the result is a normal number;
`exp`, `expm1`, `log`, `log1p`, `sigmoid`, `softplus`, `tanh` and `erf` are good to one more denormal step below. NaN
gives NaN; infinities give the limits (silu(−∞) = gelu(−∞) = 0).

Every function reduces its argument to a short interval and sums a Taylor series there. Only `erfc` needs fitted
coefficients: erfc(z)·exp(z²)·(z + K) is a polynomial in (z − K)/(z + K), interpolated at Chebyshev's points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

#: What the compiler may change: a·b + c may be one rounding. Nothing may be reordered (the reductions below rely on
#: the order) and NaN and infinity are real, whatever the calling loop allows itself. They are only ever called from
#: compiled code, so the wrappers for Python are left out, which halves the time to compile.
OPTIONS: Any = {
    "fastmath": {"contract"},
    "error_model": "numpy",
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_jitable = register_jitable(**OPTIONS)


def select(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b."""
    return np.where(condition, a, b)[()]


@overload(select, jit_options=OPTIONS)
def _select(condition, a, b):
    return lambda condition, a, b: a if condition else b


def _polynomial(coefficients: tuple[Any, ...]) -> Any:
    """The function c₀ + c₁x + c₂x² + …, by Horner's rule. A long one in two parts, or the loop stays a loop."""
    if len(coefficients) > 14:
        low, high = _polynomial(coefficients[:8]), _polynomial(coefficients[8:])

        @_jitable
        def joined(x: Any) -> Any:
            square = x * x
            fourth = square * square
            return low(x) + (fourth * fourth) * high(x)

        return joined
    last, *lower = reversed(coefficients)
    rest = tuple(lower)

    @_jitable
    def horner(x: Any) -> Any:
        y = last
        for c in rest:
            y = y * x + c
        return y

    return horner


_ERFC_32 = (
    1.021582709, -0.6871607155, 0.279471735, -0.03644135905, -0.02150528669, 0.006473289267, 0.003060402606,
    -0.000826279542, -0.00058771468, 4.270378171e-05, 6.579784352e-05,
)  # fmt: skip
_ERFC_64 = (
    1.0740069070883398, -0.8833944531698823, 0.5902283571040832, -0.31046726190069984, 0.11952776128822014,
    -0.026827234620506967, -0.0012124166450196818, 0.0030340619452098433, -0.0005483095196328574,
    -0.0002767774021162126, 0.00010756053861205283, 3.0395996008818718e-05, -1.746742566390019e-05,
    -4.742446605482833e-06, 2.7590987090533053e-06, 9.851688839815464e-07, -4.007536405456843e-07,
    -2.1589032163089236e-07, 4.2283624189827736e-08, 3.706355568484193e-08, -1.2636112628630205e-09,
    -2.9495058564406743e-09,
)  # fmt: skip


def _functions(F: Any, I: Any, digits: int, bias: int, ln2: Any, terms: Any, erfc_fit: Any, limits: Any) -> Any:  # noqa: E741
    """All functions for one format: F the float, I the integer of the same size, `digits` mantissa bits."""

    def series(count: int, term: Callable[[int], float]) -> Any:
        return _polynomial(tuple(F(term(k)) for k in range(count)))

    zero, half, one, two, inf, nan = F(0), F(0.5), F(1), F(2), F(np.inf), F(np.nan)
    mantissa, exponent_bias = I(digits), I(bias)
    ln2_high, ln2_low, log2_e = F(ln2[0]), F(ln2[1]), F(1 / math.log(2))
    magic = F(1.5 * 2.0**digits)  # adding it rounds to an integer, which is then in the lowest bits
    magic_bits = magic.view(I)
    sign_bit = I(np.iinfo(I).min)
    mantissa_mask = I(2**digits - 1)
    root_half_bits = F(0.5**0.5).view(I)
    one_minus_root_half = I(F(1).view(I) - root_half_bits)
    high_half = I(-(2 ** ((digits + 2) // 2)))  # clears the lower half of the mantissa
    tiny, lift = F(2.0 ** (1 - bias)), F(2.0 ** (digits + 1))
    lift_exponent = F(digits + 1)
    root_half = F(0.5**0.5)
    lowest, highest, least_expm1, most_tanh, most_erfc = (F(v) for v in limits)
    center = F(erfc_fit[0])
    exp_series = series(terms[0], lambda k: 1 / math.factorial(k))
    expm1_series = series(terms[0] - 2, lambda k: 1 / math.factorial(k + 2))
    atanh_series = series(terms[1], lambda k: 2 / (2 * k + 3))
    erf_series = series(terms[2], lambda k: 2 / math.sqrt(math.pi) * (-1) ** k / math.factorial(k) / (2 * k + 1))
    erfc_series = series(len(erfc_fit[1]), lambda k: erfc_fit[1][k])

    @_jitable
    def bits(x: Any) -> Any:
        return F(x).view(I)

    @_jitable
    def number(n: Any) -> Any:
        return I(n).view(F)

    @_jitable
    def absolute(x: Any) -> Any:
        return number(bits(x) & ~sign_bit)

    @_jitable
    def with_sign_of(y: Any, x: Any) -> Any:
        return number(bits(y) | (bits(x) & sign_bit))

    @_jitable
    def clipped(x: Any, low: Any, high: Any) -> Any:
        x = select(x < low, low, x)
        return select(x > high, high, x)  # NaN stays

    @_jitable
    def power_of_two(n: Any) -> Any:
        return number((n + exponent_bias) << mantissa)

    @_jitable
    def reduced(x: Any, rest: Any) -> Any:
        """Integer n and r with x + rest = n·ln 2 + r, |r| ≤ ½ ln 2."""
        shifted = (x + rest) * log2_e + magic
        n = shifted - magic
        return I(bits(shifted) - magic_bits), ((x - n * ln2_high) - n * ln2_low) + rest

    @_jitable
    def exp_of_sum(x: Any, rest: Any, factor: Any) -> Any:
        """factor·exp(x + rest), rounded once even where it is denormal."""
        n, r = reduced(x, rest)
        first = I(n >> I(1))  # in two steps: 2^n itself can be too large or too small
        return factor * exp_series(r) * power_of_two(first) * power_of_two(I(n - first))

    @_jitable
    def exp(x: Any) -> Any:
        return exp_of_sum(clipped(x, lowest, highest), zero, one)

    @_jitable
    def expm1(x: Any) -> Any:
        n, r = reduced(clipped(x, least_expm1, highest), zero)
        p = r + r * r * expm1_series(r)
        first = I(n >> I(1))
        scale = power_of_two(I(n - first))
        y = power_of_two(first) * (scale * p + (scale - power_of_two(I(-first))))
        return select(x == zero, x, y)  # keeps −0

    @_jitable
    def tanh(x: Any) -> Any:
        n, r = reduced(-two * clipped(absolute(x), zero, most_tanh), zero)
        scale = power_of_two(n)
        minus = scale * (r + r * r * expm1_series(r)) + (scale - one)  # e^(−2|x|) − 1
        return with_sign_of(absolute(minus) / (minus + two), x)

    @_jitable
    def sigmoid(x: Any) -> Any:
        e = exp(-absolute(x))
        return select(x < zero, e, one) / (one + e)

    @_jitable
    def silu(x: Any) -> Any:
        a = clipped(absolute(x), zero, -lowest * F(1.1))
        e = exp_of_sum(-a, zero, one)
        return select(x < zero, exp_of_sum(-a, zero, -a), x) / (one + e)

    @_jitable
    def log_of_sum(u: Any, rest: Any, shift: Any) -> Any:
        """ln(u + rest) − shift·ln 2 for normal u, rest far smaller."""
        offset = bits(u) + one_minus_root_half
        n = I((offset >> mantissa) - exponent_bias)
        m = number((offset & mantissa_mask) + root_half_bits)  # in [√½, √2)
        f = (m - one) + rest * power_of_two(I(-n))
        s = f / (two + f)
        z = s * s
        square = half * f * f
        k = F(n) - shift
        # 2 atanh(s) = f − s(f − z·…), with f²/2 apart because f − f²/2 is most of it
        return k * ln2_high - ((square - (s * (square + z * atanh_series(z)) + k * ln2_low)) - f)

    @_jitable
    def log(x: Any) -> Any:
        small = x < tiny
        y = log_of_sum(select(small, x * lift, x), zero, select(small, lift_exponent, zero))
        y = select(x > zero, select(x < inf, y, inf), nan)
        return select(x == zero, -inf, y)

    @_jitable
    def log1p(x: Any) -> Any:
        u = one + x
        y = log_of_sum(u, x - (u - one), zero)
        y = select(x > -one, select(x < inf, y, inf), nan)
        y = select(x == zero, x, y)
        return select(x == -one, -inf, y)

    @_jitable
    def softplus(x: Any) -> Any:
        e = exp(-absolute(x))
        u = one + e
        return select(x < zero, zero, x) + log_of_sum(u, e - (u - one), zero)

    @_jitable
    def bell(x: Any, power: Any, factor: Any) -> Any:
        """factor·exp(−power·x²), power being 1 or ½, with the rounding of x² put back."""
        high = number(bits(x) & high_half)
        return exp_of_sum(-power * high * high, -power * (x - high) * (x + high), factor)

    @_jitable
    def erfc_ratio(z: Any) -> Any:
        """erfc(z)·exp(z²) for z ≥ 0."""
        return erfc_series((z - center) / (z + center)) / (z + center)

    @_jitable
    def erf(x: Any) -> Any:
        a = clipped(absolute(x), zero, most_erfc)
        tail = one - bell(a, one, erfc_ratio(a))
        return with_sign_of(select(a < half, a * erf_series(a * a), tail), x)

    @_jitable
    def erfc(x: Any) -> Any:
        a = clipped(absolute(x), zero, most_erfc)
        tail = bell(a, one, erfc_ratio(a))
        return select(x < zero, two - tail, tail)

    @_jitable
    def gelu(x: Any) -> Any:
        a = clipped(absolute(x), zero, most_erfc / root_half)
        half_ratio = half * erfc_ratio(a * root_half)
        tail = bell(a, half, half_ratio)
        return select(x < zero, bell(a, half, -a * half_ratio), x * (one - tail))

    chosen = (exp, expm1, tanh, sigmoid, silu, log, log1p, softplus, erf, erfc, gelu)
    return SimpleNamespace(**{f.__name__: f for f in chosen})


_FORMATS = {
    types.float32: _functions(
        np.float32, np.int32, 23, 127, ln2=(0.693359375, -2.12194440e-4), terms=(8, 5, 7), erfc_fit=(2, _ERFC_32),
        limits=(-104, 89, -20, 10, 10.5),
    ),
    types.float64: _functions(
        np.float64, np.int64, 52, 1023, ln2=(6.93147180369123816490e-01, 1.90821492927058770002e-10),
        terms=(14, 10, 13), erfc_fit=(3, _ERFC_64), limits=(-746, 710, -40, 20, 27.5),
    ),
}  # fmt: skip


def _public(name: str, formula: str) -> Any:
    """The function of all formats: chosen by type when compiled, by dtype in plain Python."""

    def function(x: Any) -> Any:
        x = np.asarray(x)
        x = x if x.dtype == np.float32 else x.astype(np.float64)
        with np.errstate(all="ignore"):
            return getattr(_FORMATS[types.float32 if x.dtype == np.float32 else types.float64], name)(x[()])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = formula

    @overload(function, jit_options=OPTIONS)
    def _implementation(x):
        chosen = getattr(_FORMATS[x if x in _FORMATS else types.float64], name)
        return (lambda x: chosen(x)) if x in _FORMATS else (lambda x: chosen(np.float64(x)))

    return function


exp = _public("exp", "e^x.")
expm1 = _public("expm1", "e^x − 1, exact near 0.")
log = _public("log", "The natural logarithm: −∞ at 0, NaN below.")
log1p = _public("log1p", "ln(1 + x), exact near 0.")
tanh = _public("tanh", "The hyperbolic tangent.")
sigmoid = _public("sigmoid", "1 / (1 + e^(−x)).")
softplus = _public("softplus", "ln(1 + e^x).")
silu = _public("silu", "x · sigmoid(x).")
erf = _public("erf", "2/√π · ∫₀ˣ exp(−t²) dt.")
erfc = _public("erfc", "1 − erf(x), exact in its tail.")
gelu = _public("gelu", "x · Φ(x), Φ the distribution function of the standard normal (not its tanh approximation).")


def _borrowed(name: str, formula: str) -> Any:
    """A function left to the C library (or, for sqrt, to the processor), in the dtype of its argument."""
    numpy_function = getattr(np, name)

    def function(x: Any) -> Any:
        return numpy_function(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = formula

    @overload(function, jit_options=OPTIONS)
    def _implementation(x):
        return lambda x: numpy_function(x)

    return function


def _borrowed_of_two(name: str, formula: str) -> Any:
    """The same of two numbers."""
    numpy_function = getattr(np, name)

    def function(a: Any, b: Any) -> Any:
        return numpy_function(a, b)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = formula

    @overload(function, jit_options=OPTIONS)
    def _implementation(a, b):
        return lambda a, b: numpy_function(a, b)

    return function


sqrt = _borrowed("sqrt", "The square root.")
sin = _borrowed("sin", "The sine of x radians.")
cos = _borrowed("cos", "The cosine of x radians.")
tan = _borrowed("tan", "The tangent of x radians.")
sinh = _borrowed("sinh", "The hyperbolic sine.")
cosh = _borrowed("cosh", "The hyperbolic cosine.")
arcsin = _borrowed("arcsin", "The angle whose sine is x.")
arccos = _borrowed("arccos", "The angle whose cosine is x.")
arctan = _borrowed("arctan", "The angle whose tangent is x.")
arcsinh = _borrowed("arcsinh", "The number whose hyperbolic sine is x.")
arccosh = _borrowed("arccosh", "The number whose hyperbolic cosine is x.")
arctanh = _borrowed("arctanh", "The number whose hyperbolic tangent is x.")
arctan2 = _borrowed_of_two("arctan2", "The angle of the point (b, a).")
hypot = _borrowed_of_two("hypot", "√(a² + b²).")
floor = _borrowed("floor", "The largest whole number up to x.")
ceil = _borrowed("ceil", "The smallest whole number from x.")
rint = _borrowed("rint", "The nearest whole number.")
trunc = _borrowed("trunc", "x without what stands behind the point.")


def _one(x: Any) -> Any:
    """1 in the dtype of x."""
    return x.dtype.type(1)


@overload(_one, jit_options=OPTIONS)
def _typed_one(x):
    one = np.float32(1) if x == types.float32 else np.float64(1)
    return lambda x: one


@_jitable
def tanh_gradient(g: Any, y: Any) -> Any:
    """g·(1 − y²): the gradient of tanh in terms of its value."""
    return g * (_one(y) - y * y)


@_jitable
def sigmoid_gradient(g: Any, y: Any) -> Any:
    """g·y·(1 − y): the gradient of sigmoid in terms of its value."""
    return g * (y * (_one(y) - y))
