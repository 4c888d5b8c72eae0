"""Compiled loops for what a training step does beside its recurrence: cross-entropy, gradient norms, Adam.

Compiled when first called for a dtype, kept on disk, and computed with NumPy under `NUMBA_DISABLE_JIT=1`, as in `fast`.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np
from numba import types
from numba.np.numpy_support import carray

from . import scalars, threads
from .fast import _INTERPRETED, _STAMP, _cached
from .native import address, address32, address64

_OPTIONS: Any = {"nogil": True, "fastmath": {"contract", "reassoc", "nsz", "arcp", "afn"}, "error_model": "numpy"}


def log_likelihood(z: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """ln softmax(z)[target] of each row: z (N, C), targets (N,) in range; the result is (N,)."""
    if _INTERPRETED:
        tops = _tops(z)
        return z[np.arange(len(z)), targets] - tops - np.log(np.exp(z - tops[:, None]).sum(axis=1))
    out = np.empty(len(z), z.dtype)
    _by_rows("log_likelihood", z, targets, out, out)
    return out


def log_likelihood_gradient(g: np.ndarray, z: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """g ⊙ (onehot(target) − softmax(z)), row by row: g (N,), z (N, C), targets (N,)."""
    if _INTERPRETED:
        tops = _tops(z)
        e = np.exp(z - tops[:, None])
        out = e * (-g / e.sum(axis=1))[:, None]
        out[np.arange(len(z)), targets] += g
        return out
    out = np.empty_like(z, order="C")
    _by_rows("gradient", z, targets, out, np.ascontiguousarray(g))
    return out


def _tops(z: np.ndarray) -> np.ndarray:
    """The largest entry of each row, which is taken out before exp; one that is infinite is left alone."""
    tops = z.max(axis=1)
    return np.where(np.isfinite(tops), tops, z.dtype.type(0))


def _top(dtype: str) -> Any:
    """The same of one row. Compared as integers, in whose order floats are but for the sign: the largest of floats
    would not become vector instructions, because NaN has no place in their order."""
    F, bits = np.dtype(dtype).type, {"f": np.int32, "d": np.int64}[dtype]
    low, sign = bits(np.iinfo(bits).max), bits(np.iinfo(bits).bits - 1)
    least, zero, infinite = bits(np.iinfo(bits).min), F(0), F(np.inf)

    @numba.njit(**_OPTIONS)
    def top(row: Any) -> Any:
        best = least
        whole = row.view(bits)
        for j in range(len(whole)):
            n = whole[j]
            key = n ^ ((n >> sign) & low)
            best = key if key > best else best
        largest = bits(best ^ ((best >> sign) & low)).view(F)
        return largest if abs(largest) < infinite else zero

    return top


@numba.njit(error_model="numpy")
def _less_both(x: Any, top: Any, rest: Any) -> Any:
    """(x − top) − rest, in this order: x and top may be large and alike. (Elsewhere sums may be reordered.)"""
    return (x - top) - rest


def _by_rows(name: str, z: np.ndarray, targets: np.ndarray, out: np.ndarray, g: np.ndarray) -> None:
    """Run one of `_row_jobs` on blocks of rows."""
    N, C = z.shape
    z, targets = np.ascontiguousarray(z), np.ascontiguousarray(targets, np.int64)
    size = max(16, -(-N // (4 * threads.size())))
    given = np.array([*map(address, (z, targets, out, g)), N, C, size], np.int64)
    threads.run(_row_jobs(z.dtype.char)[name].address, given, -(-N // size), 40 * N * C)


@functools.cache
def _row_jobs(dtype: str) -> dict[str, Any]:
    """Jobs for `threads.run`, given the addresses of z, targets, results and g, then N, C and the rows of a block."""
    exp, log, top_of, zero, stamp = scalars.exp, scalars.log, _top(dtype), np.dtype(dtype).type(0), _STAMP
    numbers = address32 if dtype == "f" else address64

    def log_likelihood(arguments: Any, block: Any) -> None:
        stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
        given = carray(arguments, 7)
        N, C, size = given[4], given[5], given[6]
        z, out = carray(numbers(given[0]), (N, C)), carray(numbers(given[2]), (N,))
        targets = carray(address64(given[1]), (N,)).view(np.int64)
        for i in range(block * size, min(N, (block + 1) * size)):
            row = z[i]
            top = top_of(row)
            total = zero
            for j in range(C):
                total += exp(row[j] - top)
            out[i] = _less_both(row[targets[i]], top, log(total))

    def gradient(arguments: Any, block: Any) -> None:
        stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
        given = carray(arguments, 7)
        N, C, size = given[4], given[5], given[6]
        z, out, g = (
            carray(numbers(given[0]), (N, C)),
            carray(numbers(given[2]), (N, C)),
            carray(numbers(given[3]), (N,)),
        )
        targets = carray(address64(given[1]), (N,)).view(np.int64)
        for i in range(block * size, min(N, (block + 1) * size)):
            row, into = z[i], out[i]
            top = top_of(row)
            total = zero
            for j in range(C):
                e = exp(row[j] - top)
                into[j] = e
                total += e
            factor = -g[i] / total
            for j in range(C):
                into[j] *= factor
            into[targets[i]] += g[i]

    signature = types.void(types.CPointer(types.intp), types.intp)
    options = {"fastmath": _OPTIONS["fastmath"], "error_model": "numpy"}
    jobs = {"log_likelihood": log_likelihood, "gradient": gradient}
    return {
        name: _cached(lambda cache, job=job: numba.cfunc(signature, cache=cache, **options)(job))
        for name, job in jobs.items()
    }


def squared_norm(g: np.ndarray) -> float:
    """Σ g², summed in float64."""
    flat = g.ravel(order="K")  # in whichever order it lies
    if _INTERPRETED or flat.dtype.char not in "fd":
        return float(np.square(flat, dtype=np.float64).sum())
    return _squared_norm(flat.dtype.char)(flat)


@functools.cache
def _squared_norm(dtype: str) -> Any:
    def total(g: Any) -> Any:
        sum = 0.0
        for i in range(len(g)):
            x = np.float64(g[i])
            sum += x * x
        return sum

    return _compiled(total, _read(numba.from_dtype(np.dtype(dtype)), 1))


def adam(
    w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray,
    decay: float, b1: float, b2: float, rate: float, scale: float, eps: float,
) -> None:  # fmt: skip
    """One step of Adam on w, m and v in place.

    g + decay·w → g;  m + (1 − b1)(g − m) → m;  v + (1 − b2)(g² − v) → v;  w − rate·m / (√(v·scale) + eps) → w
    """
    numbers = [w.dtype.type(x) for x in (decay, 1 - b1, 1 - b2, rate, scale, eps)]
    flat = [np.ascontiguousarray(x).reshape(-1) for x in (w, g, m, v)]
    if _INTERPRETED or w.dtype.char not in "fd" or not all(x.flags.c_contiguous for x in (w, m, v)):
        w[...], m[...], v[...] = _adam_entry(w, g, m, v, *numbers)
    else:
        _adam(w.dtype.char)(*flat, *numbers)


def _adam_entry(w: Any, g: Any, m: Any, v: Any, decay: Any, a: Any, b: Any, rate: Any, scale: Any, eps: Any) -> Any:
    """New w, m and v, of numbers or of arrays."""
    g = g + decay * w
    m = m + a * (g - m)
    v = v + b * (g * g - v)
    return w - rate * m / (np.sqrt(v * scale) + eps), m, v


@functools.cache
def _adam(dtype: str) -> Any:
    entry = numba.njit(inline="always")(_adam_entry)

    def loop(w: Any, g: Any, m: Any, v: Any, decay: Any, a: Any, b: Any, rate: Any, scale: Any, eps: Any) -> None:
        for i in range(len(w)):
            w[i], m[i], v[i] = entry(w[i], g[i], m[i], v[i], decay, a, b, rate, scale, eps)

    n = numba.from_dtype(np.dtype(dtype))
    return _compiled(loop, n[::1], _read(n, 1), n[::1], n[::1], n, n, n, n, n, n)


def _read(number: Any, axes: int) -> Any:
    return numba.types.Array(number, axes, "C", readonly=True)  # takes writable arrays too


def _compiled(function: Any, *types: Any) -> Any:
    return _cached(lambda cache: numba.njit([types], cache=cache, **_OPTIONS)(function))
