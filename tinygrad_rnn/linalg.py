"""Linear algebra by the names of np.linalg, with gradients of any order: ``tg.linalg.inv(a)``, ``np.linalg.inv(a)``."""

from __future__ import annotations

from .core.tensor import Tensor, TensorLike
from .ops import selecting
from .ops.decompositions import cholesky, eigh, eigvalsh, qr, svd, svdvals
from .ops.linalg import matmul, outer
from .ops.matrices import det, inv, matrix_power, pinv, slogdet, solve, tensorinv, tensorsolve
from .ops.matrix_norms import cond, matrix_norm, norm, vector_norm
from .ops.products import cross, multi_dot, tensordot, vecdot
from .ops.shaping import transpose as matrix_transpose


def diagonal(x: TensorLike, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices (…, M, N)."""
    return selecting.diagonal(x, offset, -2, -1)


def trace(x: TensorLike, *, offset: int = 0) -> Tensor:
    """The sums of the diagonals of matrices (…, M, N)."""
    return selecting.trace(x, offset, -2, -1)


__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]
