"""The frameworks themselves, where they are installed, compute what the cells made of their weights do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from converter_cases import DTYPE, KIND, ONNX, B, D, H, drawn, onnx_arrays, same_numbers  # noqa: F401

import tinygrad_rnn as tg


@pytest.mark.parametrize(("kind", "more"), ONNX, ids=str)
@pytest.mark.parametrize("directions", [1, 2])
def test_onnxruntime_says_the_same(kind: str, more: dict, directions: int) -> None:
    runtime = pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    arrays = onnx_arrays(kind, np.float32, directions)
    if "P" in more:
        arrays["P"] = drawn(directions, 3 * H, dtype=np.float32)
    options = {name: value for name, value in more.items() if name != "P"}
    xs = drawn(6, B, D, dtype=np.float32)

    def run(arrays: dict) -> np.ndarray:
        names = ["X", "W", "R", "B", *(["", "", "", "P"] if "P" in arrays else [])]
        direction = "bidirectional" if directions == 2 else "forward"
        make, numbers = onnx.helper, onnx.TensorProto.FLOAT
        node = make.make_node(kind.upper(), names, ["Y"], hidden_size=H, direction=direction, **options)
        graph = make.make_graph(
            [node], "one", [make.make_tensor_value_info("X", numbers, xs.shape)],
            [make.make_tensor_value_info("Y", numbers, None)],
            [onnx.numpy_helper.from_array(x, name) for name, x in arrays.items()],
        )  # fmt: skip
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 14)], ir_version=8)
        session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, {"X": xs})[0]

    found = tg.nn.from_onnx(arrays, kind=kind, **options)
    cells = found if directions == 2 else [found]
    outputs = [tg.nn.Recurrent(cell, reverse=d == 1)(xs)[0].numpy() for d, cell in enumerate(cells)]
    for theirs_ in (arrays, tg.nn.to_onnx(found)):
        np.testing.assert_allclose(np.stack(outputs, axis=1), run(theirs_), atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize(("kind", "options"), [("rnn", {}), ("rnn", {"activation": "relu"}), ("gru", {}),
                                               ("gru", {"reset_after": False}), ("lstm", {}),
                                               ("lstm", {"use_bias": False})], ids=str)  # fmt: skip
def test_live_keras_says_the_same(kind: str, options: dict, monkeypatch: Any, tmp_path: Any) -> None:
    """In float32: on any backend but TensorFlow, Keras adds two float64 arrays in float32."""
    pytest.importorskip("jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    keras = pytest.importorskip("keras")
    name = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}[kind]
    xs = drawn(B, 6, D, dtype=np.float32)
    layer = getattr(keras.layers, name)(H, return_sequences=True, **options)
    layer.build(xs.shape)
    weights = [drawn(*w.shape, dtype=np.float32) for w in layer.weights]
    cell = tg.nn.from_keras(weights, kind, **{k: v for k, v in options.items() if k != "use_bias"})
    found = tg.nn.Recurrent(cell, batch_first=True)(xs)[0].numpy()
    for given in (weights, tg.nn.to_keras(cell)):
        layer.set_weights(given)
        np.testing.assert_allclose(found, np.asarray(layer(xs)), rtol=2e-5, atol=2e-5)


@KIND
def test_live_haiku_says_the_same(kind: str) -> None:
    haiku = pytest.importorskip("haiku")
    import jax

    name = {"rnn": "VanillaRNN", "gru": "GRU", "lstm": "LSTM"}[kind]

    def run(xs: Any) -> Any:
        core = getattr(haiku, name)(H)
        return haiku.dynamic_unroll(core, xs, core.initial_state(B))[0]

    pure = haiku.without_apply_rng(haiku.transform(run))
    xs = drawn(6, B, D, dtype=np.float32)
    tree = pure.init(jax.random.PRNGKey(0), xs)
    tree = {m: {k: drawn(*np.shape(v), dtype=np.float32) for k, v in p.items()} for m, p in tree.items()}
    given: Any = {m.split("/")[-1]: p for m, p in tree.items()} if kind == "rnn" else next(iter(tree.values()))
    cell = tg.nn.from_haiku(given, kind)
    back: Any = tg.nn.to_haiku(cell)
    back = {m: back[m.split("/")[-1]] for m in tree} if kind == "rnn" else {next(iter(tree)): back}
    for parameters in (tree, back):
        np.testing.assert_allclose(
            tg.unroll(cell, xs)[0].numpy(), np.asarray(pure.apply(parameters, xs)), rtol=2e-5, atol=2e-5
        )


@pytest.mark.parametrize(
    ("kind", "options"),
    [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("GRU", {"num_layers": 2}), ("LSTM", {"bidirectional": True}),
     ("LSTM", {"proj_size": 3, "num_layers": 2}), ("GRU", {"bias": False})],
)  # fmt: skip
def test_a_layer_within_a_pytorch_model(kind: str, options: dict) -> None:
    torch = pytest.importorskip("torch")
    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")
    model = torch.nn.ModuleDict({"reader": torch.nn.ModuleDict({"core": getattr(torch.nn, kind)(D, H, **options)}),
                                 "head": torch.nn.Linear(H, 2)})  # fmt: skip
    more = {"nonlinearity": "relu"} if "nonlinearity" in options else {}
    layer = tg.nn.from_torch(model.state_dict(), prefix="reader.core", **more)
    assert type(layer).__name__ == kind
    xs = drawn(6, B, D, dtype=np.float32)
    expected = model["reader"]["core"](torch.from_numpy(xs))[0].detach().numpy()
    np.testing.assert_allclose(layer(xs)[0].numpy(), expected, atol=1e-6)


@DTYPE
@pytest.mark.parametrize("bias", [True, False])
@KIND
def test_a_cell_within_a_pytorch_model(kind: str, bias: bool, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    core = getattr(torch.nn, f"{kind.upper()}Cell")(D, H, bias=bias, dtype=getattr(torch, np.dtype(dtype).name))
    model = torch.nn.ModuleDict({"core": core, "head": torch.nn.Linear(H, 2)})
    cell = tg.nn.from_torch(model.state_dict(), prefix="core")
    x = drawn(B, D, dtype=dtype)
    expected, found = core(torch.from_numpy(x)), cell(x)
    for a, b in zip(*(v if kind == "lstm" else [v] for v in (expected, found)), strict=True):
        np.testing.assert_allclose(b.numpy(), a.detach().numpy(), atol=1e-6 if dtype == np.float32 else 1e-14)
    np.testing.assert_equal(cell.state_dict(), {name: v.numpy() for name, v in core.state_dict().items()})
