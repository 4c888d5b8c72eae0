"""The lessons of docs/learn, read and run: ``python tests/docs/lessons.py 6`` prints the engine as lesson 6 leaves it.

``python tests/docs/lessons.py figures`` runs every lesson and writes the figures that they draw.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

LEARN = Path(__file__).parents[2] / "docs" / "learn"
LESSONS = sorted(LEARN.glob("[0-9][0-9]-*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "# engine.py\n"  # how a block begins that the reader keeps


def blocks(page: Path) -> list[tuple[str, str]]:
    """The language and text of every block of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def engine(lessons: int) -> str:
    """What a reader of so many lessons has in engine.py: their blocks, one after the other."""
    read = [page for page in LESSONS if int(page.name[:2]) <= lessons]
    kept = [code for page in read for _, code in blocks(page) if code.startswith(MARK)]
    return "\n\n".join(code.removeprefix(MARK) for code in kept)


def run(page: Path, folder: Path) -> list[tuple[str, str]]:
    """Run a lesson's Python in `folder`, with the engine of the lessons before it: each block, and what it printed."""
    (folder / "engine.py").write_text(engine(int(page.name[:2]) - 1), encoding="utf-8")
    names: dict = {}
    told = []
    before, here = list(sys.path), Path.cwd()
    sys.path.insert(0, str(folder))
    sys.modules.pop("engine", None)
    os.chdir(folder)
    try:
        for k, (language, code) in enumerate(blocks(page)):
            if language == "python":
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(compile(code, f"{page.name}, block {k}", "exec"), names)
                told.append((code, printed.getvalue()))
    finally:
        os.chdir(here)
        sys.path[:] = before
        sys.modules.pop("engine", None)
    return told


def write_figures() -> None:
    """Run every lesson and keep the pictures that it draws."""
    with tempfile.TemporaryDirectory() as folder:
        for page in LESSONS:
            run(page, Path(folder))
        for picture in Path(folder).glob("*.svg"):
            shutil.copy(picture, LEARN / "figures" / picture.name)


if __name__ == "__main__":
    write_figures() if sys.argv[1:] == ["figures"] else print(engine(int(sys.argv[1])))
