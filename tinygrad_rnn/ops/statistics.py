"""Variance, standard deviation and norms along axes."""

from __future__ import annotations

import numpy as np

from ..core.declare import primitive
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .arithmetic import absolute, sign
from .comparisons import where
from .extrema import max
from .reduce import REDUCTION, Axis, count, mean_dtype, reduced_shape, spread, sum

__all__ = ["norm"]


def over(g, y):
    """g / y, and 0 where y is 0."""
    zero = y == 0
    return where(zero, 0, g / where(zero, 1, y))


def _varied_shape(x, *, axis, ddof, keepdims):
    if count(x, axis) <= ddof:
        raise ShapeError(f"{count(x, axis)} entries with ddof={ddof} leave none to average")
    return reduced_shape(x, axis=axis, keepdims=keepdims)


def _varied(x, axis, ddof):
    """Deviations from the mean and the number to divide their squares by; checked."""
    _varied_shape(x.shape, axis=axis, ddof=ddof, keepdims=False)
    return x - x.mean(axis=axis, keepdims=True), count(x.shape, axis) - ddof


def _var_vjp(g, y, x, axis, ddof, keepdims):
    deviation, n = _varied(x, axis, ddof)
    return spread(g, x.shape, axis) * deviation * (2 / n)


_VARIATION = {**REDUCTION, "x": [(2, 3), (2, 3, 2)], "ddof": [0, 1]}


def _var(x, *, axis, ddof, keepdims):
    n = count(x.shape, axis)
    d = x - x.sum(axis=axis, keepdims=True) * (1.0 / n)
    return (d * d).sum(axis=axis, keepdims=keepdims) * (1.0 / (n - ddof))


@primitive(
    shape=_varied_shape, vjps=[_var_vjp], dtype=mean_dtype, kind="reduction", expansion=_var,
    numpy="x.var(axis=axis, ddof=ddof, keepdims=keepdims)",
    latex=r"\operatorname{{var}}({x})", glyph="var", onnx="ReduceMean(Square)", domain=_VARIATION,
)  # fmt: skip
def var(x, *, axis=None, ddof=0, keepdims=False):
    """The variance over `axis`: squared deviations from the mean, summed and divided by their number less ddof.

    Raises:
        ShapeError: ddof leaves nothing to divide by.
    """
    _varied_shape(x.shape, axis=axis, ddof=ddof, keepdims=keepdims)
    return x.var(axis=axis, ddof=ddof, keepdims=keepdims)


def _std_vjp(g, y, x, axis, ddof, keepdims):
    deviation, n = _varied(x, axis, ddof)
    return spread(over(g, y), x.shape, axis) * deviation * (1 / n)


@primitive(
    shape=_varied_shape, vjps=[_std_vjp], dtype=mean_dtype, kind="reduction",
    expansion=lambda x, **attrs: _var(x, **attrs).sqrt(), numpy="x.std(axis=axis, ddof=ddof, keepdims=keepdims)",
    latex=r"\operatorname{{std}}({x})", glyph="std", onnx="Sqrt(ReduceMean(Square))", domain=_VARIATION,
)  # fmt: skip
def std(x, *, axis=None, ddof=0, keepdims=False):
    """The standard deviation over `axis`, the root of `var`. Where it is 0 the gradient is 0, as in PyTorch.

    Raises:
        ShapeError: ddof leaves nothing to divide by.
    """
    _varied_shape(x.shape, axis=axis, ddof=ddof, keepdims=keepdims)
    return x.std(axis=axis, ddof=ddof, keepdims=keepdims)


def _norm_vjp(g, y, x, axis, ord, keepdims):
    g, y = spread(g, x.shape, axis), spread(y, x.shape, axis)
    if ord == 1:
        return g * sign(x)
    if ord == 2:
        return x * over(g, y)
    return sign(x) * absolute(x) ** (ord - 1) * over(g, y ** (ord - 1))


def _powers_summed(x, *, axis, ord, keepdims):
    if ord == 1:
        return absolute(x).sum(axis=axis, keepdims=keepdims)
    if ord == 2:
        return (x * x).sum(axis=axis, keepdims=keepdims).sqrt()
    return (absolute(x) ** ord).sum(axis=axis, keepdims=keepdims) ** (1 / ord)


@primitive(
    shape=lambda x, axis, ord, keepdims: reduced_shape(x, axis=axis, keepdims=keepdims), vjps=[_norm_vjp],
    dtype=mean_dtype, kind="reduction", expansion=_powers_summed, name="norm",
    composed=lambda x, axis, ord, keepdims: sum(absolute(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord),
    latex=r"\left\lVert{x}\right\rVert", glyph="‖·‖", plain="‖{x}‖", onnx="ReduceL2",
    domain={**REDUCTION, "ord": [1, 2, 3.5], "range": (0.2, 3.0)},
)  # fmt: skip
def _norm(x, *, axis=None, ord=2, keepdims=False):
    """(Σ |x|^ord)^(1/ord) over `axis`."""
    if ord == 1:
        return np.abs(x).sum(axis=axis, keepdims=keepdims)
    if ord == 2:
        return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))
    return (np.abs(x) ** ord).sum(axis=axis, keepdims=keepdims) ** (1 / ord)


def norm(x: TensorLike, axis: Axis = None, ord: float = 2, keepdims: bool = False) -> Tensor:
    """The vector norm (Σ |x|^ord)^(1/ord) over `axis`; the largest |x| for ord infinity.

    All entries count as one vector when `axis` is None. The gradient where the norm is 0 is 0, as in PyTorch.

    Raises:
        ArgumentError: ord is below 1: no norm.
    """
    if ord == np.inf:
        return max(absolute(x), axis=axis, keepdims=keepdims)
    if not ord >= 1:
        raise ArgumentError(with_user_line(f"norm: ord is at least 1, got {ord}"))
    return _norm(x, axis=axis, ord=ord, keepdims=keepdims)
