"""Graph to fused Numba program: `scan` runs any cell over a sequence, compiled. Numba is imported when first needed.

The package can be called: ``tg.compile(step)`` gives a function that runs without building a graph (`compile_step`),
``tg.compile(cell, xs)`` the programs of a cell, to read (`compile_cell`).
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compiled import Compiled as Compiled
    from .compiled import compile_cell as compile_cell
    from .scanning import UncompiledWarning as UncompiledWarning
    from .scanning import scan as scan
    from .whole_step import CompiledStep as CompiledStep
    from .whole_step import compile_step as compile_step
    from .workers import get_num_threads as get_num_threads
    from .workers import set_num_threads as set_num_threads

_HOMES = {
    "Compiled": "compiled",
    "compile_cell": "compiled",
    "CompiledStep": "whole_step",
    "compile_step": "whole_step",
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


class _Callable(ModuleType):
    """`tg.compile` is this package and, by its name in the field, a function."""

    def __call__(self, cell: Any, xs: Any = None, state: Any = None) -> Any:
        if xs is None:
            return __getattr__("compile_step")(cell)
        return __getattr__("compile_cell")(cell, xs, state)


sys.modules[__name__].__class__ = _Callable
