"""Softmax and its logarithms, without overflow: the largest entry is taken out first."""

from __future__ import annotations

import numpy as np

from ..core.declare import primitive
from ..core.errors import ShapeError
from .functions import exp
from .reduce import REDUCTION, count, mean_dtype, reduced_axes, reduced_shape, spread


def _same_shape(x, *, axis):
    reduced_axes(x, axis)
    return x


_SOFTMAX = {"x": [(2, 3), (3, 1), (2, 3, 2), (0, 3)], "axis": [0, -1, (0, 1)]}


def _shifted(x, axis):
    """x less its largest entry along `axis`; one that is infinite is left alone."""
    if not x.size:
        return x
    top = x.max(axis=axis, keepdims=True)
    return x - np.where(np.isfinite(top), top, 0)


def _softmax(x, *, axis):
    e = (x - x.max(axis=axis, keepdims=True)).exp()
    return e / e.sum(axis=axis, keepdims=True)


@primitive(
    shape=_same_shape, dtype=mean_dtype, kind="normalisation", expansion=_softmax,
    vjps=[lambda g, y, x, axis: y * (g - (g * y).sum(axis=axis, keepdims=True))],
    latex=r"\operatorname{{softmax}}({x})", glyph="softmax", onnx="Softmax", domain=_SOFTMAX,
)  # fmt: skip
def softmax(x, *, axis=-1):
    """e^x / Σ e^x over `axis`."""
    e = np.exp(_shifted(x, axis))
    return e / e.sum(axis=axis, keepdims=True)


def _log_softmax(x, *, axis):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - shifted.exp().sum(axis=axis, keepdims=True).log()


@primitive(
    shape=_same_shape, dtype=mean_dtype, kind="normalisation", expansion=_log_softmax,
    vjps=[lambda g, y, x, axis: g - exp(y) * g.sum(axis=axis, keepdims=True)],
    latex=r"\operatorname{{log\,softmax}}({x})", glyph="log softmax", onnx="LogSoftmax", domain=_SOFTMAX,
)  # fmt: skip
def log_softmax(x, *, axis=-1):
    """x − ln Σ e^x over `axis`: the logarithm of `softmax`, exact where that underflows."""
    x = _shifted(x, axis)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True)) if x.size else x


def _logsumexp_shape(x, *, axis, keepdims):
    shape = reduced_shape(x, axis=axis, keepdims=keepdims)
    if not count(x, axis) and 0 not in shape:
        raise ShapeError(f"axis {axis} has no entries")
    return shape


def _logsumexp(x, *, axis, keepdims):
    m = x.max(axis=axis, keepdims=True)
    y = (x - m).exp().sum(axis=axis, keepdims=True).log() + m
    return y if keepdims else y.reshape(reduced_shape(x.shape, axis=axis, keepdims=False))


@primitive(
    shape=_logsumexp_shape, dtype=mean_dtype, kind="reduction", expansion=_logsumexp,
    vjps=[lambda g, y, x, axis, keepdims: spread(g, x.shape, axis) * exp(x - spread(y, x.shape, axis))],
    latex=r"\ln \sum e^{{{x}}}", glyph="ln Σ e", onnx="ReduceLogSumExp", domain=REDUCTION,
)  # fmt: skip
def logsumexp(x, *, axis=None, keepdims=False):
    """ln Σ e^x over `axis`: a smooth maximum. Its gradient is the softmax.

    Raises:
        ShapeError: there are no entries.
    """
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return y if keepdims else y.reshape(reduced_shape(x.shape, axis=axis, keepdims=False))
