"""All exercises in their order, and one by its name."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib
from collections.abc import Mapping
from typing import Any

from ..core.errors import ArgumentError
from .answer import answer
from .description import LANGUAGES, Exercise
from .grading import grade
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
    wanted = name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".py").lower()
    for e in exercises():
        if wanted in (e.name, e.file[:-3]) or (wanted.isdecimal() and int(wanted) == e.number):
            return e
    near = difflib.get_close_matches(wanted, ORDER, 1)
    hint = f" (did you mean {near[0]}?)" if near else f"; they are numbered 1 to {len(ORDER)} (learn --list)"
    raise ArgumentError(f"there is no exercise {name!r}{hint}")


def check(name: str, namespace: Mapping[str, Any], language: str = "en") -> bool:
    """Grade the functions of a namespace, ``globals()`` of a notebook, and print the answer.

    Args:
        name: of the exercise.
        namespace: where its functions are, by name.
        language: ``"en"`` or ``"zh"``.

    Returns:
        Whether all of it is right.

    Raises:
        ArgumentError: there is no such exercise or language.
    """
    if language not in LANGUAGES:
        raise ArgumentError(f"check: language is one of {', '.join(LANGUAGES)}, not {language!r}")
    one = exercise(name)
    wrong = grade(one, namespace)
    print("\n".join(text for _, text in answer(one, wrong, language)))
    return wrong is None
