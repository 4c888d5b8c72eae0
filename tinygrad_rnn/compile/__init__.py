"""Graph to fused Numba program: `scan` runs any cell over a sequence, compiled. Numba is imported when first needed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scanning import UncompiledWarning as UncompiledWarning
    from .scanning import scan as scan
    from .workers import get_num_threads as get_num_threads
    from .workers import set_num_threads as set_num_threads

_HOMES = {
    "UncompiledWarning": "scanning",
    "scan": "scanning",
    "get_num_threads": "workers",
    "set_num_threads": "workers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
