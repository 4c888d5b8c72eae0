"""`Tape`: what a step does, in order, written down while it runs on shapes alone, to be done again by `Replay`.

Ops are on it whether anything needs their gradient or not; so are backward passes, calls that change parameters, and
which gradient each parameter was given. The graph that the step builds is what it always is: the ops' nodes are those
that a backward pass walks, given their values anew at each run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, ParamSpec, Protocol, TypeVar

import numpy as np

from .apply import explain
from .errors import TinygradError, with_user_line
from .mode import current
from .op import Op
from .tensor import Tensor, abstract, next_number
from .trees import flatten

P = ParamSpec("P")
R = TypeVar("R")


class UntraceableError(TinygradError, TypeError):
    """A step that is traced to be done again does something that its tape cannot hold."""


class Event(Protocol):
    """Something a step does. It gives values to the tensors it `makes`, from those of the tensors it `reads`."""

    @property
    def reads(self) -> Iterable[Tensor]: ...

    @property
    def makes(self) -> Iterable[Tensor]: ...

    def run(self) -> None: ...


@dataclass(slots=True)
class Applied:
    """y = op(inputs)."""

    y: Tensor
    op: Op
    inputs: tuple[Tensor, ...]
    attrs: dict[str, Any]

    @property
    def reads(self) -> Iterable[Tensor]:
        return self.inputs

    @property
    def makes(self) -> Iterable[Tensor]:
        return (self.y,)

    def run(self) -> None:
        try:
            array = self.op.evaluate(*[x._array for x in self.inputs], **self.attrs)
        except (TinygradError, ValueError, TypeError, IndexError) as error:
            explain(self.op, self.inputs, self.attrs, error)
        self.y._array = array if array.__class__ is np.ndarray else np.asarray(array)


@dataclass(slots=True)
class Same:
    """y has the values of x, but not its graph."""

    y: Tensor
    x: Tensor

    @property
    def reads(self) -> Iterable[Tensor]:
        return (self.x,)

    @property
    def makes(self) -> Iterable[Tensor]:
        return (self.y,)

    def run(self) -> None:
        self.y._array = self.x._array


@dataclass(slots=True)
class Fetched:
    """y has the values of the gradient that `leaf` has now."""

    y: Tensor
    leaf: Tensor
    reads = ()

    @property
    def makes(self) -> Iterable[Tensor]:
        return (self.y,)

    def run(self) -> None:
        self.y._array = None if self.leaf.grad is None else self.leaf.grad._array


@dataclass(slots=True)
class Bound:
    """`leaf.grad` becomes g, or None. Where no gradient came at this run, it stays what it is."""

    leaf: Tensor
    g: Tensor | None
    makes = ()

    @property
    def reads(self) -> Iterable[Tensor]:
        return () if self.g is None else (self.g,)

    def run(self) -> None:
        if self.g is None:
            self.leaf.grad = None
        elif self.g._array is not None:
            self.leaf.grad = Tensor(self.g._array)


@dataclass(slots=True)
class Called:
    """A function that reads gradients and changes parameters is called as it is; y is the number it returns."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    y: Tensor | None
    number: Any = None
    reads = ()

    @property
    def makes(self) -> Iterable[Tensor]:
        return () if self.y is None else (self.y,)

    def run(self) -> None:
        self.number = self.function(*self.arguments, **self.options)
        if self.y is not None:
            self.y._array = np.asarray(self.number)


class Tape:
    """Written by what runs under a `Mode` that has it; `known` are the tensors from outside that may be read.

    The gradients that these have are read when the step does it again: while it is traced, others stand for them.
    """

    def __init__(self, known: Iterable[Tensor]):
        self.known = {x.number: x for x in known}
        self.made: dict[int, Tensor] = {}
        self.freed: set[int] = set()
        self.events: list[Event] = []
        self.since = next_number()
        self.originally = {x.number: x.grad for x in self.known.values() if x.grad is not None}
        self.gradients: dict[int, Tensor | None] = dict.fromkeys(self.known)
        #: Leaves that the step gives a gradient where they had none.
        self.first_given: list[Tensor] = []
        self.fetch()

    def refuse(self, why: str) -> NoReturn:
        """
        Raises:
            UntraceableError: always.
        """
        raise UntraceableError(with_user_line(why))

    def input(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """What stands for an argument of the step."""
        x = abstract(shape, dtype)
        x.role = "input"
        self.made[x.number] = x
        return x

    def add(self, event: Event) -> None:
        """Write an event down.

        Raises:
            UntraceableError: it reads a tensor that will not be at hand.
        """
        for x in event.reads:
            self.check(x)
        for y in event.makes:
            self.made[y.number] = y
        self.events.append(event)

    def check(self, x: Tensor) -> None:
        """Raise unless x is made by the step, is a constant of it, or is known."""
        if x.number in self.made or (x.number > self.since and x._array is not None and x.op is None):
            return
        if x.op is not None:
            self.refuse(f"{x.path} {x.describe()} was computed before the step")
        if x.number not in self.known and x.role != "constant":  # as in the traced step of a cell
            why = "is found neither in the arguments nor in what the step closes over"
            self.refuse(f"{x.path} {x.describe()} {why}" if x._array is not None else f"{x.path} lost where it is from")

    def applied(self, y: Tensor, op: Op, inputs: tuple[Tensor, ...], attrs: dict[str, Any]) -> None:
        self.add(Applied(y, op, inputs, attrs))

    def same(self, y: Tensor, x: Tensor) -> None:
        self.add(Same(y, x))

    def call(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], number: bool
    ) -> Tensor | None:
        """A call of a function that changes gradients or parameters, with what stands for the number it returns."""
        given = [list(x) if isinstance(x, Iterator) else x for x in (*arguments, *options.values())]
        for x in flatten(given)[0]:
            if isinstance(x, Tensor) and x.number not in self.known:
                self.refuse(f"{function.__name__} is given {x.describe()}, which is no parameter at hand")
        y = abstract((), np.float64) if number else None
        self.bind()
        split = len(arguments)
        self.add(Called(function, tuple(given[:split]), dict(zip(options, given[split:], strict=True)), y))
        self.fetch()
        return y

    # -- gradients of the leaves --------------------------------------------------------------

    def fetch(self) -> None:
        """What has a gradient has, from here on, the one that it has then."""
        for leaf in self.known.values():
            if leaf.grad is not None:
                leaf.grad = y = abstract(leaf.shape, leaf.dtype)
                self.add(Fetched(y, leaf))
            self.gradients[leaf.number] = leaf.grad

    def bind(self) -> None:
        """Write down which gradients the step has given or taken since this was last called."""
        for leaf in self.known.values():
            g = leaf.grad
            if g is self.gradients[leaf.number]:
                continue
            if leaf.number not in self.originally and all(leaf is not x for x in self.first_given):
                self.first_given.append(leaf)
            self.add(Bound(leaf, g))
            self.gradients[leaf.number] = g

    def restore(self) -> None:
        """Give the leaves the gradients that they had before."""
        for leaf in self.known.values():
            leaf.grad = self.originally.get(leaf.number)


def on_tape(*, number: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Of a function that reads gradients and changes them or parameters: while a step is traced, it is not run but
    written down. `number`: it returns one."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            tape = current().tape
            if tape is None:
                return function(*args, **kwargs)
            return tape.call(function, args, kwargs, number)  # type: ignore[return-value]

        return called

    return decorated
