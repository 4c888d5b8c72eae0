"""Bytes and characters of files: compressed ones, of any encoding, and what is wrong with one."""

from __future__ import annotations

import codecs
import contextlib
import errno
import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from ..core.errors import ArgumentError, FileFormatError, with_user_line
from ..io import checked_path
from .wording import option

#: Characters (or bytes) that are in memory at a time.
PIECE = 1 << 20

#: How files begin that are neither text nor compressed text.
_FOREIGN = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a SQLite database",
    b"%PDF-": "a PDF",
    b"\x93NUMPY": "an array of NumPy (.npy)",
}
_BYTE_ORDER_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, struct.error, NotImplementedError)


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The bytes of a file; of a .gz file, or a .zip file of one, what is in it.

    Raises:
        FileFormatError: the compressed file is damaged, or there are several in it.
        ArgumentError: no file can have this name.
        OSError: it cannot be read.
    """
    with open(checked_path(path), "rb") as file, _sound(path):
        head = file.peek(8)
        if head.startswith(b"\x1f\x8b"):
            yield gzip.GzipFile(fileobj=file)  # type: ignore[misc]
        elif head.startswith(b"PK\3\4"):
            with zipfile.ZipFile(file) as archive, _member(path, archive) as member:
                yield member
        else:
            yield file


def is_compressed(path: str | os.PathLike[str]) -> bool:
    """Whether `opened` gives other bytes than those of the file."""
    with open(checked_path(path), "rb") as file:
        return file.peek(8).startswith((b"\x1f\x8b", b"PK\3\4"))


@contextlib.contextmanager
def decoded(path: str | os.PathLike[str], encoding: str, newline: str | None, instead: str) -> Iterator[IO[str]]:
    """The characters of a file, without a byte order mark; `instead` is what to do with a file that is no text.

    Raises:
        FileFormatError: it is no text, or of another encoding (both are named); as `opened`.
        ArgumentError: there is no such encoding; as `opened`.
        OSError: it cannot be read.
    """
    try:
        info = codecs.lookup(encoding)
    except (LookupError, ValueError):
        info = None
    if info is None or not getattr(info, "_is_text_encoding", True):
        known = "expected one such as utf-8, utf-16 or cp1252"
        raise ArgumentError(with_user_line(f"{option('encoding')}: there is no encoding {encoding!r}; {known}"))
    with opened(path) as file:
        head = file.peek(4096)
        for begin, what in _FOREIGN.items():
            if head.startswith(begin):
                raise FileFormatError(with_user_line(f"{path}: {what}, not text; {instead}"))
        if info.name == "utf-8":
            _check_utf8(path, head)
        try:
            yield io.TextIOWrapper(file, "utf-8-sig" if info.name == "utf-8" else encoding, newline=newline)
        except UnicodeError as error:
            raise _undecodable(path, info.name, error) from None


def pieces(path: str | os.PathLike[str], encoding: str = "utf-8") -> Iterator[str]:
    """The text of a file, `PIECE` characters at a time; line ends become \\n, a byte order mark is left out.

    Raises:
        FileFormatError: it is not of that encoding (the first wrong byte is named), or no text.
        ArgumentError, OSError: as `decoded`.
    """
    with decoded(path, encoding, None, "save it as plain text") as file:
        while piece := file.read(PIECE):
            yield piece


@contextlib.contextmanager
def _sound(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise FileFormatError(with_user_line(f"{path}: the compressed file is damaged: {error}")) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place in front of its beginning, by an archive's own account
            raise FileFormatError(with_user_line(f"{path}: the compressed file is damaged")) from None
        raise


def _member(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> IO[bytes]:
    """The one file in an archive."""
    names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
    if "xl/workbook.xml" in names:
        way = "save it as CSV, or read it with pandas or polars and tg.data.Series.from_frame"
        raise FileFormatError(with_user_line(f"{path}: an Excel workbook (.xlsx), not text; {way}"))
    if len(names) != 1:
        shown = ", ".join(names[:3]) + ", …" * (len(names) > 3)
        raise FileFormatError(with_user_line(f"{path}: {len(names)} files in the archive ({shown}); expected one"))
    about = archive.getinfo(names[0])
    if about.flag_bits & 1 or about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileFormatError(with_user_line(f"{path}: {names[0]} is encrypted, or compressed in an unusual way"))
    return archive.open(names[0])


def _check_utf8(path: str | os.PathLike[str], head: bytes) -> None:
    """Raise for what is plainly UTF-16 or UTF-32."""
    found = next((name for mark, name in _BYTE_ORDER_MARKS.items() if head.startswith(mark)), None)
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if found is None and len(head) > 3 and head[first::2].count(0) > len(head) // 4:
            found = name
    if found is not None:
        kind = found.removesuffix("-le").removesuffix("-be").upper()
        raise FileFormatError(with_user_line(f"{path}: not UTF-8 text, but {kind}; say {option('encoding', found)}"))


def _undecodable(path: str | os.PathLike[str], encoding: str, error: UnicodeError) -> FileFormatError:
    """The error that names the first byte that is not of an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    begin, what = 0, str(error)
    with opened(path) as file:
        more = b"-"
        while more:
            more = file.read(PIECE)
            kept = len(decoder.getstate()[0])  # the first bytes of a character that goes on in this piece
            try:
                decoder.decode(more, final=not more)
            except UnicodeDecodeError as found:
                what = f"byte {begin - kept + found.start:,} is {found.reason}"
                break
            except UnicodeError:
                break
            begin += len(more)
    hint = f"; Latin-1 or Windows text, perhaps: say {option('encoding', 'cp1252')}" if encoding == "utf-8" else ""
    return FileFormatError(with_user_line(f"{path}: not {encoding.upper()} text, {what}{hint}"))
