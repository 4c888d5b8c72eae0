"""`Body`: one time step as a graph, with rows of a batch flowing through it. Forward steps are traced from a cell;
reverse steps are derived from them.

Shapes are traced with a stand-in batch size, a large prime, so that the batch axis is known wherever it appears and
anything that depends on the actual batch is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.errors import TinygradError
from ..core.graph import Graph
from ..core.mode import changed
from ..core.op import REGISTRY
from ..core.tensor import Tensor

BATCH = 7919
Rewrite = Callable[[Tensor, tuple[Tensor, ...]], Tensor | None]


class NotRowWise(TinygradError):
    """The step mixes rows of the batch, or does something the compiler has no code for."""


@dataclass
class Body:
    """One step. Row values have shape (BATCH, width) or (BATCH,).

    `sequences` and `states` are the rows that come in (a time step of each sequence; the state before), `outputs` and
    `new_states` those that go out. `shared` are the leaves that are the same at every step. `totals` are sums over all
    steps and rows: the gradients of `shared` in a reverse body.
    """

    sequences: list[Tensor]
    states: list[Tensor]
    outputs: list[Tensor]
    new_states: list[Tensor]
    totals: list[Tensor] = field(default_factory=list)

    @cached_property
    def graph(self) -> Graph:
        given = [*self.sequences, *self.states]
        return Graph([*self.outputs, *self.new_states, *self.totals], given, boundary=given)

    @cached_property
    def shared(self) -> list[Tensor]:
        """Leaves with values: parameters and constant arrays."""
        return [n for n in self.graph.nodes if n.op is None and not n.is_abstract and n.size > 0]

    @cached_property
    def given(self) -> set[int]:
        return {n.number for n in (*self.sequences, *self.states)}

    def mapped(self, rule: Rewrite, leaves: dict[int, Tensor] | None = None) -> Body:
        """Rebuild the graph: ``rule(node, new inputs)`` gives a replacement, or None to keep the node's op."""
        new: dict[int, Tensor] = {}
        with changed(record="all"):
            for node in self.graph.nodes:
                if self.graph.is_leaf(node):
                    new[node.number] = (leaves or {}).get(node.number, node)
                    continue
                inputs = tuple(new[x.number] for x in node.inputs)
                made = rule(node, inputs)
                if made is None:
                    same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
                    made = node if same else rebuilt(node, inputs)
                if made.name is None and made.op is not None and made.number not in self.given:
                    made.name = node.name
                new[node.number] = made

        def at(nodes: Sequence[Tensor]) -> list[Tensor]:
            return [new[n.number] for n in nodes]

        outputs, new_states, totals = at(self.outputs), at(self.new_states), at(self.totals)
        return replace(self, outputs=outputs, new_states=new_states, totals=totals)


def rebuilt(node: Tensor, inputs: Sequence[Tensor]) -> Tensor:
    """The same op on other inputs."""
    return on_rows(node, inputs, dict(node.attrs or {}))


def on_rows(node: Tensor, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Tensor:
    """The op of `node` on other inputs and attributes. Rows made of constants alone stay without values."""
    assert node.op is not None
    made = apply(node.op, inputs, attrs)
    if not made.is_abstract and BATCH in made.shape:
        made._spec, made._array = (made.shape, made.dtype), None
    return made


def is_row(node: Tensor) -> bool:
    """Whether it has one row per sample: (BATCH, width) or (BATCH,)."""
    return node.ndim in (1, 2) and node.shape[0] == BATCH and BATCH not in node.shape[1:]


def is_shared(node: Tensor) -> bool:
    """Whether it is the same at every step."""
    return not node.is_abstract


def width(node: Tensor) -> int:
    return node.shape[1] if node.ndim == 2 else 1


def zero_row(x: Tensor) -> Tensor:
    """Zeros like x, for what nothing depends on."""
    return same_rows(np.zeros((), x.dtype), x.shape)


def same_rows(row: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """A row value with the same entries for every sample."""
    constant = Tensor(row)
    constant.role = "constant"
    rows = apply(REGISTRY["broadcast_to"], (constant,), {"shape": shape})
    rows._array, rows._spec = None, (shape, row.dtype)
    return rows


def is_entrywise(n: Tensor) -> bool:
    """Whether each entry depends on the same entry (or the row's scalar) of the operands alone."""
    return n.op is not None and n.op.entrywise


def feature_slice(index: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(start, stop) if the index takes a run of features of all rows."""
    parts = tuple(index)
    if len(shape) == 1 and len(parts) == 1:
        parts = (Ellipsis, *parts) if parts[0] is not Ellipsis else parts
    if len(parts) != 2 or not isinstance(parts[1], slice):
        return None
    if len(shape) == 2 and not (parts[0] is Ellipsis or (isinstance(parts[0], slice) and parts[0] == slice(None))):
        return None
    start, stop, step = parts[1].indices(shape[-1])
    return (start, max(stop, start)) if step == 1 else None
