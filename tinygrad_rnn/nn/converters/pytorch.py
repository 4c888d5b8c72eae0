"""PyTorch: the names, layouts and gate order are ours already; what is left is to see what the arrays are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import StateDictError, with_user_line
from ..recurrent import GRU, LSTM, RNN
from .gate_orders import CELLS, check_dtype

_KINDS = {1: "rnn", 3: "gru", 4: "lstm"}
_LAYERS: dict[str, type] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def from_torch(state: Mapping[str, Any], prefix: str = "", *, nonlinearity: str = "tanh", **options: Any) -> Any:
    """The `RNN`, `GRU` or `LSTM`, or the cell of one, whose weights are in the state dict of a PyTorch model.

    What it is, its sizes, layers, directions and projection are seen from the arrays: ``weight_ih_l0`` (g·H, D) and so
    on of a layer, ``weight_ih`` of a cell. The way back is ``state_dict()``.

    Args:
        state: arrays (or PyTorch tensors on the CPU) by name.
        prefix: what stands before ``weight_ih_l0`` or ``weight_ih``: ``"encoder.lstm"``.
        nonlinearity: of an RNN, "tanh" or "relu", which no array tells.
        options: of the layer, such as `batch_first` and `dropout`.

    Raises:
        StateDictError: there is nothing recurrent under this prefix, or its arrays do not fit together.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    stem = f"{prefix}." if prefix and not prefix.endswith(".") else prefix
    names = [name for name in state if name.startswith(stem) and "." not in name[len(stem) :]]
    own = {name[len(stem) :]: np.asarray(state[name]) for name in names}
    end = "" if "weight_ih" in own else "_l0"
    first, recurrent = own.get(f"weight_ih{end}"), own.get(f"weight_hh{end}")
    if first is None or recurrent is None or first.ndim != 2 or recurrent.ndim != 2:
        endings = ("weight_ih_l0", "weight_ih")
        places = sorted({name.removesuffix(e).rstrip(".") for name in state for e in endings if name.endswith(e)})
        hint = f"; there is one under {', '.join(map(repr, places))}" if places else ""
        raise StateDictError(with_user_line(f"from_torch: no recurrent layer or cell under {prefix!r}{hint}"))
    check_dtype("from_torch", own)
    projection = own.get("weight_hr_l0")
    H = recurrent.shape[1] if projection is None or projection.ndim != 2 else projection.shape[1]
    rows, D = first.shape
    kind = _KINDS.get(rows // H) if H and rows % H == 0 else None
    if kind is None:
        text = f"from_torch: weight_ih{end} is {first.shape}, expected 1, 3 or 4 times {H} rows"
        raise StateDictError(with_user_line(text))
    if kind == "rnn":
        options["nonlinearity"] = nonlinearity
    if not end:
        found = CELLS[kind](D, H, bias="bias_ih" in own, dtype=first.dtype, **options)
    else:
        if projection is not None:
            options["proj_size"] = projection.shape[0]
        layers = sum(name.startswith("weight_ih_l") and not name.endswith("_reverse") for name in own)
        both = "weight_ih_l0_reverse" in own
        options |= {"num_layers": layers, "bias": "bias_ih_l0" in own, "bidirectional": both, "dtype": first.dtype}
        found = _LAYERS[kind](D, H, **options)
    found.load_state_dict(own)
    return found
