"""`draw`: from a tensor, a graph or a cell to a `Drawing`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..core.errors import ArgumentError, DrawingError, with_user_line
from ..core.graph import Graph
from ..core.tensor import Tensor
from .build import build
from .drawing import Drawing
from .elide import elide
from .gates import gates
from .groups import groups
from .sheet import Sheet
from .subject import is_cell, is_module, trace_cell, trace_module
from .theme import THEMES

_SHOW = ("name", "shape", "value", "grad", "weights")
_DIRECTIONS = ("forward", "backward", "both")


def draw(
    thing: Any,
    *,
    direction: str = "forward",
    show: str | Iterable[str] = ("name", "shape"),
    wrt: Sequence[Tensor] | None = None,
    level: str = "op",
    theme: str = "auto",
    elide_after: int | None = 12,
    steps: int | None = None,
    batch: int = 1,
    input: Any = None,
    max_nodes: int = 1500,
    time_limit: float = 20.0,
    engine: str = "bundled",
) -> Drawing:
    """A picture of a computation.

    Args:
        thing: a tensor (the graph it was computed by), a `Graph`, or a cell or module, which is traced with shapes
            only.
        direction: "forward", "backward" (the derived gradients), or "both" on one canvas.
        show: any of "name", "shape", "value", "grad". Up to four values are written out; of more, mean ± standard
            deviation, and of a gradient its norm.
        wrt: for backward pictures, what to differentiate by (default: as `Graph.backward`).
        steps: for a cell, the number of time steps to unroll (default: one step, without time subscripts).
        batch: for a cell, the batch size it is traced with.
        input: for a cell or module whose input size is not known, the shape of its input (of one step).
        max_nodes: refuse larger graphs.
        time_limit: seconds for the layout.
        engine: "bundled" Graphviz, or the machine's own "dot".

    Raises:
        ArgumentError: an argument makes no sense.
        DrawingError: too many nodes, or (when the picture is first used) no layout in time.

    Time runs from left to right, a step from top to bottom; gradients run the opposite way, in red. A ghost (dashed)
    repeats a weight or a state where another step uses it.
    """
    shown = frozenset([show] if isinstance(show, str) else show)
    if not shown <= set(_SHOW):
        raise ArgumentError(
            with_user_line(
                f"draw: show takes {', '.join(_SHOW)}; got {', '.join(sorted(map(repr, shown - set(_SHOW))))}"
            )
        )
    if direction not in _DIRECTIONS:
        raise ArgumentError(with_user_line(f"draw: direction is one of {', '.join(_DIRECTIONS)}, not {direction!r}"))
    graph, title = _subject(thing, steps, batch, input)
    backward = graph.backward(wrt) if direction != "forward" else None
    if backward is not None:
        title += ", backward" if direction == "backward" else ", forward and backward"
    sheet = Sheet.of(graph, backward, direction)
    if elide_after is not None:
        sheet = elide(sheet, elide_after)
    if level == "gate":
        sheet = gates(sheet, weights="weights" in shown)
    elif level in ("cell", "layer"):
        sheet = groups(sheet, level, weights="weights" in shown)
    _check_size(len(sheet.order), max_nodes)
    picture = build(sheet, show=shown, title=title, theme=THEMES[theme], across=level != "op")
    picture.adaptive = theme == "auto"
    return Drawing(picture, engine=engine, time_limit=time_limit)


def _subject(thing: Any, steps: int | None, batch: int, shape: Any) -> tuple[Graph, str]:
    if isinstance(thing, Graph):
        return thing, " ".join(out.name or "" for out in thing.outputs).strip() or "graph"
    if isinstance(thing, Tensor):
        return Graph(thing), thing.path
    if is_cell(thing):
        return trace_cell(thing, steps, batch, shape), type(thing).__name__
    if is_module(thing):
        return trace_module(thing, shape), type(thing).__name__
    raise ArgumentError(
        with_user_line(f"draw: expected a tensor, a graph, a cell or a module, got {type(thing).__name__}")
    )


def _check_size(count: int, limit: int) -> None:
    if count > limit:
        raise DrawingError(
            with_user_line(
                f"draw: {count} nodes are more than max_nodes={limit}; draw fewer time steps (steps=…) or part of "
                f"the graph, or raise max_nodes"
            )
        )
