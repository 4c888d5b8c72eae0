"""Weights of other frameworks as cells and layers of ours, and back: the same gates in other orders and layouts.

              LSTM order   GRU order   a GRU's z multiplies   its reset gate acts
    PyTorch   i f c̃ o      r z n       h′                     after R_n h′
    Keras     i f c̃ o      z r n       h′                     after (`reset_after`), or before
    ONNX      i o f c̃      z r n       h′                     before, or after (`linear_before_reset`)
    Haiku     i c̃ f o      z r n       n                      before; and f is σ(z_f + 1)

`tg.nn.RNN`, `GRU` and `LSTM` have PyTorch's names and layouts themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, StateDictError, with_user_line
from .cells import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from .parameter import Parameter
from .recurrent import GRU, LSTM, RNN

#: Of each kind: its cell, and how its blocks are ordered in ours (PyTorch's order), Keras, ONNX and Haiku.
_KINDS: dict[str, tuple[Any, dict[str, str]]] = {
    "rnn": (RNNCell, dict.fromkeys(("ours", "keras", "onnx", "haiku"), "h")),
    "gru": (GRUCell, {"ours": "rzn", "keras": "zrn", "onnx": "zrn", "haiku": "zrn"}),
    "lstm": (LSTMCell, {"ours": "ifgo", "keras": "ifgo", "onnx": "iofg", "haiku": "igfo"}),
}


# -- PyTorch --------------------------------------------------------------------------------------------------------


def from_torch(state: Mapping[str, Any], prefix: str = "", *, nonlinearity: str = "tanh", **options: Any) -> Any:
    """The `RNN`, `GRU` or `LSTM` whose weights are in the state dict of a PyTorch model.

    What it is, its sizes, layers and directions are seen from the arrays.

    Args:
        state: arrays (or PyTorch tensors on the CPU) by name.
        prefix: what stands before ``weight_ih_l0``: ``"encoder.lstm"``.
        nonlinearity: of an RNN, "tanh" or "relu", which no array tells.
        options: of the layer, such as `batch_first` and `dropout`.

    Raises:
        StateDictError: there is no recurrent layer under this prefix, or its arrays do not fit together.
    """
    stem = f"{prefix}." if prefix and not prefix.endswith(".") else prefix
    own = {name.removeprefix(stem): np.asarray(x) for name, x in state.items() if name.startswith(stem)}
    own = {name: x for name, x in own.items() if "." not in name}
    first, recurrent = own.get("weight_ih_l0"), own.get("weight_hh_l0")
    if first is None or recurrent is None or first.ndim != 2 or recurrent.ndim != 2:
        places = sorted(
            {name.removesuffix("weight_ih_l0").rstrip(".") for name in state if name.endswith("weight_ih_l0")}
        )
        hint = f"; there is one under {', '.join(map(repr, places))}" if places else ""
        raise StateDictError(with_user_line(f"from_torch: no recurrent layer under {prefix!r}{hint}"))
    projection = own.get("weight_hr_l0")
    H = recurrent.shape[1] if projection is None else projection.shape[1]
    gates = {1: RNN, 3: GRU, 4: LSTM}.get(first.shape[0] // max(H, 1))
    if gates is None or first.shape[0] % H:
        raise StateDictError(
            with_user_line(f"from_torch: weight_ih_l0 is {first.shape}, expected 1, 3 or 4 times {H} rows")
        )
    if gates is RNN:
        options["nonlinearity"] = nonlinearity
    if projection is not None:
        options["proj_size"] = projection.shape[0]
    layers = sum(name.startswith("weight_ih_l") and not name.endswith("_reverse") for name in own)
    both = "weight_ih_l0_reverse" in own
    layer = gates(first.shape[1], H, layers, bias="bias_ih_l0" in own, bidirectional=both, dtype=first.dtype, **options)
    layer.load_state_dict(own)
    return layer


# -- Keras ----------------------------------------------------------------------------------------------------------


def from_keras(weights: Sequence[Any], kind: str, *, reset_after: bool = True, activation: str = "tanh") -> Any:
    """The cell of a Keras layer.

    Args:
        weights: what ``layer.get_weights()`` gives: kernel (D, g·H), recurrent kernel (H, g·H) and, if it has one, the
            bias (g·H,), of a GRU with `reset_after` (2, 3H).
        kind: "rnn" (SimpleRNN), "gru" or "lstm".
        reset_after: of a GRU.
        activation: of a SimpleRNN.

    Raises:
        ArgumentError: no such kind, or not two or three arrays.
        ShapeError: an array has another shape than the kernel asks for.
    """
    cell, order = _kind("from_keras", kind)
    if len(weights) not in (2, 3):
        raise ArgumentError(
            with_user_line(f"from_keras: expected kernel, recurrent kernel and bias; got {len(weights)}")
        )
    kernel, recurrent, *bias = (np.asarray(w) for w in weights)
    g = len(order["ours"])
    H = _hidden("from_keras", "the recurrent kernel", recurrent, 0, 1, g)
    D = _shape("from_keras", "the kernel", kernel, (None, g * H))[0]
    twice = kind == "gru" and reset_after
    if bias:
        _shape("from_keras", "the bias", bias[0], (2, g * H) if twice else (g * H,))
    own = {"weight_ih": kernel.T, "weight_hh": recurrent.T}
    if bias:
        own |= dict(zip(("bias_ih", "bias_hh"), bias[0] if twice else (bias[0], np.zeros_like(bias[0])), strict=True))
    own = {name: _reordered(x, order["keras"], order["ours"]) for name, x in own.items()}
    return _made(cell, kind, D, H, own, reset_after=reset_after, nonlinearity=activation)


def to_keras(cell: Any) -> list[np.ndarray]:
    """What ``layer.set_weights`` of the Keras layer of the same kind takes. See `from_keras`.

    Raises:
        ArgumentError: it is no RNN, GRU or LSTM cell.
    """
    kind, order, own = _parts("to_keras", cell)
    own = {name: _reordered(x, order["ours"], order["keras"]) for name, x in own.items()}
    weights = [own["weight_ih"].T.copy(), own["weight_hh"].T.copy()]
    if "bias_ih" in own:
        twice = kind == "gru" and cell.reset_after
        weights.append(np.stack([own["bias_ih"], own["bias_hh"]]) if twice else own["bias_ih"] + own["bias_hh"])
    return weights


# -- Haiku ----------------------------------------------------------------------------------------------------------


def from_haiku(parameters: Mapping[str, Any], kind: str) -> Any:
    """The cell of a Haiku core.

    Args:
        parameters: of an LSTM ``{"w": (D + H, 4H), "b": (4H,)}`` (its ``linear``); of a GRU ``{"w_i": (D, 3H), "w_h":
            (H, 3H), "b": (3H,)}``; of a VanillaRNN ``{"linear": {"w", "b"}, "linear_1": {"w", …}}``, the first for x.
        kind: "rnn", "gru" or "lstm".

    Raises:
        ArgumentError: no such kind, or a parameter is missing.
        ShapeError: an array has another shape than the others ask for.
    """
    cell, order = _kind("from_haiku", kind)
    g = len(order["ours"])
    if kind == "lstm":
        w, b = _named("from_haiku", parameters, "w", "b")
        H = _shape("from_haiku", "b", b, (None,))[0] // g
        D = _shape("from_haiku", "w", w, (None, g * H))[0] - H
        given = w[:D], w[D:], b
    elif kind == "gru":
        given = _named("from_haiku", parameters, "w_i", "w_h", "b")
    else:
        inner, outer = _named("from_haiku", parameters, "linear", "linear_1", array=False)
        (w, b), (r,) = _named("from_haiku", inner, "w", "b"), _named("from_haiku", outer, "w")
        given = w, r, b + np.asarray(outer.get("b", 0))
    w_i, w_h, b = given
    H = _hidden("from_haiku", "w_h", w_h, 0, 1, g)
    D = _shape("from_haiku", "w_i", w_i, (None, g * H))[0]
    _shape("from_haiku", "b", b, (g * H,))
    own = {"weight_ih": w_i.T, "weight_hh": w_h.T, "bias_ih": b, "bias_hh": np.zeros_like(b)}
    own = {name: _from_haiku(_reordered(x, order["haiku"], order["ours"]), kind, name) for name, x in own.items()}
    return _made(cell, kind, D, H, own, reset_after=False, nonlinearity="relu")


def to_haiku(cell: Any) -> dict[str, Any]:
    """The parameters of the Haiku core of the same kind. See `from_haiku`.

    Raises:
        ArgumentError: it is no such cell, has no bias, or is one that Haiku has not: a GRU whose reset gate acts after
            the product, an RNN of another nonlinearity than relu.
    """
    kind, order, own = _parts("to_haiku", cell)
    if "bias_ih" not in own or (kind == "gru" and cell.reset_after) or (kind == "rnn" and cell.nonlinearity != "relu"):
        raise ArgumentError(with_user_line(f"to_haiku: Haiku has no core for {cell!r}"))
    own["bias_ih"], own["bias_hh"] = own["bias_ih"] + own["bias_hh"], np.zeros_like(own["bias_ih"])
    own = {
        name: _reordered(_from_haiku(x, kind, name, back=True), order["ours"], order["haiku"])
        for name, x in own.items()
    }
    w_i, w_h, b = own["weight_ih"].T.copy(), own["weight_hh"].T.copy(), own["bias_ih"]
    if kind == "lstm":
        return {"w": np.concatenate([w_i, w_h]), "b": b}
    if kind == "gru":
        return {"w_i": w_i, "w_h": w_h, "b": b}
    return {"linear": {"w": w_i, "b": b}, "linear_1": {"w": w_h}}


def _from_haiku(x: np.ndarray, kind: str, name: str, back: bool = False) -> np.ndarray:
    """Blocks in our order, with what Haiku does to gates put into the weights (or taken out of them)."""
    x, H = x.copy(), len(x) // len(_KINDS[kind][1]["ours"])
    if kind == "gru":
        x[H : 2 * H] *= -1  # 1 − σ(z) = σ(−z)
    if kind == "lstm" and name == "bias_ih":
        x[H : 2 * H] += -1 if back else 1  # σ(z_f + 1)
    return x


# -- ONNX -----------------------------------------------------------------------------------------------------------


def from_onnx(
    W: Any,
    R: Any,
    B: Any = None,
    P: Any = None,
    *,
    kind: str,
    linear_before_reset: int = 0,
    input_forget: int = 0,
    activation: str = "tanh",
) -> Any:
    """The cell of an ONNX RNN, GRU or LSTM node; of two directions, a tuple of the forward and the backward cell.

    Args:
        W, R: (directions, g·H, D) and (directions, g·H, H).
        B: (directions, 2·g·H), the biases of W and then of R.
        P: an LSTM's peepholes, (directions, 3H), which makes it a `PeepholeLSTMCell`.
        kind: "rnn", "gru" or "lstm".
        linear_before_reset: of a GRU.
        input_forget: of an LSTM, f = 1 − i, as onnxruntime reads it.
        activation: of an RNN.

    Raises:
        ArgumentError: no such kind; peepholes or input_forget of another kind than lstm.
        ShapeError: an array has another shape than R asks for.
    """
    _, order = _kind("from_onnx", kind)
    W, R = np.asarray(W), np.asarray(R)
    if (P is not None or input_forget) and kind != "lstm":
        raise ArgumentError(with_user_line(f"from_onnx: peepholes and input_forget are an LSTM's, not a {kind}'s"))
    g = len(order["ours"])
    H = _hidden("from_onnx", "R", R, 2, 1, g)
    directions, _, D = _shape("from_onnx", "W", W, (None, g * H, None))
    _shape("from_onnx", "R", R, (directions, g * H, H))
    given = {"B": (B, 2 * g * H), "P": (P, 3 * H)}
    arrays = {name: None if x is None else np.asarray(x) for name, (x, _) in given.items()}
    for name, x in arrays.items():
        if x is not None:
            _shape("from_onnx", name, x, (directions, given[name][1]))
    cells = []
    for d in range(directions):
        own = {"weight_ih": W[d], "weight_hh": R[d]}
        if arrays["B"] is not None:
            own |= {"bias_ih": arrays["B"][d][: g * H], "bias_hh": arrays["B"][d][g * H :]}
        peepholes = None if arrays["P"] is None else arrays["P"][d]
        if peepholes is not None or input_forget:
            cells.append(_with_peepholes(D, H, own, order["onnx"], peepholes, bool(input_forget)))
            continue
        own = {name: _reordered(x, order["onnx"], order["ours"]) for name, x in own.items()}
        options = {"reset_after": bool(linear_before_reset), "nonlinearity": activation}
        cells.append(_made(_KINDS[kind][0], kind, D, H, own, **options))
    return cells[0] if directions == 1 else tuple(cells)


def to_onnx(cell: Any) -> dict[str, np.ndarray]:
    """W, R and B of the ONNX node of one direction of the same kind; of a GRU, give the node ``linear_before_reset =
    int(cell.reset_after)``.

    Raises:
        ArgumentError: it is no RNN, GRU or LSTM cell.
    """
    _, order, own = _parts("to_onnx", cell)
    own = {name: _reordered(x, order["ours"], order["onnx"]) for name, x in own.items()}
    found = {"W": own["weight_ih"][None], "R": own["weight_hh"][None]}
    if "bias_ih" in own:
        found["B"] = np.concatenate([own["bias_ih"], own["bias_hh"]])[None]
    return found


def _with_peepholes(
    D: int, H: int, own: dict[str, np.ndarray], order: str, peepholes: np.ndarray | None, coupled: bool
) -> PeepholeLSTMCell:
    """ONNX's P is packed in the order i o f, ours i f o; with coupled gates there is no forget gate."""
    gates = "io" if coupled else "ifo"
    cell = PeepholeLSTMCell(D, H, "bias_ih" in own, variant="CIFG" if coupled else "V", dtype=own["weight_ih"].dtype)
    blocks = {name: dict(zip(order, np.split(x, 4), strict=True)) for name, x in own.items()}
    for name in ("weight_ih", "weight_hh"):
        setattr(cell, name, Parameter(np.concatenate([blocks[name][k] for k in "g" + gates])))
    if "bias_ih" in own:
        cell.bias_ih = Parameter(np.concatenate([blocks["bias_ih"][k] + blocks["bias_hh"][k] for k in "g" + gates]))
    parts = dict(
        zip(
            "iof",
            np.zeros((3, H), own["weight_ih"].dtype) if peepholes is None else np.split(peepholes, 3),
            strict=True,
        )
    )
    cell.weight_peephole = Parameter(np.concatenate([parts[k] for k in gates]))
    return cell


