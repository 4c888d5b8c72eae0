"""What layers and cells are given: numbers and lists take their dtype, arrays and tensors must have it."""

from __future__ import annotations

import numpy as np

from ..core.errors import DTypeError, with_user_line
from ..core.tensor import Tensor
from .module import Module


def check_dtype(module: Module, what: str, x: Tensor, own: np.dtype) -> None:
    """Raise if x, which errors call `what`, is not of the dtype a module computes in.

    Raises:
        DTypeError: it is not; says how to make it so.
    """
    if x.dtype != own:
        cure = f"use {what}.astype(np.{own})"
        if x.dtype.kind == "f":
            cure += f", or make the {type(module).__name__} with dtype=np.{x.dtype}"
        raise DTypeError(
            with_user_line(f"{type(module).__name__}: {what} is {x.dtype}, the parameters are {own}: {cure}")
        )
