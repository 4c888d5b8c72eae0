"""Text as numbers: what comes back, how windows follow one another, what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.core.errors import ArgumentError, FileFormatError
from tinygrad_rnn.data import Strands, Text, read_text
from tinygrad_rnn.data.text import UNKNOWN


def test_there_and_back() -> None:
    text = Text("naïve ∂L/∂h")
    assert text.decode(text.encode("∂h/∂L")) == "∂h/∂L"


def test_rare_and_unseen_characters_become_the_unknown_one() -> None:
    text = Text("aaabbbc", most=2)
    assert text.vocabulary == [UNKNOWN, "a", "b"]
    assert text.decode(text.encode("abcz", replace=True)) == f"ab{UNKNOWN}{UNKNOWN}"


def test_windows_follow_one_another_in_every_strand_and_begin_anew() -> None:
    text = Text("".join(chr(ord("a") + k % 26) for k in range(27)))
    windows = [text.strands(4, 2).batch(k) for k in range(4)]
    assert [w.begins.all() for w in windows] == [True, False, False, True]
    strand = np.concatenate([w.inputs for w in windows[:3]])[:, 0]
    assert text.decode(strand) == "abcdefghijkl"
    assert all((w.targets[:-1] == w.inputs[1:]).all() for w in windows)


@pytest.mark.parametrize(("length", "fits"), [(2 * 4 + 1, True), (2 * 4, False)])
def test_the_shortest_text(length: int, fits: bool) -> None:
    text = Text("a" * length)
    if fits:
        window = text.strands(4, 2).batch(0)
        assert window.inputs.shape == window.targets.shape == (4, 2)
        assert window.begins.all()
    else:
        with pytest.raises(FileFormatError, match=f"has {length} symbols; 2 strands of 4 need 9"):
            text.strands(4, 2)


SCRIPTS = "naïve ∂L/∂h\n时序数据 Γειά σου мир שלום नमस्ते 🙂🙃\n" * 30


@pytest.fixture(params=[1, 7, 1 << 20])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small pieces, so that characters of several bytes lie across their borders."""
    monkeypatch.setattr("tinygrad_rnn.data.decoding.PIECE", request.param)
    monkeypatch.setattr("tinygrad_rnn.data.text.PIECE", request.param)
    return request.param


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("level", ["char", "byte"])
@pytest.mark.parametrize("files", [1, 3])
def test_files_are_read_as_the_text_they_hold(tmp_path: Path, level: str, files: int) -> None:
    paths = [tmp_path / f"{k}.txt" for k in range(files)]
    for k, path in enumerate(paths):
        path.write_text(f"{k} {SCRIPTS}", encoding="utf-8")
    whole = "".join(f"{k} {SCRIPTS}" for k in range(files))
    text = Text.from_files(paths if files > 1 else paths[0], level)
    assert text.decode(text.numbers) == whole
    in_memory = Text(whole, level=level)
    assert text.vocabulary == in_memory.vocabulary
    assert text.numbers.dtype == in_memory.numbers.dtype == np.uint8
    assert len(text) == len(whole if level == "char" else whole.encode())
    assert isinstance(text.numbers, np.memmap)
    np.testing.assert_array_equal(text.numbers, in_memory.numbers)
    np.testing.assert_array_equal(text.strands(10, 4).batch(3).inputs, in_memory.strands(10, 4).batch(3).inputs)


def test_many_characters_take_two_bytes(tmp_path: Path) -> None:
    path = tmp_path / "han.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 3000))), encoding="utf-8")
    text = Text.from_files(path)
    assert text.numbers.dtype == np.uint16
    assert text.numbers.tolist() == list(range(1, 3001))


