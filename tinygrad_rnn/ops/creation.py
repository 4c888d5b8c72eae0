"""Making leaves. Defaults are NumPy's: float64 unless the data or `dtype` say otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import gathered
from ..core.errors import ArgumentError, DTypeError, GradientError, with_user_line
from ..core.mode import current
from ..core.tensor import Tensor, TensorLike
from .random import check_generator

__all__ = ["arange", "eye", "full", "full_like", "ones", "ones_like", "rand", "randn", "tensor", "zeros", "zeros_like"]

Shape = int | tuple[int, ...]


def tensor(data: TensorLike, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A leaf holding a copy of `data` (numbers, nested lists, an array, a tensor).

    Raises:
        DTypeError: the data is not numeric or boolean, or a gradient is asked of integers.
        GradientError: the data holds a tensor that requires a gradient, which would end here.
    """
    try:
        array = np.array(data, dtype=dtype)
    except GradientError:
        raise _ends("tensor") from None
    except (ValueError, TypeError) as error:
        raise DTypeError(with_user_line(f"tensor: {error}")) from None
    return _leaf(array, requires_grad, name)


def _ends(what: str) -> GradientError:
    why = "makes a leaf, and a tensor that it was given requires a gradient, which would end there"
    remedy = "join tensors with tg.stack or tg.concatenate, repeat one with .expand(shape), or give its .detach()"
    return GradientError(with_user_line(f"{what}: {why}; {remedy}"))


def _plain(what: str, value: Any) -> Any:
    """A number that a leaf is made of; of a tensor its value."""
    if isinstance(value, Tensor) and value.requires_grad and current().records:
        raise _ends(what)
    return value.numpy() if isinstance(value, Tensor) else value


def _leaf(array: np.ndarray, requires_grad: bool, name: str | None) -> Tensor:
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise DTypeError(with_user_line(f"tensor: expected numbers or booleans, got dtype {array.dtype}"))
    t = Tensor(array)
    t.name = name
    return t.requires_grad_() if requires_grad else t


def as_tensor(data: TensorLike) -> Tensor:
    """`data` itself if it is a tensor, lists with tensors in them stacked, else a constant."""
    data = gathered(data)
    if isinstance(data, Tensor):
        return data
    t = tensor(data)
    t.role = "constant"
    return t


def _sizes(what: str, shape: Shape) -> Shape:
    for n in shape if isinstance(shape, (tuple, list)) else (shape,):
        if not isinstance(n, (int, np.integer)) or n < 0:
            raise ArgumentError(with_user_line(f"{what}: a shape is a tuple of sizes, at least 0; got {shape!r}"))
    return shape


def zeros(shape: Shape, *, dtype: Any = np.float64, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A leaf of zeros."""
    return _leaf(np.zeros(_sizes("zeros", shape), dtype), requires_grad, name)


def ones(shape: Shape, *, dtype: Any = np.float64, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A leaf of ones."""
    return _leaf(np.ones(_sizes("ones", shape), dtype), requires_grad, name)


def full(
    shape: Shape, value: float, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None
) -> Tensor:
    """A leaf filled with one value, of the value's dtype unless told otherwise."""
    return _leaf(np.full(_sizes("full", shape), _plain("full", value), dtype), requires_grad, name)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    name: str | None = None,
) -> Tensor:
    """start, start + step, … below stop; ``arange(n)`` is 0 … n − 1. Integers give integers."""
    start, stop, step = (_plain("arange", x) for x in (start, stop, step))
    array = np.arange(start, dtype=dtype) if stop is None else np.arange(start, stop, step, dtype=dtype)
    return _leaf(array, requires_grad, name)


def eye(
    rows: int,
    columns: int | None = None,
    *,
    dtype: Any = np.float64,
    requires_grad: bool = False,
    name: str | None = None,
) -> Tensor:
    """The identity matrix: ones on the diagonal, zeros elsewhere."""
    return _leaf(np.eye(rows, columns, dtype=dtype), requires_grad, name)


def zeros_like(like: TensorLike, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """Zeros of the shape and (unless told otherwise) dtype of another tensor."""
    like = as_tensor(like)
    return zeros(like.shape, dtype=dtype or like.dtype, requires_grad=requires_grad, name=name)


def ones_like(like: TensorLike, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """Ones of the shape and (unless told otherwise) dtype of another tensor."""
    like = as_tensor(like)
    return ones(like.shape, dtype=dtype or like.dtype, requires_grad=requires_grad, name=name)


def full_like(
    like: TensorLike, value: float, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None
) -> Tensor:
    """One value in the shape and (unless told otherwise) dtype of another tensor."""
    like = as_tensor(like)
    return full(like.shape, value, dtype=dtype or like.dtype, requires_grad=requires_grad, name=name)


def rand(
    *shape: int,
    generator: np.random.Generator | None = None,
    dtype: Any = np.float64,
    requires_grad: bool = False,
    name: str | None = None,
) -> Tensor:
    """Numbers drawn uniformly from [0, 1).

    Raises:
        ArgumentError: no `generator` is given: randomness is explicit here.
    """
    check_generator("rand", generator)
    assert generator is not None
    return _leaf(generator.random(_drawn("rand", shape)).astype(dtype), requires_grad, name)


def randn(
    *shape: int,
    generator: np.random.Generator | None = None,
    dtype: Any = np.float64,
    requires_grad: bool = False,
    name: str | None = None,
) -> Tensor:
    """Numbers drawn from the standard normal distribution.

    Raises:
        ArgumentError: no `generator` is given: randomness is explicit here.
    """
    check_generator("randn", generator)
    assert generator is not None
    return _leaf(generator.standard_normal(_drawn("randn", shape)).astype(dtype), requires_grad, name)


def _drawn(what: str, shape: tuple[Any, ...]) -> Any:
    """``randn(2, 3)`` and ``randn((2, 3))`` are the same; so are numbers without a shape, 0-d arrays of one."""
    return _sizes(what, tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)
