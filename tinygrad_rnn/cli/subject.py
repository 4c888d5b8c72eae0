"""What a command looks at: a cell of the library by its name, or one in a user's file."""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn
from ..core.errors import ArgumentError, DeclarationError, TinygradError
from ..step.cells import is_cell
from . import options

_SIZES = ("input_size", "hidden_size")


def add_cell_arguments(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The arguments CELL, ``--input-size`` and ``--hidden-size``: `given.cell`, `.input_size`, `.hidden_size`.

    `several` cells are `given.cells`.
    """
    parser.add_argument(
        "cells" if several else "cell",
        metavar="CELL",
        nargs="+" if several else None,
        help=f"a cell of the library ({', '.join(cells())}), or one of yours: mycell.py:MyCell",
    )
    parser.add_argument(
        "--input-size", metavar="D", type=options.whole, default=3, help="features of the input (default: 3)"
    )
    parser.add_argument(
        "--hidden-size", metavar="H", type=options.whole, default=4, help="units of the cell (default: 4)"
    )


def cells() -> dict[str, type[nn.Cell]]:
    """The cells of `tg.nn` by the names the command line has for them: lstm → `LSTMCell`."""
    return {name: facts.kind for name, facts in nn.catalogue().items()}


def cell(name: str, input_size: int = 3, hidden_size: int = 4, generator: np.random.Generator | None = None) -> Any:
    """The cell that `name` stands for, with weights that are the same every time.

    Args:
        name: ``lstm``, ``LSTMCell``, any cell in `tg.nn` whatever its capitals, or ``mycell.py:MyCell``: a class of
            cells, a function that makes one, or a cell, in a Python file. The file is run.

    Raises:
        ArgumentError: there is no such cell.
        OSError: there is no such file.
        DeclarationError: the file, or the making of the cell, fails.
    """
    if ":" in name or name.endswith(".py"):
        return _from_file(name, input_size, hidden_size, generator)
    known = {short(listed): listed for listed in cells()}
    found = known.get(short(name))
    if found is None:
        near = difflib.get_close_matches(short(name), known, 1)
        hint = f" (did you mean {known[near[0]]}?)" if near else ""
        there = ", ".join(known.values())
        raise ArgumentError(f"no cell {name!r}{hint}; there are {there}, and FILE.py:NAME for one of yours")
    return _made(cells()[found], name, input_size, hidden_size, generator)


def shape(cell: Any, given: argparse.Namespace, batch: int = 1) -> tuple[int, ...]:
    """The shape of one step's input, (B, D): of as many features as the cell says, or else as were asked for."""
    size = getattr(cell, "input_size", None)
    if size is None and getattr(cell, "symbols", None) is not None:
        return (batch,)
    return batch, given.input_size if size is None else size


def short(name: str) -> str:
    """A name as it is compared: capitals, dashes and "cell" at its end do not count."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain.removesuffix("cell") or plain


def _from_file(name: str, input_size: int, hidden_size: int, generator: Any) -> Any:
    file, _, attribute = name.rpartition(":")
    if not file.endswith(".py") or not attribute:
        raise ArgumentError(f"{name!r}: expected FILE.py:NAME, such as mycell.py:MyCell")
    path = Path(file)
    path.open("rb").close()  # the usual error for a file that cannot be read
    spec = importlib.util.spec_from_file_location(f"_cell_in_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and others look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DeclarationError(f"{file} cannot be run: {_said(error)}") from error
    if not hasattr(module, attribute):
        things = [n for n, thing in vars(module).items() if hasattr(thing, "step") and not n.startswith("_")]
        here = f"; it has {', '.join(sorted(things))}" if things else ""
        raise ArgumentError(f"{file} has no {attribute!r}{here}")
    return _made(getattr(module, attribute), name, input_size, hidden_size, generator)


def _made(thing: Any, name: str, input_size: int, hidden_size: int, generator: Any) -> Any:
    """A class or function called with the sizes it takes; a cell is taken as it is."""
    if callable(thing) and (inspect.isclass(thing) or not hasattr(thing, "step")):
        try:
            thing = thing(**_arguments(thing, name, input_size, hidden_size, generator))
        except TinygradError:
            raise
        except Exception as error:
            raise DeclarationError(f"{name} cannot be made: {_said(error)}") from error
    if not is_cell(thing):
        raise DeclarationError(f"{name} is no cell: it has no step(x, state) and initial_state(batch)")
    return thing


def _arguments(make: Any, name: str, input_size: int, hidden_size: int, generator: Any) -> dict[str, Any]:
    """What a constructor asks for: sizes by their names, or in the order D, H; a generator if it takes one.

    Another size that it cannot do without, such as `proj_size`, is half of H.
    """
    parameters = inspect.signature(make).parameters
    given: dict[str, Any] = {n: s for n, s in zip(_SIZES, (input_size, hidden_size), strict=True) if n in parameters}
    if "generator" in parameters:
        given["generator"] = np.random.default_rng(0) if generator is None else generator
    for n, p in parameters.items():
        if n.endswith("_size") and n not in _SIZES and p.default is p.empty:
            given[n] = max(1, hidden_size // 2)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    open_ones = [n for n, p in parameters.items() if p.kind in named and p.default is p.empty and n not in given]
    sizes = [s for n, s in zip(_SIZES, (input_size, hidden_size), strict=True) if n not in given]
    if len(open_ones) > len(sizes):
        raise DeclarationError(
            f"{name} takes {', '.join(open_ones)}; a command gives it no more than input_size and hidden_size: make a "
            f"function without arguments that returns the cell, and name that"
        )
    return given | dict(zip(open_ones, sizes[-len(open_ones) :] if open_ones else (), strict=True))


def _said(error: Exception) -> str:
    line = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
