"""PyTorch: the names, layouts and gate order are ours already; what is left is to see what the arrays are of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, StateDictError, with_user_line
from ...ops import gelu, relu, sigmoid, softplus, tanh
from ..basic import Dropout, Embedding, Linear, Sequential
from ..cells import RNNCell
from ..module import Module
from ..recurrent import GRU, LSTM, RNN, Layers
from .activations import Activation
from .gate_orders import CELLS, ORDERS, agreed, check_dtype, kind_of_gates

_LAYERS: dict[str, type] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def from_torch(
    state: Any, kind: str | None = None, *, prefix: str = "", nonlinearity: str = "tanh", **options: Any
) -> Any:
    """The `RNN`, `GRU` or `LSTM`, or the cell of one, whose weights are in the state dict of a PyTorch model; or what a
    PyTorch module is here: a recurrent layer or cell, an embedding, a linear layer, or a `Sequential` of such.

    What it is, its sizes, layers, directions and projection are seen from the arrays: ``weight_ih_l0`` (g·H, D) and so
    on of a layer, ``weight_ih`` of a cell. The way back is `to_torch`.

    Args:
        state: arrays (or PyTorch tensors on the CPU) by name, or a module. Half precision is widened, with a warning.
        kind: "rnn", "gru" or "lstm"; the arrays tell, and are to agree if it is given.
        prefix: what stands before ``weight_ih_l0`` or ``weight_ih``: ``"encoder.lstm"``.
        nonlinearity: of an RNN, "tanh" or "relu", which no array tells.
        options: of the layer, such as `batch_first` and `dropout`.

    Raises:
        ArgumentError: it is another module.
        StateDictError: there is nothing recurrent under this prefix, or its arrays do not fit together.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    if kind is not None and kind not in ORDERS:
        kinds = ", ".join(map(repr, ORDERS))
        text = f"from_torch: kind is {kinds}, not {kind!r}; a place in a model is prefix={kind!r}"
        raise ArgumentError(with_user_line(text))
    if not isinstance(state, Mapping):
        return _from_module(state, kind)
    stem = f"{prefix}." if prefix and not prefix.endswith(".") else prefix
    names = [name for name in state if name.startswith(stem) and "." not in name[len(stem) :]]
    own = {name[len(stem) :]: _array(state[name]) for name in names}
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
    found_kind = kind_of_gates(rows, H)
    if found_kind is None:
        text = f"from_torch: weight_ih{end} is {first.shape}, expected 1, 3 or 4 times {H} rows"
        raise StateDictError(with_user_line(text))
    kind = agreed("from_torch", kind, found_kind)
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


def _array(x: Any) -> np.ndarray:
    """A PyTorch tensor, or an array, in single precision at least."""
    if "bfloat16" in str(getattr(x, "dtype", "")) or "float16" in str(getattr(x, "dtype", "")):
        warnings.warn(f"from_torch: {x.dtype} is widened to float32", stacklevel=4)
        x = x.float() if hasattr(x, "float") else np.asarray(x).astype(np.float32)
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)


_ACTIVATIONS = {"Tanh": tanh, "ReLU": relu, "Sigmoid": sigmoid, "Softplus": softplus, "GELU": gelu}
_RECURRENT = ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell")


def _from_module(module: Any, asked: str | None = None) -> Any:
    """What a module of PyTorch is here, by the name of its class: PyTorch itself is not imported.

    Raises:
        ArgumentError: it is another.
    """
    kind = type(module).__name__
    if not hasattr(module, "state_dict") or not type(module).__module__.startswith("torch."):
        raise ArgumentError(
            with_user_line(f"from_torch: expected a PyTorch module or a state_dict of one, got {type(module).__name__}")
        )
    state = {name: _array(x) for name, x in module.state_dict().items()}
    if kind in _RECURRENT:
        options: dict[str, Any] = {}
        if not kind.endswith("Cell"):
            options = {"batch_first": module.batch_first, "dropout": module.dropout}
        return from_torch(state, asked, nonlinearity=getattr(module, "nonlinearity", "tanh"), **options)
    if kind == "Sequential":
        return Sequential(*[_from_module(m) for m in module])
    if kind in _ACTIVATIONS:
        return Activation(_ACTIVATIONS[kind])
    if kind == "Dropout":
        return Dropout(module.p)
    if kind == "Linear":
        made: Any = Linear(module.in_features, module.out_features, "bias" in state, dtype=state["weight"].dtype)
    elif kind == "Embedding":
        made = Embedding(*state["weight"].shape, dtype=state["weight"].dtype)
    else:
        known = ", ".join([*_RECURRENT, "Embedding", "Linear", "Dropout", "Sequential", *_ACTIVATIONS])
        text = f"from_torch: {kind} is none of {known}; give its state_dict() and a prefix, or load it by tg.onnx.load"
        raise ArgumentError(with_user_line(text))
    made.load_state_dict(state)
    return made


def to_torch(module: Any) -> dict[str, Any]:
    """What ``load_state_dict`` of the PyTorch module of the same kind takes: PyTorch tensors, copies, by name.

    A `Network` has the names of its parts: a PyTorch module takes them that has an ``embedding`` (if there are
    symbols), a ``ModuleList`` of cells called ``cells`` and a ``Linear`` called ``readout``.

    Args:
        module: an `RNN`, `GRU` or `LSTM`, a cell of one, an `Embedding` or `Linear`, or a module of such: a
            `Sequential`, a `Network`, one of your own whose attributes have PyTorch's names.

    Raises:
        ArgumentError: PyTorch is not installed, it is no module, or a cell in it computes what PyTorch's does not: a
            GRU whose reset gate acts before the product, an RNN of another nonlinearity than tanh and relu.
    """
    if not isinstance(module, Module):
        raise ArgumentError(with_user_line(f"to_torch: expected a module, got {type(module).__name__}"))
    for part in module.modules():
        for cell in [c for row in part.cells.rows for c in row] if isinstance(part, Layers) else [part]:
            if not getattr(cell, "reset_after", True):
                raise ArgumentError(with_user_line(f"to_torch: PyTorch has no GRU of reset_after=False: {cell!r}"))
            if isinstance(cell, RNNCell) and cell.nonlinearity not in ("tanh", "relu"):
                raise ArgumentError(with_user_line(f"to_torch: PyTorch's RNN is of tanh or relu: {cell!r}"))
    try:
        import torch  # type: ignore[import-not-found]
    except ImportError:
        text = "to_torch needs PyTorch: pip install torch; state_dict() gives NumPy arrays by the same names"
        raise ArgumentError(with_user_line(text)) from None
    return {name: torch.from_numpy(x) for name, x in module.state_dict().items()}
