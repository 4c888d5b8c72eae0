"""The plan of a program: its products and loops in order, where each row value is kept, what waits for the end."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..core.expression import functions
from ..core.op import Op
from ..core.tensor import Tensor
from ..kernels import scalars
from ..step.body import BATCH, Body, NotRowWise, feature_slice, is_entrywise, is_row, is_shared, width
from .passes import is_product

COPY = Op("copy", lambda x: x, ("x",), {}, shape=lambda x: x, vjps=[None], elementwise=True, scalar="{x}")


@dataclass
class Place:
    """Where a row value is kept: entries ``offset … offset + width`` of rows of `length` entries of an array.

    `kind` says which row: "sequence" (time t), "before" and "after" (a state's slots), "scratch" (this block, this
    step), "table" (the one that the sequence `by` names), "local" (a variable), "shared" (no rows at all).
    """

    kind: str
    array: str
    length: int
    offset: int = 0
    by: str = ""


@dataclass
class MatMul:
    """`out` = the sum of rows @ weights over `terms`."""

    out: Tensor
    terms: list[tuple[Tensor, Tensor]]


@dataclass
class Loop:
    """Entrywise work over `width` entries of a row, and the reductions over them."""

    width: int
    nodes: list[Tensor] = field(default_factory=list)


@dataclass
class Contraction:
    """After the last step: `total` = Σ over steps and rows of leftᵀ right; without `left`, of right.

    If it is `scattered`, `left` brings numbers: each row of `right` is added to the row of `total` that it names.
    """

    total: Tensor
    left: Tensor | None
    right: Tensor
    scattered: bool = False


class Result(NamedTuple):
    """A row value of every step, in one array (T, B, width)."""

    node: Tensor
    array: str
    width: int


@dataclass
class Work:
    """What a step computes, in order.

    Attributes:
        pieces: of each concatenation, what writes its parts.
        merged: products that are only terms of a sum of products.
    """

    body: Body
    nodes: list[Tensor]
    pieces: dict[int, list[Tensor]]
    merged: set[int]

    def computed(self) -> Iterator[Tensor]:
        """The nodes that a loop or a product of their own computes."""
        for n in self.nodes:
            if n.number in self.merged or n.number in self.pieces or is_lookup(n, self.body):
                continue
            if alias_of(n, self.body) is None:
                yield n


@dataclass
class Plan:
    """A body ready for code generation."""

    body: Body
    levels: list[list[MatMul] | list[Loop]]
    places: dict[int, list[Place]]  # where each node is written; the first is where it is read from later
    results: list[Result]
    states: list[tuple[str, int]]  # array and width of each state's slots
    given: list[tuple[str, int]]  # array and width of each incoming sequence
    shared: dict[int, tuple[str, Tensor]]  # vectors and numbers that loops read
    weights: dict[int, tuple[str, Tensor]]  # matrices, packed
    contractions: list[Contraction]
    deferred: list[MatMul]  # for all steps at once, after the last
    saved_width: int  # of the rows of `SAVED`, which comes in or goes out
    overwrites: bool  # whether the incoming saved values are overwritten by results


#: The level of what a step is given.
GIVEN = -2
#: The one array of all saved values, side by side: written by a forward program, read by its backward program.
SAVED = "all_saved"
#: Functions of scalar expressions that Numba has; the others are in `kernels.scalars`.
BUILTIN = {"abs", "min", "max", "number"}
#: Names the generated source uses itself.
RESERVED = {
    *("first", "last", "T", "B", "F", "t", "r", "j", "rows", "block", "step", "start", "stride", "lag"),
    *("multiply", "np", "at", "plus", "product", "compiled", "carray", "float32s", "float64s", "int64s"),
    *("min", "max", "abs"),
    *keyword.kwlist,
}


def contractions_of(body: Body) -> list[Contraction]:
    """The sums over rows in the graph of the totals: matrix products aᵀ d and sums of d over the batch."""
    found: list[Contraction] = []
    for node in body.graph.nodes:
        if node.op is None or is_shared(node) or BATCH in node.shape:
            continue
        rows = [x for x in node.inputs if BATCH in x.shape]
        if not rows:
            continue
        if node.op.kind == "matrix product" and node.ndim == 2:
            left, right = node.inputs
            if left.op is not None and left.op.kind == "transpose" and is_row(left.inputs[0]) and is_row(right):
                found.append(Contraction(node, left.inputs[0], right))
                continue
        if node.op.name == "put_taken" and is_row(node.inputs[0]) and node.inputs[1].number in body.given:
            found.append(Contraction(node, node.inputs[1], node.inputs[0], scattered=True))
            continue
        if node.op.sums and is_row(rows[0]) and width(rows[0]) == node.size:
            found.append(Contraction(node, None, rows[0]))
            continue
        if node.op.sums and is_row(rows[0]) and node.size == 1:
            total = rows[0].sum(axis=1, keepdims=True) if rows[0].ndim == 2 else rows[0]
            found.append(Contraction(node, None, total))
            continue
        raise NotRowWise(f"{node.op.name} mixes the rows of the batch: {shape_text(rows[0])} → {shape_text(node)}")
    totals = {c.total.number for c in found}
    mixed = {n.number for n in body.graph.nodes if not is_shared(n) and BATCH not in n.shape}
    for node in body.graph.nodes:
        if BATCH in node.shape and node.op is not None and any(x.number in mixed for x in node.inputs):
            raise NotRowWise(f"{node.op.name} brings a sum over the batch back into its rows")
        if node.number in mixed and node.number not in totals and node.op is not None and not _linear(node):
            raise NotRowWise(f"{node.op.name} of a sum over the batch is not linear")
    return found


def product_terms(n: Tensor) -> list[tuple[Tensor, Tensor]]:
    terms, stack = [], [n]
    while stack:
        p = stack.pop()
        if p.op.kind == "matrix product":  # type: ignore[union-attr]
            terms.append((p.inputs[0], p.inputs[1]))
        else:
            stack.extend(reversed(p.inputs))
    return terms


def alias_of(n: Tensor, body: Body) -> tuple[Tensor, int] | None:
    """(source, offset) if `n` is only another look at `source`: a slice of features, a row scalar reshaped."""
    if n.op is None or n.number in body.given:
        return None
    if n.op.kind == "slice" and is_row(n.inputs[0]) and n.ndim == n.inputs[0].ndim:
        span = feature_slice(n.attrs["index"], n.inputs[0].shape)  # type: ignore[index]
        return (n.inputs[0], span[0]) if span else None
    if n.op.kind == "reshape" and is_row(n.inputs[0]) and width(n.inputs[0]) == width(n) == 1:
        return n.inputs[0], 0
    return None


def is_lookup(n: Tensor, body: Body) -> bool:
    """Whether it is the row of a table that an incoming number names."""
    if n.op is None or n.op.name != "embedding":
        return False
    table, symbol = n.inputs
    return is_shared(table) and symbol.number in body.given and symbol.dtype == np.int64


def source_of(x: Tensor, body: Body) -> tuple[Tensor, int]:
    """(source, offset): the value that `x` is a look at, itself if it is none."""
    offset = 0
    while (alias := alias_of(x, body)) is not None:
        x, more = alias
        offset += more
    return x, offset


def has_loop(x: Tensor, body: Body) -> bool:
    """Whether a loop computes it, and can write it wherever it is wanted."""
    if x.number in body.given or is_shared(x) or x.op is None or is_product(x):
        return False
    return is_entrywise(x) or x.op.fold is not None


def _linear(n: Tensor) -> bool:
    assert n.op is not None
    return n.op.linear_in([i for i, x in enumerate(n.inputs) if not is_shared(x)])


def shared_base(x: Tensor) -> tuple[Tensor, int]:
    """(array, offset): a run of entries of a vector is read from the vector."""
    if x.op is not None and x.op.kind == "slice" and x.ndim == x.inputs[0].ndim == 1:
        span = feature_slice(x.attrs["index"], x.inputs[0].shape)  # type: ignore[index]
        if span:
            return x.inputs[0], span[0]
    return x, 0


def unknown_functions(entry: ast.expr) -> list[str]:
    """Functions of a scalar expression that loops cannot call."""
    return sorted(f for f in functions(entry) - BUILTIN if not hasattr(scalars, f))


def weight_name(w: Tensor) -> str | None:
    """What a program calls a weight: not which layer and direction it serves, so that equal layers share a program."""
    while w.name is None and w.inputs:
        w = w.inputs[0]
    return w.name and re.sub(r"_l\d+(_reverse)?$", "", w.name)


def shape_text(n: Tensor) -> str:
    return "(" + ", ".join("batch" if k == BATCH else str(k) for k in n.shape) + ")"
