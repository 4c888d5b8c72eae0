"""An exercise as its reader gets it: texts filled to a width, code with comments in one language."""

from __future__ import annotations

import re
import unicodedata

from .description import Exercise
from .sentences import in_language, said

WIDTH = 88
_TWO = re.compile(r"#(?P<space>\s*)(?P<en>[^#\n]*?) \|\| (?P<zh>[^\n]*)")
_NEVER_FIRST = "，。；：！？、）》”’%"


def code_in(code: str, language: str) -> str:
    """Code with each ``# English || 中文`` in one language."""
    return _TWO.sub(lambda m: f"#{m['space']}{m[language]}", code).strip("\n") + "\n"


def filled(text: str, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns; a Chinese character takes two. Lines that begin with two spaces stay."""
    lines: list[str] = []
    for paragraph in text.strip("\n").split("\n"):
        lines += (
            [paragraph.rstrip()] if paragraph.startswith("  ") or not paragraph.strip() else _wrap(paragraph, width)
        )
    return lines


def _wrap(paragraph: str, width: int) -> list[str]:
    line, lines = "", []
    for piece in re.findall(r"[\u2e80-\uffef][，。；：！？、）》”’]*|[^\s\u2e80-\uffef]+|\s+", paragraph):
        if line and columns(line + piece.rstrip()) > width and piece[0] not in _NEVER_FIRST:
            lines.append(line.rstrip())
            line = ""
        line += piece if line or piece.strip() else ""
    return [*lines, line.rstrip()]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def heading(exercise: Exercise, language: str) -> str:
    """``07 · Softmax``."""
    return f"{exercise.number:02} · {in_language(exercise.title, language)}"


def starter_file(exercise: Exercise, language: str) -> str:
    """The file that the reader gets: the task as a comment, then the code to begin with."""
    lines = [
        heading(exercise, language),
        "",
        *filled(in_language(exercise.task, language)),
        "",
        *filled(said("file check", language)),
        *[f"    tinygrad-rnn learn --{option} {exercise.name}" for option in ("check", "hint")],
    ]
    return "\n".join(f"# {line}".rstrip() for line in lines) + "\n\n" + code_in(exercise.starter, language)


def solution_text(exercise: Exercise, language: str) -> str:
    """The solution with what to take along from it."""
    return code_in(exercise.solution, language) + "\n" + "\n".join(
        f"# {line}" for line in filled(in_language(exercise.after, language))
    ) + "\n"  # fmt: skip
