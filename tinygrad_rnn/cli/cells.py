"""``tinygrad-rnn cells``: the catalogue of cells."""

from __future__ import annotations

import argparse
import difflib
import inspect
import textwrap
from typing import Any

from .. import nn
from ..core.errors import ArgumentError
from . import options, subject


def add(commands: Any) -> None:
    """The command ``cells``."""
    parser = commands.add_parser(
        "cells",
        help="the cells there are: equations, parameters, when to use which, and the papers",
        description="Lists the cells of the library, or says all about one of them.",
        epilog="For example: tinygrad-rnn cells; tinygrad-rnn cells mgu",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="a cell of the list (default: list them all)")
    parser.add_argument("--input-size", metavar="D", type=options.whole, default=3, help="features (default: 3)")
    parser.add_argument("--hidden-size", metavar="H", type=options.whole, default=4, help="units (default: 4)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print the catalogue, or one entry of it.

    Raises:
        ArgumentError: there is no such cell.
    """
    if given.name is None:
        rows = [(facts.name, facts.parameters, facts.use) for facts in nn.catalogue().values()]
        widths = [max(len(row[k]) for row in rows) for k in range(2)]
        print(f"{'cell':{widths[0]}}  {'parameters':{widths[1]}}  when to use it")
        for name, parameters, use in rows:
            print(f"{name:{widths[0]}}  {parameters:{widths[1]}}  {use}")
        print(f"\n{len(rows)} cells of D inputs, H units. More of one: tinygrad-rnn cells NAME; its graph: draw NAME.")
        return
    facts = entry(given.name)
    cell = subject.cell(given.name, given.input_size, given.hidden_size)
    count = sum(p.size for p in cell.parameters())
    print(inspect.cleandoc(facts.kind.__doc__ or "").split("\n\nArgs:")[0].split("\n\n>>>")[0])
    print(f"\nParameters: {facts.parameters} = {count:,} for D = {given.input_size}, H = {given.hidden_size}.")
    print(f"When: {facts.use}.")
    print(textwrap.fill(f"Source: {facts.source}.", 100))
    print(f"In Python: tg.nn.{cell!r}")


def entry(name: str) -> nn.CellFacts:
    """What the catalogue says of a cell, by any spelling of its name.

    Raises:
        ArgumentError: there is no such cell.
    """
    known = {subject.short(key): facts for key, facts in nn.catalogue().items()}
    found = known.get(subject.short(name))
    if found is None:
        near = difflib.get_close_matches(subject.short(name), known, 1)
        hint = f" (did you mean {known[near[0]].name}?)" if near else ""
        raise ArgumentError(f"no cell {name!r}{hint}; tinygrad-rnn cells lists them")
    return found
