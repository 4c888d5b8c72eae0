"""Long sequences: the first steps, what is left out, and the last."""

import numpy as np
import pytest
from view_cases import cells, nodes, texts

import tinygrad_rnn as tg


def frames(drawing):
    return [f.label for f in sorted(drawing.placed.frames, key=lambda f: f.x) if f.label.startswith("t = ")]


@pytest.mark.parametrize("level", ["op", "gate", "cell"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_long_sequences_show_the_first_steps_and_the_last(kind, level):
    drawing = tg.draw(cells()[kind], steps=40, level=level)
    assert frames(drawing) == ["t = 0", "t = 1", "t = 2", "t = 3 … 38", "t = 39"]
    (gap,) = [n for n in nodes(drawing).values() if n.label.glyph == "⋯"]
    assert gap.label.details == ("× 36",)
    states = 2 if kind == "lstm" else 1
    assert sum(e.head == gap.id for e in drawing._picture.edges) == states
    carried = {n.label.name for n in nodes(drawing).values() if "₃₈" in n.label.name}
    assert carried == ({"h₃₈", "c₃₈"} if kind == "lstm" else {"h₃₈"})
    assert {"× 36", "⋯"} <= set(texts(drawing.svg))


def test_twelve_steps_are_shown_in_full_and_any_number_if_asked():
    assert len(frames(tg.draw(cells()["rnn"], steps=12))) == 12
    assert len(frames(tg.draw(cells()["rnn"], steps=13))) == 5
    assert len(frames(tg.draw(cells()["rnn"], steps=30, elide_after=None))) == 30
    assert len(frames(tg.draw(cells()["rnn"], steps=7, elide_after=6))) == 5
    assert len(frames(tg.draw(cells()["rnn"], steps=5, elide_after=1))) == 5


@pytest.mark.parametrize("direction", ["backward", "both"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_gradients_pass_through_what_is_left_out(kind, direction):
    drawing = tg.draw(cells()[kind], steps=20, direction=direction)
    assert frames(drawing) == ["t = 0", "t = 1", "t = 2", "t = 3 … 18", "t = 19"]
    placed = drawing.placed
    gradients = [n for n in placed.nodes.values() if n.label.glyph == "⋯" and n.backward]
    assert len(gradients) == 1
    assert any(e.tail == gradients[0].id for e in placed.edges)
    assert any(e.head == gradients[0].id for e in placed.edges)
    assert set(placed.nodes) == {end for e in placed.edges for end in (e.tail, e.head)}


def test_two_layers_and_what_reads_every_step():
    xs = tg.tensor(np.ones((30, 1, 3), np.float32), name="xs")
    first, _ = tg.unroll(tg.nn.RNNCell(3, 4), xs)
    second, _ = tg.unroll(tg.nn.GRUCell(4, 2), first)
    drawing = tg.draw(second.sum().named("loss"))
    gaps = [n for n in nodes(drawing).values() if n.label.glyph == "⋯" and not n.ghost]
    assert [g.label.details for g in gaps] == [("× 26",), ("× 26",)]
    stack = next(n for n in nodes(drawing).values() if n.label.glyph == "≡")
    assert sum(e.head == stack.id for e in drawing._picture.edges) == 5  # h₀ h₁ h₂ ⋯ h₂₉


def test_ten_thousand_steps_are_no_more_nodes_than_twenty():
    short, long = (tg.draw(cells()["rnn"], steps=steps) for steps in (20, 500))
    assert len(nodes(short)) == len(nodes(long))
