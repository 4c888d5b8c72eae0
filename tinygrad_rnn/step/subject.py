"""What can be drawn: graphs, and what is traced with shapes only: cells, modules and functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.mode import current, scope
from ..core.tensor import Tensor, abstract
from ..core.tracing import trace
from ..core.trees import flatten
from .cells import cells_in, initial_state, is_cell, is_module, refuse_class, stepped
from .inputs import Input, input_of, missing_input, shape_of
from .looping import run_steps
from .quantities import step_of
from .unpacked import unpacked_graph

_STEPS = 5  # of the sequence a layer is traced with, if nobody says how long it is


@dataclass
class Subject:
    """What is drawn.

    Attributes:
        graph: its graph. title: what to call it.
        loops: for one step of a cell (new state, state before).
        parts: of an unpacked cell, the parameter that each leaf is, or is rows of, by the leaf's number.
    """

    graph: Graph
    title: str
    loops: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    parts: dict[int, Tensor] = field(default_factory=dict)


def subject(reader: str, thing: Any, *, steps: int | None, batch: int, given: Any, packed: bool = False) -> Subject:
    """The graph of a tensor, a graph, a cell, a module or a function; `given` as for `input_of`.

    A cell whose step can be read by its quantities is, with its gates unpacked; `packed`: as it is computed.

    Raises:
        ArgumentError: it is none of these, or it is not known of what shape its input is.
        ShapeError: it does not read what is given.
    """
    refuse_class(reader, thing)
    if isinstance(thing, Graph):
        return Subject(thing, " ".join(out.name or "" for out in thing.outputs).strip() or "graph")
    if isinstance(thing, Tensor):
        return Subject(Graph(thing), thing.path)
    if is_cell(thing):
        x = input_of(reader, thing, given, steps=steps, batch=batch)
        graph, parts = (None if packed else _by_quantities(reader, thing, x)) or (trace_cell(thing, x), {})
        states = graph.inputs[x.steps or 1 :]
        loops = list(zip(graph.outputs[len(graph.outputs) - len(states) :], states, strict=True))
        return Subject(graph, type(thing).__name__, loops if x.steps is None else [], parts)
    if is_module(thing):
        return Subject(trace_module(reader, thing, given), type(thing).__name__)
    if callable(thing):
        name = getattr(thing, "__name__", type(thing).__name__)
        if given is None:
            raise ArgumentError(with_user_line(f"{reader}: give the shape of each argument of {name}: input=(…)"))
        return Subject(trace(thing, *(given if _several(given) else (given,))), name)
    raise ArgumentError(
        with_user_line(
            f"{reader}: expected a tensor, a graph, a cell, a module or a function, got {type(thing).__name__}"
        )
    )


def _by_quantities(reader: str, cell: Any, x: Input) -> tuple[Graph, dict[int, Tensor]] | None:
    """A cell's graph with its gates unpacked, and of what its leaves are parts; None if its step is not row by row."""
    if x.batch is None:
        return None
    try:
        step = step_of(reader, cell, x)
    except ArgumentError:
        return None
    return unpacked_graph(cell, x, step)


def _several(given: Any) -> bool:
    """Whether it is a tuple of shapes or arrays, rather than one."""
    return isinstance(given, (tuple, list)) and any(not isinstance(n, (int, np.integer)) for n in given)


def trace_cell(cell: Any, x: Input) -> Graph:
    """The graph of one step of a cell, or of `x.steps`, each in a scope ``t=k``."""
    leaves, rebuild = flatten(initial_state(cell, x.batch))
    states = [_leaf(s.shape, s.dtype, s.name, s.role or "state") for s in leaves]
    xs = [_leaf(x.row, x.dtype, "x", "input") for _ in range(x.steps or 1)]

    def run(*leaves: Tensor) -> list[Any]:
        before = rebuild(list(leaves[len(xs) :]))

        def read(t: int) -> Tensor:
            leaves[t].scope = current().scope
            return leaves[t]

        with scope(getattr(cell, "label", type(cell).__name__)):
            if x.steps is None:
                y, state = stepped(cell, leaves[0], before)
                outputs = [y]
            else:
                outputs, state = run_steps(cell, len(xs), read, lambda _: before)
        last = flatten(state)[0]
        return outputs[:-1] + [y for y in flatten(outputs[-1])[0] if all(y is not s for s in last)] + last

    return _traced(run, [*xs, *states])


def trace_module(reader: str, module: Any, given: Any) -> Graph:
    """The graph of a module's call.

    Raises:
        ArgumentError: no input shape was given, and it does not say one.
    """
    shape = None if given is None else shape_of(reader, given)[0]
    if shape is None:
        first = next((cell for _, cell in cells_in(getattr(module, "cells", None))), None)
        width: int | None = getattr(module, "input_size", getattr(first, "input_size", None))  # a layer's
        features: int | None = getattr(module, "in_features", width)
        if features is None:
            raise missing_input(reader, module, "(…)" if first is None else "(T, B, D)")
        shape = (1, features) if width is None else (_STEPS, 1, features)
    return _traced(module, [_leaf(shape, getattr(module, "dtype", _dtype(module)), "x", "input")])


def _dtype(module: Any) -> np.dtype:
    """The dtype of its parameters."""
    return next((p.dtype for p in module.parameters() if p.dtype.kind == "f"), np.dtype(np.float32))


def _traced(function: Callable[..., Any], leaves: Sequence[Tensor]) -> Graph:
    """`trace` makes leaves of its own; names, roles and scopes are copied onto them."""

    def run(*inputs: Tensor) -> Any:
        for x, leaf in zip(inputs, leaves, strict=True):
            x.name, x.role = leaf.name, leaf.role
        return function(*inputs)

    return trace(run, *leaves)


def _leaf(shape: tuple[int, ...], dtype: Any, name: str | None, role: str) -> Tensor:
    return abstract(shape, dtype).named(name or role, role=role)
