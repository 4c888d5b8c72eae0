"""What a built layer of Keras is here, by the name of its class and its `get_config`: Keras is not imported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ...core.errors import ArgumentError, with_user_line
from ...core.tensor import Tensor
from ...ops import concatenate
from ..basic import Dropout, Embedding, Linear, Sequential
from ..module import Module
from ..recurrent import Layers, Recurrent
from .activations import ACTIVATIONS, Activation

_KINDS = {"SimpleRNN": "rnn", "GRU": "gru", "LSTM": "lstm"}
_KINDS |= {f"{name}Cell": kind for name, kind in _KINDS.items()}
_KNOWN = "SimpleRNN, GRU, LSTM, RNN, their cells, Bidirectional, Embedding, Dense, Activation, Dropout, Sequential"


class LastOrAll(Module):
    """What a recurrent layer of Keras gives: its outputs (B, T, H), or only the last (B, H) of each direction."""

    def __init__(self, layer: Any, sequences: bool):
        self.layer_of_keras, self.sequences = layer, sequences

    def forward(self, xs: Any) -> Tensor:
        ys = self.layer_of_keras(xs)[0]
        if self.sequences:
            return ys
        if getattr(self.layer_of_keras, "bidirectional", False):
            H = ys.shape[-1] // 2
            return concatenate([ys[:, -1, :H], ys[:, 0, H:]], axis=-1)
        return ys[:, -1]

    def extra_repr(self) -> str:
        return "sequences" if self.sequences else "at its end"


def is_keras(thing: Any) -> bool:
    """Whether it is a layer or model of Keras: it has weights and says its configuration."""
    return hasattr(thing, "get_weights") and hasattr(thing, "get_config")


def read(layer: Any, convert: Callable[..., Any]) -> Any:
    """The layer, cell or model of ours; `convert` makes cells and layers of arrays.

    Raises:
        ArgumentError: it has no counterpart here, or is not built yet.
    """
    name = type(layer).__name__
    if name == "Sequential":
        parts = [_part(inner, convert) for inner in layer.layers if type(inner).__name__ != "InputLayer"]
        return Sequential(*[p for part in parts for p in part])
    if name in _KINDS or name in ("Bidirectional", "RNN"):
        return _recurrent(layer, convert)
    found = _part(layer, convert)
    return found[0] if len(found) == 1 else Sequential(*found)


def _part(layer: Any, convert: Callable[..., Any]) -> list[Module]:
    """A layer within a model, as one or two modules of ours."""
    name, config = type(layer).__name__, layer.get_config()
    if name == "Sequential":
        return [read(layer, convert)]
    if name in _KINDS or name in ("Bidirectional", "RNN"):
        found = _recurrent(layer, convert)
        if not isinstance(found, (Layers, Recurrent)):
            raise _refused(layer, "a cell is no layer of a model")
        inner = getattr(layer, "forward_layer", layer)
        return [LastOrAll(found, bool(inner.get_config()["return_sequences"]))]
    if name == "Dropout":
        return [Dropout(config["rate"])]
    if name == "Activation":
        return [_function(layer, config["activation"])]
    if name == "Embedding":
        if config.get("mask_zero"):
            raise _refused(layer, "mask_zero is not known here; give lengths to a layer instead")
        (table,) = _weights(layer, 1)
        made = Embedding(*table.shape, dtype=table.dtype)
        made.load_state_dict({"weight": table})
        return [made]
    if name == "Dense":
        kernel, *bias = _weights(layer, 1)
        dense = Linear(*kernel.shape, bias=bool(bias), dtype=kernel.dtype)
        dense.load_state_dict({"weight": kernel.T} | ({"bias": bias[0]} if bias else {}))
        return [dense] if config["activation"] == "linear" else [dense, _function(layer, config["activation"])]
    raise _refused(layer, f"known are {_KNOWN}; of other models, convert each layer: model.get_layer(name)")


def _recurrent(layer: Any, convert: Callable[..., Any]) -> Any:
    """A cell, or a layer with `batch_first` as Keras's are."""
    if type(layer).__name__ == "Bidirectional":
        if layer.get_config()["merge_mode"] != "concat":
            raise _refused(layer, f"merge_mode is concat, not {layer.get_config()['merge_mode']!r}")
        both = [layer.forward_layer, layer.backward_layer]
        made = [convert(_weights(one, 2), **_options(one, one is both[1])) for one in both]
        weights = [w for one in both for w in _weights(one, 2)]
        if made[0].extra_repr() != made[1].extra_repr():
            raise _refused(layer, "its two directions are not alike")
        return convert(weights, **_options(both[0]), bidirectional=True)
    if type(layer).__name__ == "RNN":
        cells = getattr(layer.cell, "cells", [layer.cell])
        _plain(layer, layer.get_config())
        return Recurrent([_recurrent(c, convert) for c in cells], batch_first=True)
    cell = convert(_weights(layer, 2), **_options(layer))
    if type(layer).__name__.endswith("Cell"):
        return cell
    return Recurrent(cell, batch_first=True)


def _options(layer: Any, backward: bool = False) -> dict[str, Any]:
    """What the arrays do not tell; refused if a cell of ours does otherwise. `backward`: it is to read backwards."""
    name, config = type(layer).__name__, layer.get_config()
    if name not in _KINDS:
        raise _refused(layer, f"known are {_KNOWN}")
    if backward and not config["go_backwards"]:
        raise _refused(layer, "the second direction is to read backwards")
    _plain(layer, config | {"go_backwards": bool(config.get("go_backwards")) and not backward})
    kind = _KINDS[name]
    if kind == "rnn":
        return {"kind": kind, "activation": config["activation"]}
    usual = ("tanh", "sigmoid")
    given = (config["activation"], config["recurrent_activation"])
    if given != usual:
        raise _refused(layer, f"its activations are {given}, not {usual}")
    return {"kind": kind} | ({"reset_after": bool(config["reset_after"])} if kind == "gru" else {})


def _plain(layer: Any, config: dict[str, Any]) -> None:
    for option in ("go_backwards", "stateful"):
        if config.get(option):
            raise _refused(layer, f"{option} is not known here")
    if config.get("dropout") or config.get("recurrent_dropout"):
        warnings.warn(f"from_keras: the dropout inside {layer.name} is left out; it acts in training", stacklevel=5)


def _weights(layer: Any, least: int) -> list[Any]:
    weights = layer.get_weights()
    if len(weights) < least:
        raise _refused(layer, "it has no weights yet; build it first, or call it once")
    return weights


def _function(layer: Any, name: Any) -> Module:
    if name not in ACTIVATIONS:
        raise _refused(layer, f"activation {name!r} is none of {', '.join(ACTIVATIONS)}")
    return Activation(ACTIVATIONS[name])


def _refused(layer: Any, why: str) -> ArgumentError:
    return ArgumentError(with_user_line(f"from_keras: {type(layer).__name__} {getattr(layer, 'name', '')!r}: {why}"))
