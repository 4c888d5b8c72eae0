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


def inner(*, noalias: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` for what only compiled code calls: without the wrappers by which Python would, and not saved alone.

    With `noalias` its arrays are distinct, which lets loops over them be vectorised. Numba knows these attributes (they
    are compiler flags) but has no options for them; without them loops are only slower, and take longer to compile.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        compiler = getattr(dispatcher, "_compiler", None)
        customize = getattr(compiler, "_customize_flags", None)
        if customize is not None:

            def customized(flags: Any) -> Any:
                flags = customize(flags)
                flags.noalias = noalias
                flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
                return flags

            compiler._customize_flags = customized  # type: ignore[union-attr]
        return dispatcher

    return decorated


def cfunc(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.cfunc` with a cache on disk that need not be written."""

    def decorated(function: Callable[..., Any]) -> Any:
        try:
            return numba.cfunc(signature, cache=True, **options)(function)
        except OSError:
            return numba.cfunc(signature, **options)(function)

    return decorated
