"""`explore`: from a cell or a loss to one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.mode import current, scope
from ..core.operands import array_of
from ..core.tensor import Tensor
from ..core.trees import arranged, flatten
from ..view.api import draw
from ..view.fold import is_scan
from ..view.subject import is_cell
from .page import page
from .record import Record

_LARGEST = 4000  # nodes


def explore(
    thing: Any,
    path: str | Path,
    *,
    steps: int = 5,
    input: Any = None,
    batch: int = 1,
    seed: int = 0,
    theme: str = "auto",
) -> Path:
    """Write a page that steps through a computation and its gradient, one node at a time.

    Args:
        thing: a scalar tensor (a loss computed op by op), or a cell, which is run on `steps` random inputs, for the
            loss L = ½ Σ ‖output_t‖².
        path: where to; it ends in .html. The page needs no network and no other file.
        steps, batch, seed: of the sequence a cell is run on.
        input: that sequence, (T, B, D), instead of a random one.
        theme: as for `tg.draw`; "auto" follows the reader's device.

    The page shows the graph; forward and then backward, the value, formula, local derivatives, incoming gradient and
    what is accumulated where, at each node; and ‖∂L/∂h_t‖ against t. Keys: ← → space Home End. Arrays show their first
    32 rows and columns, numbers six digits.

    Raises:
        ArgumentError: it is neither, has no values, has more than 4000 nodes, or contains `tg.scan` (whose steps run
            compiled: use `tg.unroll`); the path has another ending.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(with_user_line(f"explore: a page ends in .html, not {path.name!r}"))
    loss = _loss_of_cell(thing, steps, input, batch, seed) if is_cell(thing) else thing
    title = type(thing).__name__ if is_cell(thing) else "computation"
    if not isinstance(loss, Tensor):
        raise ArgumentError(with_user_line(f"explore: expected a cell or a scalar tensor, got {type(thing).__name__}"))
    if loss.is_abstract or loss.size != 1 or not loss.requires_grad or loss.op is None:
        raise ArgumentError(
            with_user_line(f"explore: {loss.path} {loss.describe()} is no loss: a computed scalar with a gradient")
        )
    graph = Graph(loss)
    if any(is_scan(n) for n in graph.nodes):
        raise ArgumentError(
            with_user_line("explore: the graph contains tg.scan, whose steps run compiled; compute it by tg.unroll")
        )
    if len(graph) > _LARGEST:
        raise ArgumentError(with_user_line(f"explore: {len(graph)} nodes are more than {_LARGEST}; use fewer steps"))
    drawing = draw(loss, show="name", elide_after=None, max_nodes=_LARGEST + 1, theme=theme, time_limit=60.0)
    placed = drawing.placed
    edges = [(e.tail, e.head) for e in placed.edges if e.path]
    data = Record(loss, graph).data(drawing._picture.ids, edges)
    path.write_text(page(title, drawing.svg, data, theme), encoding="utf-8")
    return path


def _loss_of_cell(cell: Any, steps: int, xs: Any, batch: int, seed: int) -> Tensor:
    """½ Σ ‖output_t‖² of a cell on a sequence, every node in the graph."""
    if xs is None:
        if getattr(cell, "input_size", None) is None:
            raise ArgumentError(
                with_user_line(f"explore: {type(cell).__name__} has no input_size; give input=(T, B, D)")
            )
        if steps < 1 or batch < 1:
            raise ArgumentError(with_user_line(f"explore: steps and batch are at least 1, not {steps} and {batch}"))
        xs = np.random.default_rng(seed).normal(size=(steps, batch, cell.input_size))
    array = array_of(xs, getattr(cell, "dtype", np.float32))
    if array.ndim != 3 or not array.size:
        raise ArgumentError(with_user_line(f"explore: the input is {array.shape}, expected (T, B, D)"))
    state = cell.initial_state(array.shape[1])
    total = None
    with scope(getattr(cell, "label", type(cell).__name__)):
        for t, row in enumerate(array):
            with scope(f"t={t}", step=t):
                x = Tensor(np.array(row), scope=current().scope).named("x", role="input")
                x.requires_grad = True
                y, after = cell.step(x, state)
                state = arranged(after, state)
                part = (flatten(y)[0][0] ** 2).sum() * 0.5
                part.named("ℓ")
            total = part if total is None else total + part
    assert total is not None
    return total.named("L") if array.shape[0] > 1 else total
