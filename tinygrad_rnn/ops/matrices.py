"""Inverses, linear systems and determinants of matrices (…, N, N), and their powers.

The rules are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), and for the pseudo-inverse of G. Golub and V. Pereyra, "The differentiation of pseudo-inverses
and nonlinear least squares problems" (1973).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..core.apply import shaped
from ..core.broadcasting import unbroadcast
from ..core.declare import primitive
from ..core.errors import LinAlgError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .rearranging import moveaxis
from .reduce import sum
from .shaping import reshape

#: Matrices far from singular, for the tests: one alone, and a batch.
_MATRIX = np.array([[2.0, 0.3, -0.5], [0.1, -1.5, 0.4], [0.7, 0.2, 1.1]])
REGULAR = [_MATRIX, np.stack([_MATRIX, [[1.0, 0.2, 0.9], [-0.4, 1.3, 0.1], [0.3, 2.0, 0.6]]])]


def square_shape(a, **_):
    if len(a) < 2 or a[-1] != a[-2]:
        raise ShapeError(f"expected square matrices (…, N, N), got shape {a}")
    return a


def floats(*dtypes, **_):
    """Decompositions of integers are of float64."""
    return np.result_type(*dtypes) if all(d.kind == "f" for d in dtypes) else np.dtype(np.float64)


def decomposed(what, function, *arrays, **options):
    """What LAPACK says of the arrays, or an error of ours."""
    try:
        return function(*arrays, **options)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{what}: {error}") from None


@primitive(
    shape=square_shape, vjps=[lambda g, y, a: -(y.mT @ g @ y.mT)], dtype=floats,
    cost=lambda out, a: 2 * a[-1] * int(np.prod(a)),
    latex="{a}^{{-1}}", glyph="⁻¹", onnx="Inverse", domain={"a": REGULAR},
)  # fmt: skip
def inv(a):
    """The inverse.  ∂: −A⁻ᵀ Ȳ A⁻ᵀ (Giles 2008, 2.2.3).

    Raises:
        LinAlgError: a matrix is singular.
    """
    square_shape(a.shape)
    return decomposed("inv", np.linalg.inv, a)


def _solved(a, b):
    square_shape(a)
    if len(b) < 2 or b[-2] != a[-1]:
        raise ShapeError(f"expected right sides ({a[-1]},) or (…, {a[-1]}, K) for matrices {a}, got {b}")
    try:
        return (*np.broadcast_shapes(a[:-2], b[:-2]), *b[-2:])
    except ValueError:
        raise ShapeError(f"batch shapes {a[:-2]} and {b[:-2]} do not broadcast") from None


@primitive(
    shape=_solved, dtype=floats, cost=lambda out, a, b: a[-1] * (int(np.prod(a)) + 2 * int(np.prod(out))), name="solve",
    vjps=[
        lambda g, y, a, b: unbroadcast(-(_solve(a.mT, g) @ y.mT), a.shape),
        lambda g, y, a, b: unbroadcast(_solve(a.mT, g), b.shape),
    ],
    latex="{a}^{{-1}} {b}", glyph="⁻¹×", onnx="MatMul(Inverse)",
    domain={"cases": [((REGULAR[0], (3, 2)), {}), ((REGULAR[1], (3, 2)), {}), ((REGULAR[0], (2, 3, 1)), {})]},
)  # fmt: skip
def _solve(a, b):
    """The x with a x = b.  ∂b: A⁻ᵀ X̄, ∂a: −A⁻ᵀ X̄ Xᵀ (Giles 2008, 2.3.1)."""
    _solved(a.shape, b.shape)
    return decomposed("solve", np.linalg.solve, a, b)


def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """The x with a x = b.  a: (…, N, N); b: (N,) or (…, N, K).  ∂b: A⁻ᵀ X̄, ∂a: −A⁻ᵀ X̄ Xᵀ (Giles 2008, 2.3.1).

    Raises:
        LinAlgError: a matrix is singular.
    """
    a, b = shaped(a), shaped(b)
    return _solve(a, b[:, None])[..., 0] if len(b.shape) == 1 else _solve(a, b)


def _scalar_shape(a, **_):
    return square_shape(a)[:-2]


def _each(g):
    """One number for each matrix, to be multiplied with all of its entries."""
    return g.reshape((*g.shape, 1, 1))


@primitive(
    shape=_scalar_shape, vjps=[lambda g, y, a: _each(g) * cofactors(a)], dtype=floats,
    cost=lambda out, a: a[-1] * int(np.prod(a)),
    latex=r"\det {a}", glyph="det", onnx="Det", domain={"a": REGULAR},
)  # fmt: skip
def det(a):
    """The determinant.  ∂: ȳ times the cofactors, which are det(A)·A⁻ᵀ (Giles 2008, 2.2.4) and exist without A⁻¹ too.

    The second derivative needs A⁻¹: at a singular matrix it raises.
    """
    square_shape(a.shape)
    return np.linalg.det(a)


def _cofactors_rule(g, y, a):
    inverse = inv(a).mT
    return _each(sum(g * y, axis=(-2, -1))) * inverse - y @ g.mT @ inverse


@primitive(
    shape=square_shape, vjps=[_cofactors_rule], dtype=floats, cost=lambda out, a: 10 * a[-1] * int(np.prod(a)),
    latex=r"\operatorname{{cof}} {a}", glyph="cof", onnx="Mul(Det, Inverse)", domain={"a": REGULAR},
)  # fmt: skip
def cofactors(a):
    """The gradient of the determinant: from A = U Σ Vᵀ, the products of all singular values but one, of singular A too.

    ∂: with C = det(A)·A⁻ᵀ, ⟨Ȳ, C⟩·A⁻ᵀ − C Ȳᵀ A⁻ᵀ, which follows from the rules of both factors.
    """
    square_shape(a.shape)
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return _each(sign) * ((u * others[..., None, :]) @ vh)


@primitive(
    shape=_scalar_shape, vjps=[lambda g, y, a: _each(g) * inv(a).mT], dtype=floats,
    cost=lambda out, a: a[-1] * int(np.prod(a)),
    latex=r"\ln \left|\det {a}\right|", glyph="ln det", onnx="Log(Abs(Det))", domain={"a": REGULAR},
)  # fmt: skip
def logabsdet(a):
    """The logarithm of the size of the determinant, −∞ of a singular matrix.  ∂: ȳ·A⁻ᵀ (Giles 2008, 2.2.4)."""
    square_shape(a.shape)
    return np.linalg.slogdet(a)[1]


@primitive(
    shape=_scalar_shape, vjps=[None], dtype=floats, cost=lambda out, a: a[-1] * int(np.prod(a)),
    latex=r"\operatorname{{sign}} \det {a}", glyph="sign det", onnx="Sign(Det)", domain={"a": REGULAR},
)  # fmt: skip
def signdet(a):
    """The sign of the determinant: 1, −1, or 0 of a singular matrix. It has no gradient."""
    square_shape(a.shape)
    return np.linalg.slogdet(a)[0]


class SignedLogarithm(NamedTuple):
    """The determinant as sign·e^logabsdet."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(a: TensorLike) -> SignedLogarithm:
    """Sign and logarithm of the determinant, which may itself be too large or small to be a number."""
    return SignedLogarithm(signdet(a), logabsdet(a))


