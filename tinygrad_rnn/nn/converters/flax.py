"""Flax, linen and nnx: gates by name or packed in our order, and a GRU's reset gate acts after the product."""

from __future__ import annotations

from collections.abc import Mapping
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

#: Dense layers of each kind by gate, in our order: of x and of h.
_DENSE = {
    "rnn": (["i"], ["h"]),
    "gru": (["ir", "iz", "in"], ["hr", "hz", "hn"]),
    "lstm": (["ii", "if", "ig", "io"], ["hi", "hf", "hg", "ho"]),
}
_WHO = "from_flax"


def from_flax(
    parameters: Mapping[str, Any], kind: str | None = None, *, activation: str = "tanh", reset_after: bool = True
) -> Any:
    """The cell of a Flax cell: SimpleCell, GRUCell, LSTMCell or OptimizedLSTMCell.

    Args:
        parameters: of a linen cell, ``{"ii": {"kernel": (D, H)}, …, "hi": {"kernel": (H, H), "bias": (H,)}, …}``,
            within ``{"params": …}`` or bare; of an nnx cell, ``nnx.to_pure_dict(nnx.state(cell, nnx.Param))``, whose
            gates are named likewise or packed in ``dense_i`` and ``dense_h``.
        kind: "rnn", "gru" or "lstm"; the arrays tell, and are to agree if it is given.
        activation: of a SimpleCell. One with `residual` has no counterpart here.
        reset_after: of a GRU; Flax has no other than True.

    Raises:
        ArgumentError: no such kind, or a parameter is missing or unknown.
        ShapeError: an array has another shape than the recurrent kernel asks for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    tree = parameters.get("params", parameters)
    tree = {str(name).rstrip("_"): part for name, part in tree.items()}
    kind = agreed(_WHO, kind, _kind(tree))
    if kind == "gru" and not reset_after:
        raise ArgumentError(with_user_line(f"{_WHO}: a GRU of Flax is of reset_after=True"))
    if kind != "rnn" and activation != "tanh":
        raise ArgumentError(with_user_line(f"{_WHO}: activation is of kind 'rnn' alone, not of {kind!r}"))
    g = len(orders(_WHO, kind)["ours"])
    packed = "dense_h" in tree
    of_x, of_h = (["dense_i"], ["dense_h"]) if packed else _DENSE[kind]
    absent = [name for name in (*of_x, *of_h) if name not in tree or "kernel" not in tree[name]]
    unknown = [name for name in tree if name not in (*of_x, *of_h)]
    if absent or unknown:
        found = [f"no kernel of {', '.join(absent)}"] * bool(absent) + [f"not known: {', '.join(unknown)}"] * bool(
            unknown
        )
        raise ArgumentError(with_user_line(f"{_WHO}: of a {kind!r}, {'; '.join(found)}"))
    arrays = {f"{name}.{leaf}": np.asarray(x) for name in (*of_x, *of_h) for leaf, x in tree[name].items()}
    check_dtype(_WHO, arrays)
    width = g if packed else 1
    first = f"{of_h[0]}.kernel"
    H = hidden_size(_WHO, first, arrays[first], width, of=0, blocks=1)
    for name, x in arrays.items():
        rows = H if name.startswith(("h", "dense_h")) else None
        check_shape(_WHO, name, x, (width * H,) if name.endswith("bias") else (rows, width * H))
    own = {
        "weight_ih": np.concatenate([arrays[f"{name}.kernel"].T for name in of_x]),
        "weight_hh": np.concatenate([arrays[f"{name}.kernel"].T for name in of_h]),
    }
    if any(name.endswith("bias") for name in arrays):
        nothing = np.zeros(width * H, arrays[first].dtype)
        for ours, names in (("bias_ih", of_x), ("bias_hh", of_h)):
            own[ours] = np.concatenate([arrays.get(f"{name}.bias", nothing) for name in names])
    return made(kind, own, **({"nonlinearity": activation} if kind == "rnn" else {}))


def to_flax(cell: Any, *, packed: bool = False) -> dict[str, dict[str, np.ndarray]]:
    """The parameters of the Flax cell of the same kind, see `from_flax`: gates by name, as linen has them and nnx's
    LSTMCell (there ``if`` is ``if_``), or `packed`, as nnx's SimpleCell, GRUCell and OptimizedLSTMCell.

    Args:
        cell: an `RNNCell`, `GRUCell` or `LSTMCell`, or an `RNN`, `GRU` or `LSTM` of one layer and direction.

    Raises:
        ArgumentError: it is something else, has no bias, or is a GRU whose reset gate acts before the product.
    """
    cell, kind, own = taken_apart("to_flax", cell)
    if "bias_ih" not in own or not getattr(cell, "reset_after", True):
        raise ArgumentError(with_user_line(f"to_flax: Flax has no cell for {cell!r}"))
    of_x, of_h = _DENSE[kind]
    own = _biases_where_flax_has_them(own, kind, cell.hidden_size)
    g = len(of_x)
    made_of: dict[str, dict[str, np.ndarray]] = {}
    for names, weight, bias in ((of_x, "weight_ih", "bias_ih"), (of_h, "weight_hh", "bias_hh")):
        for name, w, b in zip(names, np.split(own[weight], g), np.split(own[bias], g), strict=True):
            has = name in ("i", "hn") or (kind, name[0]) in (("gru", "i"), ("lstm", "h"))
            made_of[name] = {"kernel": w.T.copy()} | ({"bias": b.copy()} if has else {})
    if not packed:
        return made_of
    whole = {"dense_i": {"kernel": own["weight_ih"].T.copy()}, "dense_h": {"kernel": own["weight_hh"].T.copy()}}
    if kind == "lstm":
        whole["dense_h"]["bias"] = own["bias_hh"]
    else:
        whole["dense_i"]["bias"] = own["bias_ih"]
        if kind == "gru" and own["bias_hh"].any():
            text = "to_flax: a packed GRU of nnx has no bias of h, which here is other than 0 for n; packed=False has"
            raise ArgumentError(with_user_line(text))
    return whole


def _biases_where_flax_has_them(own: Arrays, kind: str, H: int) -> Arrays:
    """Both biases of a gate are one in Flax, of h in an LSTM and of x elsewhere; but a GRU's n has two."""
    both = own["bias_ih"] + own["bias_hh"]
    zero = np.zeros_like(both)
    if kind == "lstm":
        return own | {"bias_ih": zero, "bias_hh": both}
    if kind == "rnn":
        return own | {"bias_ih": both, "bias_hh": zero}
    n = slice(2 * H, 3 * H)
    both[n], zero[n] = own["bias_ih"][n], own["bias_hh"][n]
    return own | {"bias_ih": both, "bias_hh": zero}


def _kind(tree: Mapping[str, Any]) -> str | None:
    if "dense_h" in tree and "kernel" in tree["dense_h"]:
        shape = np.shape(tree["dense_h"]["kernel"])
        return kind_of_gates(*shape[::-1]) if len(shape) == 2 else None
    return next((kind for kind, (_, of_h) in _DENSE.items() if of_h[0] in tree), None)
