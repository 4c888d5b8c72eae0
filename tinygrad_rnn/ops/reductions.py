"""NumPy's reductions with all that NumPy users type: `dtype`, `where` and `initial`, said with ops.

Each is the op of the same name where none of these is given. `dtype` casts first, `where` leaves entries out and
`initial` takes part as one more entry; all three are nodes that a reader of the graph sees.
"""

from __future__ import annotations

from typing import Any

from ..core.apply import shaped
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import cumulative, extrema, reduce, statistics
from .comparisons import equal, maximum, minimum, not_equal
from .comparisons import where as choose
from .functions import sqrt
from .keywords import answering
from .rearranging import atleast_1d
from .reduce import Axis

__all__ = ["all", "any", "count_nonzero", "cumsum", "max", "mean", "min", "prod", "ptp", "std", "sum", "var"]


@answering
def sum(
    x: TensorLike,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dtype: Any = None,
    initial: Any = None,
    where: Any = None,
) -> Tensor:
    """The sum over `axis`, 0 of nothing; booleans and integers add up as int64."""
    if dtype is not None or where is not None:
        x = _kept(_cast(x, dtype), where, 0)
    y = reduce.sum(x, axis=axis, keepdims=keepdims)
    return y if initial is None else y + initial


@answering
def prod(
    x: TensorLike,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dtype: Any = None,
    initial: Any = None,
    where: Any = None,
) -> Tensor:
    """The product over `axis`, 1 of nothing. The gradient is exact when entries are 0, at every order."""
    y = cumulative.prod(_kept(_cast(x, dtype), where, 1), axis=axis, keepdims=keepdims)
    return y if initial is None else y * initial


@answering
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None, where: Any = None) -> Tensor:
    """The arithmetic mean over `axis`; NaN of nothing."""
    if where is None:
        return reduce.mean(x if dtype is None else _cast(x, dtype), axis=axis, keepdims=keepdims)
    x = _cast(x, dtype)
    return sum(x, axis, keepdims, where=where) / _count(x, where, axis, keepdims)


@answering
def var(
    x: TensorLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: Any = None, where: Any = None
) -> Tensor:
    """The variance over `axis`: squared deviations from the mean, summed and divided by their number less ddof.

    Raises:
        ShapeError: ddof leaves nothing to divide by.
    """
    x = _cast(x, dtype)
    if where is None:
        return statistics.var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    x = _kept(x, where, 0)  # no NaN of an entry left out may reach the square, and its rule
    deviation = x - mean(x, axis, keepdims=True, where=where)
    return sum(deviation * deviation, axis, keepdims, where=where) / (_count(x, where, axis, keepdims) - ddof)


@answering
def std(
    x: TensorLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: Any = None, where: Any = None
) -> Tensor:
    """The standard deviation over `axis`, the root of `var`. Where it is 0 the gradient is 0, as in PyTorch.

    Raises:
        ShapeError: ddof leaves nothing to divide by.
    """
    x = _cast(x, dtype)
    if where is None:
        return statistics.std(x, axis=axis, ddof=ddof, keepdims=keepdims)
    variance = var(x, axis, ddof, keepdims, where=where)
    constant = equal(variance, 0)
    return choose(constant, 0, sqrt(choose(constant, 1, variance)))


@answering
def max(x: TensorLike, axis: Axis = None, keepdims: bool = False, *, initial: Any = None, where: Any = None) -> Tensor:
    """The largest entry over `axis`, NaN if one is. Ties share the gradient equally, as in PyTorch's amax.

    Raises:
        ShapeError: there are no entries to choose from.
        ArgumentError: `where` without `initial`, which has to stand in where no entry is left.
    """
    return _extreme("max", extrema.max, maximum, x, axis, keepdims, initial, where)


@answering
def min(x: TensorLike, axis: Axis = None, keepdims: bool = False, *, initial: Any = None, where: Any = None) -> Tensor:
    """The smallest entry over `axis`, NaN if one is. Ties share the gradient equally, as in PyTorch's amin.

    Raises:
        ShapeError: there are no entries to choose from.
        ArgumentError: `where` without `initial`, which has to stand in where no entry is left.
    """
    return _extreme("min", extrema.min, minimum, x, axis, keepdims, initial, where)


@answering
def all(x: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Any = None) -> Tensor:
    """Whether no entry is 0 over `axis`; true of nothing."""
    return equal(sum(equal(x, 0), axis, keepdims, where=where), 0)


@answering
def any(x: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Any = None) -> Tensor:
    """Whether an entry is not 0 over `axis`; false of nothing."""
    return not_equal(sum(not_equal(x, 0), axis, keepdims, where=where), 0)


@answering
def count_nonzero(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many entries are not 0 over `axis`."""
    return sum(not_equal(x, 0), axis, keepdims)


@answering
def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """From the smallest to the largest entry over `axis`."""
    return extrema.max(x, axis=axis, keepdims=keepdims) - extrema.min(x, axis=axis, keepdims=keepdims)


@answering
def cumsum(x: TensorLike, axis: int | None = None, *, dtype: Any = None) -> Tensor:
    """Running sums along `axis`: entry i is the sum of entries 0 … i. None runs through all entries in order."""
    return cumulative.cumsum(atleast_1d(_cast(x, dtype)), axis)


def _cast(x: TensorLike, dtype: Any) -> Any:
    x = shaped(x)
    return x if dtype is None or x.dtype == dtype else x.astype(dtype)


def _kept(x: Any, where: Any, instead: Any) -> Any:
    """x where the mask holds, broadcast as NumPy broadcasts the mask."""
    return x if where is None else choose(broadcast_to(shaped(where), shape=x.shape), x, instead)


def _count(x: Any, where: Any, axis: Axis, keepdims: bool) -> Any:
    """How many entries the mask keeps."""
    return reduce.sum(broadcast_to(shaped(where), shape=x.shape), axis=axis, keepdims=keepdims)


def _extreme(
    name: str, op: Any, of_two: Any, x: TensorLike, axis: Axis, keepdims: bool, initial: Any, where: Any
) -> Tensor:
    if where is not None and initial is None:
        raise ArgumentError(with_user_line(f"{name}: where= needs initial=, the result where no entry is left"))
    x = shaped(x)
    x = _kept(x, where, initial)
    if initial is None:
        return op(x, axis=axis, keepdims=keepdims)
    if not reduce.count(x.shape, axis):
        return broadcast_to(shaped(initial), shape=reduce.reduced_shape(x.shape, axis=axis, keepdims=keepdims))
    return of_two(op(x, axis=axis, keepdims=keepdims), initial)
