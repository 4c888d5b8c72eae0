"""Columns of numbers from files of NumPy and from data frames."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, FileFormatError, with_user_line
from ..io import checked_path
from .wording import option


def columns_of_arrays(path: str | os.PathLike[str], columns: Sequence[str] | None) -> dict[str, np.ndarray]:
    """The columns in a .npy or .npz file, in float64; of a .npz file only what is wanted must be numbers.

    Raises:
        FileFormatError: the file is damaged, or an array is not of real numbers on one or two axes.
        OSError: it cannot be read.
    """
    found: dict[str, np.ndarray] = {}
    for name, values in _arrays(path).items():
        if values.dtype.kind not in "iufb" or values.ndim not in (1, 2):
            if columns is None:
                what = f"array {name!r}" if name else "the array"
                expected = "expected one or two axes of real numbers"
                raise FileFormatError(with_user_line(f"{path}: {what} is {values.shape} {values.dtype}; {expected}"))
        elif values.ndim == 1:
            found[name or "1"] = values.astype(np.float64)
        else:
            found |= {f"{name} {k + 1}".strip(): column.astype(np.float64) for k, column in enumerate(values.T)}
    return found


def _arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    with open(checked_path(path), "rb") as file:
        try:
            loaded = np.load(file, allow_pickle=False)
            return {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded.items())
        except Exception as error:  # of a damaged file NumPy, zipfile and ast raise almost anything
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise FileFormatError(with_user_line(f"{path}: not a NumPy file of plain numbers: {what}")) from None


def columns_of_frame(frame: Any, columns: Sequence[str] | None) -> dict[str, np.ndarray]:
    """The columns of a pandas or polars DataFrame, in float64, NaN where a value is missing.

    Raises:
        FileFormatError: two columns have one name; a value is no number (row and column are named).
        ArgumentError: it is no data frame.
    """
    if not (hasattr(frame, "columns") and hasattr(frame, "__getitem__")):
        expected = "expected a DataFrame of pandas or polars"
        raise ArgumentError(with_user_line(f"Series.from_frame: {expected}, got {type(frame).__name__}"))
    own = list(frame.columns)
    names = [str(name) for name in own]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileFormatError(with_user_line(f"the frame: {names.count(twice)} columns are named {twice!r}"))
    wanted = [k for k, name in enumerate(names) if columns is None or name in columns]
    return {names[k]: _numbers(names[k], frame[own[k]], columns) for k in wanted}


def _numbers(name: str, column: Any, columns: Sequence[str] | None) -> np.ndarray:
    """A column as float64; objects one by one, for pandas and polars have missing values of their own kinds."""
    values = np.asarray(column.to_numpy())
    if values.dtype.kind in "iufb" and values.ndim == 1:
        return values.astype(np.float64)
    if values.dtype.kind == "O":
        found = np.empty(len(values))
        for row, value in enumerate(values):
            try:
                found[row] = np.nan if value is None or str(value) == "<NA>" else float(value)
            except (TypeError, ValueError):
                hint = f"; to leave a column of text out, name those wanted ({option('columns')})"
                what = f"row {row} (of 0 …), column {name!r}: {value!r} is not a number{'' if columns else hint}"
                raise FileFormatError(with_user_line(f"the frame: {what}")) from None
        return found
    raise FileFormatError(
        with_user_line(f"the frame: column {name!r} is of {values.dtype}, not of numbers; name those wanted (columns)")
    )
