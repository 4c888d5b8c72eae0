"""What can be drawn besides graphs: cells and modules, recognised by what they can do, traced with shapes only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.mode import scope
from ..core.tensor import Tensor, abstract
from ..core.tracing import trace
from ..core.trees import flatten

_STEPS = 5  # of the sequence a layer is traced with, if nobody says how long it is


@dataclass
class Subject:
    """What is drawn: its graph, what to call it, and for one step of a cell (new state, state before)."""

    graph: Graph
    title: str
    loops: list[tuple[Tensor, Tensor]] = field(default_factory=list)


def subject(thing: Any, *, steps: int | None, batch: int, shape: Any) -> Subject:
    """The graph of a tensor, a graph, a cell or a module.

    Raises:
        ArgumentError: it is none of these, or cannot be traced.
    """
    if isinstance(thing, Graph):
        return Subject(thing, " ".join(out.name or "" for out in thing.outputs).strip() or "graph")
    if isinstance(thing, Tensor):
        return Subject(Graph(thing), thing.path)
    if is_cell(thing):
        graph = trace_cell(thing, steps, batch, shape)
        states = graph.inputs[steps or 1 :]
        loops = list(zip(graph.outputs[len(graph.outputs) - len(states) :], states, strict=True))
        return Subject(graph, type(thing).__name__, loops if steps is None else [])
    if is_module(thing):
        return Subject(trace_module(thing, shape), type(thing).__name__)
    raise ArgumentError(
        with_user_line(f"draw: expected a tensor, a graph, a cell or a module, got {type(thing).__name__}")
    )


def is_cell(thing: Any) -> bool:
    return callable(getattr(thing, "step", None)) and callable(getattr(thing, "initial_state", None))


def is_module(thing: Any) -> bool:
    return callable(thing) and callable(getattr(thing, "parameters", None))


def trace_cell(cell: Any, steps: int | None, batch: int, shape: Any) -> Graph:
    """The graph of one step of a cell, or of several, each in a scope ``t=k``.

    Raises:
        ArgumentError: the input size is not known, or `steps` is no positive number.
    """
    if steps is not None and (not isinstance(steps, int) or steps < 1):
        raise ArgumentError(with_user_line(f"draw: steps is the number of time steps, at least 1, not {steps!r}"))
    size, symbols = getattr(cell, "input_size", None), getattr(cell, "symbols", None) is not None
    if shape is None and size is None and not symbols:
        raise ArgumentError(
            with_user_line(
                f"draw: {type(cell).__name__} has no input_size; give the shape of one step's input: input=(B, D)"
            )
        )
    shape = tuple(shape) if shape is not None else (batch,) if symbols else (batch, size)
    leaves, rebuild = flatten(cell.initial_state(shape[0] if len(shape) == 2 - symbols else None))
    dtype = np.dtype(np.int64) if symbols else getattr(cell, "dtype", np.dtype(np.float32))
    states = [_shape_only(s) for s in leaves]
    xs = [_leaf(shape, dtype, "x", "input") for _ in range(steps or 1)]

    def run(*leaves: Tensor) -> list[Any]:
        state = rebuild(list(leaves[len(xs) :]))
        outputs = []
        with scope(getattr(cell, "label", type(cell).__name__)):
            for t, x in enumerate(leaves[: len(xs)]):
                if steps is None:
                    y, state = cell.step(x, state)
                else:
                    with scope(f"t={t}", step=t) as place:
                        x.scope = place
                        y, state = cell.step(x, state)
                outputs.append(y)
        last = flatten(state)[0]
        return outputs[:-1] + [y for y in outputs[-1:] if all(y is not s for s in last)] + last

    return _traced(run, [*xs, *states])


def trace_module(module: Any, shape: Any) -> Graph:
    """The graph of a module's call.

    Raises:
        ArgumentError: no input shape was given.
    """
    if shape is None:
        name, size = type(module).__name__, getattr(module, "in_features", None)
        width = getattr(module, "input_size", None)  # a layer's, over sequences
        if size is None and width is None:
            raise ArgumentError(with_user_line(f"draw: give the shape of the input of {name}: input=(…)"))
        shape = (1, size) if width is None else (_STEPS, 1, width)
    return _traced(module, [_leaf(tuple(shape), getattr(module, "dtype", np.float32), "x", "input")])


def _traced(function: Any, leaves: list[Tensor]) -> Graph:
    """`trace` makes leaves of its own; names, roles and scopes are copied onto them."""

    def run(*inputs: Tensor) -> Any:
        for x, leaf in zip(inputs, leaves, strict=True):
            x.name, x.role = leaf.name, leaf.role
        return function(*inputs)

    return trace(run, *leaves)


def _leaf(shape: tuple[int, ...], dtype: Any, name: str | None, role: str) -> Tensor:
    return abstract(shape, dtype).named(name or role, role=role)


def _shape_only(state: Tensor) -> Tensor:
    return _leaf(state.shape, state.dtype, state.name, state.role or "state")
