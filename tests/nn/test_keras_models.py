"""Layers and models of Keras, live where it is installed; and its weights of many layers, by ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError

random = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def keras(monkeypatch: Any, tmp_path: Any) -> Any:
    pytest.importorskip("jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return pytest.importorskip("keras")


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_weights_of_layers_there_and_back(kind: str, both: bool) -> None:
    layer = getattr(tg.nn, kind.upper())(3, 5, 2, bidirectional=both, batch_first=True)
    weights = tg.nn.to_keras(layer)
    assert len(weights) == 3 * 2 * (1 + both)
    again = tg.nn.from_keras(weights, kind, bidirectional=both)
    x = random.normal(size=(2, 4, 3)).astype("f")
    assert type(again) is type(layer)
    np.testing.assert_allclose(again(x)[0].numpy(), layer(x)[0].numpy(), atol=1e-6)
    np.testing.assert_equal(tg.nn.to_keras(again), weights)


def test_layers_of_unlike_sizes_are_a_recurrent() -> None:
    cells = [tg.nn.GRUCell(3, 5, reset_after=False), tg.nn.GRUCell(5, 2, reset_after=False)]
    again = tg.nn.from_keras(tg.nn.to_keras(tg.nn.Recurrent(cells)))
    assert [(c.hidden_size, c.reset_after) for c in again.cells] == [(5, False), (2, False)]


def models(keras: Any) -> dict[str, Any]:
    of = keras.layers
    return {
        "tagger": ([of.Embedding(7, 3), of.Bidirectional(of.LSTM(5, return_sequences=True)), of.Dense(2)], True),
        "classifier": (
            [of.Embedding(7, 3), of.GRU(5, return_sequences=True), of.GRU(4, reset_after=False), of.Dropout(0.5),
             of.Dense(3, activation="softmax")], True),
        "both ways": ([of.Bidirectional(of.GRU(5)), of.Dense(1, use_bias=False), of.Activation("tanh")], False),
        "stack": ([of.RNN([of.LSTMCell(5), of.SimpleRNNCell(4, activation="relu")], return_sequences=True)], False),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["tagger", "classifier", "both ways", "stack"])
def test_live_models_say_the_same(name: str, dtype: str, keras: Any) -> None:
    if dtype == "float64":
        import jax

        jax.config.update("jax_enable_x64", True)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        layers, symbols = models(keras)[name]
        model = keras.Sequential(layers)
        x: Any = random.integers(7, size=(2, 4)) if symbols else random.normal(size=(2, 4, 3)).astype(dtype)
        expected = np.asarray(model(x))
        ours = tg.nn.from_keras(model).eval()
        assert all(p.dtype == dtype for p in ours.parameters())
        np.testing.assert_allclose(ours(x).numpy(), expected, rtol=2e-5, atol=2e-6)
        model.set_weights([w * 2 for w in tg.nn.to_keras(ours)])
        ours.load_state_dict({n: 2 * w for n, w in ours.state_dict().items()})
        np.testing.assert_allclose(ours(x).numpy(), np.asarray(model(x)), rtol=2e-5, atol=2e-6)
    finally:
        keras.config.set_dtype_policy(before)


def test_live_layers_and_what_has_no_counterpart(keras: Any) -> None:
    of = keras.layers
    x = random.normal(size=(2, 4, 3)).astype("f")
    layer = of.LSTM(5, return_sequences=True)
    with pytest.raises(ArgumentError, match="no weights yet; build it first"):
        tg.nn.from_keras(layer)
    expected = np.asarray(layer(x))
    np.testing.assert_allclose(tg.nn.from_keras(layer)(x)[0].numpy(), expected, atol=2e-6)
    for bad, message in (
        (of.LSTM(5, activation="relu"), "its activations are"),
        (of.GRU(5, go_backwards=True, name="backward_gru"), "go_backwards is not known"),
        (of.Bidirectional(of.LSTM(5), merge_mode="sum"), "merge_mode is concat, not 'sum'"),
        (of.Conv1D(2, 3), "Conv1D 'conv1d.*known are SimpleRNN"),
    ):
        bad(x)
        with pytest.raises(ArgumentError, match=message):
            tg.nn.from_keras(bad)
    dropping = of.LSTM(5, dropout=0.5)
    dropping(x)
    with pytest.warns(UserWarning, match="dropout inside lstm.* is left out"):
        tg.nn.from_keras(dropping)
