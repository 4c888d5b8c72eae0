"""Weights of other frameworks, random ones: the cells made of them compute what those frameworks say they compute."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from naive import other_frameworks as theirs

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, ShapeError, StateDictError

B, D, H = 3, 4, 5
G = {"rnn": 1, "gru": 3, "lstm": 4}
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KIND = pytest.mark.parametrize("kind", G)
random = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order_of_tests() -> None:
    global random
    random = np.random.default_rng(0)


def drawn(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return random.normal(size=shape).astype(dtype)


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


def onnx_arrays(kind: str, dtype: Any, directions: int = 1) -> dict[str, np.ndarray]:
    g = G[kind]
    return {"W": drawn(directions, g * H, D, dtype=dtype), "R": drawn(directions, g * H, H, dtype=dtype),
            "B": drawn(directions, 2 * g * H, dtype=dtype)}  # fmt: skip


ONNX: list[tuple[str, dict]] = [("rnn", {}), ("gru", {}), ("gru", {"linear_before_reset": 1}), ("lstm", {}),
                                ("lstm", {"P": True}), ("lstm", {"input_forget": 1}),
                                ("lstm", {"P": True, "input_forget": 1})]  # fmt: skip


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
