"""Series from files: what comes back, and what is refused, where."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.core.errors import ArgumentError, FileFormatError
from tinygrad_rnn.data import Series, read_series


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("a,b\n1,2\n3,4.5\n", ["a", "b"]),
        ("1,2\n3,4.5\n", ["1", "2"]),
        ("a;b\r\n1;2\r\n3;4.5\r\n", ["a", "b"]),
        ("a\tb\n1\t2\n3\t4.5", ["a", "b"]),
        ("a|b\n1|2\n\n3|4.5\n\n", ["a", "b"]),
        ("# from a machine\n  1   2\n3 4.5e0\n", ["1", "2"]),
        ("a b\n 1\t2\n 3\t4.5\n", ["a", "b"]),
        ('\ufeff"a", "b"\n"1", 2\n 3 ,"4.5"\n', ["a", "b"]),
        ('"a, of\nmany",b\n1,2\n3,4.5\n', ["a, of\nmany", "b"]),
        (",温度\n1,2\n3,4.5\n", ["1", "温度"]),
        ("# x\na,b\n# between\n1,2\n3,+4.5\n", ["a", "b"]),
    ],
)
def test_forms_of_text(write, content: str, names: list[str]) -> None:
    series = read_series(write(content))
    assert series.names == names
    np.testing.assert_array_equal(series.values, [[1, 2], [3, 4.5]])
    assert series.values.dtype == np.float64
    assert len(series) == 2


def test_one_column(write) -> None:
    series = read_series(write("1\n2\n3\n"))
    np.testing.assert_array_equal(series.values, [[1], [2], [3]])


def test_decimal_commas(write) -> None:
    path = write("a;b\n1,5;2\n3;-4,25\n")
    np.testing.assert_array_equal(read_series(path, decimal=",").values, [[1.5, 2], [3, -4.25]])
    with pytest.raises(FileFormatError, match=r"line 2, column 'a': '1,5' .* say decimal=','"):
        read_series(path)
    with pytest.raises(FileFormatError, match=r"column 'a': '1.5'"):
        read_series(write("a;b\n1.5;2\n1,5;2\n"), decimal=",")


def test_columns_of_text_can_be_left_out_and_the_order_is_that_asked_for(write) -> None:
    path = write("date,price,volume\n2020-01-01,1.5,10\n2020-01-02,2.5,20\n")
    series = read_series(path, columns=["volume", "price"])
    assert series.names == ["volume", "price"]
    np.testing.assert_array_equal(series.values, [[10, 1.5], [20, 2.5]])
    with pytest.raises(FileFormatError, match=r"line 2, column 'date': '2020-01-01' is not a number; to leave"):
        read_series(path)


def test_a_header_can_be_asked_for_or_denied(write) -> None:
    path = write("day,2019\n1,2\n3,4\n")
    with pytest.raises(FileFormatError, match="line 1, column '1': 'day'"):
        read_series(path)
    assert read_series(path, header=True).names == ["day", "2019"]
    with pytest.raises(FileFormatError, match="line 1, column '1': 'a'"):
        read_series(write("a\n1\n2\n"), header=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,\n", r"line 3, column 'b': the value is missing \(''\)"),
        ("a,b\n1,2\n\n\nNA,4\n", r"line 5, column 'a': the value is missing \('NA'\)"),
        ("a,b\n1,2\n3,nan\n", r"line 3, column 'b': the value is missing \('nan'\)"),
        ("a,b\n1,2\n3,-inf\n", r"line 3, column 'b': '-inf' is not finite"),
        ("a,b\n1,2\n3,1e999\n", r"line 3, column 'b': '1e999'"),
        ("a,b\n1,2\n3,x\n", r"line 3, column 'b': 'x' is not a number"),
        ("a,b\n1,2\n3,1_0\n", r"line 3, column 'b': '1_0' is not a number"),
        ("a,b\n1,2\n3\n", r"line 3: 1 fields, expected 2 as in line 1"),
        ("1 2\n3 4 5\n", r"line 2: 3 fields, expected 2 as in line 1"),
        ('a,b\n1,2\n3,"4\n', r"line 3: unexpected end of data"),
        ("", "the file is empty"),
        ("\n\n# nothing\n", "there are no rows"),
        ("a,b\n", "no rows of numbers; a series has at least two"),
        ("a,b\n1,2\n", "one row of numbers; a series has at least two"),
        ("a,a\n1,2\n3,4\n", "2 columns are named 'a'"),
        (b"a,b\n1,2\n\xe9,3\n", "not UTF-8 text, byte 8 is"),
    ],
)
def test_what_is_refused_is_named(write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(FileFormatError, match=message) as error:
        read_series(path)
    assert str(error.value).startswith(str(path))


def test_a_column_that_is_not_there(write) -> None:
    path = write("date,price\n1,2\n3,4\n")
    with pytest.raises(
        FileFormatError, match=r"no column 'prise' \(did you mean 'price'\?\); there are 'date', 'price'"
    ):
        read_series(path, columns=["prise"])
    with pytest.raises(FileFormatError, match="the series: there is no column 'x'; there are"):
        read_series(path).select("x")
    np.testing.assert_array_equal(read_series(path).select("price").values, [[2], [4]])


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        read_series("nowhere.csv")
    with pytest.raises(FileNotFoundError):
        read_series("nowhere.npy")


def test_what_savetxt_writes_comes_back(write) -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    text = io.StringIO()
    np.savetxt(text, values, fmt="%.18e")
    np.testing.assert_array_equal(read_series(write(text.getvalue(), "data.txt")).values, values)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_npy(tmp_path: Path, dtype: type) -> None:
    values = np.arange(6).reshape(3, 2).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    series = read_series(tmp_path / "a.npy")
    assert series.names == ["1", "2"]
    np.testing.assert_array_equal(series.values, values)
    np.save(tmp_path / "a.npy", values[:, 1])
    assert read_series(tmp_path / "a.npy", columns=["1"]).values.tolist() == [[1], [3], [5]]


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t=np.arange(4), x=np.arange(8).reshape(4, 2), who=np.array("me"))
    path = tmp_path / "a.npz"
    series = read_series(path, columns=["t", "x 2"])
    assert series.names == ["t", "x 2"]
    np.testing.assert_array_equal(series.values, [[0, 1], [1, 3], [2, 5], [3, 7]])
    with pytest.raises(FileFormatError, match=r"array 'who' is \(\) <U2"):
        read_series(path)
    with pytest.raises(FileFormatError, match=r"no column 'who'.* there are 't', 'x 1', 'x 2'"):
        read_series(path, columns=["who"])
    np.savez(path, a=np.arange(4), b=np.arange(5))
    with pytest.raises(FileFormatError, match="column 'b' has 5 rows, column 'a' 4"):
        read_series(path)


def test_arrays_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([[1, 2], [3, np.nan]]))
    with pytest.raises(FileFormatError, match=r"row 1 \(of 0 …\), column '2': nan is not a finite number"):
        read_series(path)
    np.save(path, np.array([1 + 2j, 3]))
    with pytest.raises(FileFormatError, match=r"the array is .* complex128"):
        read_series(path)
    np.save(path, np.array([None, 1], object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="not a NumPy file of plain numbers"):
        read_series(path)
    np.savez(tmp_path / "a.npz", a=np.arange(100))
    whole = (tmp_path / "a.npz").read_bytes()
    for damaged in (b"", b"1,2\n", whole[:-30], whole[:60] + b"\xff" * 60 + whole[120:]):
        (tmp_path / "a.npz").write_bytes(damaged)
        with pytest.raises(FileFormatError, match="not a NumPy file of plain numbers"):
            read_series(tmp_path / "a.npz")


def test_split_is_in_time() -> None:
    series = Series(["x"], np.arange(50.0)[:, None])
    training, validation, test = series.split(0.2, 0.1)
    assert [len(part) for part in (training, validation, test)] == [35, 10, 5]
    np.testing.assert_array_equal(np.concatenate([training.values, validation.values, test.values]), series.values)
    assert [len(part) for part in series.split(0, 0)] == [50, 0, 0]
    for shares in ((0.5, 0.5), (-0.1, 0.1), (float("nan"), 0.1)):
        with pytest.raises(ArgumentError, match="shares"):
            series.split(*shares)
    with pytest.raises(ArgumentError, match="of 50 rows, none is left for test"):
        series.split(0.1, 0.001)
