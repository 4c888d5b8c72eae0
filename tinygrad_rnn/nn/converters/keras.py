"""Keras: weights are the transposes of ours, and a cell has one bias, but for a GRU with `reset_after`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, with_user_line
from ..basic import Dropout, Embedding, Linear, Sequential
from ..network import Network
from ..recurrent import Layers, Recurrent
from .activations import Activation
from .gate_orders import (
    LAYERS,
    Arrays,
    agreed,
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
from .keras_layers import LastOrAll, is_keras, read

_WHO = "from_keras"


def from_keras(
    weights: Any,
    kind: str | None = None,
    *,
    reset_after: bool | None = None,
    activation: str = "tanh",
    bidirectional: bool = False,
) -> Any:
    """The cell or layer of a Keras layer's weights; or what a Keras layer, or a Sequential model of layers, is here.

    Args:
        weights: what ``layer.get_weights()`` gives: kernel (D, g·H), recurrent kernel (H, g·H) and, if it has one, the
            bias (g·H,), of a GRU with `reset_after` (2, 3H). Those of several layers, or of both directions, one after
            the other, make a layer of ours (`batch_first`; of unlike sizes a `Recurrent`).
            Or a built SimpleRNN, GRU, LSTM, Bidirectional, RNN, a cell of those, Embedding, Dense, or a Sequential.
        kind: "rnn" (SimpleRNN), "gru" or "lstm"; the arrays tell, and are to agree if it is given.
        reset_after: of a GRU; its bias tells, and is to agree if it is given; without a bias, True unless given.
        activation: of a SimpleRNN.
        bidirectional: whether the arrays are of both directions of each layer.

    Raises:
        ArgumentError: no such kind, not two or three arrays to a cell, a GRU of the other variant, an activation of
            another kind than "rnn", or a Keras layer that has no counterpart here.
        ShapeError: an array has another shape than the recurrent kernel asks for.
        DTypeError: arrays are of several dtypes, or of another than float32 and float64.
    """
    if is_keras(weights):
        return read(weights, from_keras)
    cells = _cells(weights, kind, reset_after, activation)
    if len(cells) == 1 and not bidirectional:
        return cells[0]
    return _layers(cells, 2 if bidirectional else 1)


def _cells(weights: Sequence[Any], kind: str | None, reset_after: bool | None, activation: str) -> list[Any]:
    """The cells of arrays that lie one after the other; whether they have biases is seen from the first."""
    arrays = [np.asarray(w) for w in weights]
    if len(arrays) < 2:
        text = f"{_WHO}: expected kernel, recurrent kernel and bias of each cell; got {len(arrays)} arrays"
        raise ArgumentError(with_user_line(text))
    has_bias = len(arrays) > 2 and (
        arrays[2].ndim == 1 or (arrays[2].shape[0] == 2 and arrays[2].shape[1:] == arrays[1].shape[1:])
    )
    each = 3 if has_bias else 2
    if len(arrays) % each:
        text = f"{_WHO}: expected {each} arrays of each cell, as of the first; got {len(arrays)}"
        raise ArgumentError(with_user_line(text))
    return [_cell(arrays[k : k + each], kind, reset_after, activation) for k in range(0, len(arrays), each)]


def _cell(weights: list[np.ndarray], kind: str | None, reset_after: bool | None, activation: str) -> Any:
    names = ("the kernel", "the recurrent kernel", "the bias")
    arrays: Arrays = dict(zip(names, weights, strict=False))
    check_dtype(_WHO, arrays)
    kernel, recurrent, *biases = arrays.values()
    found = kind_of_gates(recurrent.shape[1], recurrent.shape[0]) if recurrent.ndim == 2 else None
    kind = kind if found is None and kind is not None else agreed(_WHO, kind, found)
    only_of(_WHO, "rnn", kind, activation=activation != "tanh")
    g = len(orders(_WHO, kind)["ours"])
    H = hidden_size(_WHO, names[1], recurrent, g, of=0, blocks=1)
    check_shape(_WHO, names[0], kernel, (None, g * H))
    own = {"weight_ih": kernel.T, "weight_hh": recurrent.T}
    variant = reset_after is not False
    for bias in biases:
        if kind == "gru" and bias.shape in ((2, 3 * H), (3 * H,)):
            variant = bias.ndim == 2
            if reset_after is not None and bool(reset_after) != variant:
                text = f"{names[2]} is {bias.shape}, that of a GRU with reset_after={variant}, not {reset_after}"
                raise ShapeError(with_user_line(f"{_WHO}: {text}"))
        twice = kind == "gru" and variant
        check_shape(_WHO, names[2], bias, (2, g * H) if twice else (g * H,))
        own |= {"bias_ih": bias[0], "bias_hh": bias[1]} if twice else {"bias_ih": bias, "bias_hh": np.zeros_like(bias)}
    order = orders(_WHO, kind)
    own = {name: reordered(x, order["keras"], order["ours"]) for name, x in own.items()}
    options = {"gru": {"reset_after": variant}, "rnn": {"nonlinearity": activation}}
    return made(kind, own, **options.get(kind, {}))


def _layers(cells: list[Any], directions: int) -> Any:
    """Cells of layers that read one another, as one layer of ours; as a `Recurrent` where they are not of one size."""
    first = cells[0]
    if len(cells) % directions:
        raise ArgumentError(with_user_line(f"{_WHO}: {len(cells)} cells are no whole layers of two directions"))
    H = first.hidden_size
    for k, cell in enumerate(cells):
        before = cells[k - 1].hidden_size if directions == 1 else 2 * H
        wanted = first.input_size if k < directions else before
        if type(cell) is not type(first) or cell.input_size != wanted or (directions == 2 and cell.hidden_size != H):
            text = f"{_WHO}: cell {k} is {cell!r}, expected {type(first).__name__} of {wanted} features"
            raise ShapeError(with_user_line(text + (f" and {H} units" if directions == 2 else "")))
    alike = all(c.hidden_size == H and (c.bias_ih is None) == (first.bias_ih is None) for c in cells)
    alike = alike and len({getattr(c, "reset_after", None) for c in cells}) == 1
    if not alike and directions == 2:
        raise ArgumentError(with_user_line(f"{_WHO}: the cells of both directions and all layers are to be alike"))
    if not alike:
        return Recurrent(cells, batch_first=True)
    options = {n: getattr(first, n) for n in ("reset_after", "nonlinearity") if hasattr(first, n)}
    layer = LAYERS[type(first)](
        first.input_size, H, len(cells) // directions, bias=first.bias_ih is not None, batch_first=True,
        bidirectional=directions == 2, dtype=first.dtype, **options,
    )  # fmt: skip
    for mine, given in zip([c for row in layer.cells.rows for c in row], cells, strict=True):
        mine.load_state_dict(given.state_dict())
    return layer


def to_keras(module: Any) -> list[np.ndarray]:
    """What ``set_weights`` of the Keras layer or model of the same parts takes, see `from_keras`; make its layers with
    the cells' ``reset_after`` or nonlinearity, and without a bias if they have none.

    Args:
        module: an `RNNCell`, `GRUCell` or `LSTMCell`, an `RNN`, `GRU` or `LSTM` (of several layers: of as many of
            Keras's, Bidirectional if it is), a `Recurrent`, `Embedding` or `Linear`, a `Network` or a `Sequential`.

    Raises:
        ArgumentError: it is something else.
    """
    if isinstance(module, Sequential):
        return [w for k in range(module.count) for w in to_keras(getattr(module, str(k)))]
    if isinstance(module, Network):
        parts = [module.embedding] * (module.embedding is not None) + [*module.cells, module.readout]
        return [w for part in parts for w in to_keras(part)]
    if isinstance(module, Embedding):
        return [np.array(module.weight.numpy())]
    if isinstance(module, Linear):
        bias = [] if module.bias is None else [np.array(module.bias.numpy())]
        return [module.weight.numpy().T.copy(), *bias]
    if isinstance(module, (Layers, Recurrent)):
        cells = module.cells if isinstance(module, Recurrent) else [c for row in module.cells.rows for c in row]
        return [w for cell in cells for w in to_keras(cell)]
    if isinstance(module, LastOrAll):
        return to_keras(module.layer_of_keras)
    if isinstance(module, (Activation, Dropout)):
        return []
    cell, kind, own = taken_apart("to_keras", module)
    order = orders("to_keras", kind)
    own = {name: reordered(x, order["ours"], order["keras"]) for name, x in own.items()}
    weights = [own["weight_ih"].T.copy(), own["weight_hh"].T.copy()]
    if "bias_ih" in own:
        twice = kind == "gru" and cell.reset_after
        weights.append(np.stack([own["bias_ih"], own["bias_hh"]]) if twice else own["bias_ih"] + own["bias_hh"])
    return weights
