"""NumPy's other products, each a `matmul`, or a broadcast product and a sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .joining import stack
from .linalg import matmul
from .rearranging import checked_axes, moveaxis, ravel
from .reduce import sum
from .shaping import flip, pad, permute, reshape

__all__ = ["convolve", "correlate", "cross", "kron", "matvec", "tensordot", "vdot", "vecdot", "vecmat"]


def tensordot(a: TensorLike, b: TensorLike, axes: Any = 2) -> Tensor:
    """The sum of products over some axes of both: the last `axes` of a with the first of b, or the pairs named.

    Raises:
        ShapeError: the axes that are summed over differ in number or size.
    """
    a, b = shaped(a), shaped(b)
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(len(a.shape) - axes, len(a.shape))), tuple(range(axes)))
    left, right = checked_axes("tensordot", a.shape, axes[0]), checked_axes("tensordot", b.shape, axes[1])
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ShapeError(with_user_line(f"tensordot: axes {left} of {a.shape} do not fit axes {right} of {b.shape}"))
    rest_a = tuple(i for i in range(len(a.shape)) if i not in left)
    rest_b = tuple(i for i in range(len(b.shape)) if i not in right)
    rows, columns = tuple(a.shape[i] for i in rest_a), tuple(b.shape[i] for i in rest_b)
    summed = math.prod(a.shape[i] for i in left)
    matrix_a = reshape(permute(a, axes=rest_a + left), (math.prod(rows), summed))
    matrix_b = reshape(permute(b, axes=right + rest_b), (summed, math.prod(columns)))
    return reshape(matmul(matrix_a, matrix_b), rows + columns)


def vdot(a: TensorLike, b: TensorLike) -> Tensor:
    """The sum of products of all entries, in order."""
    return matmul(ravel(a), ravel(b))


def vecdot(a: TensorLike, b: TensorLike, axis: int = -1) -> Tensor:
    """The sum of products along one axis of both, the others broadcast."""
    return sum(moveaxis(a, axis, -1) * moveaxis(b, axis, -1), axis=-1)


def matvec(a: TensorLike, b: TensorLike) -> Tensor:
    """Matrices times vectors.  a: (…, M, N); b: (…, N); result: (…, M)."""
    return matmul(a, shaped(b)[..., None])[..., 0]


def vecmat(a: TensorLike, b: TensorLike) -> Tensor:
    """Vectors times matrices.  a: (…, M); b: (…, M, N); result: (…, N)."""
    return matmul(shaped(a)[..., None, :], b)[..., 0, :]


def kron(a: TensorLike, b: TensorLike) -> Tensor:
    """Kronecker's product: each entry of a replaced by itself times b."""
    a, b = shaped(a), shaped(b)
    n = max(len(a.shape), len(b.shape))
    outer, inner = ((1,) * (n - len(x.shape)) + x.shape for x in (a, b))
    spread_a = reshape(a, tuple(size for m in outer for size in (m, 1)))
    spread_b = reshape(b, tuple(size for m in inner for size in (1, m)))
    return reshape(spread_a * spread_b, tuple(m * k for m, k in zip(outer, inner, strict=True)))


def cross(
    a: TensorLike, b: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    """The vector product of vectors of three entries, perpendicular to both, along an axis of each.

    Raises:
        ShapeError: the vectors have another number of entries.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(with_user_line(f"cross: vectors have three entries, not {a.shape[-1]} and {b.shape[-1]}"))
    entries = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return moveaxis(stack(entries, axis=-1), -1, axisc)


def multi_dot(arrays: Sequence[TensorLike]) -> Tensor:
    """The matrix product of several, those neighbours first whose product costs least (np.linalg.multi_dot).

    Raises:
        ArgumentError: there are fewer than two.
    """
    parts: list[Any] = [shaped(x) for x in arrays]
    if len(parts) < 2:
        raise ArgumentError(with_user_line(f"multi_dot: expected two or more matrices, got {len(parts)}"))
    while len(parts) > 1:
        costs = [math.prod(a.shape) * math.prod(b.shape[1:]) for a, b in pairwise(parts)]
        i = int(np.argmin(costs))
        parts[i : i + 2] = [matmul(parts[i], parts[i + 1])]
    return parts[0]


def convolve(a: TensorLike, v: TensorLike, mode: str = "full") -> Tensor:
    """y[n] = Σ_k a[k]·v[n − k] of two vectors (np.convolve): mode "full", "same" or "valid".

    Raises:
        ShapeError: an operand is empty or no vector.
        ArgumentError: another mode.
    """
    a, v = shaped(a), shaped(v)
    if len(a.shape) > 1 or len(v.shape) > 1 or 0 in (*a.shape, *v.shape):
        raise ShapeError(with_user_line(f"convolve: expected two vectors, got {a.shape} and {v.shape}"))
    a, v = ravel(a), ravel(v)
    longer, shorter = (a, v) if a.shape[0] >= v.shape[0] else (v, a)
    m = shorter.shape[0]
    ends = {"full": (m - 1, m - 1), "valid": (0, 0), "same": (m // 2, (m - 1) // 2)}
    if mode not in ends:
        raise ArgumentError(with_user_line(f"convolve: mode is 'full', 'same' or 'valid', not {mode!r}"))
    padded = pad(longer, (ends[mode],))
    windows = np.arange(padded.shape[0] - m + 1)[:, None] + np.arange(m)
    return matmul(padded[(windows,)], flip(shorter))


def correlate(a: TensorLike, v: TensorLike, mode: str = "valid") -> Tensor:
    """y[k] = Σ_n a[n + k]·v[n] of two vectors (np.correlate); modes as in `convolve`."""
    a, v = shaped(a), shaped(v)
    return flip(correlate(v, a, mode)) if v.size > a.size else convolve(a, flip(v), mode)
