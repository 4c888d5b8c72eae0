"""`RNN`, `GRU`, `LSTM` and `Recurrent` against PyTorch, and against the same cells unrolled."""

from __future__ import annotations

import copy
import os
from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

T, B, D, H = 5, 3, 6, 3  # D = 2 H: both layers of two directions are one program
OPTIONS = [
    {},
    {"bidirectional": True},
    {"num_layers": 2, "bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"nonlinearity": "relu", "batch_first": True},
    {"proj_size": 2, "bidirectional": True},
    {"proj_size": 1, "num_layers": 2, "bias": False, "batch_first": True},
]
GRID = [
    (kind, options)
    for kind, options in product(("RNN", "GRU", "LSTM"), OPTIONS)
    if ("proj_size" not in options or kind == "LSTM") and ("nonlinearity" not in options or kind == "RNN")
]
# Programs of second derivatives take long to compile; so those with lengths, and without a bias, are few.
DOUBLE_WITH_LENGTHS = [("RNN", OPTIONS[0]), ("LSTM", OPTIONS[3]), ("GRU", OPTIONS[1])]
LONG = [(kind, options) for kind, options in GRID if kind != "RNN" and "bias" in options]
DOUBLE = [pytest.param(*point, None, marks=pytest.mark.slow if point in LONG else []) for point in GRID]


def flat(state: Any) -> list[Any]:
    return list(state) if isinstance(state, tuple) else [state]


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("lengths", [None, [5, 2, 4]], ids=["whole", "lengths"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "options"), GRID, ids=str)
def test_results_and_all_gradients_equal_pytorchs(kind: str, options: dict, dtype: str, lengths: Any) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(D, H, dtype=getattr(torch, dtype), **options)
    ours = getattr(tg.nn, kind)(D, H, dtype=dtype, **options)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    shapes = [(rows, B, options.get("proj_size", H)), (rows, B, H)][: 2 if kind == "LSTM" else 1]
    x = random.normal(size=(B, T, D) if options.get("batch_first") else (T, B, D)).astype(dtype)
    for initial in ([], [random.normal(size=shape).astype(dtype) for shape in shapes]):  # without a state, and with one
        assert_as_pytorch(ours, theirs, x, initial, lengths)


def assert_as_pytorch(ours: Any, theirs: Any, x: np.ndarray, initial: list[np.ndarray], lengths: Any) -> None:
    import torch

    random, dtype = np.random.default_rng(1), x.dtype
    batch_first, kind = ours.batch_first, type(ours).__name__
    ours.zero_grad()
    theirs.zero_grad()
    xs, xt = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
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
    weight = random.normal(size=y.shape).astype(dtype)
    ((y * weight).sum() + sum((s * s).sum() for s in flat(final))).backward()
    ((yt * torch.tensor(weight)).sum() + sum((s * s).sum() for s in flat(final_t))).backward()
    pairs = [(y, yt), (xs.grad, xt.grad), *zip(flat(final), flat(final_t), strict=True)]
    pairs += [(a.grad, b.grad) for a, b in zip(mine, yours, strict=True)]
    pairs += [(p.grad, q.grad) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)]
    for a, b in pairs:
        a, b = a.numpy(), b.detach().numpy()
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        tolerance = (1e-5 if dtype == np.float32 else 1e-10) * max(1.0, abs(b).max())
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("kind", "options", "lengths"),
    [*DOUBLE, *[(*point, [5, 2, 4]) for point in DOUBLE_WITH_LENGTHS]],
    ids=str,
)
def test_double_backward_equals_pytorchs(kind: str, options: dict, lengths: Any) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(D, H, dtype=torch.float64, **options)
    ours = getattr(tg.nn, kind)(D, H, dtype=np.float64, **options)
    ours.load_state_dict(theirs.state_dict())
    batch_first = options.get("batch_first", False)
    x = np.random.default_rng(0).normal(size=(B, T, D) if batch_first else (T, B, D))
    xs, xt = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    leaves = [xs, *ours.parameters()]
    (ours(xs, lengths=lengths)[0] ** 2).sum().backward(create_graph=True)
    firsts = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    sum((g * g).sum() for g in firsts).backward()
    if lengths is None:
        yt, _ = theirs(xt)
    else:
        packing = torch.nn.utils.rnn
        packed = packing.pack_padded_sequence(xt, torch.tensor(lengths), batch_first=batch_first, enforce_sorted=False)
        yt, _ = packing.pad_packed_sequence(theirs(packed)[0], batch_first=batch_first, total_length=T)
    leaves_t = [xt, *theirs.parameters()]
    firsts_t = torch.autograd.grad((yt**2).sum(), leaves_t, create_graph=True)
    seconds = torch.autograd.grad(sum((g * g).sum() for g in firsts_t), leaves_t)
    for a, b in zip(leaves, seconds, strict=True):
        b = b.numpy()
        np.testing.assert_allclose(a.grad.numpy(), b, rtol=0, atol=1e-10 * max(1.0, abs(b).max()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_layer_equals_its_cell_unrolled(kind: str, dtype: Any) -> None:
    cell = getattr(tg.nn, f"{kind}Cell")(D, H, dtype=dtype, generator=np.random.default_rng(0))
    x = np.random.default_rng(0).normal(size=(T, B, D)).astype(dtype)
    results = []
    for run in (tg.unroll, tg.nn.Recurrent(cell)):
        args = (cell, x) if run is tg.unroll else (x,)
        cell.zero_grad()
        y, final = run(*args)
        ((y * y).sum() + sum((s * s).sum() for s in flat(final))).backward()
        results.append([y.numpy(), *[s.numpy() for s in flat(final)], *[p.grad.numpy() for p in cell.parameters()]])
    for a, b in zip(*results, strict=True):
        tolerance = (1e-5 if dtype == np.float32 else 1e-12) * max(1.0, abs(b).max())
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


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


def test_the_units_that_drop_are_drawn_anew_between_layers() -> None:
    layer = tg.nn.GRU(D, H, num_layers=2, dropout=0.5, dtype=np.float64, generator=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(T, B, D))
    first, second = (tg.nn.GRU(size, H, dtype=np.float64) for size in (D, H))
    for k, alone in enumerate((first, second)):
        alone.load_state_dict({n[:-1] + "0": p for n, p in layer.state_dict().items() if n.endswith(str(k))})
    layer.generator = np.random.default_rng(5)
    y, h = layer(x)
    dropped = tg.dropout(first(x)[0], 0.5, generator=np.random.default_rng(5))
    expected, h_last = second(dropped)
    np.testing.assert_array_equal(y.numpy(), expected.numpy())
    np.testing.assert_array_equal(h.numpy()[1], h_last.numpy()[0])


def test_a_parameter_in_the_place_of_another_is_used_and_copies_are_apart() -> None:
    layer = tg.nn.LSTM(D, H, dtype=np.float64, bidirectional=True)
    x = np.random.default_rng(1).normal(size=(T, B, D))
    before = layer(x)[0].numpy()
    other = copy.deepcopy(layer)
    other.weight_hh_l0_reverse = tg.nn.Parameter(np.zeros((4 * H, H)))
    fresh = tg.nn.LSTM(D, H, dtype=np.float64, bidirectional=True)
    fresh.load_state_dict(other.state_dict())
    outputs = other(x)[0]
    np.testing.assert_array_equal(outputs.numpy(), fresh(x)[0].numpy())
    outputs.sum().backward()
    assert other.weight_hh_l0_reverse.grad is not None
    assert layer.weight_hh_l0.grad is None
    assert (outputs.numpy()[:, :, :H] == before[:, :, :H]).all()
    assert (outputs.numpy()[:, :, H:] != before[:, :, H:]).any()
    assert (layer(x)[0].numpy() == before).all()


def test_parameters_that_ask_for_no_gradient_get_none_and_may_ask_again() -> None:
    layer = tg.nn.GRU(D, H, dtype=np.float64)
    x = np.random.default_rng(1).normal(size=(T, B, D))
    layer.weight_hh_l0.requires_grad_(False)
    layer(x)[0].sum().backward()
    assert layer.weight_hh_l0.grad is None
    kept = layer.weight_ih_l0.grad.numpy()
    layer.weight_hh_l0.requires_grad_()
    layer.zero_grad()
    layer(x)[0].sum().backward()
    assert layer.weight_hh_l0.grad is not None
    np.testing.assert_allclose(layer.weight_ih_l0.grad.numpy(), kept, atol=1e-12)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [5, 2, 4]], ids=["whole", "lengths"])
