"""What the engine is doing right now in this thread or task: recording, naming, watching.

One immutable `Mode` lives in a context variable, so one thread's ``no_grad`` is never another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor


class Scope:
    """A place in the model: a path of labels, some of which are time steps."""

    __slots__ = ("label", "parent", "path", "step")

    def __init__(self, label: str, parent: Scope | None = None, step: int | None = None):
        self.label = label
        self.parent = parent
        self.path: str = f"{parent.path}/{label}" if parent else label
        self.step: int | None = step if step is not None else (parent.step if parent else None)

    def __repr__(self) -> str:
        return self.path


class Recorder(Protocol):
    """What is told of everything that a step does; a `Tape` is one."""

    made: dict[int, Tensor]
    freed: set[int]

    def applied(self, y: Tensor, op: Any, inputs: tuple[Tensor, ...], attrs: dict[str, Any]) -> None: ...

    def same(self, y: Tensor, x: Tensor) -> None: ...

    def add(self, event: Any) -> None: ...

    def call(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], number: bool
    ) -> Tensor | None: ...

    def refuse(self, why: str) -> NoReturn: ...


class Mode:
    """An immutable record. `plain` is true when an op has nothing to do beyond computing and recording."""

    __slots__ = ("anomaly", "origin", "plain", "record", "records", "scope", "tape", "whole")

    def __init__(
        self,
        record: str = "grad",
        scope: Scope | None = None,
        anomaly: bool = False,
        origin: Tensor | None = None,
        tape: Recorder | None = None,
        whole: bool = False,
    ):
        self.record = record  # "grad": what needs a gradient; "all": everything; "none"
        self.scope = scope
        self.anomaly = anomaly
        self.origin = origin  # the forward node whose gradient rule is running
        self.tape = tape  # what a whole step does, while it is traced to be done again
        self.whole = whole  # a step is run whole, backward pass included: its graph has no other reader
        self.records = record != "none"
        self.plain = record != "all" and not anomaly and origin is None and tape is None


_current: ContextVar[Mode] = ContextVar("tinygrad_rnn_mode", default=Mode())  # noqa: B039 (never changed)
current = _current.get

#: While a step is traced to be compiled: collects the tensors whose values it takes as they are; None for `no_grad`.
reads: ContextVar[list[Tensor | None] | None] = ContextVar("tinygrad_rnn_reads", default=None)


@contextmanager
def changed(**changes: Any) -> Iterator[Mode]:
    """Run a block under the current mode with some fields changed."""
    old = current()
    if changes.get("record") == "none" and (seen := reads.get()) is not None:
        seen.append(None)
    fields = {name: getattr(old, name) for name in ("record", "scope", "anomaly", "origin", "tape", "whole")}
    if changes.get("record") == "all":  # a graph of its own is made, which the step around it does not know
        fields["tape"], fields["whole"] = None, False
    token = _current.set(Mode(**(fields | changes)))
    try:
        yield current()
    finally:
        _current.reset(token)


def move_to(node: Tensor) -> None:
    """Within a block of `changed`: what follows, to its end or the next move, belongs to `node` and its scope."""
    mode = current()
    _current.set(Mode(mode.record, node.scope, mode.anomaly, node, mode.tape, mode.whole))


def no_grad():
    """Record nothing inside the block (or the decorated function): values without a graph."""
    return changed(record="none")


def enable_grad():
    """Record again inside a `no_grad` block."""
    return changed(record="grad")


@contextmanager
def detect_anomaly() -> Iterator[Mode]:
    """Raise `NonFiniteError` at the first NaN or infinity, forward or backward.

    The error names the op, its operands, scope and time step, and the user's line. A backward pass names the
    line that recorded the op if the forward pass ran under `detect_anomaly` too. NumPy's warnings are silenced.
    """
    with changed(anomaly=True) as mode, np.errstate(all="ignore"):
        yield mode


class scope:
    """``with tg.scope("encoder"):`` names a part of the model; ``tg.scope("t=3", step=3)`` a time step.

    Nested scopes make a path, ``encoder/t=3``; drawings make a cluster of each.
    """

    __slots__ = ("label", "step", "token")

    def __init__(self, label: str, *, step: int | None = None):
        self.label = label
        self.step = step

    def __enter__(self) -> Scope:
        mode = current()
        entered = Scope(self.label, mode.scope, self.step)
        self.token = _current.set(Mode(mode.record, entered, mode.anomaly, mode.origin, mode.tape, mode.whole))
        return entered

    def __exit__(self, *exc_info: object) -> None:
        _current.reset(self.token)
