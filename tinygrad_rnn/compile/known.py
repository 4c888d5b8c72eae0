"""What is known of a cell: traces that hold as long as its attributes are what they were."""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
import weakref
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from ..core.tensor import Tensor

#: Traces kept for one cell.
KEPT = 16
_PLAIN = {int, float, complex, bool, str, bytes, type(None)}
_OURS = ("tinygrad_rnn.", "builtins")
_cells: dict[int, Known] = {}  # by identity: a cell need not be hashable


class UncompiledWarning(UserWarning):
    """A cell cannot be compiled and runs step by step on the plain engine, or is compiled again and again."""


@dataclasses.dataclass
class Uncompiled:
    """Why a cell is not compiled, and whether that was said."""

    reason: str
    said: bool = False


@dataclasses.dataclass
class Known:
    """The traces of one cell: by key and attributes, each with the objects that must live for it to hold."""

    cell: weakref.ref
    traces: dict[Any, tuple[Any, list[Callable[[], Any]]]] = dataclasses.field(default_factory=dict)
    restless: Uncompiled | None = None


def known(cell: Any, key: tuple[Any, ...], trace: Callable[[], Any]) -> Any:
    """``trace()``, once for each key and state of the cell's attributes."""
    of = _cells.get(id(cell))
    if of is None or of.cell() is not cell:
        number = id(cell)
        of = _cells[number] = Known(weakref.ref(cell, lambda _: _cells.pop(number, None)))
    for _ in range(2):  # a step may make its weights when first run
        facts, opaque = fingerprint(cell)
        if of.restless is not None:
            return of.restless
        made = of.traces.get((key, facts))
        if made is not None and all(refer() is not None for refer in made[1]):
            return made[0]
        found = trace()
        if fingerprint(cell)[0] == facts:
            if len(of.traces) >= KEPT:
                message = f"{type(cell).__name__} was traced {KEPT} times: its attributes change from call to call"
                warnings.warn(message, UncompiledWarning, stacklevel=4)
                of.traces.clear()
            of.traces[key, facts] = (found, [_reference(x) for x in opaque])
            return found
    of.restless = Uncompiled("its step changes the cell's attributes")
    return of.restless


def _reference(x: Any) -> Callable[[], Any]:
    """Gives x as long as it lives: an identity says nothing once another object can have it."""
    try:
        return weakref.ref(x)
    except TypeError:
        return lambda: x


def fingerprint(cell: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """What a cell's attributes and those of its class are, and the objects of which only the identity is known.

    Numbers, texts and arrays count by value, tensors by identity (their values are read at every call). Modules,
    containers, data classes, namespaces and what functions close over are opened.
    """
    facts: list[Any] = []
    opaque: list[Any] = []
    for kind in type(cell).__mro__:
        if not kind.__module__.startswith(_OURS):
            opaque.extend(vars(kind).values())
    opaque = [x for x in opaque if x is not None]
    facts.extend(map(id, opaque))
    seen: set[int] = set()
    stack = [cell]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in _PLAIN:
            facts.append(item)
        elif kind is list or kind is tuple:
            facts.append(len(item))
            stack.extend(item)
        elif kind is dict:
            facts.append(len(item))
            facts.extend(item)
            stack.extend(item.values())
        elif isinstance(item, (np.ndarray, np.generic)) and not item.dtype.hasobject:
            facts += (item.shape, item.dtype.str, hashlib.blake2b(item.tobytes()).digest())
        else:
            facts.append(id(item))
            opaque.append(item)
            if id(item) not in seen and not isinstance(item, Tensor):
                seen.add(id(item))
                stack.extend(_inside(item, cell))
    return tuple(facts), opaque


def _inside(item: Any, cell: Any) -> tuple[Any, ...]:
    """What else counts of an object."""
    if isinstance(item, dict):
        return (dict(item),)
    if isinstance(item, (list, tuple)):
        return tuple(item)
    if isinstance(item, FunctionType):
        return tuple(_content(c) for c in item.__closure__ or ())
    opens = item is cell or hasattr(item, "named_parameters") or isinstance(item, SimpleNamespace)
    opens = opens or dataclasses.is_dataclass(item)
    return (vars(item),) if opens and not isinstance(item, type) and hasattr(item, "__dict__") else ()


def _content(closed_over: Any) -> Any:
    try:
        return closed_over.cell_contents
    except ValueError:  # not assigned yet
        return None
