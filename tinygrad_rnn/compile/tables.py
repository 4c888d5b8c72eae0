"""Sequences of symbols: a scan over the rows of a table reads the table, whose rows are weighted once.

    x_t = table[s_t]:   x_t W = (table W)[s_t],   ∂L/∂(table W) = Σ_t of ∂L/∂(x_t W), added to row s_t

So the products of a step with its input, forward and backward, take as many rows as the table has, not as many as the
batch has steps.
"""

from __future__ import annotations

import numpy as np

from ..core.apply import apply
from ..core.mode import changed
from ..core.tensor import Tensor, abstract
from ..ops.lookup import embedding
from ..step.body import BATCH, Body, is_shared, width

#: How many times as many rows as the table a batch has at least, for its scan to read the table. With an LSTM of 128
#: units (docs/performance.md) it pays from about 1.3 times on.
FEWER = 2


def is_worth(symbols: int, rows: int) -> bool:
    """Whether reading a table of so many symbols pays for so many rows: the one place that decides."""
    return symbols * FEWER <= rows


def read_from_table(body: Body, rows: int) -> tuple[Body, Tensor]:
    """A step whose first sequence brings numbers of rows of a table, and a stand-in of the table."""
    x = body.sequences[0]
    table = Tensor(np.zeros((rows, width(x)), x.dtype), requires_grad=True).named("table")
    symbol = abstract((BATCH,), np.dtype(np.int64)).named("symbol")
    with changed(record="all"):
        row = embedding(table, symbol)

    def weighted_once(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op is None or node.op.kind != "matrix product" or xs[0] is not row or not is_shared(xs[1]):
            return None
        return embedding(apply(node.op, (table, xs[1]), dict(node.attrs or {})), symbol)

    made = body.mapped(weighted_once, {x.number: row})
    return Body([symbol, *body.sequences[1:]], made.states, made.outputs, made.new_states), table