def _pinv_rule(g, y, a, rcond):
    outside, inside = np.eye(a.shape[-2], dtype=a.dtype) - a @ y, np.eye(a.shape[-1], dtype=a.dtype) - y @ a
    return -(y.mT @ g @ y.mT) + outside @ g.mT @ y @ y.mT + y.mT @ y @ g.mT @ inside


@primitive(
    shape=lambda a, rcond: (*a[:-2], a[-1], a[-2]), vjps=[_pinv_rule], dtype=floats, name="pinv",
    cost=lambda out, a, **_: 20 * min(a[-2:]) * int(np.prod(a)),
    latex="{a}^{{+}}", glyph="⁺", onnx="MatMul(MatMul, Inverse)",
    domain={"a": [REGULAR[0], REGULAR[0][:2], REGULAR[1][..., :2]], "rcond": [1e-12]},
)  # fmt: skip
def _pinv(a, *, rcond):
    """Moore's and Penrose's inverse (…, N, M) of matrices (…, M, N)."""
    return decomposed("pinv", np.linalg.pinv, a, rcond)


def pinv(a: TensorLike, rcond: float | None = None, *, rtol: float | None = None) -> Tensor:
    """Moore's and Penrose's inverse (…, N, M) of matrices (…, M, N).

    Singular values up to rcond (or rtol) times the largest count as 0. The derivative is that of Golub & Pereyra
    (1973, 4.12), which holds where a change of the matrix leaves its rank as it is.

    Raises:
        ShapeError: a has fewer than two axes.
    """
    a = shaped(a)
    if len(a.shape) < 2:
        raise ShapeError(with_user_line(f"pinv: expected matrices (…, M, N), got shape {a.shape}"))
    cutoff = rcond if rtol is None else rtol
    if cutoff is None:
        cutoff = 1e-15 if rtol is None else np.finfo(a.dtype).eps
    return _pinv(a, rcond=cutoff)


def matrix_power(a: TensorLike, n: int) -> Tensor:
    """The product of n factors a, by repeated squaring; of −n inverses for n below 0; the identity for 0."""
    a = shaped(a)
    if n < 0:
        return matrix_power(inv(a), -n)
    power = a * 0 + np.eye(a.shape[-1], dtype=a.dtype) if n == 0 else None
    while n:
        if n % 2:
            power = a if power is None else power @ a
        n //= 2
        a = a @ a if n else a
    assert power is not None
    return power


def tensorinv(a: TensorLike, ind: int = 2) -> Tensor:
    """The inverse of a as a map from its last axes to its first `ind`."""
    a = shaped(a)
    first, last = a.shape[:ind], a.shape[ind:]
    return reshape(inv(reshape(a, (int(np.prod(first)), -1))), last + first)


def tensorsolve(a: TensorLike, b: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """The x whose sum of products with the last axes of a is b; `axes` of a are moved to its end first."""
    a, b = shaped(a), shaped(b)
    if axes is not None:
        a = moveaxis(a, tuple(axes), tuple(range(-len(axes), 0)))
    unknown = a.shape[len(b.shape) :]
    n = int(np.prod(unknown))
    return reshape(solve(reshape(a, (-1, n)), reshape(b, -1)), unknown)
