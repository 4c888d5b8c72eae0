"""Rows of text in columns: CSV as people have it."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..core.errors import FileFormatError, with_user_line
from .decoding import decoded
from .numerals import SPREADSHEET_ERROR, Form, is_missing

_INSTEAD = "save it as CSV, or read it with pandas or polars and tg.data.Series.from_frame"


class Row(NamedTuple):
    """The fields of a row, the line it begins in, and the first of the blank lines before it."""

    line: int
    fields: list[str]
    blank: int | None


def rows(path: str | os.PathLike[str], form: Form) -> Iterator[Row]:
    """Every row of a file, its names included.

    Raises:
        FileFormatError: a quote never ends, or is misplaced; what `decoded` refuses.
    """
    with decoded(path, form.encoding, "", _INSTEAD) as file:
        lines: Iterator[tuple[int, str]] = itertools.islice(enumerate(file, 1), form.skip_rows, None)
        head = list(itertools.islice(lines, 20))
        delimiter = form.delimiter
        if head and (said := re.fullmatch(r'"?sep=(.)"?\s*', head[0][1], re.IGNORECASE)):  # Excel's own line
            delimiter, head = delimiter or said[1], head[1:]
        if delimiter is None:
            sample = [line for _, line in head if line.strip() and not line.startswith("#")]
            delimiter = _sniffed(sample, form.decimal)
        feed = _Feed(itertools.chain(head, lines), delimiter)
        if delimiter == " ":
            fields: Iterator[list[str]] = (line.split() for line in feed)
        else:
            fields = csv.reader(feed, delimiter=delimiter, skipinitialspace=True, strict=True)
        while True:
            feed.begin_row()
            try:
                found = next(fields)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileFormatError(with_user_line(f"{path}: line {feed.begin or 1}: {error}")) from None
            yield Row(feed.begin, found, feed.blank)


class _Feed:
    """Lines for the CSV reader. Between rows, blank lines and comments are kept from it; within quotes, nothing is.

    A comment begins with # in front of the first row; later, where it could be a row (it has the delimiter, or there is
    but one column), with # and a blank. What a spreadsheet writes for a missing value is never one.
    """

    def __init__(self, lines: Iterator[tuple[int, str]], delimiter: str):
        self.lines, self.delimiter = lines, delimiter
        self.begin = 0
        self.several: bool | None = None  # columns; None before the first row

    def begin_row(self) -> None:
        self.between, self.blank = True, None

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        for number, line in self.lines:
            if not self.between:
                return line
            if not line.strip() and (self.delimiter == " " or self.delimiter not in line):
                self.blank = self.blank or number
            elif not self._is_comment(line):
                self.between, self.begin = False, number
                if self.several is None:
                    self.several = self._divided(line)
                return line
        raise StopIteration

    def _is_comment(self, line: str) -> bool:
        if not line.startswith("#") or SPREADSHEET_ERROR.match(line):
            return False
        blank = line[1:2] != self.delimiter and line[1:2] in " #\t\r\n"
        return self.several is None or blank or (self.several and not self._divided(line))

    def _divided(self, line: str) -> bool:
        return len(line.split()) > 1 if self.delimiter == " " else self.delimiter in line


def _sniffed(lines: list[str], decimal: str) -> str:
    """What stands between fields: the first of these that is in every line. The comma last: it may be a decimal one."""
    candidates = ";\t|" if decimal == "," else ";\t|,"
    for delimiter in candidates:
        try:
            if lines and all(len(fields) > 1 for fields in csv.reader(lines, delimiter=delimiter)):
                return delimiter
        except csv.Error:
            continue  # an endless quote: reading will name its line
    return " " if any(len(line.split()) > 1 for line in lines) else candidates[-1]


def has_names(fields: list[str]) -> bool:
    """Whether a first row looks like names: no field of it is a number, or a date, or missing as values are."""

    def is_value(field: str) -> bool:
        if is_missing(field):
            return bool(field.strip())
        try:
            float(field)
        except ValueError:
            return any(c.isdigit() for c in field) and not any(c.isalpha() for c in field)
        return True

    return any(field.strip() for field in fields) and not any(map(is_value, fields))
