"""ONNX: a node has one or two directions, and an LSTM may have peepholes and coupled gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, with_user_line
from ..cells import PeepholeLSTMCell
from .gate_orders import (
    Arrays,
    agreed,
    arrays_of,
    cells_of,
    check_dtype,
    check_shape,
    hidden_size,
    kind_of_gates,
    made,
    only_of,
    orders,
    reordered,
    taken_apart,
)


def from_onnx(
    weights: Mapping[str, Any],
    kind: str | None = None,
    *,
    linear_before_reset: int = 0,
    input_forget: int = 0,
    activation: str = "tanh",
) -> Any:
    """The cell of an ONNX RNN, GRU or LSTM node; of two directions, a tuple of the forward and the backward cell, for
    ``Recurrent(forward)`` and ``Recurrent(backward, reverse=True)``.

    Args:
        weights: the node's inputs by ONNX's names, as `to_onnx` gives them. W, R: (directions, g·H, D) and
            (directions, g·H, H). B: (directions, 2·g·H), the biases of W and then of R. P: an LSTM's peepholes,
            (directions, 3H), which make it a `PeepholeLSTMCell`, whose bias is the sum of both.
        kind: "rnn", "gru" or "lstm"; R tells, and is to agree if it is given.
        linear_before_reset: of a GRU.
        input_forget: of an LSTM, f = 1 − i, as onnxruntime reads it; a `PeepholeLSTMCell` of variant "CIFG".
        activation: of an RNN.

    Raises:
        ArgumentError: no such kind, W or R is missing, or another name; an option or peepholes of another kind.
        ShapeError: an array has another shape than R asks for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    names = ", ".join(map(str, weights)) if isinstance(weights, Mapping) else type(weights).__name__
    if not isinstance(weights, Mapping) or not {"W", "R"} <= weights.keys() <= {"W", "R", "B", "P"}:
        raise ArgumentError(with_user_line(f"from_onnx: expected a mapping with W, R and perhaps B and P; got {names}"))
    arrays = {name: np.asarray(x) for name, x in weights.items() if x is not None}
    R = arrays["R"]
    found = kind_of_gates(*R.shape[1:]) if R.ndim == 3 else None
    kind = agreed("from_onnx", kind, found)
    order = orders("from_onnx", kind)
    only_of("from_onnx", "lstm", kind, P="P" in arrays, input_forget=input_forget)
    only_of("from_onnx", "gru", kind, linear_before_reset=linear_before_reset)
    only_of("from_onnx", "rnn", kind, activation=activation != "tanh")
    check_dtype("from_onnx", arrays)
    g = len(order["ours"])
    H = hidden_size("from_onnx", "R", arrays["R"], g, of=2, blocks=1, ndim=3)
    directions = len(arrays["R"])
    if directions not in (1, 2):
        text = f"from_onnx: R is {arrays['R'].shape}, expected 1 or 2 directions on its first axis"
        raise ShapeError(with_user_line(text))
    expected = {"W": (directions, g * H, None), "B": (directions, 2 * g * H), "P": (directions, 3 * H)}
    for name in expected.keys() & arrays:
        check_shape("from_onnx", name, arrays[name], expected[name])
    options = {"gru": {"reset_after": bool(linear_before_reset)}, "rnn": {"nonlinearity": activation}}.get(kind, {})
    cells = []
    for d in range(directions):
        own = {"weight_ih": arrays["W"][d], "weight_hh": arrays["R"][d]}
        if "B" in arrays:
            own |= {"bias_ih": arrays["B"][d][: g * H], "bias_hh": arrays["B"][d][g * H :]}
        if "P" in arrays or input_forget:
            peepholes = arrays["P"][d] if "P" in arrays else np.zeros_like(own["weight_hh"], shape=3 * H)
            cells.append(_with_peepholes(own, order["onnx"], peepholes, bool(input_forget)))
        else:
            own = {name: reordered(x, order["onnx"], order["ours"]) for name, x in own.items()}
            cells.append(made(kind, own, **options))
    return cells[0] if directions == 1 else tuple(cells)


def _with_peepholes(own: Arrays, order: str, peepholes: np.ndarray, coupled: bool) -> PeepholeLSTMCell:
    """ONNX's P is packed in the order i o f, ours i f o; with coupled gates there is no forget gate."""
    gates = "io" if coupled else "ifo"
    mine = {name: reordered(x, order, "g" + gates) for name, x in own.items()}
    if "bias_ih" in mine:
        mine["bias_ih"] = mine["bias_ih"] + mine.pop("bias_hh")
    mine["weight_peephole"] = reordered(peepholes, "iof", gates)
    (_, H), (_, D), dtype = mine["weight_hh"].shape, mine["weight_ih"].shape, peepholes.dtype
    cell = PeepholeLSTMCell(D, H, "bias_ih" in mine, variant="CIFG" if coupled else "V", dtype=dtype)
    cell.load_state_dict(mine)
    return cell


def to_onnx(cell: Any) -> Arrays:
    """W, R, B (if there are biases) and P (if there are peepholes) of the ONNX node of the same kind, see `from_onnx`.
    Give a GRU's node ``linear_before_reset=int(cell.reset_after)``, an RNN's its activation, and that of a
    `PeepholeLSTMCell` of variant "CIFG" ``input_forget=1``: its forget gate's weights are zeros, and not looked at.

    Args:
        cell: an `RNNCell`, `GRUCell`, `LSTMCell` or `PeepholeLSTMCell` (variants "V", "NP" and "CIFG"), or an `RNN`,
            `GRU` or `LSTM` of one layer; of two directions, that layer, or the tuple of their cells.

    Raises:
        ArgumentError: it is something else, or the cells of two directions are not alike.
    """
    found = [_one_direction(c) for c in cells_of("to_onnx", cell)]
    kinds = [({name: x.shape for name, x in arrays.items()}, rest) for arrays, rest in found]
    if len(found) not in (1, 2) or kinds[0] != kinds[-1]:
        raise ArgumentError(with_user_line("to_onnx: expected one cell, or two that are alike but for their numbers"))
    return {name: np.stack([arrays[name] for arrays, _ in found]) for name in found[0][0]}


def _one_direction(cell: Any) -> tuple[Arrays, Any]:
    """The arrays of one direction, and what else a node must be told."""
    if type(cell) is PeepholeLSTMCell and cell.variant in ("V", "NP", "CIFG"):
        own, mine, kind, rest = arrays_of(cell), "g" + cell.gates, "lstm", cell.variant
        if "bias_ih" in own:
            own["bias_hh"] = np.zeros_like(own["bias_ih"])
    else:
        cell, kind, own = taken_apart("to_onnx", cell)
        mine, rest = orders("to_onnx", kind)["ours"], getattr(cell, "reset_after", getattr(cell, "nonlinearity", None))
    peepholes = own.pop("weight_peephole", None)
    own = {name: reordered(x, mine, orders("to_onnx", kind)["onnx"]) for name, x in own.items()}
    arrays = {"W": own["weight_ih"], "R": own["weight_hh"]}
    if "bias_ih" in own:
        arrays["B"] = np.concatenate([own["bias_ih"], own["bias_hh"]])
    if peepholes is not None:
        arrays["P"] = reordered(peepholes, mine[1:], "iof")
    return arrays, (kind, rest)
