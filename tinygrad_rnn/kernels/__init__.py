"""Numba kernels over plain arrays. Each module is imported when it is first used, and Numba with it.

from ..kernels import fast
y = fast.sigmoid(x)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import fast as fast
    from . import loss_and_update as loss_and_update
    from . import products as products
    from . import scalars as scalars


def __getattr__(name: str) -> Any:
    if name not in ("fast", "loss_and_update", "products", "scalars"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
