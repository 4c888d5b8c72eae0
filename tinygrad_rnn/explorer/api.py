"""`explore`: from a cell or a loss to one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.mode import current, scope
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..step.cells import initial_state, one_cell
from ..step.inputs import input_of
from ..step.looping import run_steps
from ..step.scan import scan_of
from ..view.api import draw
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
        thing: a scalar tensor (a loss computed op by op), or a cell or layer of one cell, which is run on `steps`
            random inputs, for the loss L = ½ Σ ‖output_t‖².
        path: where to; it ends in .html. The page needs no network and no other file.
        steps, batch, seed: of the sequence a cell is run on.
        input: that sequence, (T, B, D), instead of a random one; or the shape of a random one, (T, B, D) or (B, D).
        theme: as for `tg.draw`; "auto" follows the reader's device.

    The page shows the graph; forward and then backward, the value, formula, local derivatives, incoming gradient and
    what is accumulated where, at each node; and ‖∂L/∂h_t‖ against t. Keys: ← → space Home End. Arrays show their first
    32 rows and columns, numbers six digits.

    Raises:
        ArgumentError: it is neither, has no values, has more than 4000 nodes, or contains `tg.scan` (whose steps run
            compiled: use `tg.unroll`); no input is given for a cell without input_size; the path has another ending.
        ShapeError: the input is no sequence, or not what the cell reads.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(with_user_line(f"explore: a page ends in .html, not {path.name!r}"))
    title, loss = "computation", thing
    if not isinstance(thing, Tensor):
        cell = one_cell("explore", thing, "a scalar tensor")
        title, loss = type(cell).__name__, _loss_of_cell(cell, steps, input, batch, seed)
    if loss.is_abstract or loss.size != 1 or not loss.requires_grad or loss.op is None:
        raise ArgumentError(
            with_user_line(f"explore: {loss.path} {loss.describe()} is no loss: a computed scalar with a gradient")
        )
    graph = Graph(loss)
    if any(scan_of(n) for n in graph.nodes):
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


def _loss_of_cell(cell: Any, steps: int, input: Any, batch: int, seed: int) -> Tensor:
    """½ Σ ‖output_t‖² of a cell on a sequence, every node in the graph."""
    x = input_of("explore", cell, input, steps=steps, batch=batch)
    xs = x.sequence("explore", steps, np.random.default_rng(seed))
    losses: list[Tensor] = []

    def read(t: int) -> Tensor:
        row = Tensor(np.array(xs[t]), scope=current().scope).named("x", role="input")
        row.requires_grad = row.dtype.kind == "f"
        return row

    def add(t: int, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
        losses.append(((flatten(output)[0][0] ** 2).sum() * 0.5).named("ℓ"))
        return output, after

    state = initial_state(cell, xs.shape[1])
    with scope(getattr(cell, "label", type(cell).__name__)):
        run_steps(cell, len(xs), read, lambda _: state, then=add)
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
    return total.named("L") if len(xs) > 1 else total