# -- what they share --------------------------------------------------------------------------------------------------


def _kind(who: str, kind: str) -> tuple[Any, dict[str, str]]:
    if kind not in _KINDS:
        raise ArgumentError(with_user_line(f"{who}: kind is {', '.join(map(repr, _KINDS))}, not {kind!r}"))
    return _KINDS[kind]


def _parts(who: str, cell: Any) -> tuple[str, dict[str, str], dict[str, np.ndarray]]:
    """The kind of a cell, its orders, and its arrays."""
    for kind, (known, order) in _KINDS.items():
        if type(cell) is known:
            return kind, order, {name: np.array(p.numpy()) for name, p in cell.named_parameters()}
    raise ArgumentError(with_user_line(f"{who}: expected an RNNCell, GRUCell or LSTMCell, got {type(cell).__name__}"))


def _made(cell: Any, kind: str, D: int, H: int, own: dict[str, np.ndarray], **options: Any) -> Any:
    """A cell of ours with these arrays, in our order; of the options those that its kind has."""
    takes = {"gru": ("reset_after",), "rnn": ("nonlinearity",)}.get(kind, ())
    used = {name: value for name, value in options.items() if name in takes}
    made = cell(D, H, "bias_ih" in own, dtype=own["weight_ih"].dtype, **used)
    made.load_state_dict(own)
    return made


