"""Matrix products."""

from __future__ import annotations

import math
from string import ascii_letters

import numpy as np

from .. import kernels
from ..core.broadcasting import unbroadcast
from ..core.declare import primitive
from ..core.errors import ShapeError
from ..core.tensor import Tensor, TensorLike
from .creation import as_tensor
from .einstein import einsum
from .shaping import reshape


def _matmul_shape(a, b):
    if not a or not b:
        raise ShapeError("a 0-d operand; use * for products with a scalar")
    inner_a, inner_b = a[-1], b[-2] if len(b) > 1 else b[0]
    if inner_a != inner_b:
        raise ShapeError(f"inner sizes differ, {inner_a} != {inner_b}")
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise ShapeError(f"batch shapes {a[:-2]} and {b[:-2]} do not broadcast") from None
    return batch + (a[-2:-1] if len(a) > 1 else ()) + (b[-1:] if len(b) > 1 else ())


def _matmul_a(g, y, a, b):
    if len(b.shape) == 2 and len(a.shape) > 1:
        return matmul(g, b.mT)
    if len(b.shape) == 1:
        return unbroadcast(g.reshape((*g.shape, 1)) * b if len(a.shape) > 1 else g * b, a.shape)
    if len(a.shape) == 1:
        return (
            unbroadcast((g.reshape((*g.shape[:-1], 1, g.shape[-1])) @ b.mT), (*b.shape[:-2], 1, a.shape[0]))
            .reshape((-1, a.shape[0]))
            .sum(axis=0)
        )
    return unbroadcast(g @ b.mT, a.shape)


def _rows(x):
    """All batches as one matrix."""
    return x if len(x.shape) == 2 else x.reshape((math.prod(x.shape[:-1]), x.shape[-1]))


def _matmul_b(g, y, a, b):
    if len(a.shape) == 1:
        if len(b.shape) == 1:
            return g * a
        return a.reshape((a.shape[0], 1)) * g.reshape((*g.shape[:-1], 1, g.shape[-1]))
    if len(b.shape) == 1:
        return (g.reshape((*g.shape, 1)) * a).reshape((-1, b.shape[0])).sum(axis=0)
    if len(b.shape) == 2:  # all batches at once
        return matmul(_rows(a).mT, _rows(g))
    return unbroadcast(a.mT @ g, b.shape)


_LARGE = 2**20  # multiply-adds from which a product goes to the threads that run compiled recurrences
_ONE_THREAD = 2**18  # multiply-adds of a product up to which OpenBLAS uses one thread


class _SumOfProducts:
    """Σ aᵀg over all uses of a matrix b in a @ b: one product of many rows costs far less than many of few.

    A recurrence uses its weights at every step. Rows are kept until there are enough of them, then multiplied: 1024,
    or fewer where that keeps OpenBLAS to one thread as it was for the single rows. Waking others would cost more than
    is saved, and on a busy machine a thousand times more.
    """

    __slots__ = ("gradients", "lefts", "rows", "sum")

    def __init__(self):
        self.lefts, self.gradients, self.rows, self.sum = [], [], 0, None

    def add(self, g, y, a, b):
        if len(a.shape) > 2 and len(b.shape) == 2:
            a, g = _rows(a), _rows(g)
        if len(a.shape) != 2 or len(b.shape) != 2:
            self._include(_matmul_b(g, y, a, b))
            return
        rows, size = len(g), a.shape[1] * g.shape[1]
        threaded = rows * size > _ONE_THREAD
        if self.lefts and not threaded and (self.rows + rows) * size > _ONE_THREAD:
            self._multiply()
        self.lefts.append(a)
        self.gradients.append(g)
        self.rows += rows
        if self.rows >= 1024:
            self._multiply()

    def total(self):
        if self.lefts:
            self._multiply()
        return self.sum

    def _multiply(self):
        a, g = (x[0] if len(x) == 1 else np.concatenate(x) for x in (self.lefts, self.gradients))
        self.lefts, self.gradients, self.rows = [], [], 0
        self._include(_product(a.T, g))

    def _include(self, product):
        self.sum = product if self.sum is None else np.add(self.sum, product, out=self.sum)


@primitive(
    shape=_matmul_shape,
    vjps=[_matmul_a, _matmul_b],
    collect={1: _SumOfProducts},
    linear="each",
    kind="matrix product",
    numpy="a @ b",
    cost=lambda out, a, b: 2 * math.prod(out) * a[-1],
    latex="{a} {b}",
    glyph="×",
    onnx="MatMul",
    domain={"shapes": [((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 1, 2, 3), (4, 3, 2)),
                       ((3,), (2, 3, 4)), ((2, 2, 3), (3,)), ((2, 2, 3), (3, 2)), ((2, 3, 0), (0, 2)), ((0, 3), (3, 2)),
                       ((2, 0), (0, 3))]},
)  # fmt: skip
def matmul(a, b):
    """The matrix product, with NumPy's rules for 1-D operands and broadcast batches.  a: (…, M, K); b: (…, K, N)."""
    if b.ndim == 2 and a.ndim > 2:  # all batches at once
        return _product(_rows(a), b).reshape(*a.shape[:-1], b.shape[-1])
    return _product(a, b)


def _product(a, b):
    """By kernels of ours if the product is large."""
    if a.ndim == b.ndim == 2 and a.size * b.shape[1] >= _LARGE:
        return kernels.products.matrix_product(a, b)
    return np.matmul(a, b)


def dot(a: TensorLike, b: TensorLike) -> Tensor:
    """The sum of products over the last axis of a and the last but one (or only) of b, as np.dot.

    Of two vectors it is their scalar product, of two matrices their matrix product; with a scalar it multiplies.
    """
    a, b = as_tensor(a), as_tensor(b)
    if not a.shape or not b.shape:
        return a * b
    if len(b.shape) <= 2:
        return matmul(a, b)
    summed, *_ = letters = ascii_letters[: len(a.shape) + len(b.shape) - 1]
    first = letters[1 : len(a.shape)]
    second = letters[len(a.shape) :]
    return einsum(f"{first}{summed},{second[:-1]}{summed}{second[-1]}->{first}{second}", a, b)


def inner(a: TensorLike, b: TensorLike) -> Tensor:
    """The sum of products over the last axes of both, as np.inner."""
    b = as_tensor(b)
    return dot(a, b.mT if len(b.shape) > 1 else b)


def outer(a: TensorLike, b: TensorLike) -> Tensor:
    """All products of an entry of a with an entry of b, as np.outer.  a: (M,); b: (N,); result: (M, N)."""
    return reshape(as_tensor(a), -1, 1) * reshape(as_tensor(b), 1, -1)
