"""A recurrence as ONNX's own RNN, GRU or LSTM, or as a `Scan` of the graph of its step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, TinygradError, with_user_line
from ..core.tensor import Tensor
from ..nn.cells import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from ..nn.converters import to_onnx
from ..step.scan import ScanAttrs, operands_of
from .writing import AXES, Scope, Writer

_NATIVE: dict[type, str] = {RNNCell: "RNN", GRUCell: "GRU", LSTMCell: "LSTM", PeepholeLSTMCell: "LSTM"}
_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}


def write_recurrence(
    writer: Writer, scope: Scope, node: Tensor, scan: ScanAttrs[Any], cell: Any, lengths: str = ""
) -> list[str]:
    """The results of a scan: outputs (T, B, width), then the states after it, by their names.

    Args:
        cell: whose step it is, if it is known.
        lengths: what holds the length of each sequence, if there is such an input.

    Raises:
        ArgumentError: there are lengths, and it can only be a `Scan`, which has none.
    """
    native = _native(writer, scope, node, scan, cell, lengths)
    if native is None and lengths:
        what = "a recurrence" if cell is None else repr(cell)
        text = f"onnx.save: lengths are of RNN, GRU and LSTM in float32; {what} becomes a Scan, which has none"
        raise ArgumentError(with_user_line(text))
    return native if native is not None else _as_scan(writer, scope, node, scan)


def _native(
    writer: Writer, scope: Scope, node: Tensor, scan: ScanAttrs[Any], cell: Any, lengths: str
) -> list[str] | None:
    if type(cell) not in _NATIVE or cell.dtype != np.float32:
        return None  # of float64 there are no kernels of them in the runtime
    operands = operands_of(scan.recurrence.body).like(node.inputs)
    if len(operands.sequences) != 1:
        return None
    try:
        arrays = to_onnx(cell)
    except TinygradError:
        return None
    H = arrays["R"].shape[2]
    given = {name: writer.constant(x.astype(np.float32), name) for name, x in arrays.items()}
    states = [scope.node("Unsqueeze", [scope.names[s.number], scope.integers(0)]) for s in operands.states]
    attributes: dict[str, Any] = {"hidden_size": H, "direction": "reverse" if scan.reverse else "forward"}
    kind = _NATIVE[type(cell)]
    if isinstance(cell, RNNCell):
        activation = _ACTIVATIONS.get(str(cell.nonlinearity))
        if activation is None:
            return None
        attributes["activations"] = [activation]
    if isinstance(cell, GRUCell):
        attributes["linear_before_reset"] = int(cell.reset_after)
    if kind == "LSTM" and getattr(cell, "variant", None) == "CIFG":
        attributes["input_forget"] = 1
    x = scope.names[operands.sequences[0].number]
    inputs = [x, given["W"], given["R"], given.get("B", ""), lengths, *states]
    if kind == "LSTM":
        inputs.append(given.get("P", ""))
    while inputs[-1] == "":
        inputs.pop()
    y, *finals = scope.node(kind, inputs, attributes, outputs=1 + len(states))
    squeezed = [scope.node("Squeeze", [y, scope.integers(1)])]
    return squeezed + [scope.node("Squeeze", [s, scope.integers(0)]) for s in finals]


def _as_scan(writer: Writer, scope: Scope, node: Tensor, scan: ScanAttrs[Any]) -> list[str]:
    from onnx import helper

    body = scan.recurrence.body
    own = operands_of(body)
    operands = own.like(node.inputs)
    inner = Scope(writer, scope)
    for leaf, x in zip(own.leaves, operands.leaves, strict=True):
        inner.names[leaf.number] = scope.names[x.number]
    ins = []
    for row in (*own.states, *own.sequences):
        name = inner.names[row.number] = writer.fresh((row.name or "row").removesuffix("_before") + "_in")
        inner.refer(name, row.shape)
        ins.append(value_info(name, row))
    writer.write(inner, body.graph, lambda _, n: False)
    outs = []
    for row in (*body.new_states, *body.outputs):
        name = inner.node("Identity", [inner.names[row.number]])  # a result has a name of its own
        outs.append(value_info(name, row))
    graph = helper.make_graph(inner.nodes, writer.fresh("step"), ins, outs)
    count = len(own.sequences)
    attributes: dict[str, Any] = {"body": graph, "num_scan_inputs": count}
    if scan.reverse:
        attributes |= {"scan_input_directions": [1] * count, "scan_output_directions": [1] * len(body.outputs)}
    given = [scope.names[x.number] for x in (*operands.states, *operands.sequences)]
    found = scope.node("Scan", given, attributes, outputs=len(outs))
    found = [found] if isinstance(found, str) else found
    states = len(body.new_states)
    return found[states:] + found[:states]


def value_info(name: str, x: Tensor) -> Any:
    """An input or output of a model or of a step, its batch and time of any size."""
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    return helper.make_tensor_value_info(name, kind, [AXES.get(n, n) for n in x.shape])
