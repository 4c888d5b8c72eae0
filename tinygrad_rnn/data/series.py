"""Numeric series from files: CSV, columns between blanks, .npy and .npz."""

from __future__ import annotations

import csv
import itertools
import math
import os
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import FileFormatError, with_user_line
from .checks import did_you_mean, parts
from .utf8 import not_utf8

_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


@dataclass(frozen=True)
class Series:
    """Numbers in time: the columns `names` of `values`, (N, columns) in float64, a row per step."""

    names: list[str]
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def select(self, *names: str) -> Series:
        """Only the columns of these names, in this order.

        Raises:
            FileFormatError: there is no such column.
        """
        return Series(list(names), self.values[:, [_place(self.names, name, "the series") for name in names]])

    def split(self, validation: float = 0.1, test: float = 0.1) -> tuple[Series, Series, Series]:
        """(training, validation, test): the first rows, later ones, the last; two shares of all rows.

        Raises:
            ArgumentError: the shares make no sense, or a part would be empty.
        """
        a, b = parts(len(self), validation, test)
        return tuple(Series(self.names, part) for part in (self.values[:a], self.values[a:b], self.values[b:]))  # type: ignore[return-value]


def read_series(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str = ".",
) -> Series:
    """The numbers of a file: text in columns (CSV), or what `numpy.save` or `numpy.savez` wrote (.npy, .npz).

    Args:
        columns: the names of those wanted, so that columns of text (dates) can be left out; None: all.
        delimiter: what stands between fields, " " for any blanks; None: found out.
        header: whether the first row has names; None: it has, unless one of its fields is a number. Columns without a
            name are called "1", "2", … In .npz files columns are named by their arrays, "x 1", "x 2", … if of two axes.
        decimal: what stands before decimals, "." or ",".

    Blank lines, and lines that begin with #, are left out. Nothing is filled in: a missing value is an error.

    Raises:
        FileFormatError: something is missing, no number, or not finite (the line and the column are named); rows differ
            in their number of fields; there is no such column; there are fewer than two rows; the file is damaged.
        OSError: the file cannot be read.
    """
    if Path(path).suffix in (".npy", ".npz"):
        series = _from_arrays(path, columns)
    else:
        try:
            series = _from_text(path, columns, delimiter, header, decimal)
        except UnicodeDecodeError:
            raise not_utf8(path) from None
    if len(series) < 2:
        what = "one row" if len(series) else "no rows"
        raise _wrong(path, f"{what} of numbers; a series has at least two")
    return series


def _from_text(path, columns, delimiter, header, decimal) -> Series:
    rows = _rows(path, delimiter)
    first = next(rows, None)
    if first is None:
        raise _wrong(path, "the file is empty" if not os.path.getsize(path) else "there are no rows")
    width = len(first[1])
    if header is None:
        header = not any(_is_number(field, decimal) for field in first[1])
    names = [(header and field.strip()) or str(k + 1) for k, field in enumerate(first[1])]
    wanted = range(width) if columns is None else [_place(names, name, path) for name in columns]
    for k in wanted:
        if names.count(names[k]) > 1:
            raise _wrong(path, f"{names.count(names[k])} columns are named {names[k]!r}")
    values = array("d")
    for line, fields in rows if header else itertools.chain([first], rows):
        if len(fields) != width:
            raise _wrong(path, f"line {line}: {len(fields)} fields, expected {width} as in line {first[0]}")
        try:
            values.extend([_number(fields[k], decimal) for k in wanted])
        except ValueError:
            k = next(k for k in wanted if not _is_number(fields[k], decimal))
            raise _wrong(path, f"line {line}, column {names[k]!r}: {_fault(fields[k], columns, decimal)}") from None
    return Series([names[k] for k in wanted], np.array(values).reshape(-1, len(wanted)))


def _rows(path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, fields) of every row."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        if delimiter is None:
            delimiter = _sniff([line for line in itertools.islice(file, 20) if line.strip() and line[0] != "#"])
            file.seek(0)
        if delimiter == " ":
            yield from ((k, line.split()) for k, line in enumerate(file, 1) if line.strip() and line[0] != "#")
            return
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for fields in reader:
                if fields and not fields[0].startswith("#"):
                    yield reader.line_num, fields
        except csv.Error as error:
            raise _wrong(path, f"line {reader.line_num}: {error}") from None


def _sniff(lines: list[str]) -> str:
    """What stands between fields: the first of these that is in every line. The comma last: it may be a decimal one."""
    for delimiter in ";\t|,":
        if lines and all(len(fields) > 1 for fields in csv.reader(lines, delimiter=delimiter)):
            return delimiter
    return " " if any(len(line.split()) > 1 for line in lines) else ","


def _number(field: str, decimal: str) -> float:
    """The finite number of a field, or ValueError."""
    if decimal != ".":
        field = field.replace(".", "no number").replace(decimal, ".")  # 1.234,5 is not for us to understand
    number = float(field)
    if not math.isfinite(number) or "_" in field:  # Python reads 1_000
        raise ValueError
    return number


def _is_number(field: str, decimal: str) -> bool:
    try:
        _number(field, decimal)
    except ValueError:
        return False
    return True


def _fault(field: str, columns: Sequence[str] | None, decimal: str) -> str:
    if field.strip().lower() in _MISSING:
        return f"the value is missing ({field.strip()!r})"
    if field.strip().lower().lstrip("+-") in ("inf", "infinity"):
        return f"{field!r} is not finite"
    if decimal == "." and _is_number(field, ","):
        return f"{field!r} is not a number; if the comma is a decimal one, say decimal=','"
    hint = "; to leave a column of text out, name those wanted (columns)" if columns is None else ""
    return f"{field!r} is not a number{hint}"


def _from_arrays(path, columns: Sequence[str] | None) -> Series:
    found: dict[str, np.ndarray] = {}
    try:
        with open(path, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded.items())
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise _wrong(path, f"not a NumPy file of plain numbers: {error}") from None
    for name, values in arrays.items():
        if values.dtype.kind not in "iufb" or values.ndim not in (1, 2):
            if columns is None:
                what = f"array {name!r}" if name else "the array"
                raise _wrong(path, f"{what} is {values.shape} {values.dtype}; expected one or two axes of real numbers")
        elif values.ndim == 1:
            found[name or "1"] = values
        else:
            found.update({f"{name} {k + 1}".strip(): column for k, column in enumerate(values.T)})
    names = list(found) if columns is None else list(columns)
    wanted = [found[list(found)[_place(list(found), name, path)]] for name in names]
    for name, values in zip(names, wanted, strict=True):
        if len(values) != len(wanted[0]):
            raise _wrong(path, f"column {name!r} has {len(values)} rows, column {names[0]!r} {len(wanted[0])}")
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise _wrong(path, f"row {wrong[0]} (of 0 …), column {name!r}: {values[wrong[0]]} is not a finite number")
    return Series(names, np.stack(wanted, axis=1).astype(np.float64) if wanted else np.zeros((0, 0)))


def _place(names: list[str], name: str, where: object) -> int:
    if name not in names:
        there = ", ".join(map(repr, names))
        raise _wrong(where, f"there is no column {name!r}{did_you_mean(name, names)}; there are {there}")
    return names.index(name)


def _wrong(where: object, what: str) -> FileFormatError:
    return FileFormatError(with_user_line(f"{where}: {what}"))
