"""Learned initial states; zoneout, recurrent and variational dropout: values, gradients, new masks at every call."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from cell_cases import make, parts_of
from naive.cell_steps import STEPS, Packed, sigmoid

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DeclarationError
from tinygrad_rnn.nn import LearnedInitialState, RecurrentDropout, VariationalDropout, Zoneout

T, B, D, H = 5, 3, 3, 4
xs = np.random.default_rng(1).normal(size=(T, B, D))
DROPPING = [Zoneout, RecurrentDropout, VariationalDropout]
DROPS = pytest.mark.parametrize("kind", DROPPING, ids=lambda kind: kind.__name__)
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("mgu", "article-forget")]
CELLS = pytest.mark.parametrize("name", ["lstm", "gru", "slstm", *LONG])


def wrapped(kind: Any, name: str = "lstm", p: float = 0.4, seed: int = 7) -> Any:
    return kind(make(name), p, generator=np.random.default_rng(seed))


def results(run: Any, cell: Any, given: Any, state: Any) -> list[Any]:
    cell.zero_grad()
    x = tg.tensor(given, requires_grad=True)
    outputs, final = run(cell, x, state)
    inner = final[0] if isinstance(cell, VariationalDropout) else final
    ((outputs**2).sum() + sum((s**2).sum() for s in parts_of(inner))).backward()
    return [outputs, *parts_of(inner), x.grad, *[p.grad for p in cell.parameters()]]


@DROPS
@CELLS
def test_compiled_equals_unrolled_with_the_same_masks(kind: Any, name: str) -> None:
    cell = wrapped(kind, name)
    given, state = cell.prepared(tg.tensor(xs)).numpy(), cell.initial_state(B)
    for a, b in zip(results(tg.scan, cell, given, state), results(tg.unroll, cell, given, state), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-11)


@DROPS
def test_a_compiled_layer_draws_new_masks_at_every_call_and_a_seed_repeats_them(kind: Any) -> None:
    layer = tg.nn.Recurrent(wrapped(kind))
    first, second = layer(xs)[0].numpy(), layer(xs)[0].numpy()
    assert abs(first - second).max() > 1e-3
    again = tg.nn.Recurrent(wrapped(kind))
    np.testing.assert_array_equal(again(xs)[0].numpy(), first)  # traced anew, and drawn from all the same
    np.testing.assert_array_equal(again(xs)[0].numpy(), second)


@DROPS
def test_unrolled_by_hand_it_draws_too(kind: Any) -> None:
    cell = wrapped(kind)
    first, second = tg.unroll(cell, xs)[0].numpy(), tg.unroll(cell, xs)[0].numpy()
    assert abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(tg.unroll(wrapped(kind), xs)[0].numpy(), first)


@DROPS
def test_in_evaluation_it_is_deterministic(kind: Any) -> None:
    cell, plain = wrapped(kind).eval(), make("lstm")
    outputs, _ = tg.nn.Recurrent(cell)(xs)
    np.testing.assert_array_equal(tg.nn.Recurrent(cell)(xs)[0].numpy(), outputs.numpy())
    if kind is Zoneout:
        p, (h, c) = {n: q.numpy() for n, q in plain.named_parameters()}, (np.zeros((B, H)),) * 2
        for t in range(T):
            _, (h_new, c_new) = STEPS["lstm"](p, xs[t], h, c)
            h, c = 0.4 * h + 0.6 * h_new, 0.4 * c + 0.6 * c_new
            np.testing.assert_allclose(outputs.numpy()[t], h, rtol=1e-10)
    else:
        np.testing.assert_allclose(outputs.numpy(), tg.unroll(plain, xs)[0].numpy(), rtol=1e-10)


def test_zoneout_keeps_some_units_and_lets_others_go() -> None:
    cell = wrapped(Zoneout)
    given = cell.prepared(tg.tensor(xs)).numpy()
    outputs, _ = tg.scan(cell, given)
    p, (h, c) = {n: q.numpy() for n, q in make("lstm").named_parameters()}, (np.zeros((B, H)),) * 2
    for t in range(T):
        new = given[t, :, D:] > 0
        _, (h_new, c_new) = STEPS["lstm"](p, xs[t], h, c)
        h, c = np.where(new[:, :H], h_new, h), np.where(new[:, H:], c_new, c)
        np.testing.assert_allclose(outputs.numpy()[t], h, rtol=1e-10, atol=1e-14)


def test_recurrent_dropout_loses_no_memory() -> None:
    cell = wrapped(RecurrentDropout)
    given = cell.prepared(tg.tensor(xs)).numpy()
    _, (_, c_end) = tg.scan(cell, given)
    p, (h, c) = {n: q.numpy() for n, q in make("lstm").named_parameters()}, (np.zeros((B, H)),) * 2
    for t in range(T):
        z = Packed(p, 4)
        i, f, o = (sigmoid(z(k, xs[t], h)) for k in (0, 1, 3))
        c = f * c + i * given[t, :, D:] * np.tanh(z(2, xs[t], h))
        h = o * np.tanh(c)
    assert set(np.unique(given[:, :, D:])) == {0.0, 1 / 0.6}
    np.testing.assert_allclose(c_end.numpy(), c, rtol=1e-10)


def test_variational_dropout_has_one_mask_for_all_steps_which_a_carried_state_keeps() -> None:
    cell = wrapped(VariationalDropout)
    (_, m_x, m_h) = state = cell.initial_state(B)
    outputs, carried = tg.scan(cell, xs, state)
    p, (h, c) = {n: q.numpy() for n, q in make("lstm").named_parameters()}, (np.zeros((B, H)),) * 2
    for t in range(T):
        _, (h, c) = STEPS["lstm"](p, xs[t] * m_x.numpy(), h * m_h.numpy(), c)
        np.testing.assert_allclose(outputs.numpy()[t], h, rtol=1e-10)
    np.testing.assert_array_equal(carried[1].numpy(), m_x.numpy())
    again, _ = tg.scan(cell, xs, carried)
    assert abs(again.numpy() - outputs.numpy()).max() > 1e-3


def test_a_gru_gives_on_what_its_recurrent_mask_hides() -> None:
    """z ⊙ h′ is not masked: dividing it by 1 − p at every step would make it grow without bound."""
    cell = VariationalDropout(make("gru"), 0.0, recurrent=0.5, generator=np.random.default_rng(0))
    assert abs(tg.unroll(cell, np.ones((200, 1, D)))[0].numpy()).max() <= 1


@CELLS
def test_the_gradient_reaches_a_learned_initial_state(name: str) -> None:
    cell, found = LearnedInitialState(make(name)), []
    for run in (tg.scan, tg.unroll):
        cell.zero_grad()
        (run(cell, xs)[0] ** 2).sum().backward()
        found.append([p.grad for p in cell.parameters()])
    for (parameter, a), b in zip(cell.named_parameters(), found[1], strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.numpy(), rtol=1e-9, atol=1e-11, err_msg=parameter)
    states = [tg.tensor(s.numpy(), requires_grad=True) for s in parts_of(cell.cell.initial_state(B))]
    (tg.unroll(cell.cell, xs, tuple(states) if len(states) > 1 else states[0])[0] ** 2).sum().backward()
    for k, state in enumerate(states):
        expected = state.grad.numpy().sum(axis=0)
        np.testing.assert_allclose(getattr(cell, f"initial_state_{k}").grad.numpy(), expected, rtol=1e-9, atol=1e-11)


def test_a_learned_initial_state_learns_saves_and_goes_with_the_others() -> None:
    cell = LearnedInitialState(Zoneout(make("gru"), 0.2, generator=np.random.default_rng(0)))
    assert {"cell.cell.weight_ih", "cell.cell.bias_hh", "initial_state_0"} < set(cell.state_dict())
    layer, optimizer = tg.nn.Recurrent(cell), tg.optim.SGD(cell.parameters(), lr=0.1)
    layer(xs)[0].sum().backward()
    optimizer.step()
    assert cell.initial_state_0.numpy().all()
    _, masked, _ = VariationalDropout(LearnedInitialState(make("gru")), 0.5).initial_state(B)
    assert masked.shape == (B, D)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: Zoneout(make("gru"), 1.0), ArgumentError, "Zoneout: p must be at least 0 and below 1, got 1.0"),
        (lambda: Zoneout("gru"), ArgumentError, "Zoneout: expected a cell, got str"),
        (lambda: Zoneout(Zoneout(make("gru"))), ArgumentError, "cannot go around a Zoneout"),
        (lambda: LearnedInitialState(VariationalDropout(make("gru"))), ArgumentError, "put it inside"),
        (lambda: tg.unroll(RecurrentDropout(make("co-rnn")), xs), DeclarationError, "CoRNNCell.* has no candidate"),
        (lambda: tg.unroll(VariationalDropout(make("ind-rnn")), xs), DeclarationError, "no packed recurrent weights"),
        (lambda: tg.unroll(VariationalDropout(make("delayed-rnn")), xs), DeclarationError, "no packed recurrent weig"),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="without a compiler all cells are slow, and none says so")
def test_scan_without_masks_beside_x_says_that_it_is_slow() -> None:
    with pytest.warns(tg.UncompiledWarning, match="dropout_mask"):
        tg.scan(wrapped(Zoneout), xs)
