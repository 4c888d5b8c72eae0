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

from .native import address_of, at, moved
from .tile import make_tile, padded, tile_for

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


@cache
def product_address(dtype: np.dtype) -> int:
    """The address of ``product(M, K, A, row stride, column stride, P, N, C, ldc, accumulate)``.

    C (M × padded N, row stride ldc) = or += A (M × K, any strides) @ weights (K × N, packed).
    """
    return _product(np.dtype(dtype)).address


@cache
def _product(dtype: np.dtype) -> Any:
    pointer, n = types.CPointer(numba.from_dtype(dtype)), types.intp
    signature = types.void(n, n, pointer, n, n, pointer, n, pointer, n, types.boolean)
    return cfunc(signature, **FAST)(_rows_times_panels(dtype))


@cache
def contraction_address(dtype: np.dtype) -> int:
    """The address of the job ``contract(arguments, block)``; see `CONTRACTION` for its arguments."""
    return _contraction(np.dtype(dtype)).address


#: C (M × N, row stride ldc) = or += Aᵀ D summed over K rows, A: K × M, D: K × N; a block is one panel of D by one chunk of M.
CONTRACTION = ("A", "lda", "D", "ldd", "C", "ldc", "K", "M", "N", "chunk", "accumulate")


@cache
def _contraction(dtype: np.dtype) -> Any:
    width = tile_for(dtype).width
    multiply = njit(**FAST)(_rows_times_panels(dtype))
    address = address_of(dtype)

    @cfunc(types.void(types.CPointer(types.intp), types.intp), **FAST)
    def contract(arguments, block):
        given = carray(arguments, 11)
        lda, ldd, ldc, K, M, N = given[1], given[3], given[5], given[6], given[7], given[8]
        chunk, accumulate = given[9], given[10] != 0
        panels = -(-N // width)
        first, row = (block % panels) * width, (block // panels) * chunk
        columns, rows = min(width, N - first), min(chunk, M - row)
        A, D, C = address(given[0]), address(given[2]), address(given[4])
        panel = np.empty(DEPTH * width, dtype)
        out = np.empty(chunk * width, dtype)
        for k0 in range(0, max(K, 1), DEPTH):
            depth = min(DEPTH, K - k0)
            for k in range(depth):
                for j in range(columns):
                    panel[k * width + j] = D[(k0 + k) * ldd + first + j]
                for j in range(columns, width):
                    panel[k * width + j] = 0
            multiply(rows, depth, moved(A, k0 * lda + row), 1, lda, at(panel, 0), width, at(out, 0), width, k0 > 0)
        for i in range(rows):
            for j in range(columns):
                old = C[(row + i) * ldc + first + j] if accumulate else 0
                C[(row + i) * ldc + first + j] = old + out[i * width + j]

    return contract


def _rows_times_panels(dtype: np.dtype) -> Any:
    """The loop over panels and tiles, for one dtype."""
    tile = tile_for(dtype)
    width, (t1, t2, t3, t4) = tile.width, tile.heights
    h1, h2, h3, h4 = (make_tile(dtype, height) for height in tile.heights)

    def rows_times_panels(M, K, A, row, column, P, N, C, ldc, accumulate):
        for first in range(0, N, width):
            panel = moved(P, first * K)
            out = moved(C, first)
            i = 0
            while i + t1 <= M:
                h1(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
                i += t1
            if i + t2 <= M:
                h2(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
                i += t2
            if i + t3 <= M:
                h3(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
                i += t3
            while i < M:
                h4(K, moved(A, i * row), row, column, panel, moved(out, i * ldc), ldc, accumulate)
                i += t4

    return rows_times_panels
