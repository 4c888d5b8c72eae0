"""What goes back to PyTorch is taken by `load_state_dict`, and computes the same there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError

torch = pytest.importorskip("torch")
random = np.random.default_rng(0)
CASES: dict[str, dict] = {
    "plain": {},
    "stacked, both ways": {"num_layers": 2, "bidirectional": True},
    "no bias": {"bias": False, "batch_first": True},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_layers(kind: str, options: dict, dtype: Any) -> None:
    ours = getattr(tg.nn, kind)(3, 5, dtype=dtype, generator=random, **options)
    theirs = getattr(torch.nn, kind)(3, 5, dtype=getattr(torch, np.dtype(dtype).name), **options)
    theirs.load_state_dict(tg.nn.to_torch(ours))
    x = random.normal(size=(4, 2, 3)).astype(dtype)
    close = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(ours(x)[0].numpy(), theirs(torch.from_numpy(x))[0].detach().numpy(), atol=close)
    again = tg.nn.from_torch(theirs.state_dict(), kind.lower(), batch_first=options.get("batch_first", False))
    np.testing.assert_equal(again.state_dict(), ours.state_dict())


class Theirs(torch.nn.Module):
    """A network's parts under their names."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.readout = torch.nn.Embedding(7, 3), torch.nn.Linear(5, 2)
        self.cells = torch.nn.ModuleList([torch.nn.GRUCell(3, 5), torch.nn.GRUCell(5, 5)])

    def forward(self, symbols: Any) -> Any:
        states, ys = [None, None], []
        for x in self.embedding(symbols):
            for k, cell in enumerate(self.cells):
                x = states[k] = cell(x, states[k])
            ys.append(self.readout(x))
        return torch.stack(ys)


def test_a_network() -> None:
    ours = tg.nn.Network([tg.nn.GRUCell(3, 5), tg.nn.GRUCell(5, 5)], outputs=2, symbols=7, generator=random)
    theirs = Theirs()
    theirs.load_state_dict(tg.nn.to_torch(ours))
    symbols = random.integers(7, size=(4, 2))
    expected = theirs(torch.from_numpy(symbols)).detach().numpy()
    np.testing.assert_allclose(ours(symbols)[0].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_in_a_row_there_and_back(dtype: Any) -> None:
    parts = torch.nn.Embedding(7, 3), torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2, bias=False)
    functions = torch.nn.ReLU(), torch.nn.Sigmoid(), torch.nn.Softplus(), torch.nn.GELU(), torch.nn.Dropout(0.5)
    theirs = torch.nn.Sequential(*parts, *functions).to(getattr(torch, np.dtype(dtype).name)).eval()
    ours = tg.nn.from_torch(theirs).eval()
    symbols = random.integers(7, size=(4, 2))
    expected = theirs(torch.from_numpy(symbols)).detach().numpy()
    assert ours(symbols).dtype == dtype
    np.testing.assert_allclose(ours(symbols).numpy(), expected, atol=1e-6 if dtype == np.float32 else 1e-13)
    back = tg.nn.to_torch(ours)
    for parameter in theirs.parameters():
        torch.nn.init.zeros_(parameter)
    theirs.load_state_dict(back)
    np.testing.assert_array_equal(theirs(torch.from_numpy(symbols)).detach().numpy(), expected)


def test_tensors_are_copies() -> None:
    layer = tg.nn.Linear(2, 3)
    before = layer.weight.numpy().copy()
    tg.nn.to_torch(layer)["weight"].zero_()
    np.testing.assert_array_equal(layer.weight.numpy(), before)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: tg.nn.to_torch(3), "expected a module, got int"),
        (lambda: tg.nn.to_torch(tg.nn.GRU(2, 3, reset_after=False)), "no GRU of reset_after=False"),
        (lambda: tg.nn.to_torch(tg.nn.RNNCell(2, 3, nonlinearity="sigmoid")), "RNN is of tanh or relu"),
        (lambda: tg.nn.from_torch({}, "encoder.lstm"), "a place in a model is prefix='encoder.lstm'"),
        (lambda: tg.nn.from_torch(tg.nn.GRUCell(2, 3).state_dict(), "lstm"), "kind is 'lstm', but .* of 'gru'"),
    ],
)
def test_errors(use: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        use()
