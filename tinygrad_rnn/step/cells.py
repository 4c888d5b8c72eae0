"""What a cell is: `initial_state` and `step`. What they return is checked here, for every engine and reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ..core.errors import ArgumentError, DeclarationError, with_user_line
from ..core.mode import current
from ..core.tensor import Tensor, TensorLike
from ..core.trees import arranged, flatten


class CellLike(Protocol):
    """One time step of a recurrent network; `tg.nn.Cell` is one."""

    def initial_state(self, batch: int | None) -> Any: ...

    def step(self, x: Tensor, state: Any) -> tuple[Any, Any]: ...


def is_cell(thing: Any) -> bool:
    return not isinstance(thing, type) and all(callable(getattr(thing, n, None)) for n in ("step", "initial_state"))


def is_module(thing: Any) -> bool:
    return not isinstance(thing, type) and callable(thing) and callable(getattr(thing, "parameters", None))


def named_parameters(cell: CellLike) -> Iterator[tuple[str, Tensor]]:
    """The parameters of a cell, and what they are called in it, if it tells."""
    return cell.named_parameters() if hasattr(cell, "named_parameters") else iter(())  # type: ignore[attr-defined]


def initial_state(cell: CellLike, batch: int | None) -> Any:
    """The cell's state before the first step, as tensors; without a batch axis if `batch` is None.

    Raises:
        DeclarationError: it is something else than tensors and arrays, nested.
    """
    return _as_tensors(cell.initial_state(batch), cell, "initial_state")


def stepped(cell: CellLike, x: TensorLike, state: Any) -> tuple[Any, Any]:
    """One step of a cell: (output, new state), as tensors, the state nested like the one before.

    Raises:
        DeclarationError: `step` returned something else.
    """
    result = cell.step(x, state)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise DeclarationError(_complaint(cell, "step", result, "(output, new state)"))
    output, after = result
    if isinstance(output, Tensor) and 0 < _tensors(after) == _tensors(state):
        return output, after  # as nearly always, at every step
    try:
        after = arranged(after, state)
    except ValueError:
        expected = f"{_kind(state)} as new state, like the state before"
        raise DeclarationError(_complaint(cell, "step", after, expected)) from None
    return _as_tensors(output, cell, "step"), _as_tensors(after, cell, "step")


def _tensors(tree: Any) -> float:
    """How many tensors a tuple has, a half for one alone; 0 if it is anything else."""
    if tree.__class__ is tuple:
        for x in tree:
            if not isinstance(x, Tensor):
                return 0
        return len(tree)
    return 0.5 if isinstance(tree, Tensor) else 0


def _as_tensors(tree: Any, cell: CellLike, method: str) -> Any:
    leaves, rebuild = flatten(tree)
    for k, x in enumerate(leaves):
        if not isinstance(x, Tensor):
            array = np.array(x) if isinstance(x, (np.ndarray, np.generic, int, float)) else np.array(None)
            if array.dtype.kind not in "fiub":
                raise DeclarationError(_complaint(cell, method, x, "tensors"))
            leaves[k] = Tensor(array, scope=current().scope).named("s", role="state")
    return rebuild(leaves)


def _complaint(cell: CellLike, method: str, got: Any, expected: str) -> str:
    return with_user_line(f"{type(cell).__name__}.{method} returned {_kind(got)}, expected {expected}")


def _kind(tree: Any) -> str:
    if isinstance(tree, Tensor):
        return "one tensor"
    several = isinstance(tree, (tuple, list, dict))
    return "None" if tree is None else f"a {type(tree).__name__}" + (f" of {len(tree)}" if several else "")


def cells_in(thing: Any, path: str = "") -> Iterator[tuple[str, CellLike]]:
    """The cells in the attributes and lists of a module, those inside of other cells after them; with their paths."""
    stack, seen = [(path, thing)], set()
    while stack:
        path, item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if is_cell(item):
            yield path, item
        if isinstance(item, (list, tuple)):
            inner = [(f"{path}[{k}]", x) for k, x in enumerate(item)]
        elif isinstance(item, dict):
            inner = [(f"{path}[{k!r}]", x) for k, x in item.items()]
        elif hasattr(item, "__dict__") and not isinstance(item, (type, np.ndarray, Tensor)):
            inner = [(f"{path}.{name}", x) for name, x in vars(item).items()]
        else:
            continue
        stack.extend(reversed(inner))


def one_cell(reader: str, thing: Any, other: str = "") -> Any:
    """The cell that a reader is given, or that the layer it is given consists of; `other` is what it reads besides.

    Raises:
        ArgumentError: it is neither, or a layer of several cells.
    """
    refuse_class(reader, thing)
    if is_cell(thing):
        return thing
    found = list(cells_in(getattr(thing, "cells", None), ".cells"))
    outer = [path for path, cell in found if not any(path.startswith((f"{p}.", f"{p}[")) for p, _ in found)]
    if not found:
        expected = ", ".join(["a cell", *([other] if other else [])]) + " or a layer of one cell"
        raise ArgumentError(with_user_line(f"{reader}: expected {expected}, got {type(thing).__name__}"))
    if len(outer) > 1:
        names = ", ".join(f"layer{path}" for path in outer)
        raise ArgumentError(
            with_user_line(f"{reader}: {type(thing).__name__} has {len(outer)} cells; choose one: {names}")
        )
    return found[0][1]


def refuse_class(reader: str, thing: Any) -> None:
    """Raise `ArgumentError` if it is a class, where one of its objects was expected."""
    if isinstance(thing, type):
        name = thing.__name__
        raise ArgumentError(with_user_line(f"{reader}: {name} is a class; make one and give that: {name}(…)"))
