"""Folded recurrences: one step for all, whose states loop back."""

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT
from view_cases import called, cells, nodes, texts

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError

compiled = pytest.mark.skipif(DISABLE_JIT, reason="without Numba's compiler values are computed step by step")


def loops(drawing):
    """(new state, delay) of every loop, by name."""
    named = nodes(drawing)
    return sorted(
        (named[e.tail].label.name, named[e.head].label.name) for e in drawing._picture.edges if e.kind == "loop"
    )


LOOPS = {"rnn": [("hₜ", "hₜ₋₁")], "gru": [("hₜ", "hₜ₋₁")], "lstm": [("cₜ", "cₜ₋₁"), ("hₜ", "hₜ₋₁")]}


@pytest.mark.parametrize("level", ["op", "gate", "cell"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_cell_folded_hands_its_states_to_the_next_step(kind, level):
    drawing = tg.draw(cells()[kind], view="fold", level=level)
    assert loops(drawing) == LOOPS[kind]
    delays = [n for n in nodes(drawing).values() if n.label.glyph == "t−1"]
    assert len(delays) == len(LOOPS[kind])
    for edge in drawing.placed.edges:
        if edge.kind == "loop":  # around the step: outside of every node
            xs = [x for x, _ in edge.path]
            assert min(xs) < min(n.x - n.extent[0] / 2 for n in drawing.placed.nodes.values())


@pytest.mark.parametrize("level", ["op", "gate", "cell"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layers_are_folded_by_themselves(kind, level):
    drawing = tg.draw(getattr(tg.nn, kind)(3, 4), input=(7, 2, 3), level=level)
    assert loops(drawing) == LOOPS[kind.lower()]
    assert "t = 0 … 6" in texts(drawing.svg)
    assert not any("7919" in text for text in texts(drawing.svg))
    if level != "cell":
        assert any("(2, 3)" in n.label.details and n.label.glyph == "[t]" for n in nodes(drawing).values())
    assert set(nodes(drawing)) == {end for e in drawing.placed.edges for end in (e.tail, e.head)}


@compiled
def test_scans_of_tensors_and_of_ones_own_cells_are_folded_or_unrolled():
    xs = tg.tensor(np.ones((5, 2, 3), np.float32), requires_grad=True, name="xs")
    h0 = tg.tensor(np.ones((2, 4), np.float32), requires_grad=True, name="h0")
    outputs, _ = tg.scan(cells()["rnn"], xs, h0)
    drawing = tg.draw((outputs**2).sum().named("L"))
    assert loops(drawing) == [("hₜ", "hₜ₋₁")]
    assert called(drawing, "h0")
    steps = tg.draw((outputs**2).sum().named("L"), view="unrolled").placed.frames
    assert [f.label for f in steps if f.label.startswith("t = ")] == [f"t = {t}" for t in range(5)]


def test_a_scan_unrolled_has_the_nodes_of_the_unrolled_cell():
    xs = tg.tensor(np.ones((3, 2, 3), np.float32), requires_grad=True, name="xs")
    cell = cells()["lstm"]
    one, _ = tg.scan(cell, xs)
    other, _ = tg.unroll(cell, xs)

    def ops(drawing):
        return sorted(n.label.glyph + n.label.name for n in nodes(drawing).values() if n.look.shape == "circle")

    scanned, unrolled = ops(tg.draw(one, view="unrolled")), ops(tg.draw(other))
    assert [x for x in scanned if x[0] in "σt⊙+"] == [x for x in unrolled if x[0] in "σt⊙+"]


@compiled
def test_a_scan_against_time_loops_from_the_step_after():
    outputs, _ = tg.scan(cells()["rnn"], tg.tensor(np.ones((5, 2, 3), np.float32), requires_grad=True), reverse=True)
    assert "t+1" in {n.label.glyph for n in nodes(tg.draw(outputs)).values()}
    steps = tg.draw(outputs, view="unrolled")
    lanes = [e for e in steps._picture.edges if e.kind == "lane"]
    assert {(nodes(steps)[e.tail].label.name, nodes(steps)[e.head].block) for e in lanes} == {
        (f"h{'₀₁₂₃₄'[t]}", t - 1) for t in (4, 3, 2, 1)
    }


@pytest.mark.parametrize("level", ["op", "gate", "cell"])
def test_an_unrolled_graph_folds(level):
    outputs, _ = tg.unroll(cells()["lstm"], np.ones((9, 2, 3), np.float32))
    drawing = tg.draw((outputs**2).sum().named("L"), view="fold", level=level)
    assert loops(drawing) == LOOPS["lstm"]
    assert "t = 0 … 8" in texts(drawing.svg)
    assert "L" in texts(drawing.svg)
    assert len(called(drawing, "x")) == 1


def test_folding_keeps_the_lag_of_each_state():
    h, g = (tg.tensor(np.ones(2), requires_grad=True, name=n) for n in "ab")
    for t in range(8):
        with tg.scope("loop"), tg.scope(f"t={t}", step=t):
            h, g = (h.tanh() + g).named("h"), h
    drawing = tg.draw(h, view="fold")
    assert sorted(n.label.glyph for n in nodes(drawing).values() if n.label.glyph.startswith("t−")) == ["t−1", "t−2"]


def test_steps_that_are_not_alike_do_not_fold():
    h = tg.tensor(np.ones(2), requires_grad=True, name="h")
    for t in range(6):
        with tg.scope("loop"), tg.scope(f"t={t}", step=t):
            h = h.tanh() if t % 2 else (h * h).exp()
    with pytest.raises(ArgumentError, match="the time steps are not alike, so that none stands for all"):
        tg.draw(h, view="fold")


def test_views_have_names():
    with pytest.raises(ArgumentError, match="view is one of None, fold, unrolled, not 'folded'"):
        tg.draw(cells()["rnn"], view="folded")
    assert len([f for f in tg.draw(cells()["rnn"], view="unrolled").placed.frames if "t = " in f.label]) == 3
