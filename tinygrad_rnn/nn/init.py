"""Initial values of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import DTypeError, ShapeError, with_user_line
from .parameter import Parameter


class Uniform:
    """Draws parameters from U(−bound, bound), bound = 1/√fan, as PyTorch's recurrent and linear layers do.

    Drawn in float64 whatever the dtype, so that a seed gives the same network in float32 and float64.
    """

    def __init__(self, fan: int, dtype: Any, generator: np.random.Generator | None):
        self.bound = 1 / np.sqrt(max(fan, 1))
        self.dtype = parameter_dtype(dtype)
        self.generator = np.random.default_rng() if generator is None else generator

    def __call__(self, *shape: int) -> Parameter:
        return self.between(-self.bound, self.bound, *shape)

    def between(self, low: float, high: float, *shape: int) -> Parameter:
        """From U(low, high)."""
        return Parameter(self.generator.uniform(low, high, shape).astype(self.dtype))


def parameter_dtype(dtype: Any) -> np.dtype:
    """`dtype` if parameters can have it."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise DTypeError(with_user_line(f"dtype: expected np.float32 or np.float64, got {dtype!r}"))
    return np.dtype(dtype)


def check_sizes(owner: object, **sizes: int) -> None:
    """Raise `ShapeError` unless every size is a positive integer."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ShapeError(with_user_line(f"{type(owner).__name__}: {name} must be a positive integer, got {size!r}"))
