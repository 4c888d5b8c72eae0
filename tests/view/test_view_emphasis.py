"""What drawings point out: paths, all uses of a weight, cuts, the size of gradients."""

from itertools import pairwise

import numpy as np
import pytest
from view_cases import cells, nodes

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError


def names(drawing, chosen):
    found = nodes(drawing)
    return sorted((found[e.tail].label.name, found[e.head].label.name) for e in drawing._picture.edges if chosen(e))


def marked(drawing):
    mark = drawing._picture.theme.mark
    return [n for n in nodes(drawing).values() if n.look.line == mark]


def test_all_uses_of_a_weight():
    drawing = tg.draw(cells()["lstm"], steps=4, highlight="weight_hh")
    assert [n.label.name for n in marked(drawing)] == [f"R_{gate}" for gate in ("o", "f", "i", "c̃") for _ in range(4)]
    assert len([e for e in drawing._picture.edges if e.marked]) == 16
    assert drawing.svg.count(f'stroke="{drawing._picture.theme.mark}"') >= 32
    assert f"stroke:{drawing._picture.theme.mark}" in drawing.mermaid
    assert drawing._picture.theme.mark in drawing.dot


def test_a_parameter_itself():
    cell = cells()["gru"]
    assert [n.label.name for n in marked(tg.draw(cell, highlight=cell.bias_ih))] == ["b_n", "b_r", "b_z"]
    packed = tg.draw(cell, highlight=cell.bias_ih, packed=True)
    assert [n.label.name for n in marked(packed)] == ["bias_ih"]
    assert {n.label.base for n in marked(tg.draw(cell, highlight=["r", "n"]))} == {"r", "n"}


def test_a_path():
    drawing = tg.draw(cells()["lstm"], highlight=("f", "h"))
    found = {n.label.base for n in marked(drawing)}
    assert {"f", "c", "h"} <= found
    assert not found & {"i", "o", "c̃", "x", "W"}
    pairs = names(drawing, lambda e: e.marked)
    assert len(pairs) == 4  # f → ⊙ → c → tanh → h
    with pytest.raises(ArgumentError, match="nothing leads from 'h' to 'weight_hh'"):
        tg.draw(cells()["rnn"], steps=1, highlight=("h", "weight_hh"))


def test_a_path_through_time():
    drawing = tg.draw(cells()["rnn"], steps=3, highlight=("x", "h"))
    lanes = [e for e in drawing._picture.edges if e.kind == "lane"]
    assert lanes
    assert all(e.marked for e in lanes)


@pytest.mark.parametrize("level", ["op", "gate"])
@pytest.mark.parametrize(("cuts", "before"), [(2, [2, 4]), ([1, 5], [1, 5])])
def test_truncation_is_drawn_where_it_cuts(level, cuts, before):
    drawing = tg.draw(cells()["lstm"], steps=6, cuts=cuts, level=level, show="name")
    found = nodes(drawing)
    cut = sorted({drawing._picture.blocks[found[e.head].block].frames[-1] for e in drawing._picture.edges if e.cut})
    assert cut == [f"t={t}" for t in before]
    assert len([e for e in drawing._picture.edges if e.cut]) == 2 * len(before)  # h and c
    assert drawing.svg.count("<line") == 4 * len(before)  # two strokes each
    assert drawing.pdf.startswith(b"%PDF")
    assert "-.->" in drawing.mermaid


def test_edges_into_gates_are_wide_too():
    cell = tg.nn.RNNCell(3, 4, generator=np.random.default_rng(0))
    with tg.no_grad():
        cell.weight_hh.assign_(0.2 * np.eye(4))
    _, h = tg.unroll(cell, np.ones((5, 1, 3), np.float32))
    drawing = tg.draw((h**2).sum(), level="gate", show=("name", "flow"))
    lanes = [e for e in drawing._picture.edges if e.kind == "lane"]
    assert len(lanes) == 4 + 1  # between steps, and into the first, where none comes back
    wide = [e.wide for e in lanes if e.wide is not None]
    assert len(wide) == 4
    assert all(a < b - 0.5 for a, b in pairwise(wide))  # a fifth and less of each is left a step before


def test_edges_as_wide_as_gradients():
    cell, x = tg.nn.RNNCell(3, 4), tg.tensor(np.ones((4, 1, 3), np.float32), requires_grad=True, name="x")
    outputs, _ = tg.unroll(cell, x)
    loss = (outputs[-1] ** 2).sum().named("L")
    drawing = tg.draw(loss, show=("name", "flow"))
    wide = {e.wide for e in drawing._picture.edges if e.wide is not None}
    assert max(wide) == 5.0
    assert min(wide) == 0.5
    zero = [e for e in drawing._picture.edges if e.kind == "link" and e.note == "‖∂L/∂‖ 0"]
    assert len(zero) == 3  # h₀, h₁, h₂ go into the outputs, of which the loss reads the last
    assert "<title>‖∂L/∂‖ " in drawing.svg
    norm = np.linalg.norm((2 * outputs[-1]).numpy())
    assert any(e.note == f"‖∂L/∂‖ {norm:.3g}" for e in drawing._picture.edges)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"highlight": "weigth"}, "there is no 'weigth' to highlight; there are b, "),
        ({"highlight": ("x", "h", "h")}, "a name, a list of names, or a pair"),
        ({"cuts": 0}, "every how many steps, at least 1, not 0"),
        ({"cuts": [9], "steps": 3}, "cuts are before steps 1 to 2, not 9"),
        ({"show": "flow"}, "show='flow' needs a loss to differentiate"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ArgumentError, match=message):
        tg.draw(cells()["rnn"], **options)
