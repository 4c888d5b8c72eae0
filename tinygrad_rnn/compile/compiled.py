"""`tg.compile`: what `scan` makes of a cell, to be read: programs, passes, generated source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.errors import with_user_line
from ..core.graph import Graph
from ..core.tensor import TensorLike
from ..step.body import BATCH, Body, NotRowWise
from ..step.cells import CellLike
from .program import Program
from .recurrence import Recurrence
from .scanning import scan
from .trace_cache import Uncompiled
from .tracing import arguments, traced_once


class AppliedPass:
    """One pass over the body of a program: `name`, the graphs `before` and `after`. Print it to read both."""

    def __init__(self, program: str, name: str, before: Body, after: Body):
        self.program, self.name = program, name
        self.before, self.after = before.graph, after.graph

    def __repr__(self) -> str:
        count = f"{_ops(self.before)} → {_ops(self.after)} ops"
        return f"{self.program}: {self.name}, {count}"

    def __str__(self) -> str:
        return f"{self!r}\nbefore:\n{_listing(self.before)}\nafter:\n{_listing(self.after)}"


class Compiled:
    """A cell with the programs that run it over sequences: call it as `tg.scan`, print it, read it.

    Attributes:
        programs: by kind: "infer" keeps nothing, "forward" keeps what "backward" needs.
        passes: every pass over every program's body, in order.
        source: the generated Python of all programs.
    """

    def __init__(self, cell: CellLike, recurrence: Recurrence):
        self.cell = cell
        self.recurrence = recurrence
        self.programs: dict[str, Program] = {
            "infer": recurrence.program("infer"),
            "forward": recurrence.program("forward"),
            "backward": recurrence.program("backward", recurrence.differentiable),
        }

    def __call__(self, xs: TensorLike, state: Any = None, **options: Any) -> tuple[Any, Any]:
        """`tg.scan` of the cell."""
        return scan(self.cell, xs, state, **options)

    @property
    def passes(self) -> list[AppliedPass]:
        return list(self._passes())

    def _passes(self) -> Iterator[AppliedPass]:
        for kind, program in self.programs.items():
            for (_, before), (name, after) in zip(program.passes, program.passes[1:], strict=False):
                yield AppliedPass(kind, name, before, after)

    @property
    def source(self) -> str:
        return "\n\n".join(program.source for program in self.programs.values())

    def __repr__(self) -> str:
        lines = [f"{self.recurrence.title}, compiled: per step and row of the batch"]
        for kind, program in self.programs.items():
            counts = [_ops(body.graph) for _, body in program.passes]
            lines.append(
                f"  {kind:9} {counts[0]:3} ops, {counts[-1]:3} after {len(counts) - 1} passes; "
                f"{program.cost:,} FLOPs in products; {len(program.source.splitlines())} lines of source"
            )
        saved = ", ".join(n.name or "?" for n in self.recurrence.saved) or "nothing"
        lines.append(f"  saved for the backward pass besides states: {saved}")
        return "\n".join(lines)


def _ops(graph: Graph) -> int:
    return sum(n.op is not None for n in graph.nodes)


def _listing(graph: Graph) -> str:
    """The graph's nodes, with the batch called B."""
    return "\n".join(repr(graph).splitlines()[1:]).replace(f"({BATCH}", "(B")


def compile_cell(cell: CellLike, xs: TensorLike, state: Any = None) -> Compiled:
    """What `tg.scan` makes of a cell, to be read and run.

    Args:
        cell: any cell (see `tg.nn.Cell`).
        xs: a sequence (T, B, D) like those it will run on; only D and the dtype count.
        state: the state before the first step; default: the cell's `initial_state`.

    Raises:
        NotRowWise: the cell cannot be compiled. The message says which op is to blame.
        ShapeError, DTypeError: the sequence or state do not fit the cell.

    >>> compiled = tg.compile(tg.nn.GRUCell(3, 4), np.ones((5, 2, 3), np.float32))
    >>> sorted(compiled.programs)
    ['backward', 'forward', 'infer']
    """
    x, state, states, rebuild = arguments(cell, xs, state)
    found = traced_once(cell, x, state, states, rebuild, False)
    if found is None:
        raise NotRowWise(with_user_line("compile: Numba's compiler is switched off (NUMBA_DISABLE_JIT)"))
    if isinstance(found, Uncompiled):
        raise NotRowWise(with_user_line(f"compile: {type(cell).__name__}: {found.reason}"))
    return Compiled(cell, found.recurrence)
