"""Forecasts of series: intervals, how far they reach, and columns that are known ahead."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.cli import main

TRAIN = ["--hidden", "8", "--batch", "16", "--window", "12", "--quiet"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as done:
        return int(done.code or 0)


def table(path: str = "r/forecast.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def write(rows: int, future: int = 0, path: str = "s.csv") -> np.ndarray:
    """A load that follows the weather of the same row; of the last rows only the weather is known."""
    g = np.random.default_rng(0)
    weather = g.normal(size=rows + future)
    load = 5 + 2 * weather
    lines = [
        f"d{k},{weather[k]:.5f},{load[k]:.5f}" if k < rows else f"d{k},{weather[k]:.5f}," for k in range(rows + future)
    ]
    Path(path).write_text("\n".join(["day,weather,load", *lines, ""]))
    return load


@pytest.mark.parametrize(("rows", "reach"), [(70, 0), (90, 1), (110, 3), (300, 22)])
def test_intervals_reach_as_far_as_nine_forecasts_were_measured(
    rows: int, reach: int, capsys: pytest.CaptureFixture
) -> None:
    write(rows)
    assert run("train", "series", "s.csv", "--target", "load", *TRAIN, "--steps", "3", "--out", "r") == 0
    capsys.readouterr()
    assert run("predict", "r", "--steps", "30") == 0
    said, found = capsys.readouterr().out, table()
    assert len(found) == 30
    if not reach:
        assert "load low" not in found[0]
        assert "no 90% intervals: they need 9 forecasts of the validation part, there were 7" in said
        assert run("predict", "r", "--interval", "0.8") == 0
        assert "80% intervals from 7 (one step ahead) to 4 forecasts" in capsys.readouterr().out
        assert len(table()) == 4
        return
    for k, row in enumerate(found):
        assert (row["load low"] != "") == (row["load high"] != "") == (k < reach)
        if k < reach:
            low, middle, high = (float(row[name]) for name in ("load low", "load", "load high"))
            assert low < middle < high
            assert middle - low == pytest.approx(high - middle)
    assert f"further than {reach} steps ahead too little was measured for them" in said
    assert ("9 forecasts" in said) if reach > 1 else ("from 9 forecasts" in said)
    picture = Path("r/forecast.svg").read_text()
    assert "nan" not in picture


def test_inputs_are_read_ahead(capsys: pytest.CaptureFixture) -> None:
    """What follows the weather of its own row cannot be said from the past, and is said from the future's weather."""
    load = write(300, 12)
    options = ["--target", "load", "--inputs", "weather", *TRAIN, "--lr", "0.02", "--steps", "300", "--out", "r"]
    assert run("train", "series", "s.csv", *options) == 0
    assert run("predict", "r") == 0
    found = np.array([float(row["load"]) for row in table()])
    assert [row["row"] for row in table()] == [str(300 + k) for k in range(12)]
    assert np.sqrt(np.mean((found - load[300:]) ** 2)) < 0.5 < np.std(load) / 3
    assert "weather" not in table()[0]
    assert run("predict", "r", "--steps", "5") == 0
    np.testing.assert_array_equal(found[:5], [float(row["load"]) for row in table()])
    assert run("predict", "r", "--one-step") == 0
    errors = [float(row["load"]) - float(row["load predicted"]) for row in table("r/one-step.csv")]
    assert len(errors) == 299
    assert np.abs(errors).max() < 1.5
    capsys.readouterr()
    assert run("predict", "r", "--steps", "20") == 2
    assert (
        "20 steps ahead need weather of rows 312 … 319 too (the first row is 0); it has 12 rows with weather after the "
        "last load" in capsys.readouterr().err
    )
    write(200, path="other.csv")
    assert run("predict", "r", "other.csv") == 2
    assert "1 steps ahead need weather of row 200 too" in capsys.readouterr().err
    assert run("resume", "r", "--steps", "302", "--quiet") == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((250, "d250,,5"), "line 252, column 'weather': the value is missing"),
        ((250, "d250,1,"), "line 252, column 'load': the value is missing, and later ones are there"),
        ((305, "d305,,"), "line 307, column 'weather': the value is missing"),
        ((305, "d305,1,x"), "line 307, column 'load': 'x' is not a number"),
    ],
)
def test_rows_without_a_target_are_at_the_end_and_whole(
    change: tuple[int, str], message: str, capsys: pytest.CaptureFixture
) -> None:
    write(300, 12)
    lines = Path("s.csv").read_text().splitlines()
    lines[change[0] + 1] = change[1]
    Path("s.csv").write_text("\n".join(lines))
    assert run("train", "series", "s.csv", "--target", "load", "--inputs", "weather", *TRAIN, "--out", "r") == 2
    assert message in capsys.readouterr().err
