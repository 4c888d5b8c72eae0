"""The first thing that is wrong with the reader's code, and which typical mistake gives the same numbers."""

from __future__ import annotations

import functools
import time
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from ..core.errors import TinygradError
from ..core.op import REGISTRY
from .comparing import Malformed, array, is_right
from .description import Both, Exercise, Quantity
from .sentences import both
from .slips import slips

TRIALS = 3
_PATIENCE = 3.0  # seconds to look for what an answer might be


@dataclass(frozen=True)
class Wrong:
    """What `check` found first: a wrong quantity, a result that cannot be compared, or an exception."""

    seed: int
    index: int
    quantity: Quantity | None = None
    says: Both | None = None
    error: BaseException | None = None
    named: Both | None = None  #: what to say of the typical mistake it is


class Mine:
    """The reader's functions by name; each call gets copies, so that nothing it overwrites is compared with."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name not in self._namespace:
            raise Malformed(both("missing", name))
        value = self._namespace[name]
        if isinstance(value, type) or not isinstance(value, types.FunctionType):
            return value

        @functools.wraps(value)
        def called(*arguments: Any, **named: Any) -> Any:
            return value(*map(_copy, arguments), **{n: _copy(a) for n, a in named.items()})

        return called


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, (np.ndarray, list, dict)) else value


def grade(exercise: Exercise, namespace: Mapping[str, Any]) -> Wrong | None:
    """What is wrong first with an answer, or None if it is right."""
    for seed in range(TRIALS):
        wrong = first_wrong(exercise, namespace, seed)
        if wrong is not None:
            return replace(wrong, named=_named(exercise, namespace, wrong))
    return None


def first_wrong(exercise: Exercise, namespace: Mapping[str, Any], seed: int) -> Wrong | None:
    """What is wrong first with one draw of random numbers. Exceptions of the reader's code are caught; all of them."""
    index, quantity = -1, None
    try:
        with np.errstate(all="ignore"):  # an infinite number is an answer too, and is shown
            for index, quantity in enumerate(exercise.check(Mine(namespace), np.random.default_rng(seed))):
                if not is_right(quantity):
                    return Wrong(seed, index, quantity)
    except Malformed as error:
        return Wrong(seed, index, None, error.says)
    except Exception as error:
        return Wrong(seed, index, None, None, error)
    return None


def _named(exercise: Exercise, namespace: Mapping[str, Any], wrong: Wrong) -> Both | None:
    """What is said of the typical mistake that fails as this answer does, whatever numbers are drawn."""
    others = {seed: first_wrong(exercise, namespace, seed) for seed in range(TRIALS) if seed != wrong.seed}
    draws = {wrong.seed: wrong} | others  # the one that was shown first
    typical = [(mistake.code(exercise.solution), mistake.says) for mistake in exercise.mistakes]
    end = time.monotonic() + _PATIENCE
    for code, says in chain(typical, slips(exercise.solution)):
        if time.monotonic() > end:
            break
        made = loaded(code)
        if all(_same(first_wrong(exercise, made, seed), found) for seed, found in draws.items()):
            return says
    return None


def _same(typical: Wrong | None, wrong: Wrong | None) -> bool:
    """Whether two answers fail at the same place in the same way."""
    if typical is None or wrong is None:
        return typical is wrong
    if typical.index != wrong.index or typical.says != wrong.says:
        return False
    if typical.error is not None or wrong.error is not None:
        return type(typical.error) is type(wrong.error) and str(typical.error) == str(wrong.error)
    if typical.quantity is None or wrong.quantity is None:
        return typical.says is not None  # the same wrong shape, say
    a, b = typical.quantity, wrong.quantity
    if a.name != b.name:
        return False
    if isinstance(b.expected, str):
        return "".join(str(a.got).split()) == "".join(str(b.got).split())
    return np.allclose(array(a.name, a.got), array(b.name, b.got), 1e-6, 1e-9, equal_nan=True)


def loaded(code: str) -> dict[str, Any]:
    """The names that some code of ours defines. An op it declares leaves the registry as it was."""
    before = dict(REGISTRY)
    namespace: dict[str, Any] = {"__name__": "exercise"}
    try:
        exec(compile(code, "<exercise>", "exec"), namespace)
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)
    return namespace


def is_refusal(error: BaseException | None) -> bool:
    """Whether an exception is one of this library's own, which speaks for itself."""
    return isinstance(error, TinygradError)
