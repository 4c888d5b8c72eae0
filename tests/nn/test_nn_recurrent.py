"""`RNN`, `GRU`, `LSTM` and `Recurrent` against PyTorch, and against the same cells unrolled."""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

T, B, D, H = 5, 3, 4, 3
OPTIONS = [
    {},
    {"bidirectional": True},
    {"num_layers": 2, "bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
]


def flat(state: Any) -> list[Any]:
    return list(state) if isinstance(state, tuple) else [state]


@pytest.mark.parametrize("with_state", [False, True], ids=["zeros", "state"])
@pytest.mark.parametrize("lengths", [None, [5, 2, 4]], ids=["whole", "lengths"])
@pytest.mark.parametrize("options", [*OPTIONS, {"proj_size": 2, "bidirectional": True}], ids=str)
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_results_and_all_gradients_equal_pytorchs(kind: str, options: dict, lengths: Any, with_state: bool) -> None:
    torch = pytest.importorskip("torch")
    if "proj_size" in options and kind != "LSTM":
        pytest.skip("only the LSTM has projections")
    random = np.random.default_rng(0)
    theirs = getattr(torch.nn, kind)(D, H, dtype=torch.float64, **options)
    ours = getattr(tg.nn, kind)(D, H, dtype=np.float64, **options)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    batch_first = options.get("batch_first", False)
    x = random.normal(size=(B, T, D) if batch_first else (T, B, D))
    xs, xt = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    shapes = [(rows, B, options.get("proj_size", H)), (rows, B, H)][: 2 if kind == "LSTM" else 1]
    initial = [random.normal(size=shape) for shape in shapes] if with_state else []
    mine = [tg.tensor(s, requires_grad=True) for s in initial]
    yours = [torch.tensor(s, requires_grad=True) for s in initial]
    state = (tuple(mine) if kind == "LSTM" else mine[0]) if mine else None
    state_t = (tuple(yours) if kind == "LSTM" else yours[0]) if yours else None
    y, final = ours(xs, state, lengths)
    if lengths is None:
        yt, final_t = theirs(xt, state_t)
    else:
        packing = torch.nn.utils.rnn
        packed = packing.pack_padded_sequence(xt, torch.tensor(lengths), batch_first=batch_first, enforce_sorted=False)
        packed_y, final_t = theirs(packed, state_t)
        yt, _ = packing.pad_packed_sequence(packed_y, batch_first=batch_first, total_length=T)
    weight = random.normal(size=y.shape)
    ((y * weight).sum() + sum((s * s).sum() for s in flat(final))).backward()
    ((yt * torch.tensor(weight)).sum() + sum((s * s).sum() for s in flat(final_t))).backward()
    pairs = [(y, yt), (xs.grad, xt.grad), *zip(flat(final), flat(final_t), strict=True)]
    pairs += [(a.grad, b.grad) for a, b in zip(mine, yours, strict=True)]
    pairs += [(p.grad, q.grad) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_double_backward_equals_pytorchs(kind: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, kind)(D, H, dtype=torch.float64)
    ours = getattr(tg.nn, kind)(D, H, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(T, B, D))
    xs, xt = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    (ours(xs)[0] ** 2).sum().backward(create_graph=True)
    first = xs.grad
    for tensor in (xs, *ours.parameters()):
        tensor.grad = None
    (first**2).sum().backward()
    (first_t,) = torch.autograd.grad((theirs(xt)[0] ** 2).sum(), xt, create_graph=True)
    seconds = torch.autograd.grad((first_t**2).sum(), [xt, *theirs.parameters()])
    for a, b in zip([xs, *ours.parameters()], seconds, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.numpy(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_layer_equals_its_cell_unrolled(kind: str, dtype: Any) -> None:
    cell = getattr(tg.nn, f"{kind}Cell")(D, H, dtype=dtype)
    x = np.random.default_rng(0).normal(size=(T, B, D)).astype(dtype)
    results = []
    for run in (tg.unroll, tg.nn.Recurrent(cell)):
        args = (cell, x) if run is tg.unroll else (x,)
        cell.zero_grad()
        y, final = run(*args)
        ((y * y).sum() + sum((s * s).sum() for s in flat(final))).backward()
        results.append([y.numpy(), *[s.numpy() for s in flat(final)], *[p.grad.numpy() for p in cell.parameters()]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(
            a, b, rtol=1e-5 if dtype == np.float32 else 1e-11, atol=1e-6 if dtype == np.float32 else 1e-12
        )


@pytest.mark.parametrize(("steps", "batch", "size"), list(product((0, 1), (0, 1), (1, 33))))
def test_no_steps_one_step_no_rows_one_unit(steps: int, batch: int, size: int) -> None:
    if steps == 0 and "NUMBA_DISABLE_JIT" in os.environ:
        pytest.skip("op by op, a sequence without steps is refused")
    layer = tg.nn.LSTM(2, size)
    xs = tg.tensor(np.ones((steps, batch, 2), np.float32), requires_grad=True)
    y, (h, c) = layer(xs)
    assert y.shape == (steps, batch, size)
    assert h.shape == c.shape == (1, batch, size)
    (y.sum() + h.sum() + c.sum()).backward()
    assert xs.grad.shape == xs.shape
    assert all(p.grad.shape == p.shape for p in layer.parameters())


def test_strided_and_transposed_inputs_count_as_their_values() -> None:
    layer = tg.nn.GRU(D, H, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(2 * T, B, D))
    expected = layer(np.ascontiguousarray(x[::2]))[0].numpy()
    assert (layer(x[::2])[0].numpy() == expected).all()
    assert (layer(np.asfortranarray(x[::2]))[0].numpy() == expected).all()


def test_without_a_batch_axis() -> None:
    layer = tg.nn.LSTM(D, H, num_layers=2)
    x = np.random.default_rng(0).normal(size=(T, D)).astype(np.float32)
    y, (h, _) = layer(x)
    batched, (h_batched, _) = layer(x[:, None])
    assert (y.numpy() == batched.numpy()[:, 0]).all()
    assert (h.numpy() == h_batched.numpy()[:, 0]).all()


def test_dropout_acts_between_layers_in_training_only() -> None:
    layer = tg.nn.GRU(D, H, num_layers=2, dropout=0.5, generator=np.random.default_rng(0))
    x = np.ones((T, B, D), np.float32)
    assert (layer(x)[0].numpy() != layer(x)[0].numpy()).any()
    layer.eval()
    assert (layer(x)[0].numpy() == layer(x)[0].numpy()).all()
    with pytest.warns(UserWarning, match="num_layers=1 has none"):
        tg.nn.GRU(D, H, dropout=0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.nn.LSTM(4, 3)(np.ones((5, 2, 7), np.float32)), r"expected 4 features"),
        (lambda: tg.nn.LSTM(4, 3)(np.ones((5, 2, 4))), r"xs is float64, its parameters are float32"),
        (lambda: tg.nn.LSTM(4, 3)(np.ones(4, np.float32)), r"expected \(T, B, 4\)"),
        (lambda: tg.nn.LSTM(4, 3)(np.ones((5, 2, 4), np.float32), np.ones((1, 2, 3), np.float32)), r"tuple \(h, c\)"),
        (
            lambda: tg.nn.GRU(4, 3)(np.ones((5, 2, 4), np.float32), np.ones((1, 9, 3), np.float32)),
            r"expected \(1, 2, 3\)",
        ),
        (lambda: tg.nn.GRU(4, 3)(np.ones((5, 2, 4), np.float32), lengths=[5, 6]), r"whole numbers from 0 to 5"),
        (lambda: tg.nn.LSTM(4, 3, proj_size=3), r"proj_size"),
        (lambda: tg.nn.GRU(4, 3, dropout=1.5), r"dropout"),
        (lambda: tg.nn.Recurrent(3), r"expected a cell, got int"),
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
