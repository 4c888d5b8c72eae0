"""Numba kernels over plain arrays. Each module is imported when it is first used, and Numba with it.

from ..kernels import fast
y = fast.sigmoid(x)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import fast as fast
    from . import products as products
    from . import scalars as scalars
    from . import training as training


def __getattr__(name: str) -> Any:
    if name not in ("fast", "products", "scalars", "training"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
