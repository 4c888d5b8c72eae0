"""Models in: what PyTorch's exporters wrote computes the same here, and is a module like any other."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, FileFormatError

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
nn = torch.nn


class Tagger(nn.Module):
    """Embedding, two layers both ways, a readout."""

    def __init__(self, kind="LSTM"):
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.layers = getattr(nn, kind)(6, 8, 2, batch_first=True, bidirectional=True)
        self.readout = nn.Linear(16, 5)

    def forward(self, x):
        y, _ = self.layers(self.table(x))
        return torch.log_softmax(self.readout(torch.relu(y)), -1)


class ByHand(nn.Module):
    """A cell in a loop, unrolled by the exporter."""

    def __init__(self):
        super().__init__()
        self.cell, self.readout = nn.LSTMCell(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        h = c = torch.zeros(x.shape[1], 4)
        ys = []
        for t in range(x.shape[0]):
            h, c = self.cell(x[t], (h, c))
            ys.append(self.readout(h))
        return torch.stack(ys)


def classifier():
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3), nn.Softmax(-1))


MODELS = {
    "LSTM tagger": (Tagger, lambda: torch.randint(11, (3, 5))),
    "GRU tagger": (lambda: Tagger("GRU"), lambda: torch.randint(11, (3, 5))),
    "RNN tagger": (lambda: Tagger("RNN"), lambda: torch.randint(11, (3, 5))),
    "classifier": (classifier, lambda: torch.randn(7, 4)),
    "loop": (ByHand, lambda: torch.randn(5, 2, 3)),
}


def exported(name, path, dynamo=False):
    torch.manual_seed(0)
    make, inputs = MODELS[name]
    module, x = make().eval(), inputs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), str(path), dynamo=dynamo, **({} if dynamo else {"opset_version": 17}))
    return module, x


@pytest.mark.parametrize("dynamo", [False, True], ids=["script", "dynamo"])
@pytest.mark.parametrize("name", MODELS)
def test_models_that_pytorch_wrote(name, dynamo, tmp_path):
    if dynamo:
        pytest.importorskip("onnxscript")
    module, x = exported(name, tmp_path / "model.onnx", dynamo)
    found = tg.onnx.load(tmp_path / "model.onnx")(x.numpy())
    found = found[0] if isinstance(found, tuple) else found
    np.testing.assert_allclose(found.numpy(), module(x).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_what_was_read_trains_as_in_pytorch(tmp_path):
    module, x = exported("LSTM tagger", tmp_path / "model.onnx")
    model = tg.onnx.load(tmp_path / "model.onnx")
    loss = (model(x.numpy()) ** 2).sum()
    loss.backward()
    (module(x) ** 2).sum().backward()
    table = next(p for _, p in model.named_parameters() if p.shape == (11, 6))
    np.testing.assert_allclose(table.grad.numpy(), module.table.weight.grad.numpy(), rtol=1e-4, atol=1e-6)
    assert all(p.grad is not None for p in model.parameters() if p.size > 100)
    tg.optim.SGD(list(model.parameters()), lr=1e-4).step()
    assert (model(x.numpy()) ** 2).sum().item() < loss.item()


def test_what_was_read_is_drawn_and_explored(tmp_path):
    _, x = exported("classifier", tmp_path / "model.onnx")
    model = tg.onnx.load(tmp_path / "model.onnx")
    loss = (model(x.numpy()) ** 2).sum().named("L")
    assert tg.draw(loss).svg.startswith("<svg")
    assert tg.explore(loss, tmp_path / "page.html").stat().st_size > 10_000
    assert " → " in repr(model)


def test_operators_that_are_missing_are_named_all_at_once(tmp_path):
    helper, F = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [helper.make_node("Det", ["x"], ["a"]), helper.make_node("NonZero", ["x"], ["b"])]
    outs = [
        helper.make_tensor_value_info("a", F, []),
        helper.make_tensor_value_info("b", onnx.TensorProto.INT64, [2, None]),
    ]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", F, [2, 2])], outs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "m.onnx")
    with pytest.raises(ArgumentError, match="operators that are not known here: Det, NonZero"):
        tg.onnx.load(tmp_path / "m.onnx")


def test_files_that_are_none(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"not a model")
    with pytest.raises(FileFormatError, match=r"no.onnx is no ONNX model"):
        tg.onnx.load(tmp_path / "no.onnx")
    with pytest.raises(FileNotFoundError):
        tg.onnx.load(tmp_path / "absent.onnx")


def test_inputs_by_name_and_what_is_wrong_with_them(tmp_path):
    tg.onnx.save(tg.nn.GRU(3, 4), tmp_path / "gru.onnx")
    model = tg.onnx.load(tmp_path / "gru.onnx")
    x, h = np.ones((2, 1, 3), np.float32), np.zeros((1, 1, 4), np.float32)
    np.testing.assert_array_equal(model(x, h)[0].numpy(), model(h_in=h, x=x)[0].numpy())
    with pytest.raises(ArgumentError, match="input h_in is not given"):
        model(x)
    with pytest.raises(ArgumentError, match="inputs are x, h_in"):
        model(x, h, h)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_modules_of_pytorch_are_taken(kind):
    module = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(2, 5, 3)
    found = tg.nn.from_torch(module)(x.numpy())[0]
    np.testing.assert_allclose(found.numpy(), module(x)[0].detach().numpy(), rtol=1e-5, atol=1e-6)
    assert type(tg.nn.from_torch(getattr(nn, f"{kind}Cell")(3, 4))).__name__ == f"{kind}Cell"


def test_sequences_of_modules_of_pytorch_are_taken():
    module = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2, bias=False)).eval()
    x = torch.randint(7, (5,))
    found = tg.nn.from_torch(module)(x.numpy())
    np.testing.assert_allclose(found.numpy(), module(x).detach().numpy(), rtol=1e-6, atol=1e-6)


def test_other_modules_are_named_and_half_precision_is_widened():
    with pytest.raises(ArgumentError, match=r"Conv1d is none of .*state_dict\(\)"):
        tg.nn.from_torch(nn.Conv1d(2, 3, 1))
    with pytest.raises(ArgumentError, match=r"expected a PyTorch module or a state_dict of one, got int"):
        tg.nn.from_torch(3)
    with pytest.warns(UserWarning, match="bfloat16 is widened to float32"):
        layer = tg.nn.from_torch(nn.GRU(3, 4).bfloat16())
    assert layer.weight_ih_l0.dtype == np.float32


@pytest.mark.parametrize(("name", "says"), [("a.pt", "torch.save"), ("a.h5", "to_keras"), ("a.onnx", "tg.onnx.save")])
def test_save_refuses_the_suffix_of_another_format(tmp_path, name, says):
    with pytest.raises(ArgumentError, match=f"writes safetensors, and .*{name}.*{says}"):
        tg.save(tg.nn.Linear(2, 3), tmp_path / name)
    assert not list(tmp_path.iterdir())
