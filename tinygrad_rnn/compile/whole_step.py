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

from ..core.errors import TinygradError, UntraceableError, with_user_line
from ..core.mode import changed, current, reads
from ..core.replay import Replay
from ..core.tape import Tape
from ..core.tensor import Tensor
from ..core.trees import flatten
from .surroundings import Surroundings
from .trace_cache import UncompiledWarning

P = ParamSpec("P")
R = TypeVar("R")
#: Traces that are kept. Beyond them the oldest goes.
KEPT = 16


class Trace:
    """A replay, and what must be as it was for it to hold."""

    def __init__(self, replay: Replay, around: Surroundings, rebuild: Callable[[list[Any]], Any]):
        self.replay, self.around, self.rebuild = replay, around, rebuild
        self.free = threading.Lock()

    def holds(self) -> bool:
        replay = self.replay
        if any(p.grad is not None for p in replay.absent) or any(p.grad is None for p in replay.present):
            return False
        return self.around.hold()


class CompiledStep(Generic[P, R]):
    """A function of tensors with a backward pass inside, compiled: see `tg.compile`.

    Attributes:
        function: what was compiled.
        reason: why it runs as it is written, uncompiled; None as long as it does not.
        traces: how often it was traced.
    """

    def __init__(self, function: Callable[P, R]):
        functools.update_wrapper(self, function)
        self.function = function
        self.reason: str | None = None
        self.traces = 0
        self._kept: dict[Any, list[Trace]] = {}
        self._met: dict[Any, None] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        mode = current()
        plain = DISABLE_JIT or mode.anomaly or mode.record == "all" or mode.tape is not None
        if plain or self.reason is not None or reads.get() is not None:
            return self.function(*args, **kwargs)
        leaves, rebuild = flatten((args, kwargs))
        arrays, key = _arguments(leaves, mode.record)
        for trace in self._kept.get(key, ()):
            if trace.holds() and trace.free.acquire(blocking=False):
                try:
                    return trace.rebuild(trace.replay(arrays))
                finally:
                    trace.free.release()
        return self._met_again(key, leaves, rebuild, arrays, args, kwargs)

    def _met_again(self, key: Any, leaves: list[Any], rebuild: Any, arrays: list[Any], args: Any, kwargs: Any) -> R:
        """Trace what is met the second time (or is the first of all): of ever new shapes none is worth it."""
        if self.traces and key not in self._met:
            self._met[key] = None
            if len(self._met) > 100 * KEPT:
                del self._met[next(iter(self._met))]
            return self.function(*args, **kwargs)
        self._met[key] = None
        try:
            trace = self._traced(leaves, rebuild)
        except UntraceableError as error:
            result = self.function(*args, **kwargs)  # what is wrong with it comes first
            self.reason = str(error).split("\n  at ")[0]
            at = str(error)[len(self.reason) :]
            warnings.warn(
                f"{self!r} runs as it is written, not compiled: {self.reason}{at}", UncompiledWarning, stacklevel=3
            )
            return result
        self._keep(key, trace)
        return trace.rebuild(trace.replay(arrays))

    def _keep(self, key: Any, trace: Trace) -> None:
        self.traces += 1
        self._kept.setdefault(key, []).insert(0, trace)
        while sum(map(len, self._kept.values())) > KEPT:
            oldest = next(iter(self._kept))
            self._kept[oldest].pop()
            if not self._kept[oldest]:
                del self._kept[oldest]

    def _traced(self, leaves: list[Any], rebuild: Callable[[list[Any]], Any]) -> Trace:
        """Run the function on shapes.

        Raises:
            UntraceableError: it cannot be traced, and why.
        """
        roots = [self.function, *[x for x in leaves if not isinstance(x, (Tensor, np.ndarray))]]
        around = Surroundings(roots)
        states = _RandomStates(around.generators)
        for x in leaves:
            if isinstance(x, Tensor) and x.requires_grad:
                raise UntraceableError(f"an argument, {x.describe()}, requires a gradient, which ends where it is given")
        tape = Tape(around.tensors)
        inputs = [tape.input(x.shape, x.dtype) for x in leaves if isinstance(x, (Tensor, np.ndarray))]
        stand_ins = iter(inputs)
        args, kwargs = rebuild([next(stand_ins) if isinstance(x, (Tensor, np.ndarray)) else x for x in leaves])
        seen: list[Tensor | None] = []
        token = reads.set(seen)
        try:
            with changed(tape=tape):
                outputs, rebuild_outputs = flatten(self.function(*args, **kwargs))
                tape.bind()
            _check_reads(seen, tape)
            replay = Replay(tape, inputs, outputs)
        except UntraceableError:
            raise
        except Exception as error:
            first = str(error) if isinstance(error, TinygradError) else f"{type(error).__name__}: {error}"
            raise UntraceableError(first) from error
        finally:
            reads.reset(token)
            tape.restore()
            drew = states.restore()
        if Surroundings(roots).facts != around.facts:
            raise UntraceableError(f"{self!r} changes attributes or globals that it reads")
        if drew:
            raise UntraceableError(f"{self!r} draws random numbers that are no op's (see tg.dropout)")
        return Trace(replay, around, rebuild_outputs)

    def __repr__(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))


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
            what = f"takes values of {x.path} {x.describe()} as numbers (numpy(), item(), a branch)"
            raise UntraceableError(with_user_line(what))


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


def compile_step(function: Callable[P, R]) -> CompiledStep[P, R]:
    """See `tg.compile`."""
    return CompiledStep(function)
