"""Flax's and Equinox's cells: what their weights are is stated here; the live frameworks are asked where they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DTypeError, ShapeError

D, H, B, T = 3, 5, 2, 4
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KIND = pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])


def ours(kind: str, dtype: Any = np.float64) -> Any:
    return getattr(tg.nn, f"{kind.upper()}Cell")(D, H, dtype=dtype, generator=np.random.default_rng(1))


def xs(dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(T, B, D)).astype(dtype)


def same(a: Any, b: Any, dtype: Any = np.float64) -> None:
    found, expected = (tg.unroll(c, xs(dtype))[0].numpy() for c in (a, b))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == np.float32 else 1e-14)


@DTYPE
@KIND
def test_there_and_back(kind: str, dtype: Any) -> None:
    cell = ours(kind, dtype)
    given = tg.nn.to_flax(cell)
    same(tg.nn.from_flax({"params": given}), cell, dtype)
    same(tg.nn.from_flax({"if_" if n == "if" else n: p for n, p in given.items()}, kind), cell, dtype)
    np.testing.assert_equal(tg.nn.to_flax(tg.nn.from_flax(given, kind=kind)), given)
    if kind != "gru":
        same(tg.nn.from_flax(tg.nn.to_flax(cell, packed=True)), cell, dtype)
    if kind != "rnn":
        arrays = tg.nn.to_equinox(cell)
        same(tg.nn.from_equinox(arrays), cell, dtype)
        np.testing.assert_equal(tg.nn.to_equinox(tg.nn.from_equinox(arrays, kind)), arrays)


@DTYPE
@KIND
def test_live_flax_says_the_same(kind: str, dtype: Any) -> None:
    linen = pytest.importorskip("flax.linen")
    import jax

    jax.config.update("jax_enable_x64", True)
    theirs = getattr(linen, {"rnn": "SimpleCell", "gru": "GRUCell", "lstm": "LSTMCell"}[kind])(H, param_dtype=dtype)
    cell = ours(kind, dtype)
    carry = theirs.initialize_carry(jax.random.PRNGKey(0), (B, D))
    carry = jax.tree.map(lambda x: x.astype(dtype), carry)
    parameters = jax.tree.map(np.asarray, theirs.init(jax.random.PRNGKey(0), carry, xs(dtype)[0]))
    for made, tree in ((cell, {"params": tg.nn.to_flax(cell)}), (tg.nn.from_flax(parameters), parameters)):
        state = carry
        ys = []
        for x in xs(dtype):
            state, y = theirs.apply(tree, state, x)
            ys.append(np.asarray(y))
        close = 2e-6 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose(tg.unroll(made, xs(dtype))[0].numpy(), np.stack(ys), atol=close)


@KIND
def test_live_nnx_says_the_same(kind: str) -> None:
    nnx = pytest.importorskip("flax.nnx")
    name = {"rnn": "SimpleCell", "gru": "GRUCell", "lstm": "OptimizedLSTMCell"}[kind]
    theirs = getattr(nnx, name)(D, H, rngs=nnx.Rngs(0))
    cell = tg.nn.from_flax(nnx.to_pure_dict(nnx.state(theirs, nnx.Param)), kind)
    zero = np.zeros((B, H), np.float32)
    state, ys = (zero, zero) if kind == "lstm" else zero, []
    for x in xs(np.float32):
        state, y = theirs(state, x)
        ys.append(np.asarray(y))
    np.testing.assert_allclose(tg.unroll(cell, xs(np.float32))[0].numpy(), np.stack(ys), atol=2e-6)


@DTYPE
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_live_equinox_says_the_same(kind: str, bias: bool, dtype: Any) -> None:
    eqx = pytest.importorskip("equinox")
    import jax

    jax.config.update("jax_enable_x64", True)
    theirs = getattr(eqx.nn, f"{kind.upper()}Cell")(D, H, bias, dtype=dtype, key=jax.random.PRNGKey(0))
    cell = tg.nn.from_equinox(theirs, kind)
    rows = []
    for row in xs(dtype).transpose(1, 0, 2):
        zero = np.zeros(H, dtype)
        state, ys = (zero, zero) if kind == "lstm" else zero, []
        for x in row:
            state = theirs(x, state)
            ys.append(np.asarray(state[0] if kind == "lstm" else state))
        rows.append(ys)
    close = 2e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(tg.unroll(cell, xs(dtype))[0].numpy(), np.stack(rows, axis=1), atol=close)
    np.testing.assert_equal(
        tg.nn.to_equinox(cell), {n: np.asarray(x) for n in ("weight_ih", "weight_hh", "bias", "bias_n")
                                 if (x := getattr(theirs, n, None)) is not None},
    )  # fmt: skip


FLAX = tg.nn.to_flax(ours("lstm"))
EQUINOX = tg.nn.to_equinox(ours("gru"))


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: tg.nn.from_flax({"a": {}}), ArgumentError, "do not tell their kind"),
        (lambda: tg.nn.from_flax(FLAX, "gru"), ArgumentError, "kind is 'gru', but the weights are of 'lstm'"),
        (lambda: tg.nn.from_flax({"hi": FLAX["hi"]}), ArgumentError, "no kernel of ii, if, ig, io, hf, hg, ho"),
        (lambda: tg.nn.from_flax({**FLAX, "hx": FLAX["hi"]}), ArgumentError, "not known: hx"),
        (
            lambda: tg.nn.from_flax({**FLAX, "ii": {"kernel": np.zeros((D, 4))}}),
            ShapeError,
            r"ii.kernel is \(3, 4\), expected \(…, 5\)",
        ),
        (lambda: tg.nn.from_flax(FLAX, activation="relu"), ArgumentError, "activation is of kind 'rnn' alone"),
        (lambda: tg.nn.to_flax(ours("gru"), packed=True), ArgumentError, "packed GRU of nnx has no bias of h"),
        (lambda: tg.nn.to_flax(tg.nn.GRUCell(2, 3, reset_after=False)), ArgumentError, "no cell for GRUCell"),
        (lambda: tg.nn.from_equinox({}), ArgumentError, "there is no weight_ih, weight_hh in dict"),
        (lambda: tg.nn.from_equinox({**EQUINOX, "bias_n": None}), ArgumentError, "has bias_n too"),
        (lambda: tg.nn.from_equinox({**EQUINOX, "bias_n": np.zeros(2)}), ShapeError, r"bias_n is \(2,\)"),
        (lambda: tg.nn.from_equinox({**EQUINOX, "bias": np.zeros(15, "f")}), DTypeError, "bias is float32"),
        (lambda: tg.nn.to_equinox(ours("rnn")), ArgumentError, "Equinox has no cell for RNNCell"),
    ],
)
def test_errors(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use()
