"""`load`: a module of our ops and layers from an ONNX model."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, FileFormatError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from ..nn import Module, Parameter
from .operators import OPERATORS
from .recurrent_operators import RECURRENT, run_loop, run_scan


def load(path: str | os.PathLike[str]) -> OnnxModule:
    """A module that computes what an ONNX model does, with our ops: it runs, trains, and can be drawn and explored.

    Weights (floats of more than one entry that are stored in the model) become parameters; RNN, GRU and LSTM nodes
    cells that run compiled.

    Args:
        path: of a .onnx file with its weights in it.

    Raises:
        ArgumentError: the package onnx is not installed, or the model has operators that are not known here: all of
            them are named.
        FileFormatError: it is no ONNX model.
        OSError: it cannot be read.
    """
    try:
        import onnx
    except ImportError:
        raise ArgumentError(
            with_user_line("onnx.load needs the package onnx: pip install 'tinygrad_rnn[onnx]'")
        ) from None
    with open(path, "rb"):
        pass
    try:
        model = onnx.load(os.fspath(path))
        onnx.checker.check_model(model)
    except Exception as error:  # of protobuf, or of the checker
        reason = str(error).strip().splitlines() or ["it is none"]
        raise FileFormatError(with_user_line(f"onnx.load: {os.fspath(path)} is no ONNX model: {reason[0]}")) from None
    return OnnxModule(model)


class OnnxModule(Module):
    """A model read from ONNX.

    Called with its inputs in the model's order, or by their names. Returns its outputs, one or a tuple.

    Attributes:
        inputs, outputs: their names.
        metadata: what else the file said.
    """

    def __init__(self, model: Any):
        from onnx import numpy_helper

        graph = model.graph
        missing = sorted(kinds_of(graph) - OPERATORS.keys() - RECURRENT.keys() - {"Scan", "Loop", "Constant"})
        if missing:
            raise ArgumentError(with_user_line(f"onnx.load: operators that are not known here: {', '.join(missing)}"))
        self.metadata = {p.key: p.value for p in model.metadata_props}
        self.opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
        self.constants: dict[str, Any] = {}
        self.names: dict[str, str] = {}  # of ours, by ONNX's
        stored = {x.name for x in graph.initializer}
        for x in graph.initializer:
            array = np.array(numpy_helper.to_array(x))
            if array.dtype.kind == "f" and array.size > 1 and array.dtype.itemsize >= 4:
                name = self._attribute(x.name)
                setattr(self, name, Parameter(array, name=name))
                self.names[x.name] = name
            else:
                self.constants[x.name] = array
        self.inputs = [i.name for i in graph.input if i.name not in stored]
        self.outputs = [o.name for o in graph.output]
        self.nodes = list(graph.node)

    def _attribute(self, name: str) -> str:
        """A name of ONNX as an attribute."""
        wish = re.sub(r"\W+", "_", name).strip("_") or "weight"
        wish = f"w_{wish}" if wish[0].isdigit() else wish
        while wish in self.__dict__ or hasattr(type(self), wish):
            wish += "_"
        return wish

    def forward(self, *values: TensorLike, **named: TensorLike) -> Any:
        given = dict(zip(self.inputs, values, strict=False)) | named
        if len(values) > len(self.inputs) or given.keys() - set(self.inputs):
            raise ArgumentError(with_user_line(f"the model's inputs are {', '.join(self.inputs)}"))
        lacking = [name for name in self.inputs if name not in given]
        if lacking:
            raise ArgumentError(with_user_line(f"the model's input {lacking[0]} is not given"))
        known: dict[str, Any] = {"": None} | self.constants
        known |= {name: getattr(self, own) for name, own in self.names.items()}
        for name, value in given.items():
            array = value if isinstance(value, Tensor) else np.asarray(value)
            known[name] = array if isinstance(array, Tensor) or array.dtype.kind in "iub" else Tensor(array)
        run_nodes(self.nodes, known, self.opset)
        results = [known[name] for name in self.outputs]
        return results[0] if len(results) == 1 else tuple(results)

    def extra_repr(self) -> str:
        return f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"


def run_nodes(nodes: Any, known: dict[str, Any], opset: int) -> None:
    """Compute nodes in their order; their results join what is known."""
    for node in nodes:
        attributes = _attributes(node) | ({"outputs": len(node.output)} if node.op_type == "Split" else {})
        xs = [known[name] for name in node.input]
        try:
            if node.op_type == "Constant":
                results: Any = attributes.get("value", next(iter(attributes.values()), None))
            elif node.op_type == "Scan":
                results = run_scan(xs, attributes, known, opset, run_nodes)
            elif node.op_type == "Loop":
                results = run_loop(xs, attributes, known, opset, run_nodes)
            elif node.op_type in RECURRENT:
                results = RECURRENT[node.op_type](xs, attributes)
            else:
                results = OPERATORS[node.op_type](xs, attributes, opset)
        except (ShapeError, ArgumentError) as error:
            text = str(error).splitlines()[0]
            raise type(error)(with_user_line(f"{node.op_type} {node.name or node.output[0]}: {text}")) from None
        results = results if isinstance(results, (tuple, list)) else (results,)
        for name, value in zip(node.output, results, strict=False):
            if name:
                known[name] = value


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import AttributeProto, helper, numpy_helper

    found: dict[str, Any] = {}
    for a in node.attribute:
        value = helper.get_attribute_value(a)
        if a.type == AttributeProto.TENSOR:
            value = np.array(numpy_helper.to_array(value))
        elif a.type == AttributeProto.STRING:
            value = value.decode()
        elif a.type == AttributeProto.STRINGS:
            value = [v.decode() for v in value]
        found[a.name] = value
    if node.op_type == "Constant":
        found = {
            k: np.array(v, np.int64 if "int" in k else np.float32 if "float" in k else None) for k, v in found.items()
        }
    return found


def kinds_of(graph: Any) -> set[str]:
    """All operators of a graph and of the graphs in it."""
    found: set[str] = set()
    waiting = [graph]
    while waiting:
        for node in waiting.pop().node:
            known = node.domain in ("", "ai.onnx")
            found.add(node.op_type + _beyond(node) if known else f"{node.domain}.{node.op_type}")
            waiting += [a.g for a in node.attribute if a.HasField("g")]
    return found


def _beyond(node: Any) -> str:
    """What of an operator that is known here is not, so that it is said before anything is computed."""
    if node.op_type == "Loop" and (not node.input or not node.input[0]):
        return " without a number of steps"
    if node.op_type in RECURRENT and any(a.name == "clip" for a in node.attribute):
        return " with clip"
    return ""
