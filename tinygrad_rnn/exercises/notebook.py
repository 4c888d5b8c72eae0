"""An exercise as a notebook, made from what its file is made from."""

from __future__ import annotations

import json
from typing import Any

from .description import Exercise
from .paper import code_in, heading
from .sentences import in_language, said


def notebook_text(e: Exercise, language: str) -> str:
    """The notebook, as JSON (nbformat 4.5): the task, the code to begin with, the check, and hints that are folded."""
    check = f"from tinygrad_rnn.exercises import check\n\ncheck({e.name!r}, globals(), {language!r})"
    hints = [
        f"<details><summary>{said('hint', language, k, len(e.hints))}</summary>\n\n"
        f"{_markdown(code_in(in_language(hint, language), language))}\n\n</details>"
        for k, hint in enumerate(e.hints, 1)
    ]
    task = _markdown(in_language(e.task, language))
    cells = [
        ("markdown", f"# {heading(e, language)}\n\n{task}\n\n{said('cells', language)}"),
        ("code", code_in(e.starter, language).rstrip("\n")),
        ("code", check),
        ("markdown", "\n\n".join([*hints, said("notebook solution", language, e.name)])),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {
        "cells": [_cell(kind, f"{e.name}-{k}".replace("_", "-"), text) for k, (kind, text) in enumerate(cells)],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, number: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": number, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _markdown(text: str) -> str:
    """A text of an exercise: its lines are paragraphs, and those that begin with two spaces stay as they are."""
    parts: list[str] = []
    shown = False
    for line in text.strip("\n").split("\n"):
        if line.startswith("  ") != shown:
            parts.append("```" + ("" if shown else "text"))
            shown = not shown
        parts.append(line[2:] if shown else f"{line}\n")
    return "\n".join([*parts, "```"] if shown else parts).strip("\n")
