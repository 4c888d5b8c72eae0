"""The input of what is read: its shape, from the argument ``input`` or from what a cell says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor


@dataclass(frozen=True)
class Input:
    """What a cell reads.

    Attributes:
        steps: T; None: nobody said how many.
        batch: B; None: there is no such axis.
        width: D; None: symbols, which have no axis of features.
        dtype: of the numbers, or of the symbols.
        symbols: how many there are; None: they are numbers.
        values: if an array was given.
    """

    steps: int | None
    batch: int | None
    width: int | None
    dtype: np.dtype
    symbols: int | None = None
    values: np.ndarray | None = None

    @property
    def row(self) -> tuple[int, ...]:
        """The shape of one step's input: (B, D), or without the axes that there are not."""
        return tuple(n for n in (self.batch, self.width) if n is not None)

    def sequence(self, reader: str, steps: int, generator: np.random.Generator, dtype: Any = None) -> np.ndarray:
        """The given sequence, (T, B, D), or a random one, of `steps` steps if nobody said how many.

        Raises:
            ShapeError: what was given is one step.
        """
        axes = (self.batch or 1, *(() if self.width is None else (self.width,)))
        dtype = self.dtype if dtype is None or self.symbols is not None else dtype
        if self.values is not None:
            if self.values.ndim <= len(axes):
                expected = "(T, B, D)" if self.symbols is None else "(T, B)"
                raise ShapeError(with_user_line(f"{reader}: the input is {self.values.shape}, expected {expected}"))
            return self.values.astype(dtype)
        shape = (self.steps or steps, *axes)
        if self.symbols is not None:
            return generator.integers(self.symbols, size=shape, dtype=dtype)
        return generator.normal(size=shape).astype(dtype)


def input_of(reader: str, cell: Any, given: Any = None, *, steps: int | None = None, batch: int = 1) -> Input:
    """What a cell reads.

    Args:
        reader: whose error it is.
        given: the shape of one step's input, (B, D) or (D,), or of a sequence of them, (T, B, D); or an array of it.
            Symbols have no D. None: what the cell says, for a `batch`.
        steps: T, if `given` does not say it.

    Raises:
        ArgumentError: the cell has no input_size, and nothing was given; `steps` or `batch` is no positive number.
        ShapeError: what is given has another shape, or another number of features than the cell reads.
    """
    for name, number in (("steps", 1 if steps is None else steps), ("batch", batch)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
            raise ArgumentError(
                with_user_line(f"{reader}: {name} is the number of {_COUNTED[name]}, at least 1, not {number!r}")
            )
    size, symbols = getattr(cell, "input_size", None), getattr(cell, "symbols", None)
    dtype = np.dtype(getattr(cell, "dtype", np.float32) if symbols is None else np.int64)
    if given is None:
        if size is None and symbols is None:
            raise missing_input(reader, cell)
        return Input(steps, batch, size if symbols is None else None, dtype, symbols)
    shape, values = shape_of(reader, given)
    width = shape[-1] if symbols is None and shape else None
    before = shape if width is None else shape[:-1]
    wrong_size = symbols is None and (width is None or size not in (None, width))
    if wrong_size or len(before) > 2 or 0 in shape:
        D = () if symbols is not None else (str(size or "D"),)
        ways = " or ".join(f"({', '.join(way)}{',' * (len(way) == 1)})" for way in (("T", "B", *D), ("B", *D)))
        raise ShapeError(with_user_line(f"{reader}: {type(cell).__name__} reads {ways}, got {shape}"))
    T, B = before if len(before) == 2 else (steps, before[0] if before else None)
    return Input(T, B, width, dtype, symbols, values)


_COUNTED = {"steps": "time steps", "batch": "samples"}


def shape_of(reader: str, given: Any) -> tuple[tuple[int, ...], np.ndarray | None]:
    """The shape that `given` is or has, and its values if it has some.

    Raises:
        ArgumentError: it is neither a shape nor an array.
    """
    if isinstance(given, (tuple, list)) and all(isinstance(n, (int, np.integer)) and n >= 0 for n in given):
        return tuple(int(n) for n in given), None
    if isinstance(given, Tensor):
        return given.shape, None if given.is_abstract else given.numpy()
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise ArgumentError(with_user_line(f"{reader}: input is a shape or an array, not {given!r}"))
    return array.shape, array


def missing_input(reader: str, thing: Any, axes: str = "(B, D)") -> ArgumentError:
    name = type(thing).__name__
    return ArgumentError(
        with_user_line(f"{reader}: {name} has no input_size; give the shape of its input: input={axes}")
    )
