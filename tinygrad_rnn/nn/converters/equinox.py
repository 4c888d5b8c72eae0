"""Equinox: PyTorch's order and layout, one bias, and a GRU's second one for n alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError, with_user_line
from .gate_orders import (
    Arrays,
    agreed,
    check_dtype,
    check_shape,
    hidden_size,
    kind_of_gates,
    made,
    orders,
    taken_apart,
)

_WHO = "from_equinox"


def from_equinox(weights: Any, kind: str | None = None) -> Any:
    """The cell of an Equinox GRUCell or LSTMCell.

    Args:
        weights: the cell itself, or a mapping of its arrays: weight_ih (g·H, D), weight_hh (g·H, H) and,
            if it has any, bias (g·H,) and a GRU's bias_n (H,).
        kind: "gru" or "lstm"; the arrays tell, and are to agree if it is given.

    Raises:
        ArgumentError: it is of another kind, or an array is missing.
        ShapeError: an array has another shape than weight_hh asks for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    names = ("weight_ih", "weight_hh", "bias", "bias_n")
    get = weights.get if hasattr(weights, "get") else lambda name: getattr(weights, name, None)
    arrays: Arrays = {name: np.asarray(x) for name in names if (x := get(name)) is not None}
    absent = [name for name in names[:2] if name not in arrays]
    if absent:
        raise ArgumentError(with_user_line(f"{_WHO}: there is no {', '.join(absent)} in {type(weights).__name__}"))
    check_dtype(_WHO, arrays)
    recurrent = arrays["weight_hh"]
    kind = agreed(_WHO, kind, kind_of_gates(*recurrent.shape) if recurrent.ndim == 2 else None)
    if kind == "rnn":
        raise ArgumentError(with_user_line(f"{_WHO}: Equinox has cells of kind 'gru' and 'lstm', not 'rnn'"))
    if "bias" in arrays and kind == "gru" and "bias_n" not in arrays:
        raise ArgumentError(with_user_line(f"{_WHO}: a GRU that has a bias has bias_n too"))
    g = len(orders(_WHO, kind)["ours"])
    H = hidden_size(_WHO, "weight_hh", recurrent, g, of=1, blocks=0)
    expected = {"weight_ih": (g * H, None), "bias": (g * H,), "bias_n": (H,)}
    for name in expected.keys() & arrays:
        check_shape(_WHO, name, arrays[name], expected[name])
    own = {name: arrays[name] for name in names[:2]}
    if "bias" in arrays:
        own |= {"bias_ih": arrays["bias"], "bias_hh": np.zeros_like(arrays["bias"])}
        if kind == "gru":
            own["bias_hh"][2 * H :] = arrays["bias_n"]
    return made(kind, own)


def to_equinox(cell: Any) -> Arrays:
    """The arrays of the Equinox cell of the same kind by name, see `from_equinox`; ``eqx.tree_at`` puts them there.

    Args:
        cell: a `GRUCell` or `LSTMCell`, or a `GRU` or `LSTM` of one layer and direction.

    Raises:
        ArgumentError: it is something else, or a GRU whose reset gate acts before the product.
    """
    cell, kind, own = taken_apart("to_equinox", cell)
    if kind == "rnn" or not getattr(cell, "reset_after", True):
        raise ArgumentError(with_user_line(f"to_equinox: Equinox has no cell for {cell!r}"))
    arrays = {name: own[name] for name in ("weight_ih", "weight_hh")}
    if "bias_ih" in own:
        arrays["bias"] = own["bias_ih"] + own["bias_hh"]
        if kind == "gru":
            n = slice(2 * cell.hidden_size, None)
            arrays["bias"][n], arrays["bias_n"] = own["bias_ih"][n], own["bias_hh"][n].copy()
    return arrays
