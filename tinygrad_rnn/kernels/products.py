"""Matrix products for recurrence: few rows, weights packed once per call and used at every time step.

`rows_times_panels` multiplies a block of rows by packed weights; programs call it by address, so that it is compiled
once and not once in each. `contract` is the product over all time steps that gives a weight's gradient, and
`multiply` the one that gives an input's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.np.numpy_support import carray

from . import threads
from .caches import second_level
from .jobs import Job, Slot
from .native import address, address32, address64, at, keep, moved, pointed, zeros_like_pointed
from .saved import cfunc, inner
from .tile import heights, padded, panel_width, tile_for, tile_of

#: No `nnan` and `ninf`: NaN and infinity must come through.
FAST: Any = {"fastmath": {"contract", "reassoc", "nsz", "arcp", "afn"}, "error_model": "numpy"}
Number = int | Slot
DEPTH = 256  # rows of the operands that `contract` keeps in cache at a time
CHUNK = 512  # columns of its left operand to a block
LARGE = 256, 512  # rows and columns of its result from which packing both operands pays
HIGHEST, WIDE_BLOCK = 512, 512  # rows and columns of the result that a block of it then has at most
ROWS = 96  # rows to a block of `multiply`
MANY_ROWS = 64  # from which packing the other operand pays
SCATTERED = 64  # columns to a block of `scatter_job`
TINY = 20_000  # multiplications below which NumPy's product takes less time than calling ours
PACKING = 16  # moving a number of weights to its place takes as long as so many FLOPs


def packed(weights: np.ndarray) -> np.ndarray:
    """Weights (K, N), of any strides, in panels of a tile's width, each K×width, the last padded with zeros."""
    (K, N), dtype = weights.shape, weights.dtype
    out = np.empty(K * padded(N, dtype), dtype)
    row, column = weights.strides
    pack_job(dtype, address(weights), row // dtype.itemsize, column // dtype.itemsize, address(out), K, N).run()
    return out


@inner(inline="always", **FAST)
def pack_block(given, block, W, P):
    """One panel. `given`: the address of the weights, their row and column strides, the address of the panels, K, N."""
    row, column, K, N = given[1], given[2], given[4], given[5]
    width = panel_width(W)
    first = block * width
    count = min(width, N - first)
    source, out = moved(W, first * column), moved(P, first * K)
    for k0 in range(0, K, DEPTH):  # a panel of so many rows stays in cache while columns are written one by one
        k1 = min(K, k0 + DEPTH)
        if row == 1:  # transposed weights: a column is contiguous
            for j in range(count):
                for k in range(k0, k1):
                    out[k * width + j] = source[j * column + k]
        else:
            for k in range(k0, k1):
                for j in range(count):
                    out[k * width + j] = source[k * row + j * column]
    for k in range(K):
        for j in range(count, width):
            out[k * width + j] = 0


_tall, _high, _low, _flat = (tile_of(rows) for rows in heights())
TALL, HIGH, LOW, _ = heights()


@inner(inline="always", **FAST)
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


@inner(inline="always", **FAST)
def lay_out(rows, columns, source, wide, C, down, along):
    """A block of a result, with `wide` numbers to a row, at its place in C, whose strides are `down` and `along`."""
    if along == 1:
        for i in range(rows):
            for j in range(columns):
                C[i * down + j] = source[i * wide + j]
    else:
        for j in range(columns):
            for i in range(rows):
                C[i * down + j * along] = source[i * wide + j]


@inner(inline="always", **FAST)
def contract_block(given, block, A, D, C, S):
    """C (M × N) = Aᵀ D summed over K rows, A: K × M, D: K × N; S (N) = the column sums of D if wanted.

    A block is one panel of D by one chunk of M. `given`: the addresses and row strides of A and D, the address of C,
    the strides of its rows and columns, then K, M, N, the chunk, and the address of S or 0.
    """
    lda, ldd, down, along = given[1], given[3], given[5], given[6]
    K, M, N, chunk = given[7], given[8], given[9], given[10]
    width = panel_width(A)
    panels = -(-N // width)
    first, row = (block % panels) * width, (block // panels) * chunk
    columns, rows = min(width, N - first), min(chunk, M - row)
    sums = given[11] != 0 and row == 0
    panel = zeros_like_pointed(D, DEPTH * width)
    out = zeros_like_pointed(D, max(rows, 1) * width)
    total = zeros_like_pointed(D, width)
    for k0 in range(0, max(K, 1), DEPTH):
        depth = min(DEPTH, K - k0)
        if columns == width:
            for k in range(depth):
                for j in range(width):
                    panel[k * width + j] = D[(k0 + k) * ldd + first + j]
        else:
            for k in range(depth):
                for j in range(columns):
                    panel[k * width + j] = D[(k0 + k) * ldd + first + j]
        if sums:
            for k in range(depth):
                for j in range(width):
                    total[j] += panel[k * width + j]
        rows_times_panels(rows, depth, moved(A, k0 * lda + row), 1, lda, at(panel, 0), width, at(out, 0), width, k0 > 0)
    lay_out(rows, columns, at(out, 0), width, moved(C, row * down + first * along), down, along)
    keep(out)
    if sums:
        for j in range(columns):
            S[first + j] = total[j]


@inner(inline="always", **FAST)
def contract_packed_block(given, block, A, D, C, S):
    """The same for large operands: a block is some rows of C by some panels of D.

    Both operands are packed, `DEPTH` rows at a time. A, which would be read down its columns, a page each, is laid in
    strips as high as the tile. `given`: as for `contract_block`, with the rows and then the panels of a block for the
    chunk.
    """
    lda, ldd, down, along = given[1], given[3], given[5], given[6]
    K, M, N, high, many = given[7], given[8], given[9], given[10], given[11]
    width = panel_width(A)
    across = -(-N // (width * many))
    row, first = block // across * high, block % across * many * width
    rows, columns = min(high, M - row), min(many * width, N - first)
    strips, panels = -(-rows // TALL), -(-columns // width)
    sums, wide = given[12] != 0 and row == 0, panels * width
    left = zeros_like_pointed(D, strips * DEPTH * TALL)
    panel = zeros_like_pointed(D, DEPTH * width)
    out = zeros_like_pointed(D, strips * TALL * wide)
    total = zeros_like_pointed(D, wide)
    for k0 in range(0, K, DEPTH):
        depth = min(DEPTH, K - k0)
        for s in range(strips):
            count = rows - s * TALL
            if count >= TALL:  # by a number that is known, so that it is a vector
                for k in range(depth):
                    source, place = (k0 + k) * lda + row + s * TALL, (s * DEPTH + k) * TALL
                    for i in range(TALL):
                        left[place + i] = A[source + i]
            else:
                for k in range(depth):
                    source, place = (k0 + k) * lda + row + s * TALL, (s * DEPTH + k) * TALL
                    for i in range(count):
                        left[place + i] = A[source + i]
        for p in range(panels):
            count = columns - p * width
            if count >= width:
                for k in range(depth):
                    source = (k0 + k) * ldd + first + p * width
                    for j in range(width):
                        panel[k * width + j] = D[source + j]
            else:
                for k in range(depth):
                    source = (k0 + k) * ldd + first + p * width
                    for j in range(count):
                        panel[k * width + j] = D[source + j]
                    for j in range(count, width):
                        panel[k * width + j] = 0
            if sums:
                for k in range(depth):
                    for j in range(width):
                        total[p * width + j] += panel[k * width + j]
            for s in range(strips):
                target = at(out, s * TALL * wide + p * width)
                _tall(depth, at(left, s * DEPTH * TALL), 1, TALL, at(panel, 0), target, wide, k0 > 0)
    lay_out(rows, columns, at(out, 0), wide, moved(C, row * down + first * along), down, along)
    keep(out)
    if sums:
        for j in range(columns):
            S[first + j] = total[j]


@inner(inline="always", **FAST)
def multiply_block(given, block, A, P, C):
    """Some rows of C (M × N) = or += A (M × K) @ weights (K × N, packed).

    `given`: the addresses and row strides of A and C, the address of P, then K, M, N, the rows of a block, and whether
    to accumulate.
    """
    lda, ldc, K, M, N, size, accumulate = given[1], given[3], given[5], given[6], given[7], given[8], given[9] != 0
    width = panel_width(A)
    whole = N // width * width
    first = block * size
    rows = min(size, M - first)
    rows_times_panels(rows, K, moved(A, first * lda), lda, 1, P, whole, moved(C, first * ldc), ldc, accumulate)
    if whole < N:  # the last panel is wider than what is left of a row of C
        last = zeros_like_pointed(A, rows * width)
        columns = N - whole
        if accumulate:
            for i in range(rows):
                for j in range(columns):
                    last[i * width + j] = C[(first + i) * ldc + whole + j]
        panel = moved(P, whole * K)
        rows_times_panels(rows, K, moved(A, first * lda), lda, 1, panel, width, at(last, 0), width, accumulate)
        for i in range(rows):
            for j in range(columns):
                C[(first + i) * ldc + whole + j] = last[i * width + j]


@inner(inline="always", **FAST)
def scatter_block(given, block, D, C):
    """C (V × N) = Σ over K rows of D, each added to the row of C that its number names: some columns of it.

    `given`: the addresses of the numbers, of D, its row stride, the address of C, then K, V, N, the columns of a block.
    """
    ldd, K, V, N, count = given[2], given[4], given[5], given[6], given[7]
    numbers = pointed(given[0], given[0])
    first = block * count
    columns = min(count, N - first)
    for v in range(V):
        row = moved(C, v * N + first)
        for j in range(columns):
            row[j] = 0
    for k in range(K):
        row, more = moved(C, numbers[k] * N + first), moved(D, k * ldd + first)
        for j in range(columns):
            row[j] += more[j]


def _pack32(arguments, block):
    given = carray(arguments, 6)
    pack_block(given, block, address32(given[0]), address32(given[3]))


def _pack64(arguments, block):
    given = carray(arguments, 6)
    pack_block(given, block, address64(given[0]), address64(given[3]))


def _contract32(arguments, block):
    given = carray(arguments, 12)
    places = address32(given[0]), address32(given[2]), address32(given[4]), address32(given[11])
    contract_block(given, block, places[0], places[1], places[2], places[3])


def _contract64(arguments, block):
    given = carray(arguments, 12)
    places = address64(given[0]), address64(given[2]), address64(given[4]), address64(given[11])
    contract_block(given, block, places[0], places[1], places[2], places[3])


def _contract_packed32(arguments, block):
    given = carray(arguments, 13)
    places = address32(given[0]), address32(given[2]), address32(given[4]), address32(given[12])
    contract_packed_block(given, block, places[0], places[1], places[2], places[3])


def _contract_packed64(arguments, block):
    given = carray(arguments, 13)
    places = address64(given[0]), address64(given[2]), address64(given[4]), address64(given[12])
    contract_packed_block(given, block, places[0], places[1], places[2], places[3])


def _multiply32(arguments, block):
    given = carray(arguments, 10)
    multiply_block(given, block, address32(given[0]), address32(given[4]), address32(given[2]))


def _multiply64(arguments, block):
    given = carray(arguments, 10)
    multiply_block(given, block, address64(given[0]), address64(given[4]), address64(given[2]))


def _scatter32(arguments, block):
    given = carray(arguments, 8)
    scatter_block(given, block, address32(given[1]), address32(given[3]))


def _scatter64(arguments, block):
    given = carray(arguments, 8)
    scatter_block(given, block, address64(given[1]), address64(given[3]))


def contract(
    left: np.ndarray, right: np.ndarray, sums: bool, by_columns: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """leftᵀ @ right for tall matrices whose rows are contiguous, and the column sums of `right` if wanted.

    `by_columns`: lay the columns of the product out contiguously, for somebody who transposes it.
    """
    (K, M), N = left.shape, right.shape[1]
    dtype = right.dtype
    if K * max(M, 1) * N < TINY:
        return left.T @ right, right.sum(axis=0) if sums else None
    total, columns = np.empty((M, N), dtype, order="F" if by_columns else "C"), np.empty(N, dtype) if sums else None
    size = dtype.itemsize
    operands = address(left), left.strides[0] // size, address(right), right.strides[0] // size
    contract_job(
        dtype, *operands, address(total), K, M, N, 0 if columns is None else address(columns), by_columns
    ).run()
    return total, columns


def _block_of(M: int, N: int, dtype: np.dtype) -> tuple[int, int]:
    """Rows and panels of the result to a block: as many as there may be, but some blocks to a thread.

    Every block packs its part of the right operand anew, so blocks are high: as high as leaves the packed left operand
    half of the second-level cache, and all of one height.
    """
    width, wanted = tile_for(dtype).width, 3 * threads.size()
    panels = -(-N // width)
    highest = min(HIGHEST, max(128, second_level() // (2 * DEPTH * dtype.itemsize)))
    high = min(M, -(-M // (TALL * -(-M // highest))) * TALL)
    many = min(panels, WIDE_BLOCK // width)
    while -(-M // high) * -(-panels // many) < wanted and many > 4:
        many = -(-many // 2)
    return high, many


def column_sums(rows: np.ndarray) -> np.ndarray:
    """Σ over the rows, whose entries are contiguous."""
    columns = contract(rows[:, :0], rows, sums=True)[1]
    assert columns is not None
    return columns


def multiply(rows: np.ndarray, weights: np.ndarray, out: np.ndarray, accumulate: bool) -> None:
    """out = or += rows @ weights for many rows; rows and out have contiguous rows."""
    (M, K), N = rows.shape, weights.shape[1]
    if M * K * N < TINY and not accumulate:
        np.matmul(rows, weights, out=out)
        return
    dtype = rows.dtype
    size = dtype.itemsize
    panels = packed(weights)
    operands = address(rows), rows.strides[0] // size, address(out), out.strides[0] // size, address(panels)
    multiply_job(dtype, *operands, K, M, N, accumulate).run()


def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of two matrices, on the pool of threads if it is large and has many rows, or sums over many."""
    (M, K), N, dtype = a.shape, b.shape[1], a.dtype
    if dtype is b.dtype and dtype.char in "fd" and not DISABLE_JIT:
        size = dtype.itemsize
        if a.strides[0] == size and b.strides[1] == size and K >= MANY_ROWS:
            return contract(a.T, b, sums=False)[0]
        if a.strides[1] == size and M >= MANY_ROWS and M * N:
            out = np.empty((M, N), dtype)
            multiply(a, b, out, False)
            return out
    return np.matmul(a, b)


# -- jobs: `source`, `rows`, `out` … are addresses, or the slots of a script that is given them ------------------------


def pack_job(dtype: np.dtype, source: Number, row: Number, column: Number, out: Number, K: int, N: int) -> Job:
    """Weights (K, N), with these strides, into panels: `packed`."""
    blocks = padded(N, dtype) // tile_for(dtype).width
    return job_of("pack", dtype, [source, row, column, out, K, N], blocks, PACKING * K * padded(N, dtype))


def contract_job(
    dtype: np.dtype, left: Number, lda: int, right: Number, ldd: int, out: Number, K: int, M: int, N: int,
    sums: Number, by_columns: bool,
) -> Job:  # fmt: skip
    """out (M, N), by columns if wanted, = leftᵀ @ right over K rows, and the column sums of `right` if wanted."""
    strides = (1, M) if by_columns else (N, 1)
    width, cost = tile_for(dtype).width, 2 * K * max(M, 1) * N
    given = [left, lda, right, ldd, out, *strides, K, M, N]
    if LARGE[0] <= M and LARGE[1] <= N:
        high, many = _block_of(M, N, dtype)
        blocks = -(-N // (many * width)) * -(-M // high)
        return job_of("contract_packed", dtype, [*given, high, many, sums], blocks, cost)
    chunk = max(1, min(M, CHUNK))
    return job_of("contract", dtype, [*given, chunk, sums], -(-N // width) * max(1, -(-M // chunk)), cost)


def multiply_job(
    dtype: np.dtype, rows: Number, lda: int, out: Number, ldc: int, panels: Number, K: int, M: int, N: int,
    accumulate: bool,
) -> Job:  # fmt: skip
    """out (M, N) = or += rows (M, K) @ packed weights (K, N)."""
    height = min(ROWS, max(8, -(-M // threads.size())))
    return job_of(
        "multiply", dtype, [rows, lda, out, ldc, panels, K, M, N, height, accumulate], -(-M // height), 2 * K * M * N
    )


def scatter_job(dtype: np.dtype, numbers: Number, rows: Number, ldd: int, out: Number, K: int, V: int, N: int) -> Job:
    """out (V, N) = the sums of those of K rows that have the same number (int64), 0 … V − 1."""
    given = [numbers, rows, ldd, out, K, V, N, SCATTERED]
    return job_of("scatter", dtype, given, -(-N // SCATTERED), K * N)


def job_of(name: str, dtype: np.dtype, given: list[Number], blocks: int, cost: int) -> Job:
    return Job(_block(name, dtype.itemsize).address, given, blocks, cost)


@cache
def _block(name: str, size: int) -> Any:
    """The compiled function of a job."""
    block: Any = globals()[f"_{name}{8 * size}"]
    return cfunc(types.void(types.CPointer(types.intp), types.intp), **FAST)(block)


@cache
def product_address(dtype: np.dtype) -> int:
    """The address of `rows_times_panels` for one dtype, to call from programs."""
    return _product(np.dtype(dtype)).address


@cache
def _product(dtype: np.dtype) -> Any:
    pointer, n = types.CPointer(numba.from_dtype(dtype)), types.intp
    signature = types.void(n, n, pointer, n, n, pointer, n, pointer, n, types.boolean)
    return cfunc(signature, **FAST)(rows_times_panels.py_func)
