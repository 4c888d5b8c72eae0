"""`save`: a model as an ONNX file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import compile as compiler
from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.tensor import Tensor
from ..core.tracing import trace
from ..core.trees import flatten
from ..io.files import replace
from ..nn import Embedding, Linear, Network, Recurrent
from ..nn.recurrent import Layers
from ..step.body import BATCH
from ..step.cells import cells_in, initial_state, is_cell, is_module, named_parameters, refuse_class
from ..step.scan import scan_of
from .recurrence import value_info, write_recurrence
from .writing import OPSET, TIME, Scope, Writer


def save(
    model: Any,
    path: str | os.PathLike[str],
    *,
    input: Any = None,
    metadata: Mapping[str, Any] | None = None,
    lengths: bool = False,
) -> None:
    """Write a network, layer, cell or module as an ONNX model (opset 20).

    RNN, GRU and LSTM cells, of all layers and directions, are ONNX's own operators; any other cell, and all of float64,
    for which runtimes have no such operators, is a `Scan` of the graph of its step. Batch and time may be of any size
    when it runs. States are inputs (`h_in`, …) and outputs (`h_out`, …), so that a sequence can be read piece by piece;
    begin with zeros, or what `initial_state` says.

    Args:
        model: a `Network`, `Recurrent`, `RNN`, `GRU`, `LSTM`, a cell (which is run over a sequence), or another module.
        path: where to; it ends in .onnx.
        input: of a module that does not say its input_size, the shape of its input or an array of it; its first axis is
            the batch.
        metadata: what else the file is to say, such as the vocabulary; texts as they are, everything else as JSON.
        lengths: whether the length of each sequence is an input too, ``lengths`` (B,) of int32, as it is of `forward`.
            ONNX's RNN, GRU and LSTM have it, a `Scan` has not.

    Raises:
        ArgumentError: `lengths` of a cell that becomes a `Scan`, or of a model that is none of a `Recurrent`, `RNN`,
            `GRU`, `LSTM` and cell.
        ArgumentError: it is none of these, an op of it has no ONNX form (all such are named), or the path has another
            ending.
        ArgumentError: the package onnx is not installed.
        OSError: the file cannot be written.
    """
    refuse_class("onnx.save", model)
    if not str(path).endswith(".onnx"):
        raise ArgumentError(with_user_line(f"onnx.save: a model's name ends in .onnx, not {os.fspath(path)!r}"))
    try:
        from onnx import TensorProto, checker, helper
    except ImportError:
        raise ArgumentError(
            with_user_line("onnx.save needs the package onnx: pip install 'tinygrad_rnn[onnx]'")
        ) from None
    recurrent = isinstance(model, (Recurrent, Layers)) or (is_cell(model) and not isinstance(model, Network))
    if lengths and not recurrent:
        text = f"onnx.save: lengths are of a Recurrent, RNN, GRU, LSTM or cell, not of {type(model).__name__}"
        raise ArgumentError(with_user_line(text))
    was_training = getattr(model, "training", False)
    if was_training:
        model.eval()
    try:
        made = _traced(model, input)
    finally:
        if was_training:
            model.train()
    graph, inputs, outputs = made
    writer = Writer()
    scope = Scope(writer)
    for name, x in inputs:
        scope.names[x.number] = writer.fresh(name)
        scope.refer(name, x.shape)
    many = writer.fresh("lengths") if lengths else ""
    scans: dict[int, list[str]] = {}
    cells = _cells_by_parameters(model)

    def special(scope: Scope, n: Tensor) -> bool:
        if (scan := scan_of(n)) is not None:
            scans[n.number] = write_recurrence(writer, scope, n, scan, _cell_of(n, cells), many)
            scope.names[n.number] = ""
            return True
        if n.op is not None and n.op.kind == "element" and n.inputs[0].number in scans:
            scope.names[n.number] = scans[n.inputs[0].number][(n.attrs or {})["k"]]
            return True
        return False

    writer.write(scope, graph, special)
    if writer.refused:
        names = ", ".join(writer.refused)
        raise ArgumentError(with_user_line(f"onnx.save: there is no ONNX form of {names}"))
    results = []
    for name, y in outputs:
        scope.nodes.append(helper.make_node("Identity", [scope.names[y.number]], [writer.fresh(name)]))
        results.append(value_info(name, y))
    proto = helper.make_graph(
        scope.nodes,
        type(model).__name__,
        [value_info(name, x) for name, x in inputs]
        + [helper.make_tensor_value_info(many, TensorProto.INT32, ["batch"])] * lengths,
        results,
        writer.used(scope.nodes),
    )
    whole = helper.make_model(
        proto, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="tinygrad_rnn", ir_version=10
    )
    texts = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in (metadata or {}).items()}
    helper.set_model_props(whole, texts)
    checker.check_model(whole, full_check=True)
    replace(path, whole.SerializeToString())


Named = list[tuple[str, Tensor]]


def _traced(model: Any, given: Any) -> tuple[Graph, Named, Named]:
    """The graph of a model's call, its inputs and its outputs by name."""
    if is_cell(model) and not isinstance(model, Network):
        model = Recurrent(model)
    if isinstance(model, (Network, Recurrent, Layers)):
        return _with_states(model)
    if not is_module(model):
        raise ArgumentError(with_user_line(f"onnx.save: expected a cell or a module, got {type(model).__name__}"))
    dtype = next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), np.dtype(np.float32))
    if isinstance(model, Embedding):
        spec: Any = ((TIME, BATCH), np.int64)
    elif given is None:
        first = model if isinstance(model, Linear) else next(
            (m for m in vars(model).values() if isinstance(m, Linear)), None
        )  # fmt: skip
        width = getattr(model, "input_size", getattr(first, "in_features", None))
        if width is None:
            name = type(model).__name__
            text = f"onnx.save: give the shape of the input of {name}: input=(B, …), its first axis the batch"
            raise ArgumentError(with_user_line(text))
        spec = ((BATCH, width), dtype)
    else:
        shape = tuple(given) if isinstance(given, (tuple, list)) and all(isinstance(n, int) for n in given) else None
        array = None if shape is not None else np.asarray(given)
        shape = shape if array is None else array.shape
        assert shape is not None
        spec = ((BATCH, *shape[1:]), dtype if array is None or array.dtype.kind == "f" else array.dtype)
    graph = trace(model, spec)
    ys = list(graph.outputs)
    return graph, [("x", graph.inputs[0])], _numbered("y", ys)


