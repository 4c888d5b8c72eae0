"""Models out: what onnxruntime computes of a saved model is what ours computes."""

import json

import numpy as np
import pytest
from nn.cell_cases import CASES, make

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.core.trees import flatten

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

GRID = {
    "plain": {}, "stacked": {"num_layers": 2}, "both ways": {"bidirectional": True},
    "stacked both ways": {"num_layers": 2, "bidirectional": True}, "without bias": {"bias": False},
    "batch first": {"batch_first": True, "num_layers": 2},
}  # fmt: skip
KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def session(path):
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def agrees(model, x, path, *, close=2e-5):
    """Save, run on x and random states with both, compare everything; returns the kinds of nodes."""
    from tinygrad_rnn.onnx.saving import initial_states

    tg.onnx.save(model, path)
    run = session(path)
    batch, time = x.shape[:2] if getattr(model, "batch_first", False) else x.shape[1::-1]
    states = []
    for k, i in enumerate(run.get_inputs()[1:]):
        shape = [{"batch": batch, "time": time}.get(n, n) for n in i.shape]
        states.append((np.random.default_rng(k).normal(size=shape) * 0.5).astype(KINDS[i.type]))
    found = run.run(None, {i.name: v for i, v in zip(run.get_inputs(), [x, *states], strict=True)})
    layer = tg.nn.Recurrent(model) if isinstance(model, tg.nn.Cell) else model
    _, rebuild = flatten(initial_states(layer))
    ys, after = layer(x, rebuild([tg.tensor(s) for s in states]))
    right = [t.numpy() for t in (*flatten(ys)[0], *flatten(after)[0])]
    for a, b in zip(found, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=close, atol=close)
    return {n.op_type for n in onnx.load(path).graph.node}


@pytest.mark.parametrize("options", GRID.values(), ids=GRID)
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_layers_are_the_operators_of_onnx(kind, options, tmp_path):
    x = random(2, 5, 3) if options.get("batch_first") else random(5, 2, 3)
    kinds = agrees(getattr(tg.nn, kind)(3, 4, **options), x, tmp_path / "layer.onnx")
    assert kind in kinds
    assert "Scan" not in kinds


@pytest.mark.parametrize("case", CASES)
def test_every_cell_of_the_catalogue_goes_out_and_comes_back(case, tmp_path):
    cell = make(case, dtype=np.float32)
    x = random(5, 2, cell.input_size)
    agrees(cell, x, tmp_path / "cell.onnx")
    back = tg.onnx.load(tmp_path / "cell.onnx")
    found = back(x, *[s.numpy() for s in flatten(cell.initial_state(2))[0]])
    np.testing.assert_allclose(found[0].numpy(), tg.nn.Recurrent(cell)(x)[0].numpy(), rtol=2e-5, atol=2e-5)


def test_options_of_the_operators(tmp_path):
    natives = [
        tg.nn.RNN(3, 4, nonlinearity="relu"), tg.nn.GRU(3, 4, reset_after=False),
        tg.nn.Recurrent([tg.nn.PeepholeLSTMCell(3, 4), tg.nn.LSTMCell(4, 2)]),
        tg.nn.Recurrent(tg.nn.LSTMCell(3, 4), reverse=True),
    ]  # fmt: skip
    for k, layer in enumerate(natives):
        assert "Scan" not in agrees(layer, random(5, 2, 3), tmp_path / f"{k}.onnx")
    assert "Scan" in agrees(tg.nn.LSTM(3, 4, proj_size=2), random(5, 2, 3), tmp_path / "projected.onnx")
    double = tg.nn.LSTM(3, 4, dtype=np.float64)
    assert "Scan" in agrees(double, random(5, 2, 3).astype(np.float64), tmp_path / "double.onnx", close=1e-12)


