"""`CompiledStep`: a function of tensors that is traced once, backward pass, clipping and optimiser included.

What it then does again are the events of its `Tape`: no graph is built and none of its Python runs.
"""

from __future__ import annotations

import functools
import pickle
import random
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..core.errors import ArgumentError, TinygradError, with_user_line
from ..core.mode import changed, current, reads
from ..core.replay import Replay
from ..core.tape import Tape, UntraceableError
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..step.cells import is_cell
from .surroundings import Surroundings
from .trace_cache import UncompiledWarning

P = ParamSpec("P")
R = TypeVar("R")
#: Traces that are kept. Of arguments of yet another kind the function runs as it is written.
KEPT = 32


class Trace:
    """A replay, and what must be as it was for it to hold."""

    def __init__(self, replay: Replay, around: Surroundings, rebuild: Callable[[list[Any]], Any]):
        self.replay, self.around, self.rebuild = replay, around, rebuild
        self.free = threading.Lock()

    def holds(self) -> bool:
        for p in self.replay.absent:
            if p.grad is not None:
                return False
        for p in self.replay.present:
            if p.grad is None:
                return False
        return self.around.hold()


class CompiledStep(Generic[P, R]):
    """A function of tensors, with the backward pass inside, that runs without its Python: see `compile_step`.

    Attributes:
        function: what was compiled.
        reasons: why it runs as it is written, if it does: under "grad" where gradients are recorded, under "none" in
            `tg.no_grad`.
        traces: how often it was traced.
    """

    def __init__(self, function: Callable[P, R]):
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.reasons: dict[str, str] = {}
        self.traces = 0
        self._kept: dict[Any, list[Trace]] = {}
        self._met: dict[Any, None] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        mode = current()
        plain = DISABLE_JIT or mode.anomaly or mode.record == "all" or mode.tape is not None
        if plain or reads.get() is not None:
            return self.function(*args, **kwargs)
        if mode.record in self.reasons:
            return self._as_written(*args, **kwargs)
        leaves, rebuild = flatten((args, kwargs))
        arrays, key = _arguments(leaves, mode.record)
        for trace in self._kept.get(key, ()):
            if trace.holds() and trace.free.acquire(blocking=False):
                try:
                    return trace.rebuild(trace.replay(arrays))
                finally:
                    trace.free.release()
        if not self._worth_tracing(key, mode.record):
            return self._as_written(*args, **kwargs)
        try:
            trace = self._traced(leaves, rebuild)
        except UntraceableError as error:
            result = self._as_written(*args, **kwargs)  # what is wrong with it comes first
            self.reasons[mode.record] = str(error).split("\n  at ")[0]
            message = f"{self!r} runs as it is written, not compiled: {error}"
            warnings.warn(message, UncompiledWarning, stacklevel=2)
            return result
        self.traces += 1
        self._kept.setdefault(key, []).insert(0, trace)
        with trace.free:
            return trace.rebuild(trace.replay(arrays))

    def _as_written(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function does, to the bit as it does it where it was traced."""
        with changed(whole=True):
            return self.function(*args, **kwargs)

    def _worth_tracing(self, key: Any, record: str) -> bool:
        """Whether arguments of this kind may come again, and there is room for a trace."""
        seen = key in self._met
        self._met[key] = None
        if len(self._met) > 100 * KEPT:
            del self._met[next(iter(self._met))]
        if not seen and any(other[0] == record for other in self._kept):  # of ever new shapes none is worth a trace
            return False
        if sum(map(len, self._kept.values())) >= KEPT:
            self._kept = {k: held for k, ts in self._kept.items() if (held := [t for t in ts if t.holds()])}
        return sum(map(len, self._kept.values())) < KEPT

    def _traced(self, leaves: list[Any], rebuild: Callable[[list[Any]], Any]) -> Trace:
        """Run the function on shapes.

        Raises:
            UntraceableError: it cannot be traced, and why.
        """
        function: Any = self.function
        given = [x for x in leaves if isinstance(x, (Tensor, np.ndarray))]
        for x in given:
            if isinstance(x, Tensor) and x.requires_grad:
                raise UntraceableError(f"the argument {x.describe()} requires a gradient, which would end there")
        roots = [function, *[x for x in leaves if not isinstance(x, (Tensor, np.ndarray))]]
        around = Surroundings(roots)
        states = _RandomStates(around.generators)
        tape = Tape(around.tensors)
        inputs = [tape.input(x.shape, x.dtype) for x in given]
        stand_ins = iter(inputs)
        args, kwargs = rebuild([next(stand_ins) if isinstance(x, (Tensor, np.ndarray)) else x for x in leaves])
        seen: list[Tensor | None] = []
        token = reads.set(seen)
        try:
            with changed(tape=tape, whole=True):
                outputs, rebuild_outputs = flatten(function(*args, **kwargs))
                tape.bind()
            _check_reads(seen, tape)
            _check_returned(outputs, tape)
            replay = Replay(tape, inputs, outputs)
            if Surroundings(roots).facts != around.facts:
                raise UntraceableError(f"{self!r} changes what it reads: attributes, globals or what it closes over")
        except UntraceableError:
            raise
        except Exception as error:
            what = str(error) if isinstance(error, TinygradError) else f"{type(error).__name__}: {error}"
            raise UntraceableError(what) from error
        finally:
            reads.reset(token)
            tape.restore()
            drew = states.restore()
            around.restore()
        if drew:
            raise UntraceableError(f"{self!r} draws random numbers that are no op's (see tg.dropout)")
        return Trace(replay, around, rebuild_outputs)

    def __repr__(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))


def compile_step(function: Callable[P, R]) -> CompiledStep[P, R]:
    """A function of tensors that is traced once, and then done again without building a graph or running its Python.

    Meant for a whole training step: forward, `backward`, clipping, ``optimizer.step()``. Results and weights are those
    of the function as it is written, to the bit; to rounding where a layer reads more symbols than its table has rows,
    which are then weighted once and not at every step (`compile.tables`).

    Args:
        function: called with tensors or arrays, which are the inputs of the compiled step; and with anything else,
            which counts as it is when traced, so that other numbers, texts or modules are traced again.

    The step is traced with shapes only, again for other shapes and dtypes, for other attributes of modules and of
    objects that it closes over or names, and for other globals. Tensors among them (weights) and an optimiser's
    learning rate are read at every call; so are random generators where ops draw from them (`tg.dropout`). What else
    its Python does (printing, say) is done once. Returned tensors are new ones without a graph. Arguments of a new kind
    are traced when they come a second time, and so many kinds are kept as there are shapes in an ordinary run (32).

    What cannot be compiled runs as it is written, with one `UncompiledWarning` that says why: a step that takes values
    as numbers (``item()``, a branch on them), that overwrites tensors itself, that changes what it reads (a counter),
    or that returns what a gradient is to be pulled through later. What was changed while it was traced is put back.
    Under `tg.detect_anomaly` every step runs as it is written, without a warning.

    >>> layer = tg.nn.Linear(3, 1, generator=np.random.default_rng(0))
    >>> optimizer = tg.optim.SGD(layer.parameters(), lr=0.1)
    >>> def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = ((layer(x) - y) ** 2).mean()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> compiled = tg.compile(step)
    >>> x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    >>> losses = [compiled(x, y).item() for _ in range(3)]
    >>> losses[0] > losses[1] > losses[2]
    True

    Raises:
        ArgumentError: it is no function.
    """
    if is_cell(function) and not callable(function):
        message = f"compile: {type(function).__name__} is a cell; with a sequence, tg.compile(cell, xs) shows its loop"
        raise ArgumentError(with_user_line(message))
    if not callable(function) or isinstance(function, type):
        raise ArgumentError(with_user_line(f"compile: expected a function of tensors, got {function!r}"))
    return CompiledStep(function)


def _arguments(leaves: Sequence[Any], record: str) -> tuple[list[Any], Any]:
    """The arrays among the arguments, and what a trace is kept under: their shapes, and what else is given."""
    arrays: list[Any] = []
    key: list[Any] = [record]
    for x in leaves:
        if isinstance(x, Tensor):
            key.append(x.requires_grad)
            x = x._array
        if isinstance(x, np.ndarray):
            arrays.append(x)
            key.append((x.shape, x.dtype))
        elif isinstance(x, (int, float, str, bool, type(None))):
            key.append((type(x), x))
        else:
            key.append(id(x))
    return arrays, tuple(key)


def _check_reads(seen: Sequence[Tensor | None], tape: Tape) -> None:
    """Raise if values were taken that may be others at the next run."""
    for x in seen:
        if x is not None and (x.number in tape.made or x.number < tape.since):
            what = f"it takes values of {x.path} {x.describe()} as numbers (numpy(), item(), a branch)"
            raise UntraceableError(with_user_line(what))


def _check_returned(outputs: Sequence[Any], tape: Tape) -> None:
    """Raise if somebody may want to pull a gradient through what is returned, which has no graph."""
    for x in outputs:
        if isinstance(x, Tensor) and x.requires_grad and x.op is not None and x.number not in tape.freed:
            what = f"{x.path} {x.describe()} is returned and requires a gradient, which would end there"
            raise UntraceableError(f"{what}; call backward() inside, return x.detach(), or call it under tg.no_grad()")


class _RandomStates:
    """Of all generators that a function may draw from: NumPy's and Python's own, and those that it can reach."""

    def __init__(self, generators: Sequence[np.random.Generator]):
        self.generators = generators
        self.states = self._read()

    def _read(self) -> list[Any]:
        own = [np.random.get_state(legacy=False), random.getstate()]  # noqa: NPY002
        return own + [g.bit_generator.state for g in self.generators]

    def restore(self) -> bool:
        """Whether anything had been drawn."""
        if pickle.dumps(self._read()) == pickle.dumps(self.states):
            return False
        np.random.set_state(self.states[0])  # noqa: NPY002
        random.setstate(self.states[1])
        for g, state in zip(self.generators, self.states[2:], strict=True):
            g.bit_generator.state = state
        return True
