"""What a function finds around itself: attributes, what it closes over, globals that it names.

What is traced once holds as long as these do.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable
from types import CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from ..core.errors import between, with_user_line
from ..core.op import Op
from ..core.tape import UntraceableError
from ..core.tensor import Tensor

_PLAIN = {int, float, complex, bool, str, bytes, type(None)}
#: Bytes of an array that is compared at every call.
_LARGE = 1 << 16
_CLOSED = {"numpy", "numba", "builtins"} | sys.stdlib_module_names


class Surroundings:
    """Everything that can be reached from some objects, at one time.

    Numbers, texts and arrays count by value. Tensors count by identity and kind, their values do not: they are read
    at every run. Modules, containers and a user's own objects are opened; of an optimiser only its parameters count,
    its hyperparameters are read at every step. Of other libraries' objects the identity counts.

    Attributes:
        facts: equal for equal surroundings.
        tensors, generators: those that were found.

    Raises:
        UntraceableError: a large array is among them.
    """

    def __init__(self, roots: list[Any]):
        self._facts: list[Any] = []
        self.tensors: list[Tensor] = []
        self.generators: list[np.random.Generator] = []
        self._checks: list[tuple[Callable[[Any], Any], Any, Any]] = []
        self._kinds: list[tuple[Tensor, bool, tuple[int, ...], np.dtype]] = []
        self._copies: list[Callable[[], Any]] = []  # each puts something back
        self._seen: dict[int, Any] = {}  # keeps what it has, so that no identity is given to another
        self._stack = list(roots)
        while self._stack:
            self._add(self._stack.pop())
        self.facts = tuple(self._facts)
        del self._facts, self._stack

    def hold(self) -> bool:
        """Whether nothing has been changed; false too where something was replaced by its like."""
        for x, needs, shape, dtype in self._kinds:  # spelled out: this is done at every call
            if x.requires_grad is not needs or x._array.shape != shape or x._array.dtype is not dtype:
                return False
        for read, x, was in self._checks:  # noqa: SIM110 (a generator takes as long again)
            if read(x) != was:
                return False
        return True

    def restore(self) -> None:
        """Put back, once, what was changed in containers, attributes, arrays, globals and what is closed over."""
        while self._copies:
            self._copies.pop()()

    def _add(self, x: Any) -> None:
        if type(x) in _PLAIN:
            self._facts.append(x)
            self._seen[id(x)] = x
            return
        self._facts.append(id(x))
        if id(x) in self._seen:
            return
        self._seen[id(x)] = x
        if isinstance(x, Tensor):
            kind = x.requires_grad, x.shape, x.dtype
            self._facts.append(kind)
            if x._array is None:
                self._watch(_kind, x)
            else:
                self._kinds.append((x, *kind))
            self.tensors.append(x)
        elif isinstance(x, np.random.Generator):
            self.generators.append(x)
        elif isinstance(x, np.ndarray):
            self._add_array(x)
        elif isinstance(x, FunctionType):
            if _open_file(x.__code__.co_filename):
                self._watch(_around, x)
                self._stack += _surroundings(x)
                self._copies.append(_putting_back(x))
        elif isinstance(x, MethodType):
            self._stack += [x.__self__, x.__func__]
        elif isinstance(x, functools.partial):
            self._stack += [x.func, x.args, x.keywords]
        elif isinstance(x, (list, tuple, set, frozenset, deque)):
            self._facts[-1] = len(x)
            self._watch(_entries, x)
            self._stack += x
            if not isinstance(x, (tuple, frozenset)):
                self._copies.append(functools.partial(_refill, x, [*x]))
        elif isinstance(x, dict):
            self._facts[-1] = tuple(x)
            self._watch(_items, x)
            self._stack += x.values()
            self._copies.append(functools.partial(_refill, x, dict(x)))
        elif hasattr(x, "parameters") and hasattr(x, "hyperparameters"):
            self._stack.append(x.parameters)
        elif _opens(x):
            self._facts.append(tuple(vars(x)))
            self._watch(_attributes, x)
            self._stack += vars(x).values()
            self._copies.append(functools.partial(_refill, vars(x), dict(vars(x))))
            for kind in type(x).__mro__:
                if _open(kind.__module__) and id(kind) not in self._seen:
                    self._seen[id(kind)] = kind
                    self._watch(_attributes, kind)
                    self._stack += [f for f in vars(kind).values() if isinstance(f, FunctionType) or type(f) in _PLAIN]

    def _add_array(self, x: np.ndarray) -> None:
        if x.nbytes > _LARGE or x.dtype.hasobject:
            message = f"an array {x.shape} {x.dtype} is used that is no argument; give it as one"
            raise UntraceableError(with_user_line(message))
        self._facts[-1] = (x.shape, x.dtype.str, x.tobytes())
        self._watch(_content, x)
        if x.flags.writeable:
            self._copies.append(functools.partial(np.copyto, x, x.copy()))

    def _watch(self, read: Callable[[Any], Any], x: Any) -> None:
        self._checks.append((read, x, read(x)))


def _kind(x: Tensor) -> Any:
    return x.requires_grad, x.shape, x.dtype


def _content(x: np.ndarray) -> Any:
    return x.shape, x.tobytes()


def _entries(x: Any) -> Any:
    return [*map(id, x)]


def _items(x: Any) -> Any:
    return *x, *map(id, x.values())


def _attributes(x: Any) -> Any:
    return _items(vars(x))


def _around(f: FunctionType) -> Any:
    return [*map(id, _surroundings(f))]


def _surroundings(f: FunctionType) -> list[Any]:
    """What a function closes over, its defaults, and the globals it names."""
    found = [_cell_content(c) for c in f.__closure__ or ()]
    found += [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    names = _names(f.__code__)
    found += [f.__globals__[name] for name in names if name in f.__globals__]
    for module in found:  # what is found in modules is looked at too: package.module.name
        if isinstance(module, ModuleType) and _open(module.__name__):
            found += [vars(module)[name] for name in names if name in vars(module)]
    return found


def _putting_back(f: FunctionType) -> Callable[[], Any]:
    """What gives a function's closure and the globals it names back what they have now."""
    cells = [(cell, _cell_content(cell)) for cell in f.__closure__ or ()]
    named = {name: f.__globals__[name] for name in _names(f.__code__) if name in f.__globals__}

    def put_back() -> None:
        for cell, content in cells:
            if _cell_content(cell) is not content:
                cell.cell_contents = content
        for name, value in named.items():
            if f.__globals__.get(name) is not value:
                f.__globals__[name] = value

    return put_back


