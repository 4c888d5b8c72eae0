"""`draw`: from a tensor, a graph, a cell, a module or a function to a `Drawing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from ..core.errors import ArgumentError, DrawingError, with_user_line
from ..core.graph import Graph
from ..core.tensor import Tensor
from ..step.cells import is_cell, is_module
from ..step.language import spoken
from ..step.subject import Subject, subject
from .adjoints import with_adjoints
from .build import build
from .drawing import Drawing
from .elide import elide
from .emphasis import Highlight, emphasis, gradients, norms
from .fold import folded, with_bodies
from .gates import gates
from .groups import groups
from .sheet import Sheet
from .theme import THEMES
from .tidy import tidied

_CHOICES = {
    "direction": ("forward", "backward", "both"),
    "level": ("op", "gate", "cell", "layer"),
    "view": (None, "fold", "unrolled"),
    "theme": tuple(THEMES),
}
_SHOW = ("name", "shape", "value", "grad", "cost", "bytes", "weights", "flow")


def draw(
    thing: Any,
    *,
    direction: str = "forward",
    level: str = "op",
    view: str | None = None,
    show: str | Iterable[str] = ("name", "shape"),
    names: Mapping[str, str] | None = None,
    highlight: Highlight = None,
    cuts: int | Iterable[int] | None = None,
    theme: str = "auto",
    legend: bool = False,
    wrt: Sequence[Tensor] | None = None,
    steps: int | None = None,
    elide_after: int | None = 12,
    batch: int = 1,
    input: Any = None,
    max_nodes: int = 1500,
    time_limit: float = 20.0,
    engine: str = "bundled",
    packed: bool = False,
    language: str = "en",
) -> Drawing:
    """A picture of a computation.

    Args:
        thing: a tensor (the graph it was computed by), a `Graph`, or a cell, module or function, which is traced with
            shapes only.
        direction: "forward", "backward" (the derived gradients), or "both" on one canvas; for a lecture or a paper best
            at level="gate", where each value has its δ in the same step.
        level: what one node is: "op"; "gate", an activation with the weighted sum it is applied to, as textbooks
            draw the LSTM; "cell", a time step; "layer", a module.
        view: "fold", one time step whose states loop back; "unrolled", every step. By default `tg.scan`, and so
            every layer, is folded, and what was computed step by step is unrolled.
        show: any of "name", "shape", "value", "grad", "cost" (floating-point operations), "bytes"; at the levels
            above "op" also "weights", the W and b of each node. Up to four values are written out; of more, mean ±
            standard deviation, and of a gradient its norm; with "grad", every node of a loss has one. "flow", for a
            loss: an edge is the wider, the larger the gradient that comes back along it.
        highlight: a name or tensor: it, all its copies and all who read it; several in a list; a pair (from, to): all
            paths between them.
        cuts: for truncated BPTT, where gradients are cut off: an int k, before every k-th step; or those steps.
        names: what to call some names, for instance {"x": "X", "weight_ih": "W"}; h_i is drawn with a subscript.
        theme: "light", "dark", "print" (black and grey), or "auto", which is light in files for print and follows
            the reader's browser in SVG.
        language: of the legend and of what a pointer resting on a node is told, "en" or "zh".
        legend: say below the picture what its shapes, signs and lines mean.
        wrt: for backward pictures, what to differentiate by (default: as `Graph.backward`).
        steps: for a cell, the number of time steps to unroll (default: one step, without time subscripts).
        elide_after: sequences of more steps than this show the first three, "⋯ × N" and the last; None: all.
        batch: for a cell, the batch size it is traced with.
        input: for a cell or module that does not say its input_size, the shape of its input, or an array of it: of one
            step (B, D), of several (T, B, D); for a function the shape of its argument, or a tuple of several.
        max_nodes: refuse larger graphs.
        time_limit: seconds of computing for the layout.
        engine: "bundled" Graphviz, or the machine's own "dot".
        packed: draw a cell or layer as it is computed, with one product for all gates and its slices. By default each
            gate has its own, W_f x + R_f h, as equations have (if the step is row by row); transposes are left out, and
            sums of sums are one.

    Raises:
        ArgumentError: an argument makes no sense.
        DrawingError: too many nodes, or (when the picture is first used) no layout in time.

    Time runs from left to right, a step from top to bottom, above op level from left to right too; gradients run the
    opposite way, in red. A ghost (dashed) repeats a weight or a state where another step uses it.
    """
    say = spoken("draw", language)
    shown = _checked(show, direction=direction, level=level, view=view, theme=theme)
    if direction != "forward" and level not in ("op", "gate"):
        raise ArgumentError(with_user_line(f"draw: gradients are drawn at level='op' or 'gate', not {level!r}"))
    if wrt is not None and level != "op":
        raise ArgumentError(with_user_line("draw: wrt chooses among derived gradients, at level='op'"))
    about = subject("draw", thing, steps=3 if view == "unrolled" and steps is None else steps, batch=batch, given=input,
                    packed=packed)  # fmt: skip
    if wrt is not None:  # of an unpacked cell, its leaves
        wrt = [y for x in wrt for y in ([n for n in about.graph.nodes if about.parts.get(n.number) is x] or [x])]
    backward = about.graph.backward(wrt) if direction != "forward" and level == "op" else None
    plainly = not packed and (is_cell(thing) or is_module(thing))
    sheet = _sheet(about, backward, direction, level, view, elide_after, shown, names or {}, plainly)
    if len(sheet.order) > max_nodes:
        raise DrawingError(
            with_user_line(
                f"draw: {len(sheet.order)} nodes are more than max_nodes={max_nodes}; draw fewer time steps (steps=…) "
                f"or part of the graph, fold it (view='fold'), or raise max_nodes"
            )
        )
    title = about.title + say({"forward": "", "backward": ", backward", "both": ", forward and backward"}[direction])
    sheet.emphasis = emphasis(sheet, highlight, cuts)
    if "grad" in shown and isinstance(thing, Tensor):
        sheet.gradients = gradients(thing)
    if "flow" in shown:
        sheet.emphasis.norms = norms(sheet, thing)
    picture = build(sheet, show=shown, title=title, theme=THEMES[theme], across=level != "op", language=language)
    picture.adaptive, picture.legend = theme == "auto", legend
    return Drawing(picture, engine=engine, time_limit=time_limit)


def _checked(show: str | Iterable[str], **chosen: Any) -> frozenset[str]:
    for name, value in chosen.items():
        if value not in _CHOICES[name]:
            known = ", ".join(map(str, _CHOICES[name]))
            raise ArgumentError(with_user_line(f"draw: {name} is one of {known}, not {value!r}"))
    shown = frozenset([show] if isinstance(show, str) else show)
    if not shown <= set(_SHOW):
        wrong = ", ".join(sorted(map(repr, shown - set(_SHOW))))
        raise ArgumentError(with_user_line(f"draw: show takes {', '.join(_SHOW)}; got {wrong}"))
    return shown


def _sheet(
    about: Subject, backward: Graph | None, direction: str, level: str, view: str | None, elide_after: int | None,
    shown: Set[str], names: Mapping[str, str], plainly: bool,
) -> Sheet:  # fmt: skip
    """What is to be drawn of a graph and its backward graph."""
    sheet = Sheet.of(about.graph, backward, direction if level == "op" else "forward")
    sheet.names, sheet.parts = dict(names), dict(about.parts)
    _say_when(sheet, about, {} if backward is None else backward.adjoint_of)
    if level != "layer":
        sheet = with_bodies(sheet, unrolled=view == "unrolled", packed=not plainly)
    if view == "fold":
        if about.loops and direction != "backward":
            for _, state in about.loops:
                sheet.looks[state.number], sheet.glyphs[state.number] = "delay", "t−1"
            sheet.loops = list(about.loops)
        sheet = folded(sheet)
    elif elide_after is not None:
        sheet = elide(sheet, elide_after)
    if level == "gate":
        sheet = gates(sheet, weights="weights" in shown)
        return sheet if direction == "forward" else with_adjoints(sheet, direction, about.loops)
    if level == "op":
        return tidied(sheet) if plainly else sheet
    return groups(sheet, level, shown)


def _say_when(sheet: Sheet, about: Subject, adjoint_of: Mapping[int, Tensor]) -> None:
    """Of one step of a cell, everything is of time t and the state before of t − 1; before step 0 it is of −1.

    Args:
        adjoint_of: by number of a gradient, what it is the gradient of, whose time it has.
    """
    before = {state.number for _, state in about.loops}
    timed = any(n.scope is not None and n.scope.step is not None for n in sheet.order)
    for n in sheet.order:
        role = sheet.roles[n.number]
        if about.loops and role not in ("parameter", "constant"):
            sheet.moments[n.number] = "t−1" if n.number in before else "t"
        elif n.op is None and role == "state" and (n.scope is None or n.scope.step is None):
            if timed:
                sheet.moments[n.number] = "−1"
            elif later := [m for m in sheet.order if m.name == n.name and m.op is not None and m.scope is not None]:
                sheet.moments |= {n.number: "t−1"} | {m.number: "t" for m in later}
    for n in sheet.order:
        if (x := adjoint_of.get(n.number)) is not None:
            sheet.moments[n.number] = None if x.role == "parameter" else sheet.moment(x)
    for new, _ in about.loops:  # of one step, that is from the loss and from the next step
        sheet.names.setdefault(f"∂ℓ/∂{new.name}", "from t+1")
        sheet.moments |= {n.number: None for n in sheet.order if n.name == f"∂ℓ/∂{new.name}"}
