"""After the last step: sums over all steps and rows, and the totals that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..core.graph import Graph
from ..core.tensor import Tensor
from ..kernels.products import column_sums, contract
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

    def rows(self, arrays: Sequence[np.ndarray], T: int, B: int, lag: int) -> np.ndarray:
        """All steps and rows, (T·B, width)."""
        array = arrays[self.number]
        if self.moment is not None:
            first = lag if self.moment == "before" else 1 - lag
            array = array[first : first + T]
        array = array.reshape(T * B, self.length)
        return array if self.width == self.length else array[:, self.offset : self.offset + self.width]


class Totals:
    """The totals of a body, given its arrays after the last step. `kept` says where a row value is found."""

    def __init__(self, plan: Plan, kept: Callable[[Tensor], Kept]):
        self.dtype = plan.body.totals[0].dtype if plan.body.totals else None
        self.contractions = [
            (c.total.number, c.total.shape, None if c.left is None else kept(c.left), kept(c.right))
            for c in plan.contractions
        ]
        self.column_sums = {right for _, _, left, right in self.contractions if left is None}
        self.results = [(n.number, n.shape) for n in plan.body.totals]
        nodes = Graph(plan.body.totals, boundary=[c.total for c in plan.contractions]).nodes
        #: Products that are only read transposed.
        self.by_columns = {c.total.number for c in plan.contractions} - {r.number for r in plan.body.totals}
        self.by_columns -= {x.number for n in nodes if n.op is not None and n.op.kind != "transpose" for x in n.inputs}
        self.last = [n for n in nodes if n.number not in {number for number, *_ in self.contractions}]

    @property
    def operands(self) -> list[Kept]:
        return [k for _, _, left, right in self.contractions for k in (left, right) if k is not None]

    def __call__(
        self, arrays: Sequence[np.ndarray], T: int, B: int, lag: int, shared: dict[int, np.ndarray]
    ) -> list[np.ndarray]:
        values = dict(shared)
        sums: dict[Kept, np.ndarray] = {}
        for number, _, left, right in self.contractions:
            if left is not None:
                wanted = right in self.column_sums and right not in sums
                total, columns = contract(
                    left.rows(arrays, T, B, lag), right.rows(arrays, T, B, lag), wanted, number in self.by_columns
                )
                values[number] = total
                if columns is not None:
                    sums[right] = columns
        for number, shape, left, right in self.contractions:
            if left is None:
                if right not in sums:
                    sums[right] = column_sums(right.rows(arrays, T, B, lag))
                values[number] = sums[right].reshape(shape)
        return self._finished(values)

    def by_step(
        self, arrays: Sequence[np.ndarray], T: int, B: int, lag: int, shared: dict[int, np.ndarray]
    ) -> list[np.ndarray]:
        """What each time step adds to the totals, (T, *shape)."""

        def rows(kept: Kept, t: int) -> np.ndarray:
            return kept.rows(arrays, T, B, lag)[t * B : (t + 1) * B]

        steps = []
        for t in range(T):
            values = dict(shared)
            for number, shape, left, right in self.contractions:
                product = rows(right, t).sum(axis=0) if left is None else rows(left, t).T @ rows(right, t)
                values[number] = product.reshape(shape)
            steps.append(self._finished(values))
        return [
            np.array([s[k] for s in steps], self.dtype).reshape(T, *shape) for k, (_, shape) in enumerate(self.results)
        ]

    def _finished(self, values: dict[int, np.ndarray]) -> list[np.ndarray]:
        """The totals, from their sums over rows."""
        for node in self.last:
            if node.number not in values:
                if node.op is None:
                    values[node.number] = node.numpy()
                else:
                    operands = [values[x.number] for x in node.inputs]
                    values[node.number] = node.op.evaluate(*operands, **(node.attrs or {}))
        return [np.asarray(values[number]) for number, _ in self.results]
