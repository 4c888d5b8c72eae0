"""`Parameter`: a leaf tensor that training changes."""

from __future__ import annotations

import numpy as np

from ..core.errors import DTypeError, with_user_line
from ..core.tensor import Tensor, TensorLike


class Parameter(Tensor):
    """A leaf tensor that training changes: it requires a gradient and is drawn as a parameter.

    Holds a copy of `array`. A `Module` names it after the attribute it is stored in.

    Raises:
        DTypeError: `array` holds neither float32 nor float64 numbers.
    """

    __slots__ = ()

    def __init__(self, array: TensorLike, name: str | None = None):
        values = np.array(array)
        if values.dtype not in (np.float32, np.float64):
            raise DTypeError(with_user_line(f"Parameter: expected float32 or float64 values, got {values.dtype}"))
        super().__init__(values, requires_grad=True)
        self.name = name
        self.role = "parameter"
