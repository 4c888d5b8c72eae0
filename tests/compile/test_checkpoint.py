"""Checkpointed scans: the same results and gradients, with much less kept between the passes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numba.core import config
from own_cells import PeepholeLSTM

import tinygrad_rnn as tg
from tinygrad_rnn.compile import segments

B, D, H = 3, 6, 3  # programs of `test_compile_scan_equal`
MAKERS = [
    lambda: tg.nn.LSTMCell(D, H, dtype=np.float64),
    lambda: tg.nn.GRUCell(D, H, dtype=np.float64),
    lambda: PeepholeLSTM(3, 5, np.float64),
]


def gradients(cell: Any, steps: int, **options: Any) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    xs = tg.tensor(random.normal(size=(steps, B, cell.input_size)), requires_grad=True)
    state = cell.initial_state(B)
    parts = list(state) if isinstance(state, tuple) else [state]
    parts = [tg.tensor(random.normal(size=s.shape), requires_grad=True) for s in parts]
    outputs, final = tg.scan(cell, xs, tuple(parts) if isinstance(state, tuple) else parts[0], **options)
    finals = list(final) if isinstance(final, tuple) else [final]
    loss = sum([(tg.tensor(random.normal(size=y.shape)) * y).sum() for y in [outputs, *finals]])
    leaves = [xs, *parts, *cell.parameters()]
    for leaf in leaves:
        leaf.grad = None
    loss.backward()
    return [outputs.numpy(), *[f.numpy() for f in finals], *[leaf.grad.numpy() for leaf in leaves]]


@pytest.mark.parametrize("make", MAKERS, ids=["LSTM", "GRU", "own"])
@pytest.mark.parametrize(
    "options", [{}, {"reverse": True}, {"lengths": [7, 2, 0]}, {"reverse": True, "lengths": [7, 2, 5]}]
)
@pytest.mark.parametrize("checkpoint", ["sqrt", 1, 3, 7, 100])
def test_gradients_are_the_same(
    make: Any, options: dict[str, Any], checkpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SMALL", 0)
    monkeypatch.setattr(segments, "WHOLE", 0)
    cell = make()
    whole = gradients(cell, 7, **options)
    for a, b in zip(whole, gradients(cell, 7, checkpoint=checkpoint, **options), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.skipif(config.DISABLE_JIT, reason="the plain engine keeps everything")
def test_what_is_kept_grows_as_the_square_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "WHOLE", 0)
    kept = {}
    for checkpoint in (None, "sqrt"):
        for steps in (100, 1600):
            xs = tg.tensor(np.ones((steps, B, D), np.float32), requires_grad=True)
            cell = tg.nn.LSTMCell(D, 16)
            tg.scan(cell, xs, checkpoint=checkpoint)  # whatever is made once, the first time in a process
            tracemalloc.start()
            outputs, _ = tg.scan(cell, xs, checkpoint=checkpoint)
            kept[checkpoint, steps] = tracemalloc.get_traced_memory()[0] - outputs.numpy().nbytes
            tracemalloc.stop()
    assert kept[None, 1600] > 8 * kept[None, 100]
    assert kept["sqrt", 1600] < 6 * kept["sqrt", 100]
    assert kept["sqrt", 1600] < 0.1 * kept[None, 1600]


@pytest.mark.skipif(config.DISABLE_JIT, reason="the plain engine keeps everything")
def test_a_sequence_that_keeps_little_is_not_cut() -> None:
    recurrence = tg.compile(tg.nn.LSTMCell(D, 16), np.ones((2, B, D), np.float32)).recurrence
    assert segments.segment_length("sqrt", recurrence, 100, B) is None
    assert segments.segment_length(100, recurrence, 100, B) is None
    assert segments.segment_length(99, recurrence, 100, B) == 99
    assert (segments.segment_length("sqrt", recurrence, 10**6, B) or 0) >= 1000


def test_a_layer_passes_it_on_and_no_steps_are_fine() -> None:
    layer = tg.nn.LSTM(D, H, num_layers=2, bidirectional=True)
    xs = np.random.default_rng(0).normal(size=(9, B, D)).astype(np.float32)
    np.testing.assert_allclose(layer(xs)[0].numpy(), layer(xs, checkpoint="sqrt")[0].numpy(), rtol=1e-6)
    if not config.DISABLE_JIT:
        outputs, _ = layer(tg.tensor(xs[:0], requires_grad=True), checkpoint="sqrt")
        outputs.sum().backward()
        assert outputs.shape == (0, B, 2 * H)


@pytest.mark.parametrize("checkpoint", ["root", 0, -1, 2.5, True])
def test_what_is_no_length_is_refused(checkpoint: Any) -> None:
    with pytest.raises(
        tg.core.errors.ArgumentError, match=r'scan: checkpoint must be "sqrt" or a number of steps of at least 1'
    ):
        tg.scan(tg.nn.RNNCell(D, H), np.ones((3, B, D), np.float32), checkpoint=checkpoint)
