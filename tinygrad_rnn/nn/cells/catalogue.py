"""The catalogue of cells: of each its equations, how many parameters it has, when to use it, and where it is from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..cell import Cell

C = TypeVar("C", bound=Cell)


@dataclass(frozen=True)
class CellFacts:
    """What the catalogue says of a cell.

    Attributes:
        name: on the command line.
        kind: its class in `tg.nn`.
        parameters: how many, with D inputs, H units and all biases, in the usual options.
        use: when to use it.
        source: the paper, in full.
    """

    name: str
    kind: type[Cell]
    parameters: str
    use: str
    source: str

    @property
    def title(self) -> str:
        """One line: the first sentence of its documentation."""
        return " ".join(inspect.getdoc(self.kind).split("\n\n")[0].split())  # type: ignore[union-attr]

    @property
    def equations(self) -> str:
        """One step, in the paper's symbols; h′ is the h of the step before."""
        block = inspect.getdoc(self.kind).split("\n\n")[1]  # type: ignore[union-attr]
        return inspect.cleandoc(" \n" + block).strip("\n")


_CELLS: dict[str, CellFacts] = {}


def catalogued(name: str, parameters: str, use: str, source: str) -> Callable[[type[C]], type[C]]:
    """Enter the decorated cell in the catalogue; see `CellFacts`."""

    def enter(kind: type[C]) -> type[C]:
        _CELLS[name] = CellFacts(name, kind, parameters, use, source)
        return kind

    return enter


def catalogue() -> dict[str, CellFacts]:
    """Every cell of the library by its name, those to begin with first.

    >>> tg.nn.catalogue()["mgu"].parameters
    '2H(D + H + 1)'
    >>> print(tg.nn.catalogue()["gru"].equations.splitlines()[-1])
    h = (1 − z) ⊙ n + z ⊙ h′
    """
    return dict(_CELLS)
