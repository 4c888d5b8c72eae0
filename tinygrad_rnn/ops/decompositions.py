"""Cholesky's factor, eigenvalues and eigenvectors, singular values and vectors, QR.

Rules: M. Giles, "Collected matrix derivative results" (2008); I. Murray, "Differentiation of the Cholesky
decomposition" (2016); J. Townsend, "Differentiating the singular value decomposition" (2016), and Z.-Q. Wan and S.-X.
Zhang, "Automatic differentiation for complex valued SVD" (2019), in real arithmetic; S. Walter and L. Lehmann,
"Algorithmic differentiation of linear algebra functions" (2010), for QR.

Vectors of equal (eigen- or singular) values may be turned among themselves, so alone they are no functions of the
matrix. Their terms 1 / (λⱼ − λᵢ) are left out: the gradient of what does not depend on such a turn, such as the sum of
the values, is right to first order there, a second derivative is not. Nearly equal values give large gradients.
A node has one value: values and vectors lie side by side in it, one row for each, and are read as slices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.apply import shaped
from ..core.declare import primitive
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .comparisons import where
from .joining import concatenate
from .matrices import REGULAR, decomposed, floats, inv, square_shape
from .selecting import tril, triu

_POSITIVE = [a + a.mT + np.diag([4.0, 6.0, 9.0]) for a in REGULAR]


def symmetric(a):
    """(A + Aᵀ) / 2."""
    return (a + a.mT) * 0.5


def _cholesky_rule(g, y, a):
    """Murray (2016), 10: L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, symmetric; Φ takes the lower triangle and half of the diagonal."""
    middle = tril(y.mT @ tril(g))
    middle = middle * (1 - 0.5 * np.eye(a.shape[-1], dtype=a.dtype))
    inverse = inv(y)
    return symmetric(inverse.mT @ middle @ inverse)


@primitive(
    shape=square_shape, vjps=[_cholesky_rule], dtype=floats, cost=lambda out, a: a[-1] * int(np.prod(a)),
    latex=r"\operatorname{{chol}}({a})", glyph="chol", onnx="Cholesky", domain={"a": _POSITIVE},
)  # fmt: skip
def cholesky(a):
    """The lower triangle L with L Lᵀ = A, of positive definite matrices (…, N, N).

    The symmetric part of a is decomposed, so that gradients are symmetric (Murray 2016).

    Raises:
        LinAlgError: a matrix is not positive definite.
    """
    square_shape(a.shape)
    return decomposed("cholesky", np.linalg.cholesky, symmetric(a))


def _apart(values):
    """Fᵢⱼ = 1 / (λⱼ − λᵢ), and 0 where both are equal."""
    gap = values[..., None, :] - values[..., :, None]
    return where(gap == 0, 0, 1 / where(gap == 0, 1, gap))


def _eigh_rule(g, y, a):
    """Giles (2008), 3.1: V (diag(λ̄) + F ∘ (Vᵀ V̄)) Vᵀ."""
    vectors, slope = y[..., 1:].mT, g[..., 1:].mT
    middle = _apart(y[..., 0]) * (vectors.mT @ slope)
    middle = middle + g[..., :1] * np.eye(a.shape[-1], dtype=a.dtype)
    return symmetric(vectors @ middle @ vectors.mT)


@primitive(
    shape=lambda a: (*square_shape(a)[:-1], a[-1] + 1), vjps=[_eigh_rule], dtype=floats, name="eigh",
    cost=lambda out, a: 9 * a[-1] * int(np.prod(a)),
    latex=r"\operatorname{{eigh}}({a})", glyph="eigh", onnx="Eigh", domain={"a": _POSITIVE},
)  # fmt: skip
def _eigh(a):
    """Rows (λ, vᵀ) of eigenvalues, rising, and eigenvectors of symmetric matrices."""
    square_shape(a.shape)
    values, vectors = decomposed("eigh", np.linalg.eigh, symmetric(a))
    return np.concatenate([values[..., None], vectors.mT], axis=-1)


class Eigen(NamedTuple):
    """Eigenvalues (…, N), rising, and eigenvectors (…, N, N), the columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def eigh(a: TensorLike, UPLO: str = "L") -> Eigen:
    """Eigenvalues (…, N), rising, and eigenvectors (…, N, N), the columns, of symmetric matrices (Giles 2008, 3.1).

    The symmetric part of a is decomposed, whatever UPLO says. Eigenvectors of equal eigenvalues may be turned
    among themselves: the gradient of what depends on such a turn does not exist, and what it would add is left out.
    """
    both = _eigh(a)
    return Eigen(both[..., 0], both[..., 1:].mT)


def eigvalsh(a: TensorLike, UPLO: str = "L") -> Tensor:
    """The eigenvalues (…, N), rising, of symmetric matrices; the gradient of each is v vᵀ."""
    return _eigh(a)[..., 0]


def _svd_shape(a):
    if len(a) < 2:
        raise ShapeError(f"expected matrices (…, M, N), got shape {a}")
    return (*a[:-2], min(a[-2:]), a[-2] + 1 + a[-1])


