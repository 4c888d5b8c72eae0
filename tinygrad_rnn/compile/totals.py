"""After the last step: sums over all steps and rows, and the totals that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..core.graph import Graph
from ..core.tensor import Tensor
from .plan import Plan


class Kept(NamedTuple):
    """Where the rows of a kept value are: entries `offset … offset + width` of rows of `length` of array `number`.

    Of a state `moment` says whether they are those before each step or those after; it is None for other values.
    """

    number: int
    moment: str | None
    length: int
    offset: int
    width: int

    def first(self, lag: int) -> int:
        """Which entry of the array is the first step's; `lag` is 1 if steps run backward."""
        return 0 if self.moment is None else lag if self.moment == "before" else 1 - lag

    def rows(self, arrays: Sequence[np.ndarray], T: int, B: int, lag: int) -> np.ndarray:
        """All steps and rows, (T·B, width)."""
        array = arrays[self.number]
        if self.moment is not None:
            array = array[self.first(lag) : self.first(lag) + T]
        array = array.reshape(T * B, self.length)
        return array if self.width == self.length else array[:, self.offset : self.offset + self.width]


def _root(array: np.ndarray) -> int:
    """The identity of the array whose memory it is."""
    return id(array if array.base is None else array.base)


def _own(array: np.ndarray, taken: set[int]) -> np.ndarray:
    """The array, or a copy if its memory is among what is `taken`; now it is."""
    root = _root(array)
    if root in taken or not array.flags.writeable:  # repeated by broadcasting
        return array.copy()
    taken.add(root)
    return array


class Summed(NamedTuple):
    """A sum over all rows, the total of one `Contraction`: leftᵀ right, Σ right, or right added to numbered rows."""

    number: int
    shape: tuple[int, ...]
    left: Kept | None
    right: Kept
    scattered: bool


class Totals:
    """The totals of a body, given its arrays after the last step. `kept` says where a row value is found."""

    def __init__(self, plan: Plan, kept: Callable[[Tensor], Kept]):
        self.dtype = plan.body.totals[0].dtype if plan.body.totals else None
        self.contractions = [
            Summed(c.total.number, c.total.shape, None if c.left is None else kept(c.left), kept(c.right), c.scattered)
            for c in plan.contractions
        ]
        self.results = [(n.number, n.shape) for n in plan.body.totals]
        nodes = Graph(plan.body.totals, boundary=[c.total for c in plan.contractions]).nodes
        #: Products that are only read transposed.
        self.by_columns = {c.total.number for c in plan.contractions} - {r.number for r in plan.body.totals}
        self.by_columns -= {x.number for n in nodes if n.op is not None and n.op.kind != "transpose" for x in n.inputs}
        #: The matrices among them, and rows whose columns are summed.
        self.products = [c for c in self.contractions if c.left is not None]
        self.column_sums = [*dict.fromkeys(c.right for c in self.contractions if c.left is None)]
        self.last = [n for n in nodes if n.number not in {c.number for c in self.contractions}]

    @property
    def operands(self) -> list[Kept]:
        return [k for c in self.contractions for k in (c.left, c.right) if k is not None]

    def finished(
        self, shared: dict[int, np.ndarray], products: Sequence[np.ndarray], sums: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """The totals, given those that are `products` and `column_sums`. No two share memory."""
        values, columns = dict(shared), dict(zip(self.column_sums, sums, strict=True))
        product = iter(products)
        for c in self.contractions:
            values[c.number] = columns[c.right].reshape(c.shape) if c.left is None else next(product)
        taken = {_root(x) for x in shared.values()}
        return [_own(x, taken) for x in self._finished(values)]

    def by_step(
        self, arrays: Sequence[np.ndarray], T: int, B: int, lag: int, shared: dict[int, np.ndarray]
    ) -> list[np.ndarray]:
        """What each time step adds to the totals, (T, *shape)."""

        def rows(kept: Kept, t: int) -> np.ndarray:
            return kept.rows(arrays, T, B, lag)[t * B : (t + 1) * B]

        steps = []
        for t in range(T):
            values = dict(shared)
            for c in self.contractions:
                if c.left is None:
                    total = rows(c.right, t).sum(axis=0)
                elif c.scattered:
                    total = np.zeros(c.shape, self.dtype)
                    np.add.at(total, rows(c.left, t)[:, 0], rows(c.right, t))
                else:
                    total = rows(c.left, t).T @ rows(c.right, t)
                values[c.number] = total.reshape(c.shape)
            steps.append(self._finished(values))
        return [
            np.array([s[k] for s in steps], self.dtype).reshape(T, *shape) for k, (_, shape) in enumerate(self.results)
        ]

    def _finished(self, values: dict[int, np.ndarray]) -> list[np.ndarray]:
        """The totals, from their sums over rows."""
        for node in self.last:
            if node.number not in values:
                if node.op is None:
                    values[node.number] = node.numpy().copy()
                else:
                    operands = [values[x.number] for x in node.inputs]
                    values[node.number] = node.op.evaluate(*operands, **(node.attrs or {}))
        return [np.asarray(values[number]) for number, _ in self.results]
