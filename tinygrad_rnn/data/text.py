"""Text as sequences of characters, or of bytes."""

from __future__ import annotations

import copy
import os
import random
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, FileFormatError, with_user_line
from ..io import checked_path
from .batch import Batch
from .checks import at_least, parts
from .decoding import PIECE, is_compressed, opened, pieces

#: Stands for characters that are not in the vocabulary.
UNKNOWN = "�"

_CODE_POINTS = 0x110000


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """The text of a file, which may be compressed (.gz, .zip).

    Raises:
        FileFormatError: it is not of that encoding, no text, or empty.
        ArgumentError: there is no such encoding.
        OSError: it cannot be read.
    """
    text = "".join(pieces(path, encoding))
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
    """A text as numbers: each character its place in `vocabulary`, or each byte its value.

    The vocabulary of characters is `UNKNOWN`, for all others, and then those of the text, or its `most` frequent ones;
    or one that is given, as of a text that was read before. That of bytes has names for the 256 values.

    Attributes:
        numbers: (N,) unsigned integers; of files, in a file that is mapped into memory.
        vocabulary: what each number stands for.
        level: "char" or "byte".

    Raises:
        ArgumentError: there is no such level; the vocabulary is not one of a text.

    >>> text = Text("banana")
    >>> text.vocabulary, text.numbers
    (['�', 'a', 'b', 'n'], array([2, 1, 3, 1, 3, 1], dtype=uint8))
    """

    def __init__(
        self, text: str = "", most: int | None = None, *, level: str = "char", vocabulary: Sequence[str] | None = None
    ):
        if level not in ("char", "byte"):
            raise ArgumentError(with_user_line(f"Text: level is 'char' or 'byte', not {level!r}"))
        self.level = level
        if level == "byte":
            self.vocabulary = [chr(k) if 32 < k < 127 else f"\\x{k:02x}" for k in range(256)]
            if vocabulary is not None and list(vocabulary) != self.vocabulary:
                raise ArgumentError(with_user_line("Text: the vocabulary given is not that of bytes"))
        else:
            self.vocabulary = _frequent([text], most) if vocabulary is None else list(vocabulary)
            known = set(self.vocabulary)
            if self.vocabulary[:1] != [UNKNOWN] or {len(c) for c in known} != {1} or len(known) < len(self.vocabulary):
                expected = f"{UNKNOWN!r} and then characters that differ"
                raise ArgumentError(with_user_line(f"Text: expected as vocabulary {expected}"))
            self._places = np.zeros(_CODE_POINTS, np.min_scalar_type(len(known) - 1))
            self._places[_codes("".join(self.vocabulary))] = np.arange(len(known))
        self.numbers = self.encode(text, replace=True)

    @classmethod
    def from_files(
        cls,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        level: str = "char",
        vocabulary: Sequence[str] | None = None,
        most: int | None = None,
        encoding: str = "utf-8",
    ) -> Text:
        """The text of a file, or of several, one after the other; of any size, for it is never in memory as a whole.

        A file of bytes is mapped as it is. Characters (of any script) are numbered piece by piece into a temporary file
        without a name, which takes one, two or four bytes a character. What is in .gz and .zip files is read.

        Raises:
            FileFormatError: a file is not of the encoding (the byte is named); there is nothing in them.
            ArgumentError: there is no such encoding, or the vocabulary is not one of a text.
            OSError: a file cannot be read, or the temporary one not be written.
        """
        files = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        if not sum(os.path.getsize(checked_path(file)) for file in files):
            empty = "the file is empty" if len(files) == 1 else "the files are empty"
            raise FileFormatError(with_user_line(f"{', '.join(map(str, files))}: {empty}"))
        if level == "char" and vocabulary is None:
            vocabulary = _frequent((piece for file in files for piece in pieces(file, encoding)), most)
        made = cls(level=level, vocabulary=vocabulary)
        if level == "char":
            text = (piece for file in files for piece in pieces(file, encoding))
            made.numbers = _mapped(made.encode(piece, replace=True) for piece in text)
        elif len(files) == 1 and not is_compressed(files[0]):
            made.numbers = np.memmap(files[0], np.uint8, mode="r")
        else:
            made.numbers = _mapped(piece for file in files for piece in _bytes_of(file))
        return made

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def never(self) -> tuple[int, ...]:
        """Numbers that stand for no symbol in particular, and are not to be sampled: that of `UNKNOWN`."""
        return (0,) if self.level == "char" else ()

    def encode(self, text: str, *, replace: bool = False) -> np.ndarray:
        """The numbers of a text.

        Raises:
            ArgumentError: it has characters that are not in the vocabulary, unless `UNKNOWN` is to `replace` them.
        """
        if self.level == "byte":
            return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)
        numbers = self._places[_codes(text)]
        if not replace and not numbers.all():
            new = list(dict.fromkeys(c for c, k in zip(text, numbers.tolist(), strict=True) if not k))
            shown = ", ".join(map(repr, new[:10])) + ", …" * (len(new) > 10)
            raise ArgumentError(with_user_line(f"not in the vocabulary of {len(self.vocabulary) - 1}: {shown}"))
        return numbers

    def decode(self, numbers: np.ndarray | Iterable[int]) -> str:
        """The text of numbers; bytes that are not UTF-8 become �."""
        if self.level == "byte":
            return bytes(int(k) for k in numbers).decode("utf-8", errors="replace")
        return "".join(self.vocabulary[int(k)] for k in numbers)

    def split(self, validation: float = 0.1, test: float = 0.1) -> tuple[Text, Text, Text]:
        """(training, validation, test): the first part, a later one, the last; two shares of the whole.

        Raises:
            ArgumentError: the shares make no sense, or a part would be empty.
        """
        a, b = parts(len(self), validation, test, "symbols")
        made = [copy.copy(self) for _ in range(3)]
        for text, numbers in zip(made, (self.numbers[:a], self.numbers[a:b], self.numbers[b:]), strict=True):
            text.numbers = numbers
        return made[0], made[1], made[2]

    def strands(self, steps: int, size: int) -> Strands:
        """`Strands` of this text."""
        return Strands(self.numbers, len(self.vocabulary), steps, size)


