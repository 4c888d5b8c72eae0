"""A `Loop` with a fixed body is a recurrence; lengths of sequences, on load, as the runtime reads both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError

onnx = pytest.importorskip("onnx")
helper, F, I64, BOOL = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.BOOL
random = np.random.default_rng(0)


def info(name: str, kind: int, shape: Any) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def save(path: Path, nodes: list[Any], ins: list[Any], outs: list[Any], arrays: dict[str, np.ndarray]) -> None:
    stored = [onnx.numpy_helper.from_array(x, name) for name, x in arrays.items()]
    graph = helper.make_graph(nodes, "g", ins, outs, stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def loop(path: Path, goes_on: str) -> None:
    """h = tanh(x_t W + h R), as exporters write a loop: x_t is looked up by the number of the step."""
    make = helper.make_node
    body = helper.make_graph(
        [make("Gather", ["x", "t"], ["x_t"], axis=0), make("MatMul", ["x_t", "W"], ["a"]),
         make("MatMul", ["h", "R"], ["b"]), make("Add", ["a", "b"], ["z"]), make("Tanh", ["z"], ["h_after"]),
         make("Identity", ["h_after"], ["y_t"]),
         make("Less", ["t", "two"], ["again"]) if goes_on == "ends" else make("Identity", ["on"], ["again"])],
        "body", [info("t", I64, []), info("on", BOOL, []), info("h", F, ["B", 5])],
        [info("again", BOOL, []), info("h_after", F, ["B", 5]), info("y_t", F, ["B", 5])],
    )  # fmt: skip
    nodes = [make("Shape", ["x"], ["steps_"], start=0, end=1), make("Squeeze", ["steps_"], ["steps"]),
             make("Loop", ["steps", "", "h0"], ["h_end", "y"], body=body)]  # fmt: skip
    arrays = {"W": random.normal(size=(3, 5)).astype("f"), "R": random.normal(size=(5, 5)).astype("f"),
              "two": np.array(2, np.int64)}  # fmt: skip
    ins = [info("x", F, ["T", "B", 3]), info("h0", F, ["B", 5])]
    save(path, nodes, ins, [info("y", F, ["T", "B", 5]), info("h_end", F, ["B", 5])], arrays)


def test_a_loop_is_a_recurrence_and_trains(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    loop(tmp_path / "loop.onnx", "on")
    session = runtime.InferenceSession(str(tmp_path / "loop.onnx"), providers=["CPUExecutionProvider"])
    model = tg.onnx.load(tmp_path / "loop.onnx")
    for T in (1, 4):
        x, h = random.normal(size=(T, 2, 3)).astype("f"), random.normal(size=(2, 5)).astype("f")
        for found, expected in zip(model(x, h), session.run(None, {"x": x, "h0": h}), strict=True):
            np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    (model(x, h)[0] ** 2).sum().backward()
    cell = tg.nn.RNNCell(3, 5, bias=False)
    cell.load_state_dict({"weight_ih": model.W.numpy().T, "weight_hh": model.R.numpy().T})
    (tg.unroll(cell, x, h)[0] ** 2).sum().backward()
    np.testing.assert_allclose(model.R.grad.numpy(), cell.weight_hh.grad.numpy().T, rtol=1e-4, atol=1e-5)


def test_a_loop_that_may_end_is_refused(tmp_path: Path) -> None:
    loop(tmp_path / "loop.onnx", "ends")
    x, h = np.ones((4, 1, 3), np.float32), np.zeros((1, 5), np.float32)
    with pytest.raises(ArgumentError, match="Loop h_end: a Loop that its body may end is not known here"):
        tg.onnx.load(tmp_path / "loop.onnx")(x, h)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_lengths_of_sequences(kind: str, direction: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    n, g = 1 + (direction == "bidirectional"), {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    arrays = {"W": random.normal(size=(n, g * 5, 3)).astype("f"), "R": random.normal(size=(n, g * 5, 5)).astype("f")}
    finals = ["h", "c"][: 1 + (kind == "LSTM")]
    node = helper.make_node(kind, ["x", "W", "R", "", "lengths"], ["y", *finals], hidden_size=5, direction=direction)
    outs = [info("y", F, [4, n, 3, 5]), *[info(name, F, [n, 3, 5]) for name in finals]]
    save(
        tmp_path / "m.onnx",
        [node],
        [info("x", F, [4, 3, 3]), info("lengths", onnx.TensorProto.INT32, [3])],
        outs,
        arrays,
    )
    x, lengths = random.normal(size=(4, 3, 3)).astype("f"), np.array([4, 2, 1], np.int32)
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    found = tg.onnx.load(tmp_path / "m.onnx")(x, lengths)
    for mine, expected in zip(found, session.run(None, {"x": x, "lengths": lengths}), strict=True):
        np.testing.assert_allclose(mine.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_lengths_go_out_and_come_back(kind: str, both: bool, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    layer = getattr(tg.nn, kind)(3, 5, 2, bidirectional=both)
    tg.onnx.save(layer, tmp_path / "m.onnx", lengths=True)
    x, lengths = random.normal(size=(4, 3, 3)).astype("f"), np.array([4, 2, 1], np.int32)
    zeros = {f"{s}_in": np.zeros((2 * (1 + both), 3, 5), np.float32) for s in ("h", "c")[: 1 + (kind == "LSTM")]}
    given = {"x": x, "lengths": lengths, **zeros}
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    ys, state = layer(x, lengths=lengths)
    expected = [ys, *(state if kind == "LSTM" else [state])]
    for found in (session.run(None, given), tg.onnx.load(tmp_path / "m.onnx")(**given)):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.asarray(a if isinstance(a, np.ndarray) else a.numpy()), b.numpy(), atol=1e-6)


def test_peepholes_with_lengths_and_what_has_none(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    layer = tg.nn.Recurrent(tg.nn.PeepholeLSTMCell(3, 5))
    tg.onnx.save(layer, tmp_path / "m.onnx", lengths=True)
    x, lengths = random.normal(size=(4, 2, 3)).astype("f"), np.array([4, 2], np.int32)
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    zeros = {i.name: np.zeros((2, 5), np.float32) for i in session.get_inputs() if i.name.endswith("_in")}
    found = session.run(None, {"x": x, "lengths": lengths, **zeros})
    np.testing.assert_allclose(found[0], layer(x, lengths=lengths)[0].numpy(), atol=1e-6)
    with pytest.raises(ArgumentError, match=r"MGUCell\(3, 5\) becomes a Scan, which has none"):
        tg.onnx.save(tg.nn.MGUCell(3, 5), tmp_path / "m.onnx", lengths=True)
    with pytest.raises(ArgumentError, match=r"ProjectedLSTMCell.* becomes a Scan"):
        tg.onnx.save(tg.nn.LSTM(3, 5, proj_size=2), tmp_path / "m.onnx", lengths=True)
    with pytest.raises(ArgumentError, match="lengths are of a Recurrent, RNN, GRU, LSTM or cell, not of Linear"):
        tg.onnx.save(tg.nn.Linear(3, 5), tmp_path / "m.onnx", lengths=True)


def test_what_is_beyond_an_operator_is_named_at_once(tmp_path: Path) -> None:
    loop(tmp_path / "loop.onnx", "on")
    model = onnx.load(tmp_path / "loop.onnx")
    model.graph.node[2].input[0], model.graph.node[2].input[1] = "", ""
    weights = [
        onnx.numpy_helper.from_array(random.normal(size=(1, 5, k)).astype("f"), n) for n, k in (("V", 3), ("U", 5))
    ]
    model.graph.initializer.extend(weights)
    model.graph.node.append(helper.make_node("RNN", ["x", "V", "U"], ["unread"], hidden_size=5, clip=1.0))
    onnx.save(model, tmp_path / "loop.onnx")
    with pytest.raises(ArgumentError, match="not known here: Loop without a number of steps, RNN with clip"):
        tg.onnx.load(tmp_path / "loop.onnx")