def _svd_rule(g, y, a):
    """Townsend (2016), 4: U [F∘(UᵀŪ − ŪᵀU) S + S̄ + S F∘(VᵀV̄ − V̄ᵀV)] Vᵀ and what leaves the spaces of U and V."""
    m = a.shape[-2]
    u, s, v = y[..., :m].mT, y[..., m], y[..., m + 1 :].mT
    gu, gs, gv = g[..., :m].mT, g[..., m : m + 1], g[..., m + 1 :].mT
    apart = _apart(s * s)
    row = s[..., None, :]
    turn_u, turn_v = u.mT @ gu, v.mT @ gv
    middle = apart * (turn_u - turn_u.mT) * row + row.mT * (apart * (turn_v - turn_v.mT))
    middle = middle + gs * np.eye(s.shape[-1], dtype=a.dtype)
    inverse = where(row == 0, 0, 1 / where(row == 0, 1, row))
    if a.shape[-2] > a.shape[-1]:
        middle = u @ middle + (gu - u @ turn_u) * inverse
        return middle @ v.mT
    return u @ (middle @ v.mT + inverse.mT * (gv - v @ turn_v).mT)


@primitive(
    shape=_svd_shape, vjps=[_svd_rule], dtype=floats, name="svd",
    cost=lambda out, a: 20 * min(a[-2:]) * int(np.prod(a)),
    latex=r"\operatorname{{svd}}({a})", glyph="svd", onnx="Svd",
    domain={"a": [REGULAR[0], REGULAR[0][:2], REGULAR[1][..., :2]]},
)  # fmt: skip
def _svd(a):
    """Rows (uᵀ, σ, vᵀ) of singular values, falling, and vectors of matrices (…, M, N)."""
    _svd_shape(a.shape)
    u, s, vh = decomposed("svd", np.linalg.svd, a, full_matrices=False)
    return np.concatenate([u.mT, s[..., None], vh], axis=-1)


class Singular(NamedTuple):
    """A = U diag(S) Vh.  U: (…, M, K); S: (…, K), falling; Vh: (…, K, N)."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def svd(a: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """A = U diag(S) Vh of matrices (…, M, N), K = min(M, N).  U: (…, M, K); S: (…, K), falling; Vh: (…, K, N).

    The gradient is that of Townsend (2016) and Wan & Zhang (2019); for equal singular values
    `eigh` says what to expect.

    Raises:
        ArgumentError: full_matrices (which is NumPy's default) of a matrix that is not square: the vectors that fill up
            the larger side are any basis of what is left, and have no derivative. Write full_matrices=False.
    """
    a = shaped(a)
    if compute_uv and full_matrices and len(a.shape) > 1 and a.shape[-1] != a.shape[-2]:
        why = "the vectors that fill up the larger side have no derivative; write full_matrices=False"
        raise ArgumentError(with_user_line(f"svd: {a.shape} is not square; {why}"))
    both = _svd(a)
    m = a.shape[-2]
    return Singular(both[..., :m].mT, both[..., m], both[..., m + 1 :]) if compute_uv else both[..., m]


def svdvals(a: TensorLike) -> Tensor:
    """The singular values (…, K), falling; the gradient of each is u vᵀ."""
    return svd(a, compute_uv=False)


def _qr_rule(g, y, a):
    """Walter & Lehmann (2010): (Q̄ + Q·copyltu(R R̄ᵀ − Q̄ᵀ Q)) R⁻ᵀ, copyltu mirroring the lower triangle."""
    m = a.shape[-2]
    q, r, gq, gr = y[..., :m].mT, y[..., m:], g[..., :m].mT, triu(g[..., m:])
    inner = r @ gr.mT - gq.mT @ q
    return (gq + q @ (tril(inner) + tril(inner, -1).mT)) @ inv(r).mT


def _qr_shape(a):
    if len(a) < 2 or a[-2] < a[-1]:
        raise ShapeError(f"expected matrices (…, M, N) with M ≥ N, got shape {a}")
    return (*a[:-2], a[-1], a[-2] + a[-1])


@primitive(
    shape=_qr_shape, vjps=[_qr_rule], dtype=floats, name="qr",
    cost=lambda out, a: 4 * a[-1] * int(np.prod(a)),
    latex=r"\operatorname{{qr}}({a})", glyph="qr", onnx="Qr", domain={"a": [REGULAR[0], REGULAR[1][..., :2]]},
)  # fmt: skip
def _qr(a):
    """Rows of Qᵀ and R side by side, of matrices at least as high as wide."""
    _qr_shape(a.shape)
    q, r = np.linalg.qr(a)
    return np.concatenate([q.mT, r], axis=-1)


class Orthogonal(NamedTuple):
    """A = Q R.  Q: (…, M, K), orthonormal columns; R: (…, K, N), an upper triangle."""

    Q: Tensor
    R: Tensor


def qr(a: TensorLike, mode: str = "reduced") -> Any:
    """A = Q R of matrices (…, M, N), K = min(M, N).  Q: (…, M, K); R: (…, K, N); with mode "r" R alone.

    The gradient is that of Walter & Lehmann (2010), for columns that are independent. Of a wide matrix the first M
    columns say what Q is.

    Raises:
        ArgumentError: another mode ("complete" fills up Q with columns that have no derivative).
        LinAlgError: in the gradient, where the columns depend on each other.
    """
    if mode not in ("reduced", "r"):
        raise ArgumentError(with_user_line(f"qr: mode is 'reduced' or 'r', not {mode!r}"))
    a = shaped(a)
    m, wide = a.shape[-2], a.shape[-1] > a.shape[-2]
    both = _qr(a[..., :m] if wide else a)
    q, r = both[..., :m].mT, both[..., m:]
    if wide:
        r = concatenate([r, q.mT @ a[..., m:]], axis=-1)
    return r if mode == "r" else Orthogonal(q, r)