class Strands:
    """A text cut into `size` equal strands that run side by side, and the symbols that follow: a `Source`.

    Batch k is the k-th window of `steps` symbols of each strand, so a state that is carried from one batch to the next
    continues each strand; at the beginning of an epoch all begin anew. What is left at the ends is not read.

    Raises:
        ArgumentError: `steps` or `size` makes no sense.
        FileFormatError: the text is too short for one window.
    """

    symbols, loss, at_end = True, "cross_entropy", False

    def __init__(self, numbers: np.ndarray, vocabulary_size: int, steps: int, size: int):
        at_least(1, steps=steps, size=size)
        self.numbers, self.steps, self.size = numbers, steps, size
        self.inputs = self.outputs = vocabulary_size
        self.length = (len(numbers) - 1) // size
        self.epoch = self.length // steps
        if not self.epoch:
            need = f"{size} strands of {steps} need {size * steps + 1}"
            raise FileFormatError(with_user_line(f"the text has {len(numbers)} symbols; {need}"))

    def batch(self, k: int) -> Batch:
        """The k-th batch, k = 0, 1, …"""
        at_least(0, k=k)
        window = k % self.epoch
        steps = window * self.steps + np.arange(self.steps + 1)
        symbols = self.numbers[steps[:, None] + self.length * np.arange(self.size)].astype(np.int64)
        return Batch(symbols[:-1], symbols[1:], begins=np.full(self.size, window == 0))


def _codes(text: str) -> np.ndarray:
    """The code points of characters."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _frequent(text: Iterable[str], most: int | None) -> list[str]:
    """The vocabulary of a text that comes in pieces."""
    counts = np.zeros(_CODE_POINTS, np.int64)
    for piece in text:
        counts += np.bincount(_codes(piece), minlength=_CODE_POINTS)
    counts[ord(UNKNOWN)] = 0
    codes = np.flatnonzero(counts)
    if most is not None:
        codes = np.sort(codes[np.argsort(-counts[codes], kind="stable")[:most]])
    return [UNKNOWN, *map(chr, codes)]


def _bytes_of(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    with opened(path) as file:
        while piece := file.read(PIECE):
            yield np.frombuffer(piece, np.uint8)


def _mapped(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Arrays one after the other, in a file that has no name and is gone when nobody looks at it."""
    dtype: Any = np.uint8
    with tempfile.TemporaryFile() as file:
        for a in arrays:
            dtype = a.dtype
            file.write(a.tobytes())
        file.flush()
        if not file.tell():
            raise FileFormatError(with_user_line("the files have no characters but a byte order mark"))
        return np.memmap(file, dtype, mode="r")
