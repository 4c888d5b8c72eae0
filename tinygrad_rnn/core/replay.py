"""`Replay`: the events of a `Tape`, run again on other values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .tape import Applied, Called, Event, Fetched, Tape
from .tensor import Tensor, next_number


class Replay:
    """A step as it was traced: call it with the arrays of its arguments.

    Args:
        tape: what the step does.
        inputs: what stood for its arguments.
        outputs: what it returned: tensors, stand-ins of numbers, and whatever else, which is returned again.

    Attributes:
        absent: leaves for which it holds only while they have no gradient.
        present: leaves for which it holds only while they have one.
    """

    def __init__(self, tape: Tape, inputs: Sequence[Tensor], outputs: Sequence[Any]):
        for x in outputs:
            if isinstance(x, Tensor):
                tape.check(x)
        returned = [x for x in outputs if isinstance(x, Tensor)]
        events = _needed(tape.events, {x.number for x in returned})
        early = itertools.takewhile(lambda e: not isinstance(e, Called), events)
        self.present = [e.leaf for e in early if isinstance(e, Fetched)]
        self.absent = tape.first_given
        self.inputs = inputs
        self._made = list(tape.made.values())
        dropped = _dropped(events, {x.number for x in self._made} - {x.number for x in returned})
        self._events = [(e.run, tuple(e.makes), late) for e, late in zip(events, dropped, strict=True)]
        #: of each output how to get it
        self._results = [_result(x, tape, events) for x in outputs]
        for x in self._made:
            x._spec, x._array = (x.shape, x.dtype), None

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """What the step returns: fresh tensors, numbers, and what it returned when it was traced."""
        for x, array in zip(self.inputs, arrays, strict=True):
            x._array = array
            x.number = next_number()
        try:
            for run, made, late in self._events:
                for x in made:
                    x.number = next_number()  # what the versions of overwritten leaves are compared with
                run()
                for x in late:
                    x._array = None
            return [result(arrays) for result in self._results]
        finally:
            for x in self._made:
                x._array = None


def _needed(events: Sequence[Event], read: set[int]) -> list[Event]:
    """Those that something comes of: not what is computed and read by nobody (but what draws random numbers does)."""
    kept, read = [], set(read)
    for event in reversed(events):
        idle = isinstance(event, Fetched) or (isinstance(event, Applied) and event.op.kind not in ("random", "lookup"))
        if not idle or any(y.number in read for y in event.makes):
            kept.append(event)
            read.update(x.number for x in event.reads)
    return kept[::-1]


def _dropped(events: Sequence[Event], made: set[int]) -> list[list[Tensor]]:
    """After each event, the tensors among the `made` whose values nobody asks for any more."""
    dropped, made = [], set(made)
    for event in reversed(events):
        last = {x.number: x for x in (*event.reads, *event.makes) if x.number in made}
        made -= last.keys()
        dropped.append([*last.values()])
    return dropped[::-1]


def _result(x: Any, tape: Tape, events: Sequence[Event]) -> Callable[[Sequence[np.ndarray]], Any]:
    """How to get one of the things that the step returns, which is given these arrays."""
    if not isinstance(x, Tensor) or x.number not in tape.made:
        return lambda _: x
    for event in events:
        if isinstance(event, Called) and event.y is x:
            return lambda _: event.number

    def fresh(given: Sequence[np.ndarray]) -> Tensor:
        array: Any = x._array
        if any(np.may_share_memory(array, other) for other in given):  # which its owner may fill again
            array = array.copy()
        y = Tensor(array)
        y.name, y.source = x.name, "compile"
        return y

    return fresh
