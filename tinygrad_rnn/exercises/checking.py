"""`check`: the answer to whoever works in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import ArgumentError
from .answer import answer
from .catalogue import exercise
from .description import LANGUAGES
from .grading import Wrong, grade
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
    except SystemExit as error:
        wrong = Wrong(0, -1, error=error)
    if Path(PROGRESS).exists():
        ReaderFolder(Path()).mark(one, wrong is None)
    print("\n".join(text for _, text in answer(one, wrong, language)))
    return wrong is None
