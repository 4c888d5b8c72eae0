"""UTF-8 files, piece by piece, and what is wrong with one."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator

from ..core.errors import FileFormatError, with_user_line

#: Characters (or bytes) that are in memory at a time.
PIECE = 1 << 20


def pieces(path: str | os.PathLike[str]) -> Iterator[str]:
    """The text of a UTF-8 file, `PIECE` characters at a time; line ends become \\n, a byte order mark is left out.

    Raises:
        FileFormatError: it is not UTF-8 (the first wrong byte is named).
    """
    with open(path, encoding="utf-8-sig") as file:
        try:
            while piece := file.read(PIECE):
                yield piece
        except UnicodeDecodeError:
            raise not_utf8(path) from None


def not_utf8(path: str | os.PathLike[str]) -> FileFormatError:
    """The error that names the first byte of a file that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    begin, what = 0, "it changed while it was read"
    with open(path, "rb") as file:
        more = True
        while more:
            more = file.read(PIECE)
            kept = len(decoder.getstate()[0])  # the first bytes of a character that goes on in this piece
            try:
                decoder.decode(more, final=not more)
            except UnicodeDecodeError as error:
                what = f"byte {begin - kept + error.start:,} is {error.reason}"
                break
            begin += len(more)
    return FileFormatError(with_user_line(f"{path}: not UTF-8 text, {what}"))
