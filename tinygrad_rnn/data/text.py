"""Text as sequences of characters."""

from __future__ import annotations

import os
import random
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..core.errors import FileFormatError, with_user_line

#: Stands for characters that are not in the vocabulary.
UNKNOWN = "�"


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file.

    Raises:
        FileFormatError: it is no UTF-8, or empty.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise FileFormatError(with_user_line(f"{path}: not UTF-8 text, byte {error.start} is {error.reason}")) from None
    if not text:
        raise FileFormatError(with_user_line(f"{path}: the file is empty"))
    return text


def standard_library(limit: int = 2_000_000) -> str:
    """Real text that is on every machine: the sources of Python's standard library, in a fixed random order.

    Raises:
        FileFormatError: this Python was installed without them.
    """
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    random.Random(0).shuffle(files)
    parts, size = [], 0
    for file in files:
        text = file.read_text(encoding="utf-8", errors="ignore")
        parts.append(text)
        size += len(text)
        if size > limit:
            break
    if not parts:
        raise FileFormatError("Python's standard library has no sources here; give a text of your own")
    return "".join(parts)


class Text:
    """A text as numbers: each character its place in `vocabulary`, the `most` most frequent ones (and `UNKNOWN`)."""

    def __init__(self, text: str, most: int = 127):
        counts = Counter(text)
        frequent = [c for c, _ in counts.most_common(most)]
        self.vocabulary = [UNKNOWN, *sorted(c for c in frequent if c != UNKNOWN)]
        self.places = {c: k for k, c in enumerate(self.vocabulary)}
        self.numbers = self.encode(text)

    def __len__(self) -> int:
        return len(self.numbers)

    def encode(self, text: str) -> np.ndarray:
        return np.array([self.places.get(c, 0) for c in text], np.int64)

    def decode(self, numbers: np.ndarray) -> str:
        return "".join(self.vocabulary[int(k)] for k in numbers)

    def batches(self, batch: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
        """Endless (characters, characters that follow, whether the text began anew), each (steps, batch).

        The text is cut into `batch` equal strands that run side by side, so a state carried from one window to the next
        continues each strand.

        Raises:
            FileFormatError: the text is too short for one window.
        """
        length = (len(self.numbers) - 1) // batch
        if length < steps:
            need = batch * steps + 1
            raise FileFormatError(
                f"the text has {len(self.numbers)} characters; {batch} strands of {steps} need {need}"
            )
        xs = self.numbers[: batch * length].reshape(batch, length).T
        ys = self.numbers[1 : batch * length + 1].reshape(batch, length).T
        while True:
            for first in range(0, length - steps + 1, steps):
                yield xs[first : first + steps], ys[first : first + steps], first == 0
