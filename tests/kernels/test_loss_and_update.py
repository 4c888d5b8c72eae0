"""Loops of a training step: cross-entropy, norms, Adam; against NumPy in float64, at extremes, on any threads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn.kernels import loss_and_update as loops
from tinygrad_rnn.kernels import threads

DTYPES = [np.float32, np.float64]
ROUNDING = {np.float32: 2e-6, np.float64: 1e-13}


def naive(z: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln softmax(z)[target], and softmax(z), in float64."""
    z = z.astype(np.float64)
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return z[np.arange(len(z)), targets] - np.log(np.exp(z).sum(axis=1)), p


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "C"), [(1, 1), (3, 2), (50, 17), (700, 96), (0, 4)])
def test_log_likelihood_and_its_gradient(N: int, C: int, dtype: Any) -> None:
    random = np.random.default_rng(0)
    z, targets = (10 * random.normal(size=(N, C))).astype(dtype), random.integers(0, C, N)
    g = random.normal(size=N).astype(dtype)
    y, p = naive(z, targets) if N else (np.zeros(0), np.zeros((0, C)))
    np.testing.assert_allclose(loops.log_likelihood(z, targets), y, atol=ROUNDING[dtype], rtol=ROUNDING[dtype])
    expected = g[:, None] * (np.eye(C)[targets] - p)
    np.testing.assert_allclose(loops.log_likelihood_gradient(g, z, targets), expected, atol=ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_logits_lose_nothing(dtype: Any) -> None:
    z = np.array([[20.0, 0.0, 0.0], [-1e30, 0.0, 1e30], [3e38, 3e38, -3e38], [1e6, 1e6 - 1, 0]], dtype)
    with np.errstate(over="ignore"):
        found = loops.log_likelihood(z, np.array([0, 2, 0, 0]))
    expected = [-2 * np.exp(-20.0), 0, -np.log(2), -np.log1p(np.exp(-1))]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite_is_said(dtype: Any) -> None:
    z = np.array([[np.nan, 0.0], [np.inf, 0.0], [-np.inf, 0.0], [-np.inf, -np.inf], [0.0, -np.inf]], dtype)
    with np.errstate(all="ignore"):
        found = loops.log_likelihood(z, np.zeros(5, int))
        gradient = loops.log_likelihood_gradient(np.ones(5, dtype), z, np.zeros(5, int))
    assert np.isnan(found[[0, 1, 3]]).all()
    assert found[2] == -np.inf
    assert found[4] == 0
    assert np.isnan(gradient[[0, 1, 3]]).any(axis=1).all()
    np.testing.assert_array_equal(gradient[[2, 4]], [[1, -1], [0, 0]])


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="one thread does all")
def test_rows_do_not_depend_on_the_number_of_threads() -> None:
    random = np.random.default_rng(0)
    z, targets, g = random.normal(size=(999, 60)), random.integers(0, 60, 999), random.normal(size=999)
    before = threads.size()
    try:
        found = []
        for count in (1, 2, 3):
            threads.resize(count)
            found.append((loops.log_likelihood(z, targets), loops.log_likelihood_gradient(g, z, targets)))
    finally:
        threads.resize(before)
    assert all((a == b).all() for other in found[1:] for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (7,), (5, 9), (0, 3)])
def test_norms(shape: tuple[int, ...], dtype: Any) -> None:
    g = np.random.default_rng(0).normal(size=shape).astype(dtype)
    layouts = [g, np.asfortranarray(g), g[::2] if shape else g]
    expected = [(x.astype(np.float64) ** 2).sum() for x in layouts]
    np.testing.assert_allclose(loops.squared_norms(layouts), expected, rtol=1e-12)
    other = g.astype(np.float64 if dtype == np.float32 else np.float32)
    np.testing.assert_allclose(loops.squared_norms([g, other]), [expected[0]] * 2, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_adam(layout: str, dtype: Any) -> None:
    random = np.random.default_rng(0)
    w, m, v = (random.random((6, 5)).astype(dtype) for _ in range(3))
    g = random.normal(size=(6, 10)).astype(dtype)
    g = g[:, ::2] if layout == "strided" else np.array(g[:, :5], order=layout)  # type: ignore[call-overload]
    W, G, M, V = (x.astype(np.float64) for x in (w, g, m, v))
    W = 0.9 * W
    G = G + 0.1 * W
    M, V = M + 0.2 * (G - M), V + 0.01 * (G * G - V)
    W = W - 0.5 * M / (np.sqrt(V * 1.5) + 1e-3)
    other = [x.copy() for x in (w, m, v)]
    loops.adam([(w, g, m, v), (other[0], g, *other[1:])], [(0.5, 1.5), (0.0, 1.5)], 0.1, 0.8, 0.99, 1e-3, 0.9)
    for found, expected in ((w, W), (m, M), (v, V)):
        np.testing.assert_allclose(found, expected, rtol=20 * ROUNDING[dtype])
    assert (other[1] == m).all()  # each has a rate of its own
    assert (other[0] != w).any()
