"""`explore`: from a cell, a function or a loss to one HTML file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, overload

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.mode import changed, current, scope
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..derivation import derive
from ..step.cells import initial_state, is_cell, is_module, one_cell
from ..step.inputs import input_of
from ..step.language import spoken
from ..step.looping import run_steps
from ..step.quantities import argument_names
from ..step.scan import scan_of
from ..step.unpacked import unpacked_run
from ..view.api import draw
from .by_gate import GateRecord
from .page import page
from .record import Drawn, Record

_LARGEST = 4000  # nodes
LEVELS = ("gate", "op")


class Explorer:
    """A page on which a graph is computed; in a notebook it shows itself.

    Attributes:
        html: the page.
    """

    def __init__(self, html: str, title: str):
        self.html, self._title = html, title

    def save(self, path: str | Path) -> Path:
        """Write the page; its name ends in .html.

        Raises:
            ArgumentError: another ending.
            OSError: the file cannot be written.
        """
        path = _checked(path)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" sandbox="allow-scripts" title="{escape(self._title)}" '
            'style="width:100%;height:720px;border:1px solid #8a929e;border-radius:6px"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<explorer of {self._title}; .save('page.html'), or show it in a notebook>"


@overload
def explore(
    thing: Any, path: str | Path, *, level: str | None = None, steps: int = 5, input: Any = None, batch: int = 1,
    seed: int = 0, theme: str = "auto", language: str = "en",
) -> Path: ...  # fmt: skip
@overload
def explore(
    thing: Any, path: None = None, *, level: str | None = None, steps: int = 5, input: Any = None, batch: int = 1,
    seed: int = 0, theme: str = "auto", language: str = "en",
) -> Explorer: ...  # fmt: skip
def explore(
    thing: Any,
    path: str | Path | None = None,
    *,
    level: str | None = None,
    steps: int = 5,
    input: Any = None,
    batch: int = 1,
    seed: int = 0,
    theme: str = "auto",
    language: str = "en",
) -> Path | Explorer:
    """A page that steps through a computation and its gradient, and computes both again whenever a number is changed.

    Args:
        thing: a scalar tensor (a loss computed op by op); a cell or layer of one cell, which is run on `steps` random
            inputs, for the loss L = Σ_t ½ ‖output_t‖²; or a function of tensors, run on random arguments, for ½ ‖y‖²
            of its result if that is no scalar.
        path: where to; it ends in .html. None: the page is returned, and shows itself in a notebook.
        level: of a cell: "gate" (the default), the quantities of `tg.derive`, with packed products unpacked into gates;
            "op", every node as it is computed, which is also what a cell gets that `tg.derive` refuses. Other things
            are shown op by op.
        steps, batch, seed: of the sequence a cell is run on.
        input: that sequence, (T, B, D), instead of a random one; or the shape of a random one, (T, B, D) or (B, D). For
            a function the shape of its argument or an array of it, or a tuple of several.
        theme: as for `tg.draw`; "auto" follows the reader's device.
        language: of the words, "en" or "zh".

    The page needs no network and no other file. It computes in double precision, of float32 cells too, and says so; the
    values of an op that it has no JavaScript for are those of this run, and cannot be changed. Keys: ← → space Home
    End. Its scripting handle, `explorer`, is described in the guide.

    Raises:
        ArgumentError: it is none of these, has no values, has more than 4000 nodes, or contains `tg.scan` (whose steps
            run compiled: use `tg.unroll`); no input is given for a cell without input_size or for a function; the level
            is another; the path has another ending.
        ShapeError: the input is no sequence, or not what the cell reads.
        OSError: the file cannot be written.
    """
    if level is not None and level not in LEVELS:
        raise ArgumentError(with_user_line(f"explore: level is one of {', '.join(LEVELS)}, not {level!r}"))
    if path is not None:
        path = _checked(path)
    spoken("explore", language)
    look = _Look(theme, language)
    explorer = _explorer(thing, level, steps, input, batch, seed, look)
    return explorer if path is None else explorer.save(path)


@dataclass(frozen=True)
class _Look:
    theme: str
    language: str


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(with_user_line(f"explore: a page ends in .html, not {path.name!r}"))
    return path


def _explorer(thing: Any, level: str | None, steps: int, given: Any, batch: int, seed: int, look: _Look) -> Explorer:
    generator = np.random.default_rng(seed)
    if isinstance(thing, Tensor):
        return _by_op(thing, "computation", look)
    if callable(thing) and not (is_cell(thing) or is_module(thing) or isinstance(thing, type)):
        return _by_op(*_loss_of_function(thing, given, generator), look)
    cell = one_cell("explore", thing, "a scalar tensor, a function")
    title = type(cell).__name__
    x = input_of("explore", cell, given, steps=steps, batch=batch)
    xs = x.sequence("explore", steps, generator)
    if level != "op":
        try:
            derivation = derive(cell, input=xs[0], language=look.language)
        except ArgumentError:
            if level == "gate":
                raise
        else:
            return _by_gate(cell, derivation, xs, title, look)
    with changed(record="all"):
        loss = _loss_of_cell(cell, xs)
    return _by_op(loss, title, look)


def _by_gate(cell: Any, derivation: Any, xs: np.ndarray, title: str, look: _Look) -> Explorer:
    run = unpacked_run(cell, xs, derivation.step)
    drawing = _drawn(run.loss, look.theme, "gate")
    data, functions = GateRecord(run, derivation, _places(drawing)).data()
    return Explorer(page(title, drawing.svg, data, functions, look.theme, look.language), title)


def _by_op(loss: Tensor, title: str, look: _Look) -> Explorer:
    if loss.is_abstract or loss.size != 1 or not loss.requires_grad or loss.op is None:
        raise ArgumentError(
            with_user_line(f"explore: {loss.path} {loss.describe()} is no loss: a computed scalar with a gradient")
        )
    drawing = _drawn(loss, look.theme, "op")
    data, functions = Record(loss, _places(drawing), _not_recorded(Graph(loss))).data()
    return Explorer(page(title, drawing.svg, data, functions, look.theme, look.language), title)


def _drawn(loss: Tensor, theme: str, level: str) -> Any:
    graph = Graph(loss)
    if any(scan_of(n) for n in graph.nodes):
        raise ArgumentError(
            with_user_line("explore: the graph contains tg.scan, whose steps run compiled; compute it by tg.unroll")
        )
    if len(graph) > _LARGEST:
        raise ArgumentError(with_user_line(f"explore: {len(graph)} nodes are more than {_LARGEST}; use fewer steps"))
    return draw(loss, level=level, show="name", elide_after=None, max_nodes=_LARGEST + 1, theme=theme, time_limit=60.0)


def _places(drawing: Any) -> Drawn:
    edges = [(e.tail, e.head) for e in drawing.placed.edges if e.path]
    return Drawn(dict(drawing._picture.ids), edges)


def _not_recorded(graph: Graph) -> str:
    """What of a graph may depend on what can be edited but was not recorded, and so cannot be computed again."""
    leaves = [n for n in graph.nodes if graph.is_leaf(n)]
    first = min((n.number for n in leaves if n.requires_grad), default=math.inf)
    for n in leaves:
        source = getattr(n, "source", None)
        if source and n.number > first and not n.requires_grad:
            return f"a result of {source} was not recorded, as nothing needs its gradient"
    return ""


def _loss_of_function(function: Callable[..., Any], given: Any, generator: np.random.Generator) -> tuple[Tensor, str]:
    """½ ‖y‖² of a function of given or random arguments, or y if it is a scalar, every node in the graph."""
    name = getattr(function, "__name__", type(function).__name__)
    if given is None:
        raise ArgumentError(with_user_line(f"explore: give the shape of each argument of {name}: input=(…)"))
    several = isinstance(given, (tuple, list)) and any(not isinstance(n, (int, np.integer)) for n in given)
    arguments = []
    for x in given if several else [given]:
        shape = isinstance(x, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in x)
        array = generator.normal(size=tuple(x)) if shape else np.array(x.numpy() if isinstance(x, Tensor) else x)
        arguments.append(Tensor(array.astype(np.float64) if array.dtype.kind in "iu" else array))
    for x, called in zip(arguments, argument_names(function, len(arguments)), strict=True):
        x.named(called, role="input")
        x.requires_grad = x.dtype.kind == "f"
    with changed(record="all"):
        y = function(*arguments)
        if not isinstance(y, Tensor):
            raise ArgumentError(with_user_line(f"explore: {name} returned {type(y).__name__}, not a tensor"))
        return (y if y.size == 1 else ((y**2).sum() * 0.5).named("L")), name


def _loss_of_cell(cell: Any, xs: np.ndarray) -> Tensor:
    """½ Σ ‖output_t‖² of a cell on a sequence, every node in the graph."""
    losses: list[Tensor] = []

    def read(t: int) -> Tensor:
        row = Tensor(np.array(xs[t]), scope=current().scope).named("x", role="input")
        row.requires_grad = row.dtype.kind == "f"
        return row

    def add(t: int, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
        losses.append(((flatten(output)[0][0] ** 2).sum() * 0.5).named("ℓ"))
        return output, after

    state = initial_state(cell, xs.shape[1])
    for s in flatten(state)[0]:
        if s.op is None and s.dtype.kind == "f":
            s.requires_grad = True
    with scope(getattr(cell, "label", type(cell).__name__)):
        run_steps(cell, len(xs), read, lambda _: state, then=add)
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
    return total.named("L") if len(xs) > 1 else total
