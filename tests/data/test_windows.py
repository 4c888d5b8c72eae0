"""Windows, scales and sequences of different lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.data import Sequences, Standard, Windows, pad
from tinygrad_rnn.data.epochs import Epochs


def test_standard_is_fitted_on_what_it_is_given_and_undone() -> None:
    generator = np.random.default_rng(0)
    train, later = generator.normal(3, 5, (200, 2)), generator.normal(9, 1, (20, 2))
    scale = Standard.fit(train)
    np.testing.assert_allclose(scale.apply(train).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scale.apply(train).std(axis=0), 1)
    np.testing.assert_allclose(scale.apply(later), (later - train.mean(axis=0)) / train.std(axis=0))
    np.testing.assert_allclose(scale.undo(scale.apply(later)), later)


def test_a_constant_column_has_deviation_one() -> None:
    scale = Standard.fit(np.full((1000, 1), 0.1))  # whose computed deviation is not quite 0
    assert scale.deviation == 1
    np.testing.assert_allclose(scale.apply(np.array([[0.1], [1.1]])), [[0], [1]], atol=1e-12)


@given(st.floats(-300, 300), st.integers(0, 2**32 - 1), st.floats(-300, 308))
@settings(deadline=None)
def test_a_scale_is_right_or_refused_whatever_the_size_of_values(size: float, seed: int, place: float) -> None:
    values = 10.0**place + 10.0**size * np.random.default_rng(seed).normal(size=(20, 1))
    try:
        scale = Standard.fit(values, ["y"])
    except ArgumentError:
        with pytest.raises(ArgumentError, match=r"'y' cannot be brought to one scale|not a finite number"):
            Standard.fit(values, ["y"])
        return
    scaled = scale.apply(values)
    off = float(np.finfo(float).eps * np.abs(values).max() / scale.deviation[0])  # how exact the values are
    np.testing.assert_allclose(scaled.mean(), 0, atol=1e-12 + 8 * off)
    np.testing.assert_allclose(scaled.std(), 1 if np.ptp(values) else 0, atol=1e-12 + 8 * off)
    np.testing.assert_allclose(scale.undo(scaled), values)


@pytest.mark.parametrize("ahead", [1, 3])
def test_windows_and_what_follows(ahead: int) -> None:
    values, targets = np.arange(20.0), 100 + np.arange(20.0)
    source = Windows(values, targets, steps=5, size=4, ahead=ahead, shuffle=False)
    assert source.epoch == -(-(20 - 5 - ahead + 1) // 4)
    seen = []
    for k in range(source.epoch):
        batch = source.batch(k)
        np.testing.assert_array_equal(batch.targets, batch.inputs + 100 + ahead)
        np.testing.assert_array_equal(np.diff(batch.inputs[..., 0], axis=0), 1)
        seen += batch.inputs[0, :, 0].tolist()
    assert seen == list(range(20 - 5 - ahead + 1))
    assert batch.inputs.dtype == batch.targets.dtype == np.float32
    once = Windows(values, targets, 5, 4, ahead, at_end=True, shuffle=False, dtype=np.float64).batch(1)
    assert once.targets.shape == (4, 1)
    assert once.targets.dtype == np.float64
    np.testing.assert_array_equal(once.targets, once.inputs[-1] + 100 + ahead)


def test_windows_are_shuffled_anew_in_every_epoch_and_the_same_again() -> None:
    values = np.arange(31.0)[:, None]
    source, again = (Windows(values, values, 3, 8, seed=5) for _ in range(2))
    epochs = [
        [source.batch(k).inputs[0, :, 0] for k in range(e * source.epoch, (e + 1) * source.epoch)] for e in (0, 1)
    ]
    orders = [np.concatenate(epoch) for epoch in epochs]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(28))
    assert not np.array_equal(*orders)
    for k in (5, 0, 6, 3):  # in any order
        np.testing.assert_array_equal(again.batch(k).inputs[0, :, 0], epochs[k // 4][k % 4])


def test_a_stride() -> None:
    values = np.arange(10.0)
    batch = Windows(values, values, 4, 10, stride=3, shuffle=False).batch(0)
    assert batch.inputs[0, :, 0].tolist() == [0, 3]
    batch = Windows(values, values, 3, 10, stride=3, shuffle=False, known=-values).batch(0)
    assert batch.inputs[..., 1].T.tolist() == [[-1, -2, -3], [-4, -5, -6], [-7, -8, -9]]
    assert batch.inputs[0, :, 0].tolist() == [0, 3, 6]
    assert batch.targets[-1, -1] == 9


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.ones(5), {"steps": 5}, "the series has 5 rows; windows of 5 steps and a target 1 ahead need 6"),
        (np.ones(5), {"ahead": 0}, "ahead is a whole number of at least 1, got 0"),
        (np.ones(5), {"size": 0}, "size"),
        (np.array([1, np.inf, 2]), {}, "values: inf in row 1, column 0 is not a finite number of float32"),
        (np.array([[1, 2], [3, 1e39]]), {"steps": 1}, r"1e\+39 in row 1, column 1 is not a finite number of float32"),
        (np.array(["a"]), {}, "expected an array"),
        (np.ones((2, 2, 2)), {}, "expected an array"),
        (np.ones((0, 2)), {}, "expected an array"),
    ],
)
def test_windows_refused(values: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Windows(values, values, **({"steps": 2, "size": 1} | options))


def test_windows_of_targets_of_another_length() -> None:
    with pytest.raises(ArgumentError, match="5 rows of values, but 4 of targets"):
        Windows(np.ones(5), np.ones(4), 2, 1)
    with pytest.raises(ArgumentError, match="5 rows of values, but 6 of known"):
        Windows(np.ones(5), np.ones(5), 2, 1, known=np.ones(6))


def test_pad() -> None:
    padded, lengths = pad([[[1, 2]], np.array([[3, 4], [5, 6.5]])])
    assert lengths.tolist() == [1, 2]
    np.testing.assert_array_equal(padded, [[[1, 2], [3, 4]], [[0, 0], [5, 6.5]]])
    assert pad([[1, 2], [3]])[0].dtype == np.int64


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "at least one sequence"),
        ([[1], []], "sequence 1 has no steps"),
        ([3], "sequence 0 has no steps"),
        ([["a"]], "sequence 0: expected numbers"),
        ([[[1, 2]], [[1]]], r"steps of sequence 1 are \(1,\), those of sequence 0 \(2,\)"),
    ],
)
def test_pad_refuses(sequences: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        pad(sequences)


def test_sequences_to_sequences_of_symbols() -> None:
    inputs = [[0, 1, 2], [2], [1, 0]]
    source = Sequences(inputs, [[1, 1, 0], [1], [0, 0]], size=2, shuffle=False)
    assert (source.inputs, source.symbols, source.outputs, source.loss, source.at_end) == (
        3,
        True,
        2,
        "cross_entropy",
        False,
    )
    assert source.epoch == 2
    batch = source.batch(0)
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [3, 1]
    assert batch.inputs.T.tolist() == [[0, 1, 2], [2, 0, 0]]
    assert batch.targets.T.tolist() == [[1, 1, 0], [1, 0, 0]]
    assert source.batch(3).inputs.T.tolist() == [[1, 0]]  # the last of the second epoch
    assert Sequences(inputs, inputs, 2, vocabulary_size=9, classes=7).inputs == 9


def test_sequences_to_one() -> None:
    inputs = [np.ones((t, 2)) * t for t in (4, 1, 3)]
    classes = Sequences(inputs, [2, 0, 1], 3, at_end=True, shuffle=False)
    assert (classes.inputs, classes.symbols, classes.outputs, classes.loss) == (2, False, 3, "cross_entropy")
    assert classes.batch(0).targets.tolist() == [2, 0, 1]
    assert classes.batch(0).inputs.dtype == np.float32
    numbers = Sequences(inputs, [0.5, 1.5, 2.5], 3, at_end=True, shuffle=False)
    assert (numbers.outputs, numbers.loss) == (1, "mse")
    assert numbers.batch(0).targets.tolist() == [[0.5], [1.5], [2.5]]
    bits = Sequences(inputs, [[0, 1], [1, 1], [0, 0]], 3, at_end=True, loss="bce", shuffle=False)
    assert bits.outputs == 2
    assert bits.batch(0).targets.dtype == np.float32


def test_sequences_of_numbers_in_one_dimension() -> None:
    source = Sequences([[0.5, 1.0], [2.0]], [[1.0, 2.0], [3.0]], 2, shuffle=False)
    assert (source.inputs, source.outputs, source.symbols) == (1, 1, False)
    assert source.batch(0).targets[..., 0].T.tolist() == [[1, 2], [3, 0]]


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "message"),
    [
        ([], [], {}, "got 0 inputs, 0 targets"),
        ([[1]], [[1], [2]], {}, "got 1 inputs, 2 targets"),
        ([[1, 2], [1]], [[1, 2], [1, 2]], {}, "sequence 1 has 1 steps, and 2 targets"),
        ([[1, -2]], [[1, 2]], {}, "input 0 has -2; expected at least 0"),
        ([[1, 2]], [[1, 2]], {"classes": 2}, "target 0 has 2; expected 0 … 1"),
        ([[1, 2]], [[1, 2]], {"loss": "mae"}, "loss is 'mse'"),
        ([[1, 2]], [[1.5, 2]], {"loss": "cross_entropy"}, "target 0: classes are integers, not float64"),
        ([[1.0, np.nan]], [[1, 2]], {}, "input 0 has a number that is not finite"),
        ([[[1.0]], [[1.0, 2.0]]], [[1], [1]], {}, r"input 1 is \(1, 2\); expected as in input 0, \(1, 1\)"),
        ([[]], [1], {"at_end": True}, "sequence 0 has 0 steps"),
        ([[1.0]], [["a"]], {}, "target 0: expected numbers"),
        ([[1]], [[1]], {"vocabulary_size": 0}, "vocabulary_size is a whole number of at least 1"),
    ],
)
def test_sequences_refused(inputs: list, targets: list, options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Sequences(inputs, targets, 1, **options)


def test_epochs_without_entries_and_with_more_in_a_batch_than_there_are() -> None:
    with pytest.raises(ArgumentError, match="count"):
        Epochs(0, 1, 0, True)
    assert Epochs(3, 10, 0, True).batches == 1
    assert len(Epochs(3, 10, 0, True).entries(4)) == 3
