"""What converters share: the orders of blocks, checks of arrays that name what is wrong, cells made of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, DTypeError, ShapeError, with_user_line
from ..cells import GRUCell, LSTMCell, RNNCell
from ..recurrent import GRU, LSTM, RNN, Layers

Arrays = dict[str, np.ndarray]

#: Of each kind: how its blocks are ordered in our cells, Keras, ONNX and Haiku. An LSTM's g is its candidate c̃.
ORDERS: dict[str, dict[str, str]] = {
    "rnn": {"ours": "h", "keras": "h", "onnx": "h", "haiku": "h"},
    "gru": {"ours": "rzn", "keras": "zrn", "onnx": "zrn", "haiku": "zrn"},
    "lstm": {"ours": "ifgo", "keras": "ifgo", "onnx": "iofg", "haiku": "igfo"},
}
CELLS: dict[str, type] = {"rnn": RNNCell, "gru": GRUCell, "lstm": LSTMCell}
LAYERS: dict[type, type] = {RNNCell: RNN, GRUCell: GRU, LSTMCell: LSTM}


def reordered(x: np.ndarray, given: str, wanted: str) -> np.ndarray:
    """The blocks of an array, one above the other, in another order; zeros for a block that is not given."""
    blocks = dict(zip(given, np.split(x, len(given)), strict=True))
    return np.concatenate([blocks[k] if k in blocks else np.zeros_like(blocks[given[0]]) for k in wanted])


def orders(who: str, kind: str) -> dict[str, str]:
    if kind not in ORDERS:
        raise ArgumentError(with_user_line(f"{who}: kind is {_kinds()}, not {kind!r}"))
    return ORDERS[kind]


def agreed(who: str, kind: str | None, found: str | None) -> str:
    """The kind: what the arrays say, or what is said of them; both are to agree."""
    if kind is not None:
        orders(who, kind)
    if found is None and kind is None:
        raise ArgumentError(with_user_line(f"{who}: the arrays do not tell their kind; say kind=, one of {_kinds()}"))
    if None not in (found, kind) and found != kind:
        raise ArgumentError(with_user_line(f"{who}: kind is {kind!r}, but the weights are of {found!r}"))
    return str(kind or found)


def _kinds() -> str:
    return ", ".join(map(repr, ORDERS))


def kind_of_gates(rows: int, H: int) -> str | None:
    """The kind whose cells have so many rows of H units; None: of none."""
    blocks = {1: "rnn", 3: "gru", 4: "lstm"}
    return blocks.get(rows // H) if H and rows % H == 0 else None


def only_of(who: str, wanted: str, kind: str, **given: Any) -> None:
    """Refuse options that another kind than `wanted` has no use for, and would have to ignore."""
    for name, value in given.items():
        if kind != wanted and value:
            raise ArgumentError(with_user_line(f"{who}: {name} is of kind {wanted!r} alone, not of {kind!r}"))


def check_shape(who: str, name: str, x: np.ndarray, expected: tuple[int | None, ...]) -> tuple[int, ...]:
    """The shape of x, if it is as expected; None stands for any size."""
    if x.ndim != len(expected) or any(e not in (None, n) for e, n in zip(expected, x.shape, strict=True)):
        wanted = ", ".join("…" if e is None else str(e) for e in expected) + ("," if len(expected) == 1 else "")
        raise ShapeError(with_user_line(f"{who}: {name} is {x.shape}, expected ({wanted})"))
    return x.shape


def hidden_size(who: str, name: str, x: np.ndarray, gates: int, *, of: int, blocks: int, ndim: int = 2) -> int:
    """H, from recurrent weights whose axis `of` has H entries, and whose axis `blocks` has H for each gate."""
    if x.ndim != ndim or x.shape[blocks] != gates * x.shape[of]:
        axes = f"{ndim} axes, axis {blocks} {f'{gates} times ' if gates > 1 else ''}as long as axis {of}"
        raise ShapeError(with_user_line(f"{who}: {name} is {x.shape}, expected {axes}"))
    return x.shape[of]


def check_dtype(who: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse arrays of several dtypes: a cell has one, and none is to lose digits unseen."""
    if len({x.dtype for x in arrays.values()}) > 1:
        found = ", ".join(f"{name} is {x.dtype}" for name, x in arrays.items())
        raise DTypeError(with_user_line(f"{who}: expected one dtype; {found}"))


def made(kind: str, own: Arrays, **options: Any) -> Any:
    """The cell of this kind that has these arrays, given in our order."""
    H, D = own["weight_hh"].shape[1], own["weight_ih"].shape[1]
    cell = CELLS[kind](D, H, "bias_ih" in own, dtype=own["weight_ih"].dtype, **options)
    cell.load_state_dict(own)
    return cell


def cells_of(who: str, subject: Any) -> list[Any]:
    """The cells of what is to be converted, by direction: a cell, or an `RNN`, `GRU` or `LSTM` of one layer."""
    if not isinstance(subject, Layers):
        return list(subject) if isinstance(subject, (tuple, list)) else [subject]
    if subject.num_layers > 1:
        text = f"{who}: {subject!r} has several layers; convert each cell, .cells.rows[layer][direction]"
        raise ArgumentError(with_user_line(text))
    return subject.cells.rows[0]


def taken_apart(who: str, subject: Any) -> tuple[Any, str, Arrays]:
    """The one cell of what is to be converted, its kind, and its arrays in our order."""
    cells = cells_of(who, subject)
    for kind, known in CELLS.items():
        if len(cells) == 1 and type(cells[0]) is known:
            return cells[0], kind, arrays_of(cells[0])
    names = " and ".join(type(c).__name__ for c in cells)
    text = f"{who}: expected an RNNCell, GRUCell or LSTMCell, or one layer of it in one direction; got {names}"
    raise ArgumentError(with_user_line(text))


def arrays_of(cell: Any) -> Arrays:
    """Copies of its parameters, by the names they have in a cell (those of a layer's cell bear the layer's)."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_peephole")
    return {name: np.array(getattr(cell, name).numpy()) for name in names if getattr(cell, name, None) is not None}
