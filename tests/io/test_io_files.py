"""Saving and loading: exact, atomic, and clear about files that are not ours."""

import os
import struct

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DTypeError, FileFormatError

ARRAYS = {
    "a": np.random.default_rng(0).normal(size=(3, 4)).T,
    "single": np.float32([1.5, np.nan, np.inf]),
    "empty": np.zeros((2, 0)),
    "scalar": np.array(3),
    "mask": np.array([True, False]),
    "big-endian": np.arange(4, dtype=">f8"),
    "a name with / and ünïcode": np.arange(3, dtype=np.uint8),
}


def test_round_trip(tmp_path):
    tg.save(ARRAYS, tmp_path / "x.safetensors")
    loaded = tg.load(tmp_path / "x.safetensors")
    assert set(loaded) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype.newbyteorder("=")
        assert loaded[name].flags.writeable
        np.testing.assert_array_equal(loaded[name], array)
    tg.save({}, str(tmp_path / "empty"))
    assert tg.load(str(tmp_path / "empty")) == {}


def test_a_module_round_trips(tmp_path):
    a, b = tg.nn.LSTMCell(3, 4), tg.nn.LSTMCell(3, 4)
    tg.save(a, tmp_path / "cell")
    b.load_state_dict(tg.load(tmp_path / "cell"))
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


def test_other_programs_read_and_write_the_same_files(tmp_path):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("safetensors.torch")
    cell = tg.nn.GRUCell(3, 4)
    tg.save(cell, tmp_path / "ours")
    module = torch.nn.GRUCell(3, 4)
    module.load_state_dict(theirs.load_file(tmp_path / "ours"))
    theirs.save_file(torch.nn.GRUCell(3, 4).state_dict(), tmp_path / "theirs")
    cell.load_state_dict(tg.load(tmp_path / "theirs"))


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x"
    tg.save({"a": np.ones(1)}, path)

    def crash(*_):
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="power cut"):
        tg.save({"a": np.zeros(1)}, path)
    assert os.listdir(tmp_path) == ["x"]
    np.testing.assert_array_equal(tg.load(path)["a"], 1)


def _sound(tmp_path):
    tg.save(ARRAYS, tmp_path / "sound")
    return (tmp_path / "sound").read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"PK\x03\x04 a zip file",
        lambda data: b"\x80\x04\x95 a pickle" * 100,
        lambda data: data[:-1],
        lambda data: data + b"more",
        lambda data: data[:20],
        lambda data: struct.pack("<Q", 2**62) + data[8:],
        lambda data: data.replace(b'"F64"', b'"F99"'),
        lambda data: data.replace(b'"F64"', b'"F32"'),
        lambda data: bytes(255 - b for b in data),
    ],
)
def test_damaged_and_foreign_files(tmp_path, damage):
    (tmp_path / "bad").write_bytes(damage(_sound(tmp_path)))
    with pytest.raises(FileFormatError, match="bad' is not a sound safetensors file") as caught:
        tg.load(tmp_path / "bad")
    assert "test_io_files.py" in str(caught.value)


def test_a_dtype_that_numpy_has_not_is_named(tmp_path):
    header = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "bf16").write_bytes(struct.pack("<Q", len(header)) + header + b"\x00\x00")
    with pytest.raises(FileFormatError, match="BF16"):
        tg.load(tmp_path / "bf16")


def test_what_is_not_an_array_is_refused(tmp_path):
    for value in ("text", object(), 1j, None):
        with pytest.raises(DTypeError, match="not numbers"):
            tg.save({"a": value}, tmp_path / "x")
    with pytest.raises(DTypeError, match="names must be strings"):
        tg.save({1: np.ones(1)}, tmp_path / "x")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "x")