def _refill(container: Any, entries: Any) -> None:
    """Make a list, set, deque or dict what it was, if it is not."""
    of = _items if isinstance(container, dict) else _entries
    if of(container) != of(entries):
        container.clear()
        add = container.extend if isinstance(container, (list, deque)) else container.update
        add(entries)


@functools.cache
def _names(code: CodeType) -> tuple[str, ...]:
    """The names a function's code and the functions inside it look up."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]
    return tuple(dict.fromkeys((*code.co_names, *inner)))


def _cell_content(closed_over: Any) -> Any:
    try:
        return closed_over.cell_contents
    except ValueError:  # not assigned yet
        return None


def _opens(x: Any) -> bool:
    """Whether an object's attributes count."""
    if isinstance(x, (type, ModuleType, Op)) or not hasattr(x, "__dict__"):
        return False
    return isinstance(x, SimpleNamespace) or _open(type(x).__module__) or type(x).__module__.startswith("tinygrad_rnn.")


@functools.cache
def _open(module: str | None) -> bool:
    """Whether what is defined there is a user's own, and may look at anything."""
    root = (module or "builtins").split(".")[0]
    if root in _CLOSED or root == "tinygrad_rnn":
        return root == "__main__"
    return _open_file(getattr(sys.modules.get(root), "__file__", None) or "")


@functools.cache
def _open_file(name: str) -> bool:
    return not between(name) and "site-packages" not in name and "dist-packages" not in name