def _with_states(model: Any) -> tuple[Graph, Named, Named]:
    """A recurrent model: a sequence and states in, outputs and states out."""
    states = initial_states(model)
    leaves, rebuild = flatten(states)
    names = _state_names(leaves)
    first = model.cells[0] if isinstance(model, (Network, Recurrent)) else model.cells.rows[0][0]
    batch_first = getattr(model, "batch_first", False)
    axes = (BATCH, TIME) if batch_first else (TIME, BATCH)
    if isinstance(model, Network) and model.embedding is not None:
        spec: Any = (axes, np.int64)
    else:
        if first.input_size is None:
            raise ArgumentError(with_user_line(f"onnx.save: {type(first).__name__} does not say its input_size"))
        spec = ((*axes, first.input_size), first.dtype)

    def call(x: Tensor, *before: Tensor) -> list[Tensor]:
        ys, after = _run(model, x, rebuild(list(before)))
        return [*flatten(ys)[0], *flatten(after)[0]]

    graph = trace(call, spec, *[(s.shape, s.dtype) for s in leaves])
    ys = list(graph.outputs[: len(graph.outputs) - len(leaves)])
    after = list(graph.outputs[len(ys) :])
    x, *befores = graph.inputs
    inputs = [("x", x), *[(f"{n}_in", s) for n, s in zip(names, befores, strict=True)]]
    return graph, inputs, [*_numbered("y", ys), *[(f"{n}_out", s) for n, s in zip(names, after, strict=True)]]


def _run(model: Any, x: Tensor, state: Any) -> tuple[Any, Any]:
    """A model's call; a network's cells and readout each by itself, so that a cell can be seen to be what it is."""
    if not isinstance(model, Network):
        return model(x, state)
    xs, finals = model._read(x, 2), []
    for cell, before in zip(model.cells, state, strict=True):
        xs, final = compiler.scan(cell, cell.prepared(xs), before)
        finals.append(final)
    return model.readout(xs[-1] if model.at_end else xs), tuple(finals)


def initial_states(model: Any) -> Any:
    """States as the model takes them."""
    if isinstance(model, Network):
        return tuple(initial_state(cell, BATCH) for cell in model.cells)
    if isinstance(model, Recurrent):
        states = tuple(initial_state(cell, BATCH) for cell in model.cells)
        return states if model.several else states[0]
    cells = [cell for row in model.cells.rows for cell in row]
    parts = flatten(initial_state(cells[0], BATCH))[0]
    joined = [_like((len(cells), *s.shape), s) for s in parts]
    return joined[0] if model.states == 1 else tuple(joined)


def _like(shape: tuple[int, ...], s: Tensor) -> Tensor:
    return Tensor(np.zeros(shape, s.dtype)).named(s.name or "s", role="state")


def _state_names(leaves: list[Tensor]) -> list[str]:
    """h, c; of several layers h_0, c_0, h_1, …"""
    plain = [s.name or "s" for s in leaves]
    seen: dict[str, int] = {}
    names = []
    for name in plain:
        k = seen[name] = seen.get(name, -1) + 1
        names.append(name if plain.count(name) == 1 else f"{name}_{k}")
    return names


def _numbered(name: str, ys: list[Tensor]) -> Named:
    return [(name, ys[0])] if len(ys) == 1 else [(f"{name}_{k}", y) for k, y in enumerate(ys)]


def _cells_by_parameters(model: Any) -> dict[frozenset[int], Any]:
    """Cells by the numbers of their parameters."""
    found = [cell for row in model.cells.rows for cell in row] if isinstance(model, Layers) else []
    found += [cell for _, cell in cells_in(model)] if not found else []
    return {frozenset(p.number for _, p in named_parameters(cell)): cell for cell in found}


def _cell_of(node: Tensor, cells: Mapping[frozenset[int], Any]) -> Any:
    return cells.get(frozenset(x.number for x in node.inputs if x.role == "parameter"))