def test_networks_of_symbols_and_numbers(tmp_path):
    symbols = tg.nn.Network([tg.nn.GRUCell(8, 16), tg.nn.LSTMCell(16, 8)], outputs=5, symbols=5)
    agrees(symbols, np.random.default_rng(0).integers(5, size=(6, 3)), tmp_path / "symbols.onnx")
    agrees(tg.nn.Network(tg.nn.MGUCell(3, 8), outputs=2, at_end=True), random(6, 3, 3), tmp_path / "numbers.onnx")


def test_any_length_and_batch_and_piece_by_piece(tmp_path):
    layer = tg.nn.Recurrent(tg.nn.LEMCell(3, 4))
    tg.onnx.save(layer, tmp_path / "lem.onnx")
    run = session(tmp_path / "lem.onnx")
    names = [i.name for i in run.get_inputs()]
    for T, B in ((1, 1), (3, 2), (17, 5)):
        x = random(T, B, 3)
        states = [np.zeros((B, 4), np.float32) for _ in names[1:]]
        whole = run.run(None, dict(zip(names, [x, *states], strict=True)))
        np.testing.assert_allclose(whole[0], layer(x)[0].numpy(), rtol=2e-5, atol=2e-5)
        pieces = []
        for row in x:
            y, *states = run.run(None, dict(zip(names, [row[None], *states], strict=True)))
            pieces.append(y[0])
        np.testing.assert_allclose(pieces, whole[0], rtol=2e-5, atol=2e-5)


class Scorer(tg.nn.Module):
    def __init__(self):
        self.first, self.last = tg.nn.Linear(4, 8), tg.nn.Linear(8, 3)

    def forward(self, x):
        h = tg.gelu(self.first(x))
        h = (h - h.mean(axis=-1, keepdims=True)) / (h.std(axis=-1, keepdims=True) + 1e-5)
        return tg.log_softmax(self.last(tg.clip(h, -2, 2)), axis=-1)[:, 1:]


def test_modules_of_ones_own(tmp_path):
    model, x = Scorer(), random(6, 4)
    tg.onnx.save(model, tmp_path / "scorer.onnx")
    (found,) = session(tmp_path / "scorer.onnx").run(None, {"x": x})
    np.testing.assert_allclose(found, model(x).numpy(), rtol=1e-5, atol=1e-5)


def test_what_has_no_form_is_named_all_of_it(tmp_path):
    class Odd(tg.nn.Module):
        def forward(self, x):
            return tg.cumsum(tg.sort(x, axis=-1), axis=1) + tg.roll(x, 1, axis=1)

    with pytest.raises(ArgumentError, match=r"there is no ONNX form of .*, roll"):
        tg.onnx.save(Odd(), tmp_path / "odd.onnx", input=(3, 3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("model", "file", "message"),
    [
        (tg.nn.LSTM(3, 4), "a.pt", "a model's name ends in .onnx, not '.*a.pt'"),
        (3, "a.onnx", "expected a cell or a module, got int"),
        (tg.nn.LSTM, "a.onnx", "LSTM is a class"),
        (tg.nn.Sequential(), "a.onnx", r"give the shape of the input of Sequential: input=\(B, …\)"),
    ],
)
def test_bad_arguments(model, file, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        tg.onnx.save(model, tmp_path / file)
    assert not list(tmp_path.iterdir())


def test_a_run_is_exported_with_its_vocabulary(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("the quick brown fox jumps over the lazy dog. " * 40, encoding="utf-8")
    small = ["--hidden", "8", "--steps", "3", "--batch", "2", "--window", "8"]
    assert main(["train", "text", "text.txt", *small, "--out", "run"]) == 0
    capsys.readouterr()
    assert main(["export", "run"]) == 0
    assert capsys.readouterr().out == "run.onnx\n"
    said = {p.key: p.value for p in onnx.load("run.onnx").metadata_props}
    assert said["kind"] == "text"
    assert "q" in json.loads(said["vocabulary"])
    assert tg.onnx.load("run.onnx").metadata == said