def test_line_ends_and_byte_order_marks(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert Text.from_files(path).vocabulary == [UNKNOWN, "\n", "a", "b"]
    assert len(Text.from_files(path, "byte")) == 9


def test_a_vocabulary_of_another_text(tmp_path: Path) -> None:
    old, path = Text("abc"), tmp_path / "new.txt"
    path.write_text("cab!", encoding="utf-8")
    new = Text.from_files(path, vocabulary=old.vocabulary)
    assert new.numbers.tolist() == [3, 1, 2, 0]
    assert new.decode(new.numbers) == f"cab{UNKNOWN}"
    assert Text(vocabulary=old.vocabulary).encode("cb").tolist() == [3, 2]
    assert Text.from_files(path, "byte", vocabulary=Text(level="byte").vocabulary).numbers.tolist() == list(b"cab!")
    for wrong in (["a", "b"], [UNKNOWN, "ab"], [UNKNOWN, "a", "a"], []):
        with pytest.raises(ArgumentError, match="expected as vocabulary"):
            Text(vocabulary=wrong)
    with pytest.raises(ArgumentError, match="not that of bytes"):
        Text(level="byte", vocabulary=old.vocabulary)
    with pytest.raises(ArgumentError, match="level is 'char' or 'byte', not 'word'"):
        Text(level="word")


def test_characters_that_a_text_never_had_are_named() -> None:
    text = Text("to be or not to be")
    with pytest.raises(ArgumentError, match=r"not in the vocabulary of 7: 'x', '水'"):
        text.encode("tox be水x")
    assert text.encode("tox", replace=True).tolist() == [*text.encode("to"), 0]
    assert (text.never, Text(level="byte").never) == ((0,), ())
    assert Text(level="byte").encode("水").tolist() == list("水".encode())


@pytest.mark.parametrize("level", ["char", "byte"])
@pytest.mark.parametrize("packed", [False, True])
def test_text_of_other_encodings_and_compressed(tmp_path: Path, level: str, packed: bool) -> None:
    path, content = tmp_path / "t.txt", SCRIPTS.encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert (text := Text.from_files(path, level)).decode(text.numbers) == SCRIPTS
    assert read_text(path) == SCRIPTS
    if level == "char":
        wide = "naïve, Γειά".encode("utf-16")
        path.write_bytes(gzip.compress(wide) if packed else wide)
        assert (text := Text.from_files(path, encoding="utf-16")).decode(text.numbers) == "naïve, Γειά"
        with pytest.raises(FileFormatError, match="not UTF-8 text, but UTF-16; say encoding='utf-16'"):
            Text.from_files(path)


def test_bytes_that_are_no_text_are_decoded_as_unknown() -> None:
    text = Text("é", level="byte")
    assert text.numbers.tolist() == [0xC3, 0xA9]
    assert text.decode([0xC3]) == UNKNOWN
    assert (text.vocabulary[65], text.vocabulary[10], len(text.vocabulary)) == ("A", "\\x0a", 256)


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize(
    ("content", "byte"),
    [(b"\xff", 0), ("é".encode() * 20 + b"\xc3(", 40), (b"abc" * 9 + b"\xe2\x82", 27), (b"\xef\xbb\xbfab\xe9c", 5)],
)
def test_what_is_not_utf8_is_named(tmp_path: Path, content: bytes, byte: int) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(content)
    for read in (Text.from_files, read_text):
        with pytest.raises(FileFormatError, match=f"latin.txt: not UTF-8 text, byte {byte} is"):
            read(path)


def test_nothing_to_read(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    for content in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"the file is empty|no characters"):
            Text.from_files(path)
        with pytest.raises(FileFormatError, match="the file is empty"):
            read_text(path)
    path.write_bytes(b"")
    with pytest.raises(FileFormatError, match="the files are empty"):
        Text.from_files([path, path], "byte")
    with pytest.raises(FileNotFoundError):
        Text.from_files(tmp_path / "nowhere.txt")


def test_a_text_is_split_in_time() -> None:
    text = Text("a" * 80 + "b" * 15 + "c" * 5)
    parts = text.split(validation=0.15, test=0.05)
    assert [text.decode(part.numbers) for part in parts] == ["a" * 80, "b" * 15, "c" * 5]
    assert all(part.vocabulary == text.vocabulary for part in parts)
    assert len(text) == 100


def test_strands_begin_anew_with_every_epoch_alone() -> None:
    source = Strands(np.arange(27), 27, steps=4, size=2)
    assert (source.epoch, source.inputs, source.outputs, source.loss) == (3, 27, 27, "cross_entropy")
    assert source.symbols
    assert not source.at_end
    for k in (4, 0, 3):
        batch = source.batch(k)
        assert batch.begins is not None
        assert batch.begins.tolist() == [k % 3 == 0] * 2
        assert batch.inputs.T.tolist() == [[s + 4 * (k % 3) + t for t in range(4)] for s in (0, 13)]
        np.testing.assert_array_equal(batch.targets, batch.inputs + 1)
    with pytest.raises(ArgumentError, match="steps"):
        Strands(np.arange(27), 27, steps=0, size=2)
