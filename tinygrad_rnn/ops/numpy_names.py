"""Which op each function of NumPy is: the one of the same name, or what stands in the tables below.

A function that takes its arguments in NumPy's order needs no word here. The others are adapted in a line each: NumPy
puts `dtype` and `out` before `keepdims`. An argument that is missing here is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from . import (
    arithmetic,
    averages,
    comparisons,
    creation,
    decompositions,
    differences,
    einstein,
    exponentials,
    extrema,
    functions,
    joining,
    linalg,
    matrices,
    matrix_norms,
    padding,
    products,
    rearranging,
    reductions,
    rounding,
    selecting,
    shaping,
    sorting,
    stacking,
    trigonometry,
    without_nan,
)

_THEMES = (
    arithmetic, comparisons, extrema, functions, joining, linalg, shaping, sorting, averages, differences, exponentials,
    padding, products, rearranging, reductions, rounding, selecting, stacking, trigonometry,
)  # fmt: skip
_MATRICES = (decompositions, linalg, matrices, matrix_norms, products)


def _same_names(namespace: Any, themes: tuple[Any, ...]) -> dict[Any, Callable[..., Any]]:
    """NumPy's functions of a namespace that have the name of one of ours."""
    return {
        getattr(namespace, name): function
        for module in themes
        for name, function in vars(module).items()
        if name[0] != "_" and getattr(function, "__module__", None) == module.__name__ and hasattr(namespace, name)
    }


_ALIKE = _same_names(np, _THEMES) | _same_names(np.linalg, _MATRICES)

#: NumPy's ufuncs that are ops.
UFUNCS: dict[Any, Callable[..., Any]] = {f: ours for f, ours in _ALIKE.items() if isinstance(f, np.ufunc)} | {
    np.bitwise_and: comparisons.logical_and,
    np.bitwise_or: comparisons.logical_or,
    np.bitwise_xor: comparisons.logical_xor,
    np.invert: comparisons.logical_not,
    np.positive: lambda x: x,
    np.conjugate: rearranging.copy,
    np.fabs: arithmetic.absolute,
    np.degrees: trigonometry.rad2deg,
    np.radians: trigonometry.deg2rad,
    np.float_power: arithmetic.power,
    np.signbit: lambda x: x < 0,
    np.vecdot: products.vecdot,
    np.matvec: products.matvec,
    np.vecmat: products.vecmat,
}

#: Questions whose answer is not differentiable: asked of the values, answered with what NumPy answers.
QUESTIONS = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal,
    np.allclose, np.isclose, np.array_equal, np.array_equiv, np.isposinf, np.isneginf,
    np.array_repr, np.array_str, np.array2string, np.may_share_memory, np.shares_memory,
    np.argwhere, np.flatnonzero, np.nonzero, np.searchsorted, np.digitize, np.argpartition, np.lexsort,
    np.nanargmax, np.nanargmin, np.linalg.matrix_rank,
}  # fmt: skip


