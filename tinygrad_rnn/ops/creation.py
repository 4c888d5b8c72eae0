"""Making leaves. Defaults are NumPy's: float64 unless the data or `dtype` say otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import DTypeError, with_user_line
from ..core.tensor import Tensor, TensorLike


def tensor(data: TensorLike, *, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A leaf holding a copy of `data` (numbers, nested lists, an array, a tensor).

    Raises:
        DTypeError: the data is not numeric or boolean, or a gradient is asked of integers.
    """
    try:
        array = np.array(data, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise DTypeError(with_user_line(f"tensor: {error}")) from None
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise DTypeError(with_user_line(f"tensor: expected numbers or booleans, got dtype {array.dtype}"))
    t = Tensor(array)
    t.name = name
    return t.requires_grad_() if requires_grad else t
