"""Matrix kernels against NumPy: every tail, both dtypes, and sums in an order that does not depend on grouping."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT

if DISABLE_JIT:
    pytest.skip("needs Numba's compiler", allow_module_level=True)

import tinygrad_rnn as tg
from tinygrad_rnn.kernels import products, threads
from tinygrad_rnn.kernels.caches import USUAL, second_level
from tinygrad_rnn.kernels.native import address
from tinygrad_rnn.kernels.tile import padded

DTYPES = [np.float32, np.float64]
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-13}


def rows_times(A: np.ndarray, W: np.ndarray, C: np.ndarray, accumulate: bool) -> None:
    n, pointer = ctypes.c_ssize_t, ctypes.c_void_p
    function = ctypes.CFUNCTYPE(None, n, n, pointer, n, n, pointer, n, pointer, n, ctypes.c_bool)(
        products.product_address(A.dtype)
    )
    (M, K), N = A.shape, W.shape[1]
    row, column = (s // A.itemsize for s in A.strides)
    panels = products.packed(W)
    function(M, K, A.ctypes.data, row, column, panels.ctypes.data, N, C.ctypes.data, C.shape[1], accumulate)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("M", [0, 1, 2, 3, 5, 7, 8, 9, 16, 23])
def test_rows_times_packed_weights(dtype: Any, M: int) -> None:
    random = np.random.default_rng(M)
    for K in (0, 1, 5, 64):
        for N in (1, 7, 16, 32, 33, 100):
            A, W = random.normal(size=(M, K)).astype(dtype), random.normal(size=(K, N)).astype(dtype)
            C = np.full((M, padded(N, dtype)), 7, dtype)
            rows_times(A, W, C, False)
            np.testing.assert_allclose(C[:, :N], A @ W, atol=TOLERANCE[dtype] * 10, rtol=TOLERANCE[dtype])
            rows_times(np.asfortranarray(A), np.asfortranarray(W), C, True)
            np.testing.assert_allclose(C[:, :N], 2 * (A @ W), atol=TOLERANCE[dtype] * 20, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("K", "M", "N"), [(0, 3, 4), (1, 1, 1), (300, 9, 33), (700, 33, 70), (513, 600, 40)])
def test_contractions_over_many_rows(dtype: Any, K: int, M: int, N: int) -> None:
    random = np.random.default_rng(0)
    A, D = random.normal(size=(K, M)).astype(dtype), random.normal(size=(K, 2 * N)).astype(dtype)[:, N:]
    C, S = products.contract(A, D, True)
    assert S is not None
    np.testing.assert_allclose(C, A.T @ D, atol=TOLERANCE[dtype] * 100)
    by_columns, _ = products.contract(A, D, False, by_columns=True)
    assert by_columns.flags.f_contiguous or not K
    assert (by_columns == C).all()
    np.testing.assert_allclose(S, D.sum(axis=0), atol=TOLERANCE[dtype] * 100)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("M", "K", "N"), [(1, 1, 1), (300, 9, 33), (97, 20, 64), (5, 0, 3)])
def test_many_rows_times_weights(dtype: Any, M: int, K: int, N: int) -> None:
    random = np.random.default_rng(0)
    A, W = random.normal(size=(M, K)).astype(dtype), random.normal(size=(K, N)).astype(dtype)
    C = np.zeros((M, N), dtype)
    products.multiply(A, W, C, False)
    products.multiply(A, W, C, True)
    np.testing.assert_allclose(C, 2 * (A @ W), atol=TOLERANCE[dtype] * 10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("sizes", [(200, 80, 90), (3, 200, 90), (200, 1, 90), (0, 70, 3), (70, 0, 3), (70, 80, 0)])
def test_products_of_any_matrices(sizes: tuple[int, ...], order: Any, dtype: Any) -> None:
    (M, K, N), random = sizes, np.random.default_rng(0)
    A, W = random.normal(size=(M, K)).astype(dtype, order=order), random.normal(size=(K, N)).astype(dtype)
    for a, w in ((A, W), (A, np.asfortranarray(W)), (A[::-1], W), (np.repeat(A, 2, 1)[:, ::2], W)):
        np.testing.assert_allclose(products.matrix_product(a, w), a @ w, atol=TOLERANCE[dtype] * 30)


def test_a_row_has_the_same_bits_whichever_rows_stand_beside_it() -> None:
    random = np.random.default_rng(0)
    A, W = random.normal(size=(23, 70)).astype(np.float32), random.normal(size=(70, 40)).astype(np.float32)
    whole = np.zeros((23, padded(40, np.float32)), np.float32)
    rows_times(A, W, whole, False)
    for first, last in ((0, 1), (3, 8), (5, 23)):
        part = np.zeros((last - first, padded(40, np.float32)), np.float32)
        rows_times(A[first:last], W, part, False)
        assert (part[:, :40] == whole[first:last, :40]).all()


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    random = np.random.default_rng(0)
    A, D = random.normal(size=(900, 70)), random.normal(size=(900, 130))
    before = threads.size()
    try:
        results = []
        for count in (1, 2, 3, 5):
            threads.resize(count)
            results.append(products.contract(A, D, True))
        for C, S in results[1:]:
            assert (results[0][0] == C).all()
            assert (results[0][1] == S).all()
    finally:
        threads.resize(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("by_columns", [False, True])
@pytest.mark.parametrize(("K", "M", "N"), [(1, 256, 512), (300, 257, 513), (515, 384, 545), (256, 451, 1024)])
def test_large_products_pack_both_operands(K, M, N, by_columns, dtype):
    """Tails of the tile, of panels, of blocks and of the rows that are kept in cache."""
    random = np.random.default_rng(0)
    wide = random.normal(size=(K, M + 3)).astype(dtype)
    a, d = wide[:, 1 : M + 1], random.normal(size=(K, N)).astype(dtype)
    total, columns = products.contract(a, d, True, by_columns)
    close = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(total, a.T @ d, rtol=close, atol=close * np.sqrt(K))
    np.testing.assert_allclose(columns, d.sum(axis=0), rtol=close, atol=close * np.sqrt(K))
    threads = tg.get_num_threads()
    try:
        tg.set_num_threads(1)
        np.testing.assert_array_equal(products.contract(a, d, True, by_columns)[0], total)
    finally:
        tg.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("K", "V", "N"), [(0, 3, 5), (1, 1, 1), (40, 7, 64), (333, 20, 150)])
def test_rows_are_added_where_their_numbers_say(K: int, V: int, N: int, dtype: type) -> None:
    random = np.random.default_rng(0)
    rows, numbers = random.normal(size=(K, N + 2)).astype(dtype)[:, 1:-1], random.integers(0, V, K)
    expected, out = np.zeros((V, N), dtype), np.full((V, N), np.nan, dtype)
    np.add.at(expected, numbers, rows)
    given = address(numbers), address(rows), N + 2, address(out)
    products.scatter_job(np.dtype(dtype), *given, K, V, N).run()
    np.testing.assert_allclose(out, expected, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-5)


def test_the_size_of_the_cache_is_read_where_the_system_tells_it(tmp_path: Path) -> None:
    for level, size in (("1", "32K"), ("2", "2M"), ("3", "32M")):
        folder = tmp_path / f"index{level}"
        folder.mkdir()
        (folder / "level").write_text(f"{level}\n")
        (folder / "size").write_text(f"{size}\n")
    assert second_level(str(tmp_path)) == 2 << 20
    (tmp_path / "index2" / "size").write_text("unknown")
    second_level.cache_clear()
    assert second_level(str(tmp_path)) == USUAL
    assert second_level(str(tmp_path / "none")) == USUAL
    assert second_level() >= 128 << 10