def test_recurrent_runs_cells_one_upon_another(lengths: Any, reverse: bool, batch_first: bool) -> None:
    cells = [tg.nn.LSTMCell(D, H, dtype=np.float64), tg.nn.GRUCell(H, H, dtype=np.float64)]
    layer = tg.nn.Recurrent(cells, batch_first=batch_first, reverse=reverse)
    random = np.random.default_rng(1)
    x = random.normal(size=(T, B, D))
    states = [tuple(random.normal(size=(2, B, H))), random.normal(size=(B, H))]
    y, (s0, s1) = layer(x.transpose(1, 0, 2) if batch_first else x, states, lengths)
    middle, e0 = tg.scan(cells[0], x, states[0], reverse=reverse, lengths=lengths)
    expected, e1 = tg.scan(cells[1], middle, states[1], reverse=reverse, lengths=lengths)
    np.testing.assert_array_equal(y.numpy(), expected.numpy().transpose(1, 0, 2) if batch_first else expected.numpy())
    for a, b in zip([*s0, s1], [*e0, e1], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert len(layer.parameters()) == 8
    with pytest.raises(ValueError, match="2 cells, but 1 states"):
        layer(x.transpose(1, 0, 2) if batch_first else x, states[:1])


def test_recurrent_without_a_batch_axis() -> None:
    layer = tg.nn.Recurrent(tg.nn.LSTMCell(D, H))
    x, state = np.ones((T, D), np.float32), np.full((2, H), 0.5, np.float32)
    y, (h, c) = layer(x, tuple(state))
    batched, (h1, c1) = layer(x[:, None], tuple(state[:, None]))
    for a, b in ((y, batched[:, 0]), (h, h1[0]), (c, c1[0])):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


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
