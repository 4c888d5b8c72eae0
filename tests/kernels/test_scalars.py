"""Elementary functions against the C library's in float64: accuracy over the whole range, limits, NaN, tails."""

import math

import numba
import numpy as np
import pytest

from tinygrad_rnn.kernels import scalars

NAMES = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "silu", "erf", "erfc", "gelu"]
DTYPES = [np.float32, np.float64]


def naive_sigmoid(x):
    return 1 / (1 + np.exp(-x)) if x > -700 else np.exp(x)


NAIVE = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": naive_sigmoid,
    "softplus": lambda x: max(x, 0) + np.log1p(np.exp(-abs(x))),
    "silu": lambda x: x * naive_sigmoid(x) if x > -700 else x * np.exp(x / 2) * np.exp(x / 2),
    "erf": math.erf,
    "erfc": math.erfc,
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
}


def arguments(name, dtype):
    """Points of every size, both signs, dense where the functions bend and where they under- and overflow."""
    draw = np.random.default_rng(0)
    extent = 120 if dtype == np.float32 else 760
    smallest = -44 if dtype == np.float32 else -700
    x = np.concatenate(
        [
            draw.uniform(-extent, extent, 3000),
            draw.uniform(-4, 4, 3000),
            draw.choice([-1, 1], 2000) * np.exp(draw.uniform(-87 if dtype == np.float32 else -700, 5, 2000)),
            draw.choice([-1, 1], 1000) * np.exp(draw.uniform(smallest * 0.5, 1, 1000)),
        ]
    ).astype(dtype)
    if name in ("log", "log1p"):
        x = np.concatenate([np.abs(x), -draw.uniform(0, 1, 500).astype(dtype) * (name == "log1p")])
        x = x[x > 0] if name == "log" else x[x > -1]
    if name == "gelu" and dtype == np.float64:
        x = x[x > -6]  # the naive formula itself loses digits further out; see test_gelu_far_tail
    return x


def looped(function, **options):
    """How generated code uses it: called on each entry of a compiled loop."""

    @numba.njit(error_model="numpy", **options)
    def loop(x, y):
        for i in range(len(x)):
            y[i] = function(x[i])

    def call(x):
        y = np.empty_like(x)
        loop(x, y)
        return y

    return call


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_accuracy(name, dtype):
    x = arguments(name, dtype)
    y = looped(getattr(scalars, name))(x)
    with np.errstate(all="ignore"):
        expected = np.array([NAIVE[name](float(v)) for v in x])
        overflow = np.abs(expected) > np.finfo(dtype).max
    assert y.dtype == dtype
    assert np.array_equal(y[overflow], np.sign(expected[overflow]) * np.inf)
    x, y, expected = x[~overflow], y[~overflow].astype(np.float64), expected[~overflow]
    smallest = np.finfo(dtype).smallest_subnormal.astype(np.float64)
    if dtype == np.float32:
        allowed = np.maximum(4 * np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64), smallest)
    else:
        allowed = np.maximum(1e-14 * np.abs(expected), 8 * smallest)
    wrong = np.abs(y - expected) > allowed
    assert not wrong.any(), f"{name}({x[wrong][:3]}) = {y[wrong][:3]}, not {expected[wrong][:3]}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_plain_python_computes_the_same(name, dtype):
    x = arguments(name, dtype)
    y = getattr(scalars, name)(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, looped(getattr(scalars, name))(x), rtol=8 * np.finfo(dtype).eps)


LIMITS = {  # at −∞, −0, 0, ∞
    "exp": (0, 1, 1, np.inf),
    "expm1": (-1, -0.0, 0, np.inf),
    "log": (np.nan, -np.inf, -np.inf, np.inf),
    "log1p": (np.nan, -0.0, 0, np.inf),
    "tanh": (-1, -0.0, 0, 1),
    "sigmoid": (0, 0.5, 0.5, 1),
    "softplus": (0, np.log(2), np.log(2), np.inf),
    "silu": (-0.0, -0.0, 0, np.inf),
    "erf": (-1, -0.0, 0, 1),
    "erfc": (2, 1, 1, 0),
    "gelu": (-0.0, -0.0, 0, np.inf),
}


@pytest.mark.parametrize("options", [{}, {"fastmath": True}], ids=["exact loop", "fastmath loop"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_limits_and_nan(name, dtype, options):
    x = np.array([-np.inf, -0.0, 0, np.inf, np.nan], dtype)
    for y in (looped(getattr(scalars, name), **options)(x), getattr(scalars, name)(x)):
        expected = np.array([*LIMITS[name], np.nan], dtype)
        np.testing.assert_array_max_ulp(y[[0, 1, 2, 3]], expected[:4], maxulp=2)
        signed = expected[:4] == 0
        assert np.array_equal(np.signbit(y[:4][signed]), np.signbit(expected[:4][signed]))
        assert np.isnan(y[4])


@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_for_tiny_arguments(name, dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.array([smallest, -smallest, 3 * smallest, np.finfo(dtype).tiny, -1e-30], dtype)
    assert np.array_equal(getattr(scalars, name)(x), x)


def test_tails_are_not_zero():
    x = np.float32(-80)
    assert scalars.sigmoid(x) == pytest.approx(np.exp(-80.0), rel=1e-6)
    assert scalars.softplus(x) == pytest.approx(np.exp(-80.0), rel=1e-6)
    assert scalars.erfc(5.0) == pytest.approx(1.5374597944280349e-12, rel=1e-14)


@pytest.mark.parametrize(
    ("x", "expected"),  # to 17 digits, computed with 50
    [
        (-8.3, -4.3206228882589112e-16),
        (-17.7, -3.7108688161424679e-69),
        (-29.1, -5.2232835381441746e-185),
        (-37.3, -3.0606495771591782e-303),
    ],
)
def test_gelu_far_tail(x, expected):
    assert scalars.gelu(x) == pytest.approx(expected, rel=1e-14)


def test_numbers_of_other_types_are_taken_as_float64():
    @numba.njit
    def of(x):
        return scalars.exp(x)

    assert scalars.exp(1).dtype == np.float64
    assert of(1) == pytest.approx(math.e, rel=1e-15)
    assert of(np.int8(1)) == of(1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sqrt", "sin", "cos", "tan"])
def test_functions_left_to_the_c_library(name, dtype):
    x = np.array([0, 0.5, 2, 30, np.nan], dtype)
    for y in (looped(getattr(scalars, name))(x), getattr(scalars, name)(x)):
        assert y.dtype == dtype
        np.testing.assert_allclose(y, getattr(np, name)(x), rtol=4 * np.finfo(dtype).eps)
