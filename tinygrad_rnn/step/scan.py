"""A scan as its readers see it: a node of the graph that runs a step over a whole sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np

from ..core.tensor import Tensor
from .body import Body

X = TypeVar("X", covariant=True)
Y = TypeVar("Y")
Spec = tuple[tuple[int, ...], np.dtype]


@dataclass(frozen=True)
class Operands(Generic[X]):
    """What a scan reads, in the order of its inputs: tensors, their arrays, or their gradients.

    Attributes:
        sequences: (T, B, width), of which each step reads its own.
        states: (B, width), before the first step.
        leaves: parameters and constants, the same at every step.
    """

    sequences: Sequence[X]
    states: Sequence[X]
    leaves: Sequence[X]

    def __iter__(self) -> Iterator[X]:
        return chain(self.sequences, self.states, self.leaves)

    def like(self, flat: Sequence[Y]) -> Operands[Y]:
        """Others, as many and in the same order."""
        first, last = len(self.sequences), len(self.sequences) + len(self.states)
        return Operands(flat[:first], flat[first:last], flat[last:])

    def kind(self, i: int) -> Literal["sequence", "state", "leaf"]:
        """What the operand of number `i` is."""
        if i < len(self.sequences):
            return "sequence"
        return "state" if i < len(self.sequences) + len(self.states) else "leaf"


def operands_of(body: Body) -> Operands[Tensor]:
    """What stands for each operand in the graph of one step."""
    return Operands(body.sequences, body.states, body.shared)


class Stepper(Protocol):
    """What runs a step over a sequence: the step, what it saves for its gradient besides states, its dtype."""

    body: Body
    saved: list[Tensor]
    dtype: np.dtype


S = TypeVar("S", bound=Stepper)


@dataclass(frozen=True, eq=False)
class ScanAttrs(Generic[S]):
    """What a scan node knows beside its operands.

    Attributes:
        recurrence: the step, and what runs it.
        reverse: from the last time step to the first.
        specs: shape and dtype of each result: outputs (T, B, width), then the states after the last step.
        wrt: the numbers of the step's sequences and leaves whose gradients are wanted; None: no gradient at all.
        segment: the steps between checkpoints; None: everything is kept.
    """

    recurrence: S = field(repr=False)
    reverse: bool
    specs: tuple[Spec, ...] = field(repr=False)
    wrt: tuple[int, ...] | None = field(default=None, repr=False)
    segment: int | None = None


def scan_of(node: Tensor) -> ScanAttrs[Stepper] | None:
    """What a node that `tg.scan` made knows; None for any other node."""
    found = (node.attrs or {}).get("scan")
    return found if isinstance(found, ScanAttrs) else None
