"""All exercises in their order, and one by its name."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib

from ..core.errors import ArgumentError
from .description import Exercise
from .tasks import ORDER


@functools.cache
def exercises() -> tuple[Exercise, ...]:
    """Every exercise, the first to do first."""
    modules = [importlib.import_module(f".tasks.{name}", __package__) for name in ORDER]
    return tuple(
        dataclasses.replace(module.EXERCISE, name=name, number=k)
        for k, (name, module) in enumerate(zip(ORDER, modules, strict=True), 1)
    )


def exercise(name: str) -> Exercise:
    """An exercise by name, number or file: ``softmax``, ``7``, ``07_softmax.py``.

    Raises:
        ArgumentError: there is none.
    """
    wanted = name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".py").removesuffix(".ipynb").lower()
    for e in exercises():
        if wanted in (e.name, e.file[:-3]) or (wanted.isdecimal() and int(wanted) == e.number):
            return e
    near = difflib.get_close_matches(wanted, ORDER, 1)
    hint = f" (did you mean {near[0]}?)" if near else f"; they are numbered 1 to {len(ORDER)} (learn --list)"
    raise ArgumentError(f"there is no exercise {name!r}{hint}")