def _reduction(ours: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's order: (a, axis, dtype, out, keepdims)."""

    def adapted(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
        given = {k: v for k, v in {"dtype": dtype, "initial": initial, "where": where}.items() if v is not None}
        return ours(a, axis, keepdims=keepdims, **_without_out(out, given))

    return adapted


def _extreme(ours: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's order: (a, axis, out, keepdims)."""

    def adapted(a, axis=None, out=None, keepdims=False, initial=None, where=None):
        given = {k: v for k, v in {"initial": initial, "where": where}.items() if v is not None}
        return ours(a, axis=axis, keepdims=keepdims, **_without_out(out, given))

    return adapted


def _variation(ours: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's order: (a, axis, dtype, out, ddof, keepdims)."""

    def adapted(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=None, correction=None):
        given = {k: v for k, v in {"dtype": dtype, "where": where}.items() if v is not None}
        return ours(a, axis, ddof if correction is None else correction, keepdims, **_without_out(out, given))

    return adapted


def _without_out(out: Any, given: dict[str, Any]) -> dict[str, Any]:
    if out is not None:
        raise TypeError("it takes no out: a tensor is the result, not a place for it")
    return given


def _clip(a, a_min=None, a_max=None, *, min=None, max=None) -> Tensor:
    low, high = a_min if min is None else min, a_max if max is None else max
    return comparisons.clip(a, low=-np.inf if low is None else low, high=np.inf if high is None else high)


def _cast_to(dtype: Any, y: Any) -> Any:
    return y if dtype is None else y.astype(dtype)


def _einsum(*operands: Any, optimize: Any = False) -> Tensor:
    return einstein.einsum(*operands, optimize=optimize)


def _where(condition: Any, *choices: Any) -> Any:
    return comparisons.where(condition, *choices) if choices else np.nonzero(np.asarray(condition))


#: NumPy's other functions that are ops.
FUNCTIONS: dict[Any, Callable[..., Any]] = {f: ours for f, ours in _ALIKE.items() if not isinstance(f, np.ufunc)} | {
    np.sum: _reduction(reductions.sum),
    np.prod: _reduction(reductions.prod),
    np.mean: _reduction(reductions.mean),
    np.var: _variation(reductions.var),
    np.std: _variation(reductions.std),
    np.max: _extreme(reductions.max),
    np.min: _extreme(reductions.min),
    np.amax: _extreme(reductions.max),
    np.amin: _extreme(reductions.min),
    np.nansum: _reduction(without_nan.nansum),
    np.nanprod: _reduction(without_nan.nanprod),
    np.nanmean: _reduction(without_nan.nanmean),
    np.nanvar: _variation(without_nan.nanvar),
    np.nanstd: _variation(without_nan.nanstd),
    np.nanmax: _extreme(without_nan.nanmax),
    np.nanmin: _extreme(without_nan.nanmin),
    np.any: _extreme(reductions.any),
    np.all: _extreme(reductions.all),
    np.argmax: _extreme(extrema.argmax),
    np.argmin: _extreme(extrema.argmin),
    np.median: lambda a, axis=None, *, keepdims=False: averages.median(a, axis, keepdims),
    np.quantile: lambda a, q, axis=None, *, keepdims=False: averages.quantile(a, q, axis, keepdims=keepdims),
    np.percentile: lambda a, q, axis=None, *, keepdims=False: averages.percentile(a, q, axis, keepdims=keepdims),
    np.count_nonzero: lambda a, axis=None, *, keepdims=False: reductions.count_nonzero(a, axis, keepdims),
    np.ptp: lambda a, axis=None, *, keepdims=False: reductions.ptp(a, axis, keepdims),
    np.take: lambda a, indices, axis=None, out=None, mode="raise": selecting.take(
        a, indices, axis, **_without_out(out, {"mode": mode})
    ),
    np.cumsum: lambda a, axis=None, dtype=None: reductions.cumsum(a, axis, dtype=dtype),
    np.cumprod: lambda a, axis=None, dtype=None: differences.cumprod(a, axis, dtype=dtype),
    np.where: _where,
    np.clip: _clip,
    np.nan_to_num: lambda x, copy=True, nan=0.0, posinf=None, neginf=None: rounding.nan_to_num(x, nan, posinf, neginf),
    np.around: rounding.round,
    np.fix: rounding.trunc,
    np.copy: lambda a: rearranging.copy(a),
    np.real: rearranging.copy,
    np.astype: lambda x, dtype: x.astype(dtype),
    np.cumulative_sum: lambda x, axis=None, dtype=None: reductions.cumsum(x, axis, dtype=dtype),
    np.cumulative_prod: lambda x, axis=None, dtype=None: differences.cumprod(x, axis, dtype=dtype),
    np.real_if_close: rearranging.copy,
    np.einsum: _einsum,
    np.transpose: lambda a, axes=None: rearranging.transpose(a, axes),
    np.matrix_transpose: lambda x: x.mT,
    np.linalg.matrix_transpose: lambda x: x.mT,
    np.squeeze: lambda a, axis=None: shaping.squeeze(a, axis=axis),
    np.broadcast_to: lambda array, shape: shaping.expand(array, shape),
    np.reshape: lambda a, shape, order="C": shaping.reshape(a, shape) if order == "C" else _order(order),
    np.ravel: lambda a, order="C": rearranging.ravel(a) if order == "C" else _order(order),
    np.flip: lambda m, axis=None: shaping.flip(m, axis=axis),
    np.roll: lambda a, shift, axis=None: shaping.roll(a, shift=shift, axis=axis),
    np.concatenate: lambda arrays, axis=0, *, dtype=None: _cast_to(dtype, joining.concatenate(arrays, axis)),
    np.stack: lambda arrays, axis=0, *, dtype=None: _cast_to(dtype, joining.stack(arrays, axis)),
    np.sort: lambda a, axis=-1, *, kind=None, stable=None: sorting.sort(a, axis),
    np.argsort: lambda a, axis=-1, *, kind=None, stable=None: sorting.argsort(
        rearranging.ravel(a) if axis is None else a, axis=-1 if axis is None else axis, descending=False
    ),
    np.linspace: lambda start, stop, num=50, endpoint=True, retstep=False, *, axis=0: differences.linspace(
        start, stop, num, endpoint, retstep, axis
    ),
    np.linalg.diagonal: lambda x, *, offset=0: selecting.diagonal(x, offset, -2, -1),
    np.linalg.trace: lambda x, *, offset=0: selecting.trace(x, offset, -2, -1),
    np.linalg.vecdot: lambda x1, x2, axis=-1: products.vecdot(x1, x2, axis),
    np.zeros_like: lambda a, dtype=None: creation.zeros_like(a, dtype=dtype),
    np.ones_like: lambda a, dtype=None: creation.ones_like(a, dtype=dtype),
    np.full_like: lambda a, fill_value, dtype=None: creation.full_like(a, fill_value, dtype=dtype),
}


def _order(order: str) -> Any:
    raise TypeError(f"it keeps entries in row-major order, order='C', not {order!r}")
