"""The reader's folder: files, and what is done. Nothing the reader wrote is ever overwritten."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ..core.errors import FileFormatError
from .catalogue import exercises
from .description import LANGUAGES, Exercise
from .notebook import notebook_text
from .paper import starter_file

PROGRESS = ".progress.json"


class ReaderFolder:
    """A folder of exercises.

    Raises:
        FileFormatError: its record of progress is damaged.
        OSError: it cannot be read or made.
    """

    def __init__(self, path: Path, language: str | None = None) -> None:
        self.path = path
        record = self._read()
        self.language: str = language or record.get("language", "en")
        self.done: list[str] = record.get("done", [])
        self.hints: dict[str, int] = record.get("hints", {})
        self._written: dict[str, str] = record.get("written", {})  # digests of the files as they were put there

    def _read(self) -> dict:
        file = self.path / PROGRESS
        if not file.exists():
            return {}
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            kinds = {"language": str, "done": list, "hints": dict, "written": dict}
            if all(isinstance(record.get(k), kind) for k, kind in kinds.items()) and record["language"] in LANGUAGES:
                return record
        except (ValueError, AttributeError):
            pass
        raise FileFormatError(
            f"{file}: damaged; delete it and your files stay as they are, only what is done is forgotten"
        )

    def save(self) -> None:
        """Write the record of progress, all of it or nothing."""
        record = {"language": self.language, "done": self.done, "hints": self.hints, "written": self._written}
        part = self.path / f"{PROGRESS}.{os.getpid()}"
        part.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(self.path / PROGRESS)

    def fill(self) -> int:
        """Put files there that are missing, or were never touched and are of another language or version."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.save()
        return sum(self._renew(self.file(e), starter_file(e, self.language)) for e in exercises())

    def fill_notebooks(self) -> int:
        """The same with notebooks."""
        files = {self.file(e).with_suffix(".ipynb"): notebook_text(e, self.language) for e in exercises()}
        return sum(self._renew(file, text) for file, text in files.items())

    def _renew(self, file: Path, text: str) -> bool:
        """Write a file that is missing, or was never touched and has another text now."""
        if file.exists() and (_digest(file.read_bytes()) != self._written.get(_key(file))
                              or file.read_bytes() == text.encode()):  # fmt: skip
            return False
        self._put(file, text)
        return True

    def _put(self, file: Path, text: str) -> None:
        file.write_bytes(text.encode())
        self._written[_key(file)] = _digest(text.encode())
        self.save()

    def file(self, e: Exercise) -> Path:
        """Where an exercise is."""
        return self.path / e.file

    def next(self) -> Exercise | None:
        """The first that is not done."""
        return next((e for e in exercises() if e.name not in self.done), None)

    def mark(self, e: Exercise, right: bool) -> bool:
        """Remember whether an exercise is right; returns whether that is new."""
        if right == (e.name in self.done):
            return False
        if right:
            self.done.append(e.name)
        else:
            self.done.remove(e.name)
        self.save()
        return True

    def reset(self, e: Exercise) -> Path | None:
        """The file as it was at the beginning; returns where the reader's copy is, if there was anything to keep."""
        file, copy = self.file(e), None
        if file.exists() and _digest(file.read_bytes()) != self._written.get(_key(file)):
            kept = self.path / "kept"
            kept.mkdir(exist_ok=True)
            number = 1
            while (copy := kept / f"{e.file[:-3]}.{number}.py").exists():
                number += 1
            file.replace(copy)
        self._put(file, starter_file(e, self.language))
        self.done = [name for name in self.done if name != e.name]
        self.hints.pop(e.name, None)
        self.save()
        return copy


def _key(file: Path) -> str:
    """What a file's digest is kept under: ``product``, or ``product.ipynb``."""
    name = file.name.split("_", 1)[1]
    return name.removesuffix(".py")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
