"""Compiled loops for what a training step does beside its recurrence: cross-entropy, gradient norms, Adam.

Compiled when first called for a dtype, kept on disk, and computed with NumPy under `NUMBA_DISABLE_JIT=1`, as in `fast`.
What is kept is found again only if a function closes over plain values: compiled functions and intrinsics, which are
others in every process, are globals here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload
from numba.np.numpy_support import carray

from . import scalars, threads
from .fast import _INTERPRETED, _STAMP, _cached
from .native import address, address64, pointed

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


def _top(row: Any) -> Any:
    """The same of one row, inside compiled code."""
    raise NotImplementedError("only inside compiled code")


@overload(_top)
def _top_of_kind(row: Any) -> Any:
    """Compared as integers, in whose order floats are but for the sign: the largest of floats
    would not become vector instructions, because NaN has no place in their order."""
    F, bits = {32: (np.float32, np.int32), 64: (np.float64, np.int64)}[row.dtype.bitwidth]
    low, sign = bits(np.iinfo(bits).max), bits(np.iinfo(bits).bits - 1)
    least, zero, infinite = bits(np.iinfo(bits).min), F(0), F(np.inf)

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
    zero, stamp = np.dtype(dtype).type(0), _STAMP

    def log_likelihood(arguments: Any, block: Any) -> None:
        stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
        given = carray(arguments, 7)
        N, C, size = given[4], given[5], given[6]
        z, out = carray(pointed(given[0], zero), (N, C)), carray(pointed(given[2], zero), (N,))
        targets = carray(address64(given[1]), (N,)).view(np.int64)
        for i in range(block * size, min(N, (block + 1) * size)):
            row = z[i]
            top = _top(row)
            total = zero
            for j in range(C):
                total += scalars.exp(row[j] - top)
            out[i] = _less_both(row[targets[i]], top, scalars.log(total))

    def gradient(arguments: Any, block: Any) -> None:
        stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
        given = carray(arguments, 7)
        N, C, size = given[4], given[5], given[6]
        z, out, g = (
            carray(pointed(given[0], zero), (N, C)),
            carray(pointed(given[2], zero), (N, C)),
            carray(pointed(given[3], zero), (N,)),
        )
        targets = carray(address64(given[1]), (N,)).view(np.int64)
        for i in range(block * size, min(N, (block + 1) * size)):
            row, into = z[i], out[i]
            top = _top(row)
            total = zero
            for j in range(C):
                e = scalars.exp(row[j] - top)
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


def squared_norms(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Σ g² of each array, summed in float64."""
    kinds = {g.dtype.char for g in arrays}
    if _INTERPRETED or len(kinds) != 1 or not kinds <= {"f", "d"}:
        return np.array([np.square(g.ravel(order="K"), dtype=np.float64).sum() for g in arrays])
    flat = [g if g.flags.forc else g.ravel(order="K") for g in arrays]  # in whichever order it lies
    return _squared_norms(kinds.pop())(np.array([n for g in flat for n in (address(g), g.size)], np.int64))


@functools.cache
def _squared_norms(dtype: str) -> Any:
    zero = np.dtype(dtype).type(0)

    def totals(table: Any) -> Any:
        found = np.empty(len(table) // 2)
        for k in range(len(found)):
            g = carray(pointed(table[2 * k], zero), (table[2 * k + 1],))
            sum = 0.0
            for i in range(len(g)):
                x = np.float64(g[i])
                sum += x * x
            found[k] = sum
        return found

    return _compiled(totals, numba.int64[::1])


def adam(
    parameters: Sequence[tuple[np.ndarray, ...]], rates: Sequence[tuple[float, float]],
    decay: float, b1: float, b2: float, eps: float, shrink: float = 1.0,
) -> None:  # fmt: skip
    """One step of Adam on (w, g, m, v) of each parameter, of which w, m and v change in place.

    shrink·w → w;  g + decay·w → g;  m + (1 − b1)(g − m) → m;  v + (1 − b2)(g² − v) → v;
    w − rate·m / (√(v·scale) + eps) → w, `rates` being (rate, scale) of each parameter
    """
    kind = parameters[0][0].dtype
    numbers = [kind.type(x) for x in (decay, 1 - b1, 1 - b2, eps, shrink)]
    table: list[int] = []
    alive = []  # copies that lie in order
    native = not _INTERPRETED and kind.char in "fd"
    for w, g, m, v in parameters if native else ():
        native = native and w.dtype is kind and all(x.flags.c_contiguous for x in (w, m, v))
        if not g.flags.c_contiguous:
            g = np.ascontiguousarray(g)
            alive.append(g)
        table += (address(w), address(g), address(m), address(v), w.size)
    if native:
        _adam(kind.char)(np.array(table, np.int64), np.array(rates, kind).reshape(-1), *numbers)
        return
    for (w, g, m, v), given in zip(parameters, rates, strict=True):
        settings = [w.dtype.type(x) for x in (decay, 1 - b1, 1 - b2, eps, shrink, *given)]
        w[...], m[...], v[...] = _adam_entry(w, g, m, v, *settings)


def _adam_entry(
    w: Any, g: Any, m: Any, v: Any, decay: Any, a: Any, b: Any, eps: Any, shrink: Any, rate: Any, scale: Any
) -> Any:
    """New w, m and v, of numbers or of arrays."""
    w = shrink * w
    g = g + decay * w
    m = m + a * (g - m)
    v = v + b * (g * g - v)
    return w - rate * m / (np.sqrt(v * scale) + eps), m, v


_compiled_entry = numba.njit(inline="always")(_adam_entry)


@functools.cache
def _adam(dtype: str) -> Any:
    zero = np.dtype(dtype).type(0)

    def loop(table: Any, rates: Any, decay: Any, a: Any, b: Any, eps: Any, shrink: Any) -> None:
        for k in range(len(rates) // 2):
            rate, scale, n = rates[2 * k], rates[2 * k + 1], table[5 * k + 4]
            w, g = carray(pointed(table[5 * k], zero), (n,)), carray(pointed(table[5 * k + 1], zero), (n,))
            m, v = carray(pointed(table[5 * k + 2], zero), (n,)), carray(pointed(table[5 * k + 3], zero), (n,))
            for i in range(n):
                w[i], m[i], v[i] = _compiled_entry(w[i], g[i], m[i], v[i], decay, a, b, eps, shrink, rate, scale)

    n = numba.from_dtype(np.dtype(dtype))
    return _compiled(loop, numba.int64[::1], n[::1], n, n, n, n, n)


def _compiled(function: Any, *types: Any) -> Any:
    return _cached(lambda cache: numba.njit([types], cache=cache, **_OPTIONS)(function))
