"""Reductions that leave out entries that are not numbers: `where=` with their complement. NaN gets the gradient 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import shaped
from ..core.tensor import Tensor, TensorLike
from . import reductions
from .comparisons import where
from .reduce import Axis
from .rounding import isnan

__all__ = ["nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar"]


def _numbers(x: TensorLike) -> tuple[Any, Any]:
    """x with 0 for NaN, and where it is a number."""
    x = shaped(x)
    missing = isnan(x)
    return where(missing, 0, x), ~missing


def nansum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis` of what is a number, 0 of nothing."""
    return reductions.sum(_numbers(x)[0], axis, keepdims)


def nanprod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over `axis` of what is a number, 1 of nothing."""
    x, known = _numbers(x)
    return reductions.prod(x, axis, keepdims, where=known)


def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis` of what is a number, NaN of nothing."""
    x, known = _numbers(x)
    return reductions.mean(x, axis, keepdims, where=known)


def nanvar(x: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance over `axis` of what is a number, NaN of nothing."""
    x, known = _numbers(x)
    return reductions.var(x, axis, ddof, keepdims, where=known)


def nanstd(x: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation over `axis` of what is a number, NaN of nothing."""
    x, known = _numbers(x)
    return reductions.std(x, axis, ddof, keepdims, where=known)


def nanmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest number over `axis`, NaN if there is none."""
    return _extreme(reductions.max, x, axis, keepdims, -np.inf)


def nanmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest number over `axis`, NaN if there is none."""
    return _extreme(reductions.min, x, axis, keepdims, np.inf)


def _extreme(of: Any, x: TensorLike, axis: Axis, keepdims: bool, least: float) -> Tensor:
    x = shaped(x)
    missing = isnan(x)
    y = of(where(missing, least, x), axis, keepdims)
    return where(reductions.all(missing, axis, keepdims), np.nan, y)
