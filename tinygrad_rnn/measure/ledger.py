"""`ledger`: what a backward pass keeps in memory, by time step and op, and what checkpoints would change."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.tensor import Tensor
from ..step.body import width
from ..step.scan import scan_of
from ..view.labels import bytes_text


@dataclass(frozen=True)
class WhatIf:
    """A way to keep less: `kept` bytes, for computing `again` times the forward pass once more."""

    name: str
    kept: int
    again: float


@dataclass
class Ledger:
    """Bytes that are kept from the forward pass until the backward pass reads them. Print it.

    Attributes:
        total: all of them.
        by_step: by time step; under None what is in none.
        by_op: by the op that computed it.
        steps: how many time steps there are.
        state: bytes of the state after one step.
        what_ifs: with every step kept, with checkpoints at every √T-th and other steps.
    """

    total: int
    by_step: dict[int | None, int]
    by_op: dict[str, int]
    steps: int
    state: int
    what_ifs: list[WhatIf]

    def __str__(self) -> str:
        lines = [f"kept for the backward pass: {bytes_text(self.total)}"]
        lines += [f"  {op:<14} {bytes_text(n):>10}" for op, n in sorted(self.by_op.items(), key=lambda kv: -kv[1])]
        known = {step: n for step, n in self.by_step.items() if step is not None}
        if known:
            low, high = min(known.values()), max(known.values())
            each = bytes_text(low) if low == high else f"{bytes_text(low)} to {bytes_text(high)}"
            lines.append(
                f"in {len(known):,} time steps of {each}; outside of them {bytes_text(self.by_step.get(None, 0))}"
            )
            lines.append("with checkpoints:")
            for way in self.what_ifs:
                again = "" if not way.again else f", {way.again:.0%} of the forward pass again"
                lines.append(f"  {way.name:<22} {bytes_text(way.kept):>10}{again}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def ledger(thing: Tensor | Graph) -> Ledger:
    """What the backward pass of a graph keeps, and what checkpoints would change.

    Args:
        thing: a result (a loss) or a graph, computed or traced. `tg.scan` counts as what its compiled programs keep:
            states, and the values that are not computed again.

    Parameters, constants and inputs are there anyway and do not count.

    Raises:
        ArgumentError: it is neither; nothing in it has a gradient.
    """
    if not isinstance(thing, (Tensor, Graph)):
        raise ArgumentError(with_user_line(f"ledger: expected a tensor or a graph, got {type(thing).__name__}"))
    graph = thing if isinstance(thing, Graph) else Graph(thing)
    backward = graph.backward()
    inside = {n.number for n in graph.nodes}
    by_step: Counter[int | None] = Counter()
    by_op: Counter[str] = Counter()
    states: Counter[int] = Counter()  # bytes of the states of one step
    read = {n.number: n for n in map(_owner, (n for n in backward.nodes if n.number in inside))}
    for n in read.values():
        if n.op is None or n.op.kind == "element" or scan_of(n) or graph.is_leaf(n):
            continue
        size = n.size * n.dtype.itemsize
        step = n.scope.step if n.scope else None
        by_step[step] += size
        by_op[n.op.name] += size
    for n in graph.nodes:
        step = n.scope.step if n.scope else None
        if n.op is not None and step is not None and graph.role(n) == "state":
            states[step] += n.size * n.dtype.itemsize
        if (scan := scan_of(n)) is not None:
            recurrence = scan.recurrence
            T, B = n.inputs[0].shape[:2]
            itemsize = recurrence.dtype.itemsize
            kept = [(x, "scan: states") for x in recurrence.body.new_states]
            kept += [(x, "scan: values") for x in recurrence.saved]
            for x, name in kept:
                by_op[name] += width(x) * B * T * itemsize
                for t in range(T):
                    by_step[t] += width(x) * B * itemsize
            for t in range(T):
                states[t] += sum(width(x) for x in recurrence.body.new_states) * B * itemsize
    steps = [s for s in by_step if s is not None]
    state = max(states.values(), default=0)
    return Ledger(
        sum(by_step.values()), dict(by_step), dict(by_op), len(steps), state, _what_ifs(by_step, steps, state)
    )


#: Kinds of ops whose result is another look at the same memory.
_VIEWS = ("transpose", "reshape", "broadcast", "slice")


def _owner(n: Tensor) -> Tensor:
    """The node whose memory it is."""
    while n.op is not None and n.op.kind in _VIEWS and n.inputs and _looks(n):
        n = n.inputs[0]
    return n


def _looks(n: Tensor) -> bool:
    index = (n.attrs or {}).get("index", ())
    return all(part is Ellipsis or isinstance(part, (slice, int)) for part in index)


def _what_ifs(by_step: Counter[int | None], steps: list[int], state: int) -> list[WhatIf]:
    """Kept: the states at the seams, one whole segment, and what is in no step."""
    T = len(steps)
    if not T or not state:
        return []
    each, outside = max(by_step[s] for s in steps), by_step[None]
    ways = [WhatIf("every step kept", sum(by_step.values()), 0.0)]
    root = math.isqrt(T - 1) + 1
    for name, length in ((f"√T (every {root})", root), *((f"every {k}", k) for k in (10, 100, 1000) if 1 < k < T)):
        seams = -(-T // length)
        ways.append(
            WhatIf(name, outside + seams * state + min(length, T) * each, (T - length) / T if length < T else 0.0)
        )
    return ways
