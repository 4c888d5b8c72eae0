"""`check`: the answer to whoever works in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from ..core.errors import ArgumentError
from .answer import answer
from .catalogue import exercise
from .description import LANGUAGES, Exercise
from .grading import Wrong, grade, loaded
from .reader_folder import PROGRESS, ReaderFolder


def check(name: str, namespace: Mapping[str, Any], language: str = "en") -> bool:
    """Grade the functions of a namespace, ``globals()`` of a notebook, and print the answer.

    In a reader's folder it is remembered there whether the exercise is done.

    Args:
        name: of the exercise.
        namespace: where its functions are, by name.
        language: ``"en"`` or ``"zh"``.

    Returns:
        Whether all of it is right.

    Raises:
        ArgumentError: there is no such exercise or language.
        FileFormatError: the folder's record of progress is damaged.
    """
    if language not in LANGUAGES:
        raise ArgumentError(f"check: language is one of {', '.join(LANGUAGES)}, not {language!r}")
    one = exercise(name)
    try:
        wrong = grade(one, namespace)
    except (KeyboardInterrupt, SystemExit) as error:  # a kernel that was interrupted: the line is the answer
        wrong = Wrong(0, -1, error=error)
    if Path(PROGRESS).exists():
        ReaderFolder(Path()).mark(one, wrong is None)
    print("\n".join(text for _, text in answer(one, wrong, language, _place(one, namespace))))
    return wrong is None


def _place(e: Exercise, namespace: Mapping[str, Any]) -> str:
    """The cell or file that defines a function of the exercise, as Python names it."""
    wanted = [name for name, x in loaded(e.starter).items() if isinstance(x, FunctionType)]
    defined = [x for name in wanted if isinstance(x := namespace.get(name), FunctionType)]
    return defined[0].__code__.co_filename if defined else ""
