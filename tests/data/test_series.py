"""Series from files: what comes back, and what is refused, where."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.core.errors import ArgumentError, FileFormatError
from tinygrad_rnn.data import Series, read_series
from tinygrad_rnn.data.wording import in_a_shell


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


# -- files as people have them ------------------------------------------------------------------------------------


FIELDS = st.sampled_from(
    ["1", "2.5", "-3e2", "", "NA", "#N/A", "#DIV/0!", "#NV", "#WERT!", "nan", "-", "x", "1e999", "#", "# 7"]
)


@given(
    st.lists(st.one_of(st.just([""]), st.lists(FIELDS, min_size=2, max_size=2), st.just(["# a comment"])), max_size=8),
    st.sampled_from(",;\t"),
)
@settings(deadline=None, max_examples=300)
def test_no_row_vanishes(tmp_path_factory: pytest.TempPathFactory, body: list[list[str]], delimiter: str) -> None:
    """Of rows under a header every one is read; if one cannot be, it is named by its line."""
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    lines = [delimiter.join(fields) for fields in body]
    path.write_text("\n".join([delimiter.join("ab"), *lines]) + "\n")
    left_out = [k for k, line in enumerate(lines) if not line or line.startswith("# ") or line == "#"]
    rows = [(k + 2, fields) for k, fields in enumerate(body) if k not in left_out]
    wrong = [line for line, fields in rows if not all(field in ("1", "2.5", "-3e2") for field in fields)]
    try:
        found = read_series(path, delimiter=delimiter)
    except FileFormatError as error:
        message = str(error)
    else:
        assert not wrong
        assert found.values.tolist() == [[float(field) for field in fields] for _, fields in rows]
        return
    assert f"line {wrong[0]}" in message if wrong else "at least two" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n#N/A,4\n5,6\n", r"line 3, column 'a': the value is missing \('#N/A'\)"),
        ("#N/A,4\n5,6\n", r"line 1, column '1': the value is missing \('#N/A'\)"),
        ("a b\n1 2\n#DIV/0! 4\n", r"line 3, column 'a': the value is missing \('#DIV/0!'\)"),
        ("a,b\n1,2\n#3,4\n5,6\n", "line 3, column 'a': '#3' is not a number"),
        ("load\n1\n\n3\n4\n", r"line 3, column 'load': the value is missing \(a blank line\)"),
        ("load\n\n1\n3\n", r"line 2, column 'load': the value is missing \(a blank line\)"),
        ("1\n  \n3\n", r"line 2, column '1': the value is missing \(a blank line\)"),
        ("NA\n5\n6\n", r"line 1, column '1': the value is missing"),
        ("1e999\n5\n6\n", "line 1, column '1': '1e999' is not a number"),
        ("inf\n5\n6\n", "line 1, column '1': 'inf' is not finite"),
        ('"1,000"\n999\n998\n', "line 1, column '1': '1,000' is not a number"),
        ("2020-01-01\n2020-01-02\n", "line 1, column '1': '2020-01-01' is not a number"),
    ],
)
def test_rows_that_look_like_something_else_do_not_vanish(write, content: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_series(write(content))


@pytest.mark.parametrize(
    ("content", "options", "values"),
    [
        ("\n\n1\n3\n\n\n", {}, [[1], [3]]),
        ("load\n1\n3\n\n  \n", {}, [[1], [3]]),
        ('# it\'s, "so\na,b\n# an "open, quote\n1,2\n3,4\n', {}, [[1, 2], [3, 4]]),
        ("1,5\n2,5\n3,5\n", {"decimal": ","}, [[1.5], [2.5], [3.5]]),
        ('"1,5","2"\n"3,5","4"\n', {"decimal": ",", "delimiter": ","}, [[1.5, 2], [3.5, 4]]),
        ("a;b\n1.234,5;1\n-12.345.678,25;2\n", {"decimal": ",", "thousands": "."}, [[1234.5, 1], [-12345678.25, 2]]),
        ('day,load\n1,"999"\n2,"1,002"\n', {"thousands": ","}, [[1, 999], [2, 1002]]),
        ("a;b\n1 234;1\n1\u00a0234\u202f567,5;2\n", {"decimal": ",", "thousands": " "}, [[1234, 1], [1234567.5, 2]]),
        ("1'234\n999\n", {"thousands": "'"}, [[1234], [999]]),
        ("sep=;\na;b\n1;2\n3;4\n", {}, [[1, 2], [3, 4]]),
        ('"sep=,"\na;b,c\n1,2\n3,4\n', {}, [[1, 2], [3, 4]]),
        ("made by\na machine, at 12:00\na,b\n1,2\n3,4\n", {"skip_rows": 2}, [[1, 2], [3, 4]]),
        ("1960,1961\n1,2\n3,4\n", {"header": True}, [[1, 2], [3, 4]]),
        ("who,1960,1961\nA,1,2\nB,3,4\n", {"columns": ["1961", "1960"]}, [[2, 1], [4, 3]]),
        ("x~y\n1~2\n3~4\n", {"delimiter": "~"}, [[1, 2], [3, 4]]),
        ("5,6\n7,8\n", {"columns": ["2"]}, [[6], [8]]),
        ("2,1\n7,8\n9,3\n", {"columns": ["2"], "header": True}, [[7], [9]]),
        ("2,1\n7,8\n", {"columns": ["2"], "header": False}, [[1], [8]]),
    ],
)
def test_forms_that_are_said(write, content: str, options: dict, values: list) -> None:
    assert read_series(write(content), **options).values.tolist() == values


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a;b\n1,002;1\n999;2\n", {}, "if ',' separates thousands, say thousands=','; if the comma is a decimal one"),
        ("a;b\n1,5;1\n", {}, "'1,5' is not a number; if the comma is a decimal one, say decimal=','"),
        ("a;b\n1,234.5;1\n", {}, "'1,234.5' is not a number; if ',' separates thousands, say thousands=','"),
        ("a;b\n1.234,5;1\n", {"decimal": ","}, r"if '.' separates thousands, say thousands='\.'"),
        ("a;b\n1 234;1\n", {}, "if ' ' separates thousands, say thousands=' '"),
        ("a;b\n1.5;1\n", {"decimal": ","}, "'1.5' is not a number; decimals follow a comma, by decimal=','"),
        ("a;b\n1,00;1\n", {"thousands": ","}, "'1,00' is not a number"),
        ("a;b\n1,0000;1\n", {"thousands": ","}, "'1,0000' is not a number"),
        ("a;b\n12,34,567;1\n", {"thousands": ","}, "'12,34,567' is not a number"),
        ("country,1960\nA,1\n", {}, "'country' is not a number; to leave .*; if line 1 has names, say header=True"),
        ("2,1\n7,8\n", {"columns": ["2"]}, "line 1 may be names or numbers, .* say header=True or header=False"),
        ("a,b\n1,2\n3,4\n", {"columns": ["a"], "targets": ["b"]}, "there is no column 'b'"),
    ],
)
def test_what_is_wrong_names_the_option(write, content: str, options: dict, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_series(write(content), **options)
    with in_a_shell({"columns": "--target"}), pytest.raises(FileFormatError) as caught:
        read_series(write(content), **options)
    assert "=" not in str(caught.value).splitlines()[0].split(": ", 1)[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": "load"}, "columns: expected names of columns, each once, got 'load'"),
        ({"columns": []}, "columns: expected names"),
        ({"columns": ["a", "a"]}, "columns: expected names"),
        ({"targets": "a"}, "targets: expected names"),
        ({"decimal": "x"}, "decimal is '.' or ','"),
        ({"thousands": "."}, "decimal and thousands are '.', both of them"),
        ({"thousands": "00"}, "thousands: expected one character that is no letter or digit, got '00'"),
        ({"delimiter": "ab"}, "delimiter: expected one character"),
        ({"delimiter": '"'}, "delimiter: expected one character"),
        ({"skip_rows": -1}, "skip_rows is a whole number of at least 0"),
        ({"header": "yes"}, "header is True, False or None, not 'yes'"),
        ({"encoding": "utf-9"}, "encoding: there is no encoding 'utf-9'"),
        ({"encoding": "rot13"}, "encoding: there is no encoding 'rot13'"),
        ({"encoding": "a\0"}, "encoding: there is no encoding"),
    ],
)
def test_arguments_that_make_no_sense(write, options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_series(write("a,b\n1,2\n3,4\n"), **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("packed", ["", ".gz", ".zip"])
def test_encodings_and_compressed_files(write, encoding: str, packed: str) -> None:
    """They are read if said; if not, the line says which it is and how to say so, as far as that can be known."""
    content = "größe,b\n1,2\n3,4\n".encode(encoding)
    if packed == ".gz":
        content = gzip.compress(content)
    elif packed:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inner/data.csv", content)
            archive.writestr("__MACOSX/inner/._data.csv", b"of the Finder")
        content = file.getvalue()
    path = write(content, f"data.csv{packed}")
    assert read_series(path, encoding=encoding).select("größe").values.tolist() == [[1], [3]]
    if not encoding.startswith("utf-8"):
        kind = r"byte 2 is .*Latin-1 or Windows" if encoding == "cp1252" else encoding[:6].upper()
        said = "cp1252" if encoding == "cp1252" else encoding
        with pytest.raises(FileFormatError, match=f"not UTF-8 text, .*{kind}.*say encoding='{said}'"):
            read_series(path)
    else:
        assert read_series(path).names == ["größe", "b"]


def test_files_that_are_no_text_are_named(write) -> None:
    for content, what in ((b"PAR1\x15\0", "a Parquet file"), (b"\xd0\xcf\x11\xe0\xa1", "a workbook of an old Excel")):
        with pytest.raises(FileFormatError, match=f"{what}, not text; save it as CSV, or read it with pandas or"):
            read_series(write(content))
    book, many = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("[Content_Types].xml", "<x/>")
    with zipfile.ZipFile(many, "w") as archive:
        for name in "abcd":
            archive.writestr(f"{name}.csv", "a\n1\n2\n")
    with pytest.raises(FileFormatError, match=r"an Excel workbook \(.xlsx\), not text; save it as CSV, or"):
        read_series(write(book.getvalue(), "book.xlsx"))
    with pytest.raises(FileFormatError, match=r"4 files in the archive \(a.csv, b.csv, c.csv, …\); expected one"):
        read_series(write(many.getvalue(), "many.zip"))
    with pytest.raises(FileFormatError, match="the compressed file is damaged"):
        read_series(write(gzip.compress(b"a\n" + b"1\n2\n" * 50)[:-9], "cut.csv.gz"))


def test_quotes_that_never_end(write) -> None:
    with pytest.raises(FileFormatError, match=r"line 2: field larger than field limit"):
        read_series(write('a,b\n1,"' + "x" * 200_000))


def test_rows_whose_targets_are_to_come(write) -> None:
    path = write("a,b,c\n1,2,3\n4,5,6\n7,,NA\n8,,\n")
    series = read_series(path, targets=["b", "c"])
    assert series.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert series.future is not None
    np.testing.assert_array_equal(series.future, [[7, np.nan, np.nan], [8, np.nan, np.nan]])
    ahead = series.select("c", "a").future
    np.testing.assert_array_equal(ahead, [[np.nan, 7], [np.nan, 8]])
    with pytest.raises(FileFormatError, match="line 4, column 'c': the value is missing"):
        read_series(path, targets=["b"])
    with pytest.raises(FileFormatError, match="line 4, column 'b': the value is missing"):
        read_series(path)
    assert read_series(path, columns=["a"]).future is None


# -- data frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_is_a_series(library: str) -> None:
    frames = pytest.importorskip(library)
    columns = {"a": [1, 2, 3], "b": [0.5, 1.5, None], "day": ["x", "y", "z"], "yes": [True, False, True]}
    frame = frames.DataFrame(columns)
    series = Series.from_frame(frame, columns=["yes", "a"])
    assert series.names == ["yes", "a"]
    assert series.values.tolist() == [[1, 1], [0, 2], [1, 3]]
    assert series.values.dtype == np.float64
    ahead = Series.from_frame(frame, columns=["a", "b"], targets=["b"])
    assert ahead.values.tolist() == [[1, 0.5], [2, 1.5]]
    assert ahead.future is not None
    np.testing.assert_array_equal(ahead.future, [[3, np.nan]])
    for wanted, message in (
        (None, r"column 'day'.* not .*number"),
        (["b"], r"row 2 \(of 0 …\), column 'b': nan is not a finite number"),
        (["c"], "there is no column 'c'"),
    ):
        with pytest.raises(FileFormatError, match=message):
            Series.from_frame(frame, columns=wanted)
    integers = frames.DataFrame({"n": [1, None, 3]})
    if library == "pandas":
        integers = integers.astype("Int64")
        with pytest.raises(FileFormatError, match="2 columns are named 'a'"):
            Series.from_frame(frames.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]))
    with pytest.raises(FileFormatError, match=r"row 1 .*'n': nan is not a finite number"):
        Series.from_frame(integers)


def test_what_is_no_frame() -> None:
    with pytest.raises(ArgumentError, match="expected a DataFrame of pandas or polars, got list"):
        Series.from_frame([[1, 2]])
