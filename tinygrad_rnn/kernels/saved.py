"""Numba's `njit` and `cfunc`, saved for the next process where there is room: a full disk costs only time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numba


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with a cache on disk that need not be written."""

    def decorated(function: Callable[..., Any]) -> Any:
        made: Any = numba.njit(cache=True, **options)(function)
        cache = getattr(made, "_cache", None)  # none where Numba's compiler is switched off
        if cache is not None:
            save = cache.save_overload

            def save_if_there_is_room(signature: Any, data: Any) -> None:
                with contextlib.suppress(OSError):
                    save(signature, data)

            cache.save_overload = save_if_there_is_room
        return made

    return decorated


def cfunc(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.cfunc` with a cache on disk that need not be written."""

    def decorated(function: Callable[..., Any]) -> Any:
        try:
            return numba.cfunc(signature, cache=True, **options)(function)
        except OSError:
            return numba.cfunc(signature, **options)(function)

    return decorated
