"""Weights of other frameworks, random ones: the cells made of them compute what those frameworks say they compute."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from naive import other_frameworks as theirs

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, ShapeError, StateDictError

B, D, H = 3, 4, 5
G = {"rnn": 1, "gru": 3, "lstm": 4}
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KIND = pytest.mark.parametrize("kind", G)
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
            np.testing.assert_allclose(b.numpy(), a, atol=3e-6 if dtype == np.float32 else 1e-14)


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
    g = G[kind]
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
        flat = {"w": drawn(D, g * H, dtype=dtype), "b": drawn(H, dtype=dtype), "r": drawn(H, H, dtype=dtype)}
        given = {"linear": {"w": flat["w"], "b": flat["b"]}, "linear_1": {"w": flat["r"]}}
    formula = getattr(theirs, f"haiku_{kind}")

    def step(x: Any, state: Any) -> Any:
        return formula(x, state, **flat)

    step.__name__ = kind
    cell = tg.nn.from_haiku(given, kind)
    steps_agree(cell, step, dtype)
    back = tg.nn.to_haiku(cell)
    for path in [(a, b) for a in given for b in (given[a] if isinstance(given[a], dict) else [None])]:
        one, other = (d[path[0]] if path[1] is None else d[path[0]][path[1]] for d in (given, back))
        np.testing.assert_allclose(other, one, atol=3e-7 if dtype == np.float32 else 1e-15)  # +1 and −1 round


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
    found = tg.nn.from_onnx(**arrays, kind=kind, **options)
    formula = getattr(theirs, f"onnx_{kind}")
    for d, cell in enumerate(found if directions == 2 else [found]):

        def step(x: Any, state: Any, d: int = d) -> Any:
            return formula(x, state, **{name: a[d] for name, a in arrays.items()}, **options)

        step.__name__ = kind
        steps_agree(cell, step, dtype)
    if directions == 1 and "P" not in more and "input_forget" not in more:
        back = tg.nn.to_onnx(found)
        assert all((back[name] == arrays[name]).all() for name in arrays)


@pytest.mark.parametrize(("kind", "more"), ONNX, ids=str)
def test_onnxruntime_says_the_same(kind: str, more: dict) -> None:
    runtime = pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    T = 6
    arrays = onnx_arrays(kind, np.float32)
    if "P" in more:
        arrays["P"] = drawn(1, 3 * H, dtype=np.float32)
    options = {name: value for name, value in more.items() if name != "P"}
    names = ["X", "W", "R", "B", *(["", "", "", "P"] if "P" in arrays else [])]
    make = onnx.helper
    node = make.make_node(kind.upper(), names, ["Y"], hidden_size=H, **options)
    numbers = onnx.TensorProto.FLOAT
    graph = make.make_graph(
        [node], "one", [make.make_tensor_value_info("X", numbers, [T, B, D])],
        [make.make_tensor_value_info("Y", numbers, None)],
        [onnx.numpy_helper.from_array(x, name) for name, x in arrays.items()],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 14)], ir_version=8)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    xs = drawn(T, B, D, dtype=np.float32)
    expected = session.run(None, {"X": xs})[0][:, 0]
    cell = tg.nn.from_onnx(**arrays, kind=kind, **options)
    np.testing.assert_allclose(tg.unroll(cell, xs)[0].numpy(), expected, atol=1e-5)


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
    np.testing.assert_allclose(tg.unroll(cell, xs)[0].numpy(), np.asarray(pure.apply(tree, xs)), atol=2e-5)


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
    layer = tg.nn.from_torch(model.state_dict(), "reader.core", **more)
    assert type(layer).__name__ == kind
    xs = drawn(6, B, D, dtype=np.float32)
    expected = model["reader"]["core"](torch.from_numpy(xs))[0].detach().numpy()
    np.testing.assert_allclose(layer(xs)[0].numpy(), expected, atol=1e-6)


K = drawn(D, 4 * H), drawn(H, 4 * H), drawn(4 * H)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: tg.nn.from_keras(K, "ltsm"), ArgumentError, "kind is 'rnn', 'gru', 'lstm', not 'ltsm'"),
        (lambda: tg.nn.from_keras(K[:1], "lstm"), ArgumentError, "expected kernel, recurrent kernel and bias; got 1"),
        (lambda: tg.nn.from_keras([K[0], K[1].T, K[2]], "lstm"), ShapeError, r"the recurrent kernel is \(20, 5\)"),
        (
            lambda: tg.nn.from_keras([K[0][:, 1:], *K[1:]], "lstm"),
            ShapeError,
            r"the kernel is \(4, 19\), expected \(…, 20\)",
        ),
        (
            lambda: tg.nn.from_keras([*K[:2], drawn(2, 20)], "lstm"),
            ShapeError,
            r"the bias is \(2, 20\), expected \(20\)",
        ),
        (lambda: tg.nn.from_haiku({"w": K[0]}, "lstm"), ArgumentError, "there is no b; got w"),
        (lambda: tg.nn.from_onnx(K[0][None], K[1][None], kind="lstm"), ShapeError, "R is "),
        (
            lambda: tg.nn.from_onnx(drawn(1, 15, D), drawn(1, 15, H), P=drawn(1, 15), kind="gru"),
            ArgumentError,
            "peepholes",
        ),
        (
            lambda: tg.nn.from_onnx(drawn(1, 20, D), drawn(1, 20, H), drawn(1, 20), kind="lstm"),
            ShapeError,
            r"B is \(1, 20\)",
        ),
        (lambda: tg.nn.to_keras(tg.nn.MGUCell(2, 3)), ArgumentError, "got MGUCell"),
        (lambda: tg.nn.to_haiku(tg.nn.GRUCell(2, 3)), ArgumentError, "Haiku has no core for GRUCell"),
        (lambda: tg.nn.from_torch({"a.weight_ih_l0": K[0]}, "b"), StateDictError, "under 'b'; there is one under 'a'"),
        (
            lambda: tg.nn.from_torch({"weight_ih_l0": drawn(7, 2), "weight_hh_l0": drawn(7, 3)}),
            StateDictError,
            "1, 3 or 4 times 3",
        ),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()
