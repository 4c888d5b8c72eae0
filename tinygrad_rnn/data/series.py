"""Series of numbers, and where they come from: CSV, columns between blanks, .npy and .npz, data frames."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, FileFormatError, with_user_line
from .arrays import columns_of_arrays, columns_of_frame
from .checks import did_you_mean, parts
from .numerals import Form, is_missing
from .table import Row, has_names, rows
from .wording import option


@dataclass(frozen=True)
class Series:
    """Numbers in time: the columns `names` of `values`, (N, columns) in float64, a row per step.

    Attributes:
        future: (F, columns) what is known of the rows after them, NaN where it is not: see `targets` of `read_series`.
    """

    names: list[str]
    values: np.ndarray
    future: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def from_frame(
        cls, frame: Any, columns: Sequence[str] | None = None, targets: Sequence[str] | None = None
    ) -> Series:
        """The columns of a pandas or polars DataFrame, in the order of its rows; its index is not looked at.

        Args:
            columns, targets: as of `read_series`.

        Raises:
            FileFormatError: a value is missing, no number, or not finite (row and column are named); no such column.
            ArgumentError: it is no data frame.

        >>> Series.from_frame(pandas.DataFrame({"load": [1, 2], "day": ["Mo", "Tu"]}), ["load"]).values.tolist()
        [[1.0], [2.0]]
        """
        return _checked("the frame", columns_of_frame(frame, columns), columns, targets)

    def select(self, *names: str) -> Series:
        """Only the columns of these names, in this order.

        Raises:
            FileFormatError: there is no such column.
        """
        places = [_place(self.names, name, "the series") for name in names]
        future = None if self.future is None else self.future[:, places]
        return Series(list(names), self.values[:, places], future)

    def split(self, validation: float = 0.1, test: float = 0.1) -> tuple[Series, Series, Series]:
        """(training, validation, test): the first rows, later ones, the last; two shares of all rows.

        Raises:
            ArgumentError: the shares make no sense, or a part would be empty.
        """
        a, b = parts(len(self), validation, test)
        names, values = self.names, self.values
        return Series(names, values[:a]), Series(names, values[a:b]), Series(names, values[b:])


def read_series(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    encoding: str = "utf-8",
    skip_rows: int = 0,
) -> Series:
    """The numbers of a file: text in columns (CSV), or what `numpy.save` or `numpy.savez` wrote (.npy, .npz).

    Args:
        columns: the names of those wanted, so that columns of text (dates) can be left out; None: all.
        targets: of those, the columns whose values may be missing in the last rows, all of them together: what the
            other columns say there becomes `Series.future`.
        delimiter: what stands between fields, " " for any blanks; None: found out, or as Excel's line ``sep=`` says.
        header: whether the first row has names; None: it has, if it has those of `columns`, or if no field of it is a
            number, a date or a missing value. Columns without a name are called "1", "2", … In .npz files columns are
            named by their arrays, "x 1", "x 2", … if of two axes.
        decimal: what stands before decimals, "." or ",".
        thousands: what stands between groups of three digits, such as ",".
        encoding: of the text, such as "utf-8", "utf-16", "cp1252".
        skip_rows: lines to leave out at the beginning.

    Text may be compressed (.gz, .zip). Blank lines between rows, and comments, lines that begin with # and cannot be
    rows, are left out; in a file of one column a blank line between two rows is a missing value. Nothing is filled in:
    a missing value is an error.

    Raises:
        FileFormatError: something is missing, no number, or not finite (the line and the column are named); rows differ
            in their number of fields; there is no such column; there are fewer than two rows; the file is damaged.
        ArgumentError: an argument makes no sense.
        OSError: the file cannot be read.
    """
    form = Form(delimiter, header, decimal, thousands, encoding, skip_rows).checked()
    for name, given in (("columns", columns), ("targets", targets)):
        if isinstance(given, str) or (given is not None and (not given or len(set(given)) < len(given))):
            raise ArgumentError(with_user_line(f"{option(name)}: expected names of columns, each once, got {given!r}"))
    if Path(path).suffix in (".npy", ".npz"):
        return _checked(path, columns_of_arrays(path, columns), columns, targets)
    return _from_text(path, columns, targets, form)


def _from_text(path: Any, columns: Sequence[str] | None, targets: Sequence[str] | None, form: Form) -> Series:
    found = rows(path, form)
    first = next(found, None)
    if first is None:
        raise _wrong(path, "the file is empty" if not os.path.getsize(path) else "there are no rows")
    width = len(first.fields)
    header = _named(path, first, columns) if form.header is None else form.header
    names = [(header and field.strip()) or str(k + 1) for k, field in enumerate(first.fields)]
    wanted = range(width) if columns is None else [_place(names, name, path) for name in columns]
    for k in wanted:
        if names.count(names[k]) > 1:
            raise _wrong(path, f"{names.count(names[k])} columns are named {names[k]!r}")
    open_ended = {wanted[_place([names[k] for k in wanted], name, path)] for name in targets or ()}
    number, values, lines = form.number, array("d"), array("q")

    def read(row: Row) -> None:
        if row.blank is not None and width == 1 and (lines or header):
            raise _wrong(path, f"line {row.blank}, column {names[0]!r}: the value is missing (a blank line)")
        if len(row.fields) != width:
            raise _wrong(path, f"line {row.line}: {len(row.fields)} fields, expected {width} as in line {first.line}")
        try:
            values.extend([number(row.fields[k]) for k in wanted])
        except ValueError:
            del values[len(lines) * len(wanted) :]
            values.extend([one(row, k) for k in wanted])
        lines.append(row.line)

    def one(row: Row, k: int) -> float:
        field = row.fields[k]
        if k in open_ended and is_missing(field):
            return float("nan")
        if form.is_number(field):
            return number(field)
        hint = "" if columns is not None or is_missing(field) else _CHOOSE.format(option("columns"))
        if row is first and form.header is None:
            hint += f"; if line {row.line} has names, say {option('header', True)}"
        raise _wrong(path, f"line {row.line}, column {names[k]!r}: {form.fault(field)}{hint}")

    if not header:
        read(first)
    for row in found:
        read(row)
    table = np.array(values).reshape(-1, len(wanted))
    return _ended(path, [names[k] for k in wanted], table, targets, lambda k: f"line {lines[k]}")


_CHOOSE = "; to leave a column of text out, name those wanted ({})"


def _named(path: Any, first: Row, columns: Sequence[str] | None) -> bool:
    """Whether the first row has names, if nobody says."""
    own = [field.strip() for field in first.fields]
    if columns is None or not set(columns) <= set(own):
        return has_names(own)
    if set(columns) <= {str(k + 1) for k in range(len(own))} and not has_names(own):
        either = f"say {option('header', True)} or {option('header', False)}"
        raise _wrong(path, f"line {first.line} may be names or numbers, for it has {columns[0]!r}; {either}")
    return True


def _checked(where: Any, found: dict[str, np.ndarray], columns: Any, targets: Sequence[str] | None) -> Series:
    """Columns as a series."""
    names = list(found) if columns is None else list(columns)
    wanted = [found[list(found)[_place(list(found), name, where)]] for name in names]
    for name in targets or ():
        _place(names, name, where)
    for name, values in zip(names, wanted, strict=True):
        if len(values) != len(wanted[0]):
            raise _wrong(where, f"column {name!r} has {len(values)} rows, column {names[0]!r} {len(wanted[0])}")
        wrong = np.flatnonzero(np.isinf(values) if name in (targets or ()) else ~np.isfinite(values))
        if len(wrong):
            value = values[wrong[0]]
            raise _wrong(where, f"row {wrong[0]} (of 0 …), column {name!r}: {value} is not a finite number")
    table = np.stack(wanted, axis=1) if wanted else np.zeros((0, 0))
    return _ended(where, names, table, targets, lambda k: f"row {k} (of 0 …)")


def _ended(where: Any, names: list[str], table: np.ndarray, targets: Sequence[str] | None, place: Any) -> Series:
    """A table whose targets may end before its other columns."""
    missing = np.isnan(table)
    said = [k for k, name in enumerate(names) if name in (targets or ())]
    ahead = 0
    if 0 < len(said) < len(names):
        there = np.flatnonzero(~missing[:, said].all(axis=1))
        ahead = len(table) - (int(there[-1]) + 1 if len(there) else 0)
    rows = len(table) - ahead
    wrong = np.argwhere(missing[:rows])
    if len(wrong):
        row, k = wrong[0]
        raise _wrong(where, f"{place(row)}, column {names[k]!r}: the value is missing, and later ones are there")
    if rows < 2:
        raise _wrong(where, f"{'one row' if rows else 'no rows'} of numbers; a series has at least two")
    return Series(names, table[:rows], table[rows:] if ahead else None)


def _place(names: list[str], name: str, where: object) -> int:
    if name not in names:
        there = ", ".join(map(repr, names[:20])) + ", …" * (len(names) > 20)
        raise _wrong(where, f"there is no column {name!r}{did_you_mean(name, names)}; there are {there}")
    return names.index(name)


def _wrong(where: object, what: str) -> FileFormatError:
    return FileFormatError(with_user_line(f"{where}: {what}"))
