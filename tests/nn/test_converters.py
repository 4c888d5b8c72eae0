"""Weights of other frameworks, random ones: the cells made of them compute what those frameworks say they compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from converter_cases import DTYPE, KIND, ONNX, B, D, G, H, drawn, onnx_arrays, random, same_numbers  # noqa: F401
from naive import other_frameworks as theirs

import tinygrad_rnn as tg


def steps_agree(cell: Any, step: Any, dtype: Any) -> None:
    """Three steps from a random state."""
    count = 2 if "lstm" in step.__name__ or hasattr(cell, "weight_peephole") else 1
    state = tuple(drawn(B, H, dtype=dtype) for _ in range(count))
    own: Any = state if count == 2 else state[0]
    assert cell.dtype == dtype
    for _ in range(3):
        x = drawn(B, D, dtype=dtype)
        state, own = step(x, state), cell(x, own)
        for a, b in zip(state, own if count == 2 else (own,), strict=True):
            small = 1e-5 if dtype == np.float32 else 1e-13
            np.testing.assert_allclose(b.numpy(), a, rtol=small, atol=small)


def keras(kind: str, dtype: Any, reset_after: bool = True) -> tuple[list[np.ndarray], Any]:
    g = G[kind]
    bias = drawn(2, g * H, dtype=dtype) if kind == "gru" and reset_after else drawn(g * H, dtype=dtype)
    weights = [drawn(D, g * H, dtype=dtype), drawn(H, g * H, dtype=dtype), bias]
    more = {"reset_after": reset_after} if kind == "gru" else {}
    step = getattr(theirs, f"keras_{kind}")

    def keras_step(x: Any, state: Any) -> Any:
        return step(x, state, *weights, **more)

    keras_step.__name__ = kind
    return weights, keras_step


@DTYPE
@pytest.mark.parametrize(("kind", "reset_after"), [("rnn", True), ("gru", True), ("gru", False), ("lstm", True)])
def test_keras(kind: str, reset_after: bool, dtype: Any) -> None:
    weights, step = keras(kind, dtype, reset_after)
    cell = tg.nn.from_keras(weights, kind, reset_after=reset_after)
    steps_agree(cell, step, dtype)
    for a, b in zip(tg.nn.to_keras(cell), weights, strict=True):
        assert (a == b).all()


@DTYPE
@KIND
def test_haiku(kind: str, dtype: Any) -> None:
    if kind == "lstm":
        given: dict = {"w": drawn(D + H, 4 * H, dtype=dtype), "b": drawn(4 * H, dtype=dtype)}
        flat = given
    elif kind == "gru":
        flat = given = {
            "w_i": drawn(D, 3 * H, dtype=dtype),
            "w_h": drawn(H, 3 * H, dtype=dtype),
            "b": drawn(3 * H, dtype=dtype),
        }
    else:
        w, r, b, second = (drawn(*shape, dtype=dtype) for shape in ((D, H), (H, H), (H,), (H,)))
        flat = {"w": w, "b": b + second, "r": r}
        given = {"linear": {"w": w, "b": b}, "linear_1": {"w": r, "b": second}}
    formula = getattr(theirs, f"haiku_{kind}")

    def step(x: Any, state: Any) -> Any:
        return formula(x, state, **flat)

    step.__name__ = kind
    cell = tg.nn.from_haiku(given, kind)
    steps_agree(cell, step, dtype)
    np.testing.assert_equal(tg.nn.to_haiku(cell), given)


@DTYPE
@pytest.mark.parametrize(("kind", "more"), ONNX, ids=str)
@pytest.mark.parametrize("directions", [1, 2])
def test_onnx(kind: str, more: dict, directions: int, dtype: Any) -> None:
    arrays = onnx_arrays(kind, dtype, directions)
    if "P" in more:
        arrays["P"] = drawn(directions, 3 * H, dtype=dtype)
    options = {name: value for name, value in more.items() if name != "P"}
    found = tg.nn.from_onnx(arrays, kind=kind, **options)
    formula = getattr(theirs, f"onnx_{kind}")
    for d, cell in enumerate(found if directions == 2 else [found]):

        def step(x: Any, state: Any, d: int = d) -> Any:
            return formula(x, state, **{name: a[d] for name, a in arrays.items()}, **options)

        step.__name__ = kind
        steps_agree(cell, step, dtype)
    back = tg.nn.to_onnx(found)
    if kind == "lstm" and more:  # its cell has one bias for both, and with coupled gates no forget gate
        again = tg.nn.from_onnx(back, kind=kind, **options)
        for one, other in zip(*(c if directions == 2 else [c] for c in (found, again)), strict=True):
            np.testing.assert_equal(other.state_dict(), one.state_dict())
    else:
        np.testing.assert_equal(back, arrays)


def without_bias(x: Any) -> Any:
    return {name: a for name, a in x.items() if name != "B"} if isinstance(x, dict) else x[:2]


@KIND
def test_without_a_bias_is_a_bias_of_zeros(kind: str) -> None:
    x, weights, arrays = drawn(B, D), keras(kind, np.float64)[0], onnx_arrays(kind, np.float64)
    for read, write, given, options in (
        (lambda w: tg.nn.from_keras(w, kind), tg.nn.to_keras, weights, [*weights[:2], 0 * weights[2]]),
        (lambda w: tg.nn.from_onnx(w, kind=kind), tg.nn.to_onnx, arrays, {**arrays, "B": 0 * arrays["B"]}),
    ):
        bare: Any = read(without_bias(given))
        assert bare.bias_ih is None
        np.testing.assert_equal(write(bare), without_bias(given))
        np.testing.assert_equal(*(np.asarray(c(x)[0].numpy()) for c in (bare, read(options))))


@pytest.mark.parametrize("variant", ["V", "NP", "CIFG"])
def test_peephole_cells_of_ours_as_onnx(variant: str) -> None:
    cell = tg.nn.PeepholeLSTMCell(D, H, variant=variant, dtype=np.float64)
    arrays = tg.nn.to_onnx(cell)
    assert ("P" in arrays) == (variant != "NP")
    steps_agree(cell, onnx_lstm_of(arrays, variant == "CIFG"), np.float64)


def onnx_lstm_of(arrays: Any, coupled: bool) -> Any:
    def lstm(x: Any, state: Any) -> Any:
        return theirs.onnx_lstm(x, state, **{name: a[0] for name, a in arrays.items()}, input_forget=int(coupled))

    return lstm


@DTYPE
@KIND
@pytest.mark.parametrize("framework", ["keras", "haiku", "onnx"])
def test_cells_of_ours_whose_two_biases_both_count(framework: str, kind: str, dtype: Any) -> None:
    options: dict = {"gru": {"reset_after": False}, "rnn": {"nonlinearity": "relu"}}.get(kind, {})
    cell = getattr(tg.nn, f"{kind.upper()}Cell")(D, H, dtype=dtype, generator=random, **options)
    asked = {"keras": {"rnn": {"activation": "relu"}, "gru": {"reset_after": False}},
             "onnx": {"rnn": {"activation": "relu"}}}.get(framework, {}).get(kind, {})  # fmt: skip
    given = getattr(tg.nn, f"to_{framework}")(cell)
    if framework == "onnx":
        again = tg.nn.from_onnx(given, kind=kind, **asked)
    else:
        again = getattr(tg.nn, f"from_{framework}")(given, kind, **asked)
    xs = drawn(6, B, D, dtype=dtype)
    found, expected = (tg.nn.Recurrent(c)(xs)[0].numpy() for c in (again, cell))
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == np.float32 else 1e-14)


@KIND
def test_layers_of_ours(kind: str) -> None:
    """A layer is converted as its cell is; two directions are an ONNX node's."""
    make = getattr(tg.nn, kind.upper())
    layer, both = make(D, H), make(D, H, bidirectional=True)
    arrays = tg.nn.to_onnx(both)
    assert arrays["W"].shape == (2, G[kind] * H, D)
    options = {"linear_before_reset": 1} if kind == "gru" else {}
    cells = tg.nn.from_onnx(arrays, kind=kind, **options)
    xs = drawn(6, B, D, dtype=np.float32)
    outputs = [tg.nn.Recurrent(c, reverse=d == 1)(xs)[0].numpy() for d, c in enumerate(cells)]
    np.testing.assert_allclose(np.concatenate(outputs, axis=2), both(xs)[0].numpy(), atol=1e-6)
    cell = tg.nn.from_keras(tg.nn.to_keras(layer), kind)
    np.testing.assert_allclose(tg.nn.Recurrent(cell)(xs)[0].numpy(), layer(xs)[0].numpy(), atol=1e-6)
