"""What is wrong with given weights is said by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from converter_cases import D, H, drawn, same_numbers  # noqa: F401

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, ShapeError, StateDictError

K = drawn(D, 4 * H), drawn(H, 4 * H), drawn(4 * H)
BIAS = drawn(H)
RELU = {"linear": {"w": drawn(D, H), "b": BIAS}, "linear_1": {"w": drawn(H, H), "b": BIAS[:1]}}


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: tg.nn.from_keras(K, "ltsm"), ArgumentError, "kind is 'rnn', 'gru', 'lstm', not 'ltsm'"),
        (
            lambda: tg.nn.from_keras(K[:1], "lstm"),
            ArgumentError,
            "expected kernel, recurrent kernel and bias of each cell; got 1",
        ),
        (lambda: tg.nn.from_keras([K[0], K[1].T, K[2]], "lstm"), ShapeError, r"the recurrent kernel is \(20, 5\)"),
        (
            lambda: tg.nn.from_keras([K[0][:, 1:], *K[1:]], "lstm"),
            ShapeError,
            r"the kernel is \(4, 19\), expected \(…, 20\)",
        ),
        (
            lambda: tg.nn.from_keras([*K[:2], drawn(2, 20)], "lstm"),
            ShapeError,
            r"the bias is \(2, 20\), expected \(20,\)",
        ),
        (lambda: tg.nn.from_haiku({"w": K[0]}, "lstm"), ArgumentError, "there is no b; got w"),
        (lambda: tg.nn.from_onnx({"W": K[0][None], "R": K[1][None]}, kind="lstm"), ShapeError, "R is "),
        (
            lambda: tg.nn.from_onnx({"W": drawn(1, 15, D), "R": drawn(1, 15, H), "P": drawn(1, 15)}, "gru"),
            ArgumentError,
            "P is of kind 'lstm' alone, not of 'gru'",
        ),
        (
            lambda: tg.nn.from_onnx({"W": drawn(1, 20, D), "R": drawn(1, 20, H), "B": drawn(1, 20)}, "lstm"),
            ShapeError,
            r"B is \(1, 20\)",
        ),
        (lambda: tg.nn.to_keras(tg.nn.MGUCell(2, 3)), ArgumentError, "got MGUCell"),
        (lambda: tg.nn.to_haiku(tg.nn.GRUCell(2, 3)), ArgumentError, "Haiku has no core for GRUCell"),
        (
            lambda: tg.nn.from_torch({"a.weight_ih_l0": K[0]}, prefix="b"),
            StateDictError,
            "under 'b'; there is one under 'a'",
        ),
        (
            lambda: tg.nn.from_torch({"weight_ih_l0": drawn(7, 2), "weight_hh_l0": drawn(7, 3)}),
            StateDictError,
            "1, 3 or 4 times 3",
        ),
        (
            lambda: tg.nn.from_torch({"weight_ih_l0": drawn(3, 2), "weight_hh_l0": drawn(3, 0)}),
            StateDictError,
            "1, 3 or 4 times 0",
        ),
        (lambda: tg.nn.from_torch({"a.weight_ih": K[0]}), StateDictError, "under ''; there is one under 'a'"),
        (lambda: tg.nn.from_keras(K, "lstm", activation="relu"), ArgumentError, "activation is of kind 'rnn' alone"),
        (
            lambda: tg.nn.from_keras(K * 2, "lstm"),
            ShapeError,
            "cell 1 is LSTMCell.4, 5., expected LSTMCell of 5 features",
        ),
        (lambda: tg.nn.from_keras([*K, K[0]], "lstm"), ArgumentError, "expected 3 arrays of each cell"),
        (lambda: tg.nn.from_keras(K, "gru"), ArgumentError, "kind is 'gru', but the weights are of 'lstm'"),
        (
            lambda: tg.nn.from_keras([drawn(D, 15), drawn(5, 15), drawn(2, 15)], "gru", reset_after=False),
            ShapeError,
            "a GRU with reset_after=True, not False",
        ),
        (
            lambda: tg.nn.from_keras([drawn(D, 15), drawn(5, 15), drawn(15)], reset_after=True),
            ShapeError,
            "a GRU with reset_after=False, not True",
        ),
        (
            lambda: tg.nn.from_keras([K[0].astype(np.float32), *K[1:]], "lstm"),
            DTypeError,
            "one dtype; the kernel is float32, the recurrent kernel is float64",
        ),
        (
            lambda: tg.nn.from_onnx({"W": drawn(1, 20, D), "R": drawn(1, 20, H)}, "lstm", linear_before_reset=1),
            ArgumentError,
            "linear_before_reset is of kind 'gru' alone",
        ),
        (
            lambda: tg.nn.from_onnx({"W": drawn(3, 20, D), "R": drawn(3, 20, H)}, "lstm"),
            ShapeError,
            r"R is \(3, 20, 5\), expected 1 or 2 directions",
        ),
        (
            lambda: tg.nn.from_haiku({"w": K[0][:3, :16], "b": K[2][:16]}, "lstm"),
            ShapeError,
            r"w is \(3, 16\), expected D",
        ),
        (lambda: tg.nn.from_haiku(RELU, "rnn"), ShapeError, r"b of linear_1 is \(1,\), expected \(5,\)"),
        (lambda: tg.nn.to_haiku(tg.nn.RNNCell(2, 3)), ArgumentError, "Haiku has no core for RNNCell"),
        (lambda: tg.nn.to_haiku(tg.nn.LSTM(2, 3, 2)), ArgumentError, "several layers; convert each cell"),
        (lambda: tg.nn.to_haiku(tg.nn.LSTM(2, 3, bidirectional=True)), ArgumentError, "got LSTMCell and LSTMCell"),
        (lambda: tg.nn.to_onnx(tg.nn.PeepholeLSTMCell(2, 3, variant="NIG")), ArgumentError, "got PeepholeLSTMCell"),
        (lambda: tg.nn.to_onnx((tg.nn.RNNCell(2, 3), tg.nn.RNNCell(2, 4))), ArgumentError, "two that are alike"),
        (lambda: tg.nn.to_onnx(()), ArgumentError, "one cell, or two that are alike"),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()
