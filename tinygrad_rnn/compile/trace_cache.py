"""A cache of what was traced: an entry holds as long as the attributes of its cell are what they were."""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
import weakref
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from ..core.op import Op
from ..core.tensor import Tensor

T = TypeVar("T")
#: Entries of one cell.
KEPT = 16
_PLAIN = {int, float, complex, bool, str, bytes, type(None)}
_OURS = ("tinygrad_rnn.", "builtins")
_cells: dict[int, CellTraces] = {}  # by identity: a cell need not be hashable


class UncompiledWarning(UserWarning):
    """A cell cannot be compiled and runs step by step on the plain engine, or is compiled again and again."""


@dataclasses.dataclass
class Uncompiled:
    """Why a cell is not compiled, and whether that was said."""

    reason: str
    said: bool = False


@dataclasses.dataclass
class CellTraces:
    """The traces of one cell: by key and attributes, each with the objects that must live for it to hold."""

    cell: weakref.ref
    traces: dict[Any, tuple[Any, list[Callable[[], Any]]]] = dataclasses.field(default_factory=dict)
    latest: dict[Any, tuple[Any, Snapshot, list[Callable[[], Any]]]] = dataclasses.field(default_factory=dict)
    restless: Uncompiled | None = None


class Snapshot:
    """The attributes of objects, and what functions close over, by identity.

    If they are the same, so is the fingerprint, at a tenth of the cost. `held` keeps numbers and texts alive, whose
    identities could otherwise be given to others.
    """

    def __init__(self, objects: list[Any], kinds: list[type], held: list[Any]):
        self.held = held
        self.kinds = [(kind, _identities(kind)) for kind in kinds]
        self.objects = [(weakref.ref(x), _identities(x)) for x in objects]

    def holds(self) -> bool:
        for refer, identities in self.objects:
            x = refer()
            if x is None or _identities(x) != identities:
                return False
        return all(_identities(kind) == identities for kind, identities in self.kinds)


def _identities(x: Any) -> tuple[Any, ...]:
    if isinstance(x, FunctionType):
        return tuple(id(_content(c)) for c in x.__closure__ or ())
    attributes = vars(x)
    return (*attributes, *map(id, attributes.values()))


def cached_trace(cell: Any, key: tuple[Any, ...], trace: Callable[[], T]) -> T | Uncompiled:
    """``trace()``, once for each key and state of the cell's attributes."""
    of = _cells.get(id(cell))
    if of is None or of.cell() is not cell:
        number = id(cell)
        of = _cells[number] = CellTraces(weakref.ref(cell, lambda _: _cells.pop(number, None)))
    if key in of.latest:
        found, snapshot, refers = of.latest[key]
        if snapshot.holds() and all(refer() is not None for refer in refers):
            return found
    for _ in range(2):  # a step may make its weights when first run
        facts, opaque, snapshot = fingerprint(cell)
        if of.restless is not None:
            return of.restless
        made = of.traces.get((key, facts))
        if made is not None and all(refer() is not None for refer in made[1]):
            if snapshot is not None:
                of.latest[key] = (made[0], snapshot, made[1])
            return made[0]
        found = trace()
        if fingerprint(cell)[0] == facts:
            if len(of.traces) >= KEPT:
                message = f"{type(cell).__name__} was traced {KEPT} times: its attributes change from call to call"
                warnings.warn(message, UncompiledWarning, stacklevel=4)
                of.traces.clear()
                of.latest.clear()
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


def fingerprint(cell: Any) -> tuple[tuple[Any, ...], list[Any], Snapshot | None]:
    """What a cell's attributes and those of its class are, and the objects of which only the identity is known.

    Also a `Snapshot` that tells whether they still are, unless there are containers or arrays among them.

    Numbers, texts and arrays count by value, tensors by identity (their values are read at every call). Modules,
    containers, data classes, namespaces and what functions close over are opened.
    """
    facts: list[Any] = []
    kinds = [kind for kind in type(cell).__mro__ if not kind.__module__.startswith(_OURS)]
    opaque: list[Any] = [value for kind in kinds for value in vars(kind).values()]
    opened: list[Any] = []
    held: list[Any] = []
    simple = True
    opaque = [x for x in opaque if x is not None]
    facts.extend(map(id, opaque))
    seen: set[int] = set()
    stack = [cell]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in _PLAIN:
            facts.append(item)
            held.append(item)
        elif kind is list or kind is tuple:
            facts.append(len(item))
            stack.extend(item)
            simple = False
        elif kind is dict:
            facts.append(len(item))
            facts.extend(item)
            stack.extend(item.values())
            simple = False
        elif isinstance(item, (np.ndarray, np.generic)) and not item.dtype.hasobject:
            facts += (item.shape, item.dtype.str, hashlib.blake2b(item.tobytes()).digest())
            simple = False
        else:
            facts.append(id(item))
            opaque.append(item)
            if id(item) in seen or isinstance(item, (Tensor, Op)):
                continue
            seen.add(id(item))
            if _opens(item, cell):
                opened.append(item)
                facts.append(len(vars(item)))
                facts.extend(vars(item))
                stack.extend(vars(item).values())
            elif isinstance(item, FunctionType):
                opened.append(item)
                stack.extend(_content(c) for c in item.__closure__ or ())
            elif isinstance(item, (dict, list, tuple)):
                stack.append(dict(item) if isinstance(item, dict) else [*item])
                simple = False
    try:
        return tuple(facts), opaque, Snapshot(opened, kinds, held) if simple else None
    except TypeError:  # an object without weak references
        return tuple(facts), opaque, None


def _opens(item: Any, cell: Any) -> bool:
    """Whether an object's attributes count."""
    opens = item is cell or hasattr(item, "named_parameters") or isinstance(item, SimpleNamespace)
    opens = opens or dataclasses.is_dataclass(item)
    return opens and not isinstance(item, type) and hasattr(item, "__dict__")


def _content(closed_over: Any) -> Any:
    try:
        return closed_over.cell_contents
    except ValueError:  # not assigned yet
        return None
