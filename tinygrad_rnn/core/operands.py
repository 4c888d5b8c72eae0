"""What users give where a tensor is taken: arrays that they may fill again, and lists with tensors in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .tensor import Tensor


def holds_tensor(x: Any) -> bool:
    """Whether x is a tensor, or a nested list or tuple with one in it."""
    return isinstance(x, Tensor) or any(isinstance(leaf, Tensor) for leaf in _leaves(x))


def tensors_in(x: list[Any] | tuple[Any, ...]) -> tuple[Tensor, ...]:
    """The tensors in a nested list or tuple."""
    return tuple(leaf for leaf in _leaves(x) if isinstance(leaf, Tensor))


def list_dtype(x: Any) -> np.dtype:
    """The dtype of a nested list: what NumPy makes of those of its tensors and arrays. Python numbers never widen."""
    return np.result_type(*[leaf if type(leaf) in (bool, int, float) else _dtype(leaf) for leaf in _leaves(x)])


def takes_dtype(x: Any) -> bool:
    """Whether x is a Python number, or a nested list of them: it has no dtype of its own."""
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    return not hasattr(x, "dtype")


def array_of(x: Any, dtype: Any = None) -> np.ndarray:
    """x as an array where only its values count and are not differentiated: to store, load or print."""
    return np.asarray(x.numpy() if isinstance(x, Tensor) else x, dtype)


def owned(x: Any, dtype: Any = None) -> np.ndarray:
    """x as an array that nobody else can write to: a copy, unless nobody could anyway."""
    return np.asarray(x, dtype) if isinstance(x, np.ndarray) and not _open(x) else np.array(x, dtype)


def _open(array: np.ndarray) -> bool:
    """Whether somebody may write to its memory: through it, or through what it is a view of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return not (base is None or isinstance(base, bytes))


def _leaves(x: Any) -> Iterator[Any]:
    """The entries of nested lists and tuples, in no particular order; nothing of anything else."""
    stack = [x] if isinstance(x, (list, tuple)) else []
    while stack:
        for part in stack.pop():
            if isinstance(part, (list, tuple)):
                stack.append(part)
            else:
                yield part


def _dtype(leaf: Any) -> np.dtype:
    return leaf.dtype if isinstance(leaf, Tensor) else np.asarray(leaf).dtype
