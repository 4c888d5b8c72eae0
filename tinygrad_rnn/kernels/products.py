"""Matrix products for recurrence: few rows, weights packed once per call and used at every time step.

`product` multiplies a block of rows by packed weights; `contract` is the product over all time steps that gives a
weight's gradient. Both are compiled once per dtype and called by address, so a generated program does not compile
them again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import carray, cfunc, njit, types

from .native import address32, address64, at, moved, zeros_like_pointed
from .tile import heights, padded, panel_width, tile_for, tile_of

#: No `nnan` and `ninf`: NaN and infinity must come through.
FAST = {"fastmath": {"contract", "reassoc", "nsz", "arcp", "afn"}, "error_model": "numpy"}
DEPTH = 256  # rows of the operands that `contract` keeps in cache at a time


@njit(cache=True, nogil=True, **FAST)
def pack(weights: np.ndarray, width: int, out: np.ndarray) -> None:
    """Lay K×N weights out in panels of `width` columns, each K×width and contiguous, the last padded with zeros."""
    K, N = weights.shape
    q = 0
    for first in range(0, N, width):
        count = min(width, N - first)
        for k in range(K):
            for j in range(count):
                out[q + j] = weights[k, first + j]
            for j in range(count, width):
                out[q + j] = 0
            q += width


def packed(weights: np.ndarray) -> np.ndarray:
    """`weights` (K, N), of any strides, in panels."""
    out = np.empty(weights.shape[0] * padded(weights.shape[1], weights.dtype), weights.dtype)
    pack(weights, tile_for(weights.dtype).width, out)
    return out


_tall, _high, _low, _flat = (tile_of(rows) for rows in heights())
TALL, HIGH, LOW, _ = heights()


@njit(cache=True, **FAST)
def rows_times_panels(M, K, A, row, column, P, N, C, ldc, accumulate):
    """C (M × padded N, row stride ldc) = or += A (M × K, any strides) @ weights (K × N, packed)."""
    width = panel_width(A)
    for first in range(0, N, width):
        panel = moved(P, first * K)
        out = moved(C, first)
        i = 0
        while i + TALL <= M:
            _tall(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
            i += TALL
        if i + HIGH <= M:
            _high(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
            i += HIGH
        if i + LOW <= M:
            _low(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
            i += LOW
        while i < M:
            _flat(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
            i += 1


@njit(cache=True, **FAST)
def contract_block(given, block, A, D, C):
    """C (M × N) = or += Aᵀ D summed over K rows, A: K × M, D: K × N. A block is one panel of D by one chunk of M.

    `given`: the addresses and row strides of A, D and C, then K, M, N, the chunk, and whether to accumulate.
    """
    lda, ldd, ldc, K, M, N = given[1], given[3], given[5], given[6], given[7], given[8]
    chunk, accumulate = given[9], given[10] != 0
    width = panel_width(A)
    panels = -(-N // width)
    first, row = (block % panels) * width, (block // panels) * chunk
    columns, rows = min(width, N - first), min(chunk, M - row)
    panel = zeros_like_pointed(D, DEPTH * width)
    out = zeros_like_pointed(D, chunk * width)
    for k0 in range(0, max(K, 1), DEPTH):
        depth = min(DEPTH, K - k0)
        for k in range(depth):
            for j in range(columns):
                panel[k * width + j] = D[(k0 + k) * ldd + first + j]
        rows_times_panels(rows, depth, moved(A, k0 * lda + row), 1, lda, at(panel, 0), width, at(out, 0), width, k0 > 0)
    for i in range(rows):
        for j in range(columns):
            place = (row + i) * ldc + first + j
            C[place] = C[place] + out[i * width + j] if accumulate else out[i * width + j]


def _contract32(arguments, block):
    given = carray(arguments, 11)
    contract_block(given, block, address32(given[0]), address32(given[2]), address32(given[4]))


def _contract64(arguments, block):
    given = carray(arguments, 11)
    contract_block(given, block, address64(given[0]), address64(given[2]), address64(given[4]))


@cache
def product_address(dtype: np.dtype) -> int:
    """The address of `rows_times_panels` for one dtype, to call from programs."""
    return _product(np.dtype(dtype)).address


@cache
def _product(dtype: np.dtype) -> Any:
    pointer, n = types.CPointer(numba.from_dtype(dtype)), types.intp
    signature = types.void(n, n, pointer, n, n, pointer, n, pointer, n, types.boolean)
    return cfunc(signature, cache=True, **FAST)(rows_times_panels.py_func)


@cache
def contraction_address(dtype: np.dtype) -> int:
    """The address of the job that runs `contract_block`, for `threads.run`."""
    return _contraction(np.dtype(dtype)).address


@cache
def _contraction(dtype: np.dtype) -> Any:
    job = _contract32 if dtype == np.float32 else _contract64
    return cfunc(types.void(types.CPointer(types.intp), types.intp), cache=True, **FAST)(job)
