"""Haiku: an LSTM's forget gate is σ(z_f + 1), a GRU's z multiplies the candidate, and a VanillaRNN is of relu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, with_user_line
from .gate_orders import Arrays, agreed, check_dtype, check_shape, hidden_size, made, orders, reordered, taken_apart


def from_haiku(parameters: Mapping[str, Any], kind: str | None = None) -> Any:
    """The cell of a Haiku core.

    Args:
        parameters: of an LSTM ``{"w": (D + H, 4H), "b": (4H,)}``, which Haiku keeps under "lstm/linear"; of a GRU
            ``{"w_i": (D, 3H), "w_h": (H, 3H), "b": (3H,)}``; of a VanillaRNN ``{"linear": {"w": (D, H), "b": (H,)},
            "linear_1": {"w": (H, H), "b": (H,)}}``, the first for x, the second's b only with `double_bias`.
        kind: "rnn", "gru" or "lstm"; the names tell, and are to agree if it is given.

    Raises:
        ArgumentError: no such kind, or a parameter is missing.
        ShapeError: an array has another shape than the others ask for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    told = {"linear_1": "rnn", "w_i": "gru", "w": "lstm"}
    kind = agreed("from_haiku", kind, next((told[name] for name in told if name in parameters), None))
    order = orders("from_haiku", kind)
    g = len(order["ours"])
    arrays: Arrays
    if kind == "lstm":
        w, b = _named(parameters, "w", "b")
        H = len(b) // g if b.ndim else 0
        check_shape("from_haiku", "b", b, (g * H,))
        rows, _ = check_shape("from_haiku", "w", w, (None, g * H))
        if rows <= H:
            raise ShapeError(with_user_line(f"from_haiku: w is {w.shape}, expected D rows of x and then {H} of h"))
        arrays = {"w of x": w[:-H], "w of h": w[-H:], "b": b}
    elif kind == "gru":
        w_i, w_h, b = _named(parameters, "w_i", "w_h", "b")
        arrays = {"w_i": w_i, "w_h": w_h, "b": b}
    else:
        _present(parameters, "linear", "linear_1")
        inner, outer = parameters["linear"], parameters["linear_1"]
        (w, b), (r,) = _named(inner, "w", "b"), _named(outer, "w")
        second = np.asarray(outer["b"]) if "b" in outer else np.zeros_like(b)
        arrays = {"w of linear": w, "w of linear_1": r, "b of linear": b, "b of linear_1": second}
    check_dtype("from_haiku", arrays)
    names = list(arrays)
    H = hidden_size("from_haiku", names[1], arrays[names[1]], g, of=0, blocks=1)
    check_shape("from_haiku", names[0], arrays[names[0]], (None, g * H))
    for name in names[2:]:
        check_shape("from_haiku", name, arrays[name], (g * H,))
    w_i, w_h, b, *more = arrays.values()
    own = {"weight_ih": w_i.T, "weight_hh": w_h.T, "bias_ih": b, "bias_hh": more[0] if more else np.zeros_like(b)}
    own = {name: reordered(x, order["haiku"], order["ours"]) for name, x in own.items()}
    if kind == "gru":
        own = _other_side(own, H)
    if kind == "lstm":
        own["bias_hh"][H : 2 * H] = 1  # σ(z_f + 1); in the second bias, so that the first comes back to the bit
    return made(kind, own, **{"gru": {"reset_after": False}, "rnn": {"nonlinearity": "relu"}}.get(kind, {}))


def to_haiku(cell: Any) -> dict[str, Any]:
    """The parameters of the Haiku core of the same kind, see `from_haiku`; of a VanillaRNN, with `double_bias`.

    Args:
        cell: an `RNNCell`, `GRUCell` or `LSTMCell`, or an `RNN`, `GRU` or `LSTM` of one layer and direction.

    Raises:
        ArgumentError: it is something else, has no bias, or is one that Haiku has not: a GRU whose reset gate acts
            after the product, an RNN of another nonlinearity than relu.
    """
    cell, kind, own = taken_apart("to_haiku", cell)
    order, H = orders("to_haiku", kind), cell.hidden_size
    if "bias_ih" not in own or (kind == "gru" and cell.reset_after) or (kind == "rnn" and cell.nonlinearity != "relu"):
        raise ArgumentError(with_user_line(f"to_haiku: Haiku has no core for {cell!r}"))
    if kind == "gru":
        own = _other_side(own, H)
    if kind == "lstm":
        own["bias_hh"][H : 2 * H] -= 1
    own = {name: reordered(x, order["ours"], order["haiku"]) for name, x in own.items()}
    w_i, w_h, b, second = own["weight_ih"].T.copy(), own["weight_hh"].T.copy(), own["bias_ih"], own["bias_hh"]
    if kind == "lstm":
        return {"w": np.concatenate([w_i, w_h]), "b": b + second}
    if kind == "gru":
        return {"w_i": w_i, "w_h": w_h, "b": b + second}
    return {"linear": {"w": w_i, "b": b}, "linear_1": {"w": w_h, "b": second}}


def _other_side(own: Arrays, H: int) -> Arrays:
    """A GRU, in our order r z n, whose z multiplies the other of h′ and n: 1 − σ(z) = σ(−z)."""
    sign = np.repeat([1, -1, 1], H)
    return {name: (x.T * sign.astype(x.dtype)).T for name, x in own.items()}


def _named(parameters: Mapping[str, Any], *names: str) -> list[np.ndarray]:
    _present(parameters, *names)
    return [np.asarray(parameters[name]) for name in names]


def _present(parameters: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if name not in parameters]
    if missing:
        text = f"from_haiku: there is no {', '.join(missing)}; got {', '.join(map(str, parameters))}"
        raise ArgumentError(with_user_line(text))