def _reordered(x: np.ndarray, given: str, wanted: str) -> np.ndarray:
    """The blocks of an array, one above the other, in another order."""
    blocks = dict(zip(given, np.split(x, len(given)), strict=True))
    return np.concatenate([blocks[k] for k in wanted])


def _hidden(who: str, name: str, x: np.ndarray, axis: int, gates_axis: int, g: int) -> int:
    """H, from an array of which one axis has H entries and another g·H."""
    if x.ndim <= max(axis, gates_axis) or x.shape[gates_axis] != g * x.shape[axis]:
        times = f"{g} times " if g > 1 else ""
        raise ShapeError(
            with_user_line(
                f"{who}: {name} is {x.shape}; expected axis {gates_axis} to be {times}as long as axis {axis}"
            )
        )
    return x.shape[axis]


def _shape(who: str, name: str, x: np.ndarray, expected: tuple[int | None, ...]) -> tuple[int, ...]:
    if x.ndim != len(expected) or any(e not in (None, n) for e, n in zip(expected, x.shape, strict=True)):
        wanted = ", ".join("…" if e is None else str(e) for e in expected)
        raise ShapeError(with_user_line(f"{who}: {name} is {x.shape}, expected ({wanted})"))
    return x.shape


def _named(who: str, parameters: Mapping[str, Any], *names: str, array: bool = True) -> list[Any]:
    missing = [name for name in names if name not in parameters]
    if missing:
        raise ArgumentError(
            with_user_line(f"{who}: there is no {', '.join(missing)}; got {', '.join(map(str, parameters))}")
        )
    return [np.asarray(parameters[name]) if array else parameters[name] for name in names]
