"""Compiled functions of whole arrays, for what NumPy does not have or does slowly.

Each is compiled when it is first called, for the dtype it meets, and kept on disk: beside this file, or in the user's
cache directory where that is read-only (`NUMBA_CACHE_DIR` names another one). With `NUMBA_DISABLE_JIT=1` they compute
the same with NumPy.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config

from . import scalars

#: Numba looks for changes in the file of a cached function only, but these inline what is in `scalars`. A constant that
#: a cached function closes over is part of its key.
_INTERPRETED = bool(getattr(config, "DISABLE_JIT"))  # noqa: B009
_STAMP = hashlib.sha256(Path(scalars.__file__).read_bytes()).hexdigest()


def _cached(compile: Callable[[bool], Any]) -> Any:
    """``compile(cache)`` with a cache on disk, or without one where nothing can be written."""
    try:
        return compile(True)
    except OSError:  # no room
        return compile(False)
    except RuntimeError as error:
        if "locator" not in str(error):
            raise
        return compile(False)


def _entrywise(scalar: Callable[..., Any], arity: int = 1) -> Any:
    """The function of arrays that applies a function of `scalars` to each entry: a NumPy ufunc for each dtype."""
    ufuncs: dict[str, Any] = {}

    def compiled(dtype: str) -> Any:
        stamp = _STAMP

        def entry(x: Any) -> Any:
            stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
            return scalar(x)

        def entry_of_two(x: Any, y: Any) -> Any:
            stamp  # noqa: B018  # pyright: ignore[reportUnusedExpression]
            return scalar(x, y)

        function: Any = entry if arity == 1 else entry_of_two
        function.__name__ = function.__qualname__ = f"{scalar.__name__}_{dtype}"
        signature = f"{dtype}({', '.join([dtype] * arity)})"
        return _cached(lambda cache: numba.vectorize([signature], cache=cache)(function)).ufunc

    def first(*xs: Any) -> Any:
        if _INTERPRETED:
            return scalar(*xs)
        dtype = "float32" if all(getattr(x, "dtype", None) == np.float32 for x in xs) else "float64"
        char = np.dtype(dtype).char
        if char not in ufuncs:
            ufuncs[char] = compiled(dtype)
        return ufuncs[char](*[np.asarray(x, dtype) for x in xs])

    @functools.wraps(scalar)
    def unary(x: Any) -> Any:
        try:
            return ufuncs[x.dtype.char](x)
        except (AttributeError, KeyError):
            return first(x)

    @functools.wraps(scalar)
    def binary(x: Any, y: Any) -> Any:
        if x.dtype is y.dtype and x.dtype.char in ufuncs:
            return ufuncs[x.dtype.char](x, y)
        return first(x, y)

    return unary if arity == 1 else binary


sigmoid = _entrywise(scalars.sigmoid)
softplus = _entrywise(scalars.softplus)
silu = _entrywise(scalars.silu)
erf = _entrywise(scalars.erf)
erfc = _entrywise(scalars.erfc)
gelu = _entrywise(scalars.gelu)
tanh_gradient = _entrywise(scalars.tanh_gradient, 2)
sigmoid_gradient = _entrywise(scalars.sigmoid_gradient, 2)


def add_rows(buffer: np.ndarray, indices: np.ndarray, rows: np.ndarray) -> None:
    """``np.add.at(buffer, indices, rows)`` for an integer array: repeated indices add up, in order.

    buffer: (N, …); indices: any shape; rows: (*indices.shape, …), of the buffer's dtype.

    Raises:
        IndexError: an index is outside −N … N − 1; nothing was added.
    """
    count = len(buffer)
    indices = np.ascontiguousarray(indices, np.int64)
    if indices.size and not -count <= indices.min() <= indices.max() < count:
        raise IndexError(f"indices {indices.min()} … {indices.max()} into an axis of size {count}")
    if not buffer.flags.c_contiguous or _INTERPRETED:
        np.add.at(buffer, indices, rows)
    elif rows.size:
        flat = np.ascontiguousarray(rows, buffer.dtype).reshape(indices.size, -1)
        _row_adder(buffer.dtype.char)(buffer.reshape(count, -1), indices.reshape(-1), flat)


@functools.cache
def _row_adder(dtype: str) -> Any:
    def add(buffer: Any, indices: Any, rows: Any) -> None:
        for i in range(len(indices)):
            into = buffer[indices[i]]
            for j in range(len(into)):
                into[j] += rows[i, j]

    number = numba.from_dtype(np.dtype(dtype))
    read = functools.partial(numba.types.Array, layout="C", readonly=True)  # takes writable arrays too
    types = (number[:, ::1], read(numba.int64, 1), read(number, 2))
    return _cached(lambda cache: numba.njit([types], cache=cache, nogil=True)(add))
