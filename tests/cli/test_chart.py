"""Charts: axes carry round numbers that stand where they say."""

from __future__ import annotations

import itertools
import re

import pytest

from tinygrad_rnn.cli.chart import bars, line_chart, ticks


@pytest.mark.parametrize(
    ("low", "high", "whole"),
    [(1.29, 4.84, False), (0, 59, False), (3, 60.2, False), (-14.6, 0.59, True), (0.4, 0.9, True), (2, 2, False)],
)
def test_ticks_are_few_even_and_enclose_the_data(low: float, high: float, whole: bool) -> None:
    marks = ticks(low, high, whole=whole)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 8
    gaps = {round(b - a, 9) for a, b in itertools.pairwise(marks)}
    assert len(gaps) == 1
    assert not whole or all(mark == int(mark) for mark in marks)


def test_a_logarithmic_axis_puts_each_power_of_ten_at_its_own_height() -> None:
    """A line through exact powers of ten must meet the grid lines labelled so."""
    svg = line_chart({"y": [(k, 10.0 ** (2 * k - 8)) for k in range(6)]}, "t", "x", "y", logarithmic=True)
    points = [float(pair.split(",")[1]) for pair in re.findall(r'points="([^"]*)"', svg)[0].split()]
    labels = re.findall(r'y="([\d.]+)" text-anchor="end">1e(-?\d+)<', svg)
    heights = {int(power): float(y) - 4 for y, power in labels}
    shared = [k for k in range(6) if 2 * k - 8 in heights]
    assert len(shared) >= 2
    for k in shared:
        assert points[k] == pytest.approx(heights[2 * k - 8], abs=0.11)


def test_one_point_and_awkward_names() -> None:
    svg = line_chart({"<b> & co": [(0.0, 1.0)]}, "a < b", "x", "y")
    assert "<b>" not in svg
    assert "&lt;b&gt; &amp; co" in svg
    assert "nan" not in svg


def test_bars_shrink_by_decades() -> None:
    lengths = [line.count("█") for line in bars([1.0, 1e-5, 1e-10], ["a", "b", "c"]).splitlines()]
    assert lengths == [44, 22, 1]
