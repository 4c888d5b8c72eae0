"""Level "gate": the textbook figure of each cell."""

import numpy as np
import pytest
from view_cases import called, cells, name_of, nodes

import tinygrad_rnn as tg


def glyphs(drawing):
    return sorted(f"{n.label.glyph} {name_of(n)}".strip() for n in nodes(drawing).values() if not n.leaves)


def reads(drawing):
    """Who reads whom, by names or glyphs."""
    called = {i: name_of(n) or n.label.glyph for i, n in nodes(drawing).items() if not n.leaves}
    return {(called[e.tail], called[e.head]) for e in drawing._picture.edges if e.head in called}


def test_the_lstm_is_the_textbook_figure():
    drawing = tg.draw(cells()["lstm"], level="gate")
    gates = ["tanh c̃", "σ f", "σ i", "σ o"]
    assert glyphs(drawing) == sorted([*gates, "[xₜ, hₜ₋₁]", "cₜ₋₁", "hₜ₋₁", "x", "⊙", "⊙", "+ c", "tanh", "⊙ h"])
    joined = {("[xₜ, hₜ₋₁]", g) for g in ("i", "f", "o", "c̃")} | {(x, "[xₜ, hₜ₋₁]") for x in ("x", "hₜ₋₁")}
    update = {("cₜ₋₁", "⊙"), ("f", "⊙"), ("i", "⊙"), ("c̃", "⊙"), ("⊙", "c"), ("c", "tanh"), ("tanh", "h"), ("o", "h")}
    assert reads(drawing) == joined | update
    looks = {name_of(n): n.look.shape for n in nodes(drawing).values()}
    assert {looks[g] for g in ("i", "f", "c̃", "o")} == {"box"}


def test_the_state_runs_straight_along_the_top():
    placed = tg.draw(cells()["lstm"], level="gate", steps=3).placed
    for t in range(3):
        block = [n for n in placed.nodes.values() if n.block == t + 1]
        (c,) = [n for n in block if n.label.name == f"c{'₀₁₂'[t]}" and not n.ghost]
        assert c.y < np.mean([n.y for n in block])
    lanes = [e for e in placed.edges if e.kind == "lane" and placed.nodes[e.tail].label.base == "c"]
    assert len(lanes) == 3
    for lane in lanes[1:]:
        heights = [y for _, y in lane.path]
        assert max(heights) - min(heights) < 12


def test_reset_after_multiplies_a_weighted_sum_and_reset_before_feeds_one():
    after = tg.draw(cells()["gru"], level="gate")
    assert {"R_n h + b_Rn", "W_n x + b_n", "σ r", "σ z", "tanh n"} <= set(glyphs(after))
    before = tg.draw(tg.nn.GRUCell(3, 4, reset_after=False), level="gate")
    assert "tanh n" in glyphs(before)
    assert ("⊙", "n") in reads(before)
    assert not any(g.startswith("W_n") for g in glyphs(before))


def test_weights_and_biases_of_each_gate():
    drawing = tg.draw(cells()["lstm"], level="gate", show=("name", "weights"))
    letters = {n.label.base + n.label.index for n in nodes(drawing).values() if n.look.weight == 1.6}
    assert letters == {f"{letter}{gate}" for letter in "Wb" for gate in ("i", "f", "c̃", "o")}
    without = tg.draw(tg.nn.LSTMCell(3, 4, bias=False), level="gate", show=("name", "weights"))
    assert not [n for n in nodes(without).values() if n.label.base == "b"]


def test_a_state_that_is_a_weighted_sum_is_a_node_of_its_own():
    class Linear(tg.nn.Cell):
        input_size = 3

        def __init__(self):
            self.W, self.R = tg.nn.Parameter(np.eye(3)), tg.nn.Parameter(np.eye(3))

        def initial_state(self, batch):
            return self.zeros(batch, 3)

        def step(self, x, h):
            h = (x @ self.W + h @ self.R).named("h", role="state")
            return h, h

    drawing = tg.draw(Linear(), level="gate", steps=2)
    assert [n.label.name for n in nodes(drawing).values() if n.look.shape == "box" and not n.ghost] == ["h₀", "h₁"]
    assert len(called(drawing, "x₁")) == 1


def test_divisions_by_a_value_are_no_weighted_sum():
    W = tg.nn.Parameter(np.eye(3))
    W.named("W")
    x = tg.tensor(np.ones((1, 3)), requires_grad=True, name="x")
    drawing = tg.draw(tg.tanh((x @ W) / (x + 1)), level="gate")
    assert {"÷", "+", "W x"} <= {n.label.glyph for n in nodes(drawing).values()}
    drawing = tg.draw(tg.tanh(W / (x + 1)), level="gate")
    assert called(drawing, "W")


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_every_cell_at_gate_level_is_smaller_and_connected(kind):
    gate, op = tg.draw(cells()[kind], level="gate", steps=3), tg.draw(cells()[kind], steps=3)
    assert len(nodes(gate)) < len(nodes(op))
    assert set(nodes(gate)) == {end for e in gate.placed.edges for end in (e.tail, e.head)}
