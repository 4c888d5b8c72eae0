"""Initial values of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DTypeError, ShapeError, with_user_line
from ..core.mode import no_grad
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


def chrono_(module: Any, longest: int, generator: np.random.Generator | None = None) -> None:
    """Let a cell, or every cell in a module, begin with memories of 1 to `longest` steps (Tallec & Ollivier 2018).

        b_keep = ln u,   u ∈ U[1, longest − 1];   b_admit = −b_keep (of an LSTM, its input gate)

    A gate with bias ln u keeps about 1 − 1/u of a memory at each step, that is, for u steps. Two biases of a gate are
    set together, the second to 0. For LSTM, projected LSTM, GRU and JANET cells.

    >>> cell = tg.nn.LSTMCell(2, 4)
    >>> tg.nn.chrono_(cell, 100, np.random.default_rng(0))
    >>> bool((cell.bias_ih.numpy()[4:8] >= 0).all())
    True

    Raises:
        ArgumentError: `longest` is below 2, or no cell in it has such a gate and a bias.
    """
    if longest < 2:
        raise ArgumentError(with_user_line(f"chrono_: longest must be at least 2 steps, got {longest}"))
    generator = np.random.default_rng() if generator is None else generator
    cells = [m for m in module.modules() if getattr(m, "keeps", None) is not None and m.bias_ih is not None]
    if not cells:
        raise ArgumentError(
            with_user_line(f"chrono_: {type(module).__name__} has no LSTM, GRU or JANET cell with a bias")
        )
    for cell in cells:
        H = cell.hidden_size
        kept = np.log(generator.uniform(1, max(longest - 1, 1), H))
        biases = [(cell.bias_ih, 1.0)] + ([] if cell.bias_hh is None else [(cell.bias_hh, 0.0)])
        for bias, share in biases:
            values = bias.numpy().copy()
            values[cell.keeps * H : (cell.keeps + 1) * H] = share * kept
            if cell.admits is not None:
                values[cell.admits * H : (cell.admits + 1) * H] = -share * kept
            with no_grad():
                bias.assign_(values)
