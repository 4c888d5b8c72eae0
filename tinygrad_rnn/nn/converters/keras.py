"""Keras: weights are the transposes of ours, and a cell has one bias, but for a GRU with `reset_after`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, with_user_line
from .gate_orders import check_dtype, check_shape, hidden_size, made, only_of, orders, reordered, taken_apart


def from_keras(weights: Sequence[Any], kind: str, *, reset_after: bool = True, activation: str = "tanh") -> Any:
    """The cell of a Keras layer.

    Args:
        weights: what ``layer.get_weights()`` gives: kernel (D, g·H), recurrent kernel (H, g·H) and, if it has one, the
            bias (g·H,), of a GRU with `reset_after` (2, 3H). A Bidirectional layer gives those of two cells, one after
            the other.
        kind: "rnn" (SimpleRNN), "gru" or "lstm".
        reset_after: of a GRU.
        activation: of a SimpleRNN.

    Raises:
        ArgumentError: no such kind, not two or three arrays, or an activation of another kind than "rnn".
        ShapeError: an array has another shape than the recurrent kernel asks for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    order = orders("from_keras", kind)
    only_of("from_keras", "rnn", kind, activation=activation != "tanh")
    if len(weights) not in (2, 3):
        text = f"from_keras: expected kernel, recurrent kernel and bias of one cell; got {len(weights)} arrays"
        raise ArgumentError(with_user_line(text))
    names = ("the kernel", "the recurrent kernel", "the bias")
    arrays = {name: np.asarray(w) for name, w in zip(names, weights, strict=False)}
    check_dtype("from_keras", arrays)
    kernel, recurrent, *biases = arrays.values()
    g = len(order["ours"])
    H = hidden_size("from_keras", names[1], recurrent, g, of=0, blocks=1)
    check_shape("from_keras", names[0], kernel, (None, g * H))
    own = {"weight_ih": kernel.T, "weight_hh": recurrent.T}
    for bias in biases:
        twice = kind == "gru" and reset_after
        check_shape("from_keras", names[2], bias, (2, g * H) if twice else (g * H,))
        own |= {"bias_ih": bias[0], "bias_hh": bias[1]} if twice else {"bias_ih": bias, "bias_hh": np.zeros_like(bias)}
    own = {name: reordered(x, order["keras"], order["ours"]) for name, x in own.items()}
    options = {"gru": {"reset_after": reset_after}, "rnn": {"nonlinearity": activation}}
    return made(kind, own, **options.get(kind, {}))


def to_keras(cell: Any) -> list[np.ndarray]:
    """What ``layer.set_weights`` of the Keras layer of the same kind takes, see `from_keras`; make that layer with
    the cell's ``reset_after`` or nonlinearity, and without a bias if the cell has none.

    Args:
        cell: an `RNNCell`, `GRUCell` or `LSTMCell`, or an `RNN`, `GRU` or `LSTM` of one layer and direction.

    Raises:
        ArgumentError: it is something else.
    """
    cell, kind, own = taken_apart("to_keras", cell)
    order = orders("to_keras", kind)
    own = {name: reordered(x, order["ours"], order["keras"]) for name, x in own.items()}
    weights = [own["weight_ih"].T.copy(), own["weight_hh"].T.copy()]
    if "bias_ih" in own:
        twice = kind == "gru" and cell.reset_after
        weights.append(np.stack([own["bias_ih"], own["bias_hh"]]) if twice else own["bias_ih"] + own["bias_hh"])
    return weights
