"""What is drawn: roles, names, ghosts, time steps, directions."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from view_cases import called, cells, name_of, nodes, texts

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DrawingError
from tinygrad_rnn.view.theme import LOOKS


def test_a_tensor_shows_the_graph_behind_it():
    a = tg.tensor(2.0, requires_grad=True, name="a")
    b = tg.tensor(-3.0, requires_grad=True, name="b")
    drawing = tg.draw((a * b + 1).tanh().named("L"))
    assert [n.label.name for n in nodes(drawing).values() if n.label.name] == ["a", "b", "1", "L"]
    assert {"a", "b", "⊙", "+", "tanh", "L"} <= set(texts(drawing.svg))
    (loss,) = called(drawing, "L")
    assert loss.look.double
    edges = {(e.tail, e.head) for e in drawing.placed.edges}
    by_glyph = {n.label.glyph: n.id for n in nodes(drawing).values()}
    assert (by_glyph["⊙"], by_glyph["+"]) in edges
    assert len(edges) == 5


def test_values_and_gradients_are_written_small_in_full_and_large_as_statistics():
    a = tg.tensor([1.0, -2.5], requires_grad=True, name="a")
    W = tg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="W")
    loss = (a @ W).sum()
    loss.backward(retain_graph=True)
    drawing = tg.draw(loss, show=("name", "value", "grad"))
    assert called(drawing, "a")[0].label.details == ("[1, −2.5]", "δ: [3, 12]")
    assert called(drawing, "W")[0].label.details == ("2.5 ± 1.71", "δ: ‖·‖ 4.66")
    assert called(tg.draw(loss, show="shape"), "parameter") == []
    assert all("(2, 3)" not in n.label.details for n in nodes(drawing).values())


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_roles_of_a_cell_differ_in_shape_or_rim_and_in_colour(kind):
    drawing = tg.draw(cells()[kind])
    looks = {name_of(n): n.look for n in nodes(drawing).values()}
    assert looks["x"] == LOOKS["input"]
    assert looks["W" if kind == "rnn" else {"lstm": "W_f", "gru": "W_r"}[kind]] == LOOKS["parameter"]
    assert looks["h"].fill == LOOKS["state"].fill
    assert looks["h"].double
    assert next(n.look for n in nodes(drawing).values() if n.label.glyph == "×") == LOOKS["product"]
    assert not any(n.ghost for n in nodes(drawing).values())
    assert drawing.placed.frames[0].label == type(cells()[kind]).__name__


def test_looks_are_told_apart_without_colour():
    told = {}
    for name in ("input", "parameter", "state", "function", "product", "gradient", "output", "structure"):
        look = LOOKS[name]
        told.setdefault((look.shape, look.weight, look.double, look.small), []).append(name)
    assert all(len(names) == 1 for names in told.values()), told


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_steps_stand_in_order_of_time_and_weights_are_solid_once(kind):
    drawing = tg.draw(cells()[kind], steps=4)
    placed = drawing.placed
    steps = [f for f in placed.frames if f.label.startswith("t = ")]
    assert [f.label for f in sorted(steps, key=lambda f: f.x)] == ["t = 0", "t = 1", "t = 2", "t = 3"]
    assert all(a.x + a.wide < b.x for a, b in pairwise(steps))
    assert [n.ghost for n in called(drawing, {"rnn": "R", "lstm": "R_f", "gru": "R_r"}[kind])] == [
        False,
        True,
        True,
        True,
    ]
    assert [n.label.index for n in nodes(drawing).values() if n.label.base == "x"] == ["0", "1", "2", "3"]
    states = 2 if kind == "lstm" else 1
    lanes = [e for e in placed.edges if e.kind == "lane"]
    assert len(lanes) == 3 * states
    for lane in lanes:
        assert nodes(drawing)[lane.head].ghost
        assert nodes(drawing)[lane.head].label.name == nodes(drawing)[lane.tail].label.name


def overlap(a, b):
    (wa, ha), (wb, hb) = a.extent, b.extent
    return abs(a.x - b.x) < (wa + wb) / 2 - 0.5 and abs(a.y - b.y) < (ha + hb) / 2 - 0.5


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("steps", [None, 3])
def test_nothing_overlaps_and_everything_lies_on_the_canvas(direction, steps):
    placed = tg.draw(cells()["lstm"], steps=steps, direction=direction).placed
    drawn = list(placed.nodes.values())
    assert not [(a.id, b.id) for i, a in enumerate(drawn) for b in drawn[:i] if overlap(a, b)]
    for n in drawn:
        wide, high = n.extent
        assert 0 <= n.x - wide / 2 <= n.x + wide / 2 <= placed.wide + 0.5
        assert 0 <= n.y - high / 2 <= n.y + high / 2 <= placed.high + 0.5
    for e in placed.edges:
        assert len(e.path) % 3 == 1
        head = placed.nodes[e.head]
        assert abs(e.path[-1][0] - head.x) <= head.extent[0] / 2 + 1
        assert abs(e.path[-1][1] - head.y) <= head.extent[1] / 2 + 1


def test_labels_fit_their_nodes():
    from tinygrad_rnn.view.marks import texts as marks
    from tinygrad_rnn.view.text import width

    for node in tg.draw(cells()["lstm"], steps=12, direction="both").placed.nodes.values():
        for mark in marks(node):
            wide = width(mark.text, mark.size)
            left = mark.x - (wide / 2 if mark.anchor == "middle" else 0)
            assert left >= node.x - node.extent[0] / 2
            assert left + wide <= node.x + node.extent[0] / 2


def test_backward_pictures_show_gradients_and_the_values_they_read():
    backward = tg.draw(cells()["rnn"], direction="backward")
    names = {n.label.name for n in nodes(backward).values()}
    assert {"δW", "δR", "δb", "δxₜ", "δhₜ₋₁", "δhₜ", "hₜ"} <= names
    assert called(backward, "h")[0].look == LOOKS["saved"]
    both = tg.draw(cells()["rnn"], direction="both")
    (h,) = called(both, "h")
    saved = [e for e in both.placed.edges if e.kind == "saved" and e.tail == h.id]
    assert saved
    assert {n.backward for n in nodes(both).values() if n.label.base.startswith("δ")} == {True}
    flows = [e for e in both.placed.edges if e.kind == "gradient"]
    assert all(both.placed.nodes[e.head].y < both.placed.nodes[e.tail].y for e in flows)


def test_gradients_of_a_weight_travel_back_in_time():
    placed = tg.draw(cells()["rnn"], steps=3, direction="both").placed
    lanes = [e for e in placed.edges if e.kind == "back_lane"]
    assert all(placed.nodes[e.tail].block == placed.nodes[e.head].block + 1 for e in lanes)
    carried = sorted(placed.nodes[e.head].label.name for e in lanes if placed.nodes[e.head].block == 0)
    assert carried == ["to δR", "to δW", "to δb", "to δb_R", "to δh₀"]


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_no_node_stands_alone(kind, direction):
    placed = tg.draw(cells()[kind], steps=3, direction=direction).placed
    assert set(placed.nodes) == {end for e in placed.edges for end in (e.tail, e.head)}


def test_wrt_chooses_the_gradients():
    cell = cells()["rnn"]
    x = tg.tensor(np.ones((1, 3), np.float32), name="x")
    h = cell(x)
    drawing = tg.draw(h, direction="backward", wrt=[cell.weight_ih])
    assert [n.label.name for n in nodes(drawing).values() if n.look.double] == ["δweight_ih"]


def test_layers_stand_in_rows_and_what_follows_the_steps_stands_behind_them():
    xs = tg.tensor(np.ones((3, 1, 3), np.float32), name="xs")
    first, _ = tg.unroll(tg.nn.RNNCell(3, 4), xs)
    second, _ = tg.unroll(tg.nn.GRUCell(4, 2), first)
    placed = tg.draw(second.sum().named("loss")).placed
    rows = {f.label: f for f in placed.frames if f.depth == 0}
    assert rows["RNNCell"].y + rows["RNNCell"].high < rows["GRUCell"].y
    (loss,) = [n for n in placed.nodes.values() if n.label.name == "loss"]
    assert loss.x > max(f.x + f.wide for f in placed.frames if f.label == "t = 2" and f.y > rows["GRUCell"].y)


def test_nested_scopes_are_nested_frames():
    x = tg.tensor([1.0], requires_grad=True, name="x")
    with tg.scope("outer"):
        y = x * 2
        with tg.scope("inner"):
            y = y.tanh()
        y = y + 1
    outer, inner = tg.draw(y).placed.frames
    assert (outer.label, inner.label) == ("outer", "inner")
    assert outer.x < inner.x
    assert outer.y < inner.y
    assert inner.x + inner.wide < outer.x + outer.wide


def test_a_cell_of_ones_own_needs_only_step_and_initial_state():
    class Leaky:
        def __init__(self, size=None):
            self.W = tg.tensor(np.eye(3), requires_grad=True, name="W")
            self.W.role = "parameter"
            if size:
                self.input_size = size

        def initial_state(self, batch):
            return tg.tensor(np.zeros((batch, 3)), name="h′")

        def step(self, x, h):
            h = (0.9 * h + (x @ self.W).tanh()).named("h", role="state")
            return h, h

    with pytest.raises(ArgumentError, match=r"Leaky has no input_size; give .* input=\(B, D\)"):
        tg.draw(Leaky())
    for drawing in (tg.draw(Leaky(), input=(2, 3)), tg.draw(Leaky(3), batch=2)):
        assert called(drawing, "x")[0].label.details == ("(2, 3)",)
        assert "Leaky" in texts(drawing.svg)


def test_modules_are_traced_on_the_shape_given():
    drawing = tg.draw(tg.nn.Linear(3, 2))
    assert called(drawing, "weight")[0].look == LOOKS["parameter"]
    with pytest.raises(ArgumentError, match=r"Twice has no input_size; give the shape of its input: input="):
        tg.draw(type("Twice", (tg.nn.Module,), {"forward": lambda self, x: x * 2})())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"show": ("name", "colour")}, "show takes name, shape, value, grad, .*; got 'colour'"),
        ({"direction": "sideways"}, "direction is one of forward, backward, both, not 'sideways'"),
        ({"steps": 0}, "steps is the number of time steps, at least 1, not 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint):
    with pytest.raises(ArgumentError, match=complaint):
        tg.draw(cells()["rnn"], **arguments)


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(ArgumentError, match="expected a tensor, a graph, a cell, a module or a function, got int"):
        tg.draw(3)


def test_too_many_nodes_are_refused_with_what_to_do():
    with pytest.raises(DrawingError, match=r"nodes are more than max_nodes=50; draw fewer time steps \(steps=…\)"):
        tg.draw(cells()["lstm"], steps=3, max_nodes=50)


def test_a_deep_chain_and_deep_scopes_do_not_recurse():
    x = tg.tensor(1.0, requires_grad=True, name="x")
    y = x
    for _ in range(sys.getrecursionlimit() + 200):
        y = -y
    assert len(nodes(tg.draw(y, max_nodes=10_000))) == sys.getrecursionlimit() + 201


def test_a_thousand_nodes_have_one_layout_per_kind_of_step(monkeypatch):
    from tinygrad_rnn.view import arrange

    calls = []
    monkeypatch.setattr(arrange, "lay_out", lambda *a, **k: calls.append(1) or lay_out(*a, **k))
    from tinygrad_rnn.view.layout import lay_out

    drawing = tg.draw(cells()["lstm"], steps=45, elide_after=None)
    assert len(nodes(drawing)) > 1000
    assert drawing.svg.count("t = ") == 45
    assert len(calls) < 8


def test_a_weight_read_by_many_nodes_is_repeated():
    W = tg.tensor(np.eye(2), requires_grad=True, name="W")
    h = tg.tensor(np.ones(2), name="x")
    for _ in range(20):
        h = (h @ W).tanh()
    assert [n.ghost for n in called(tg.draw(h), "W")] == [False] + [True] * 19


def test_notebooks_show_tensors_graphs_and_drawings():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    y = (x * x).sum()
    for thing in (y, tg.Graph(y), tg.draw(y)):
        shown = thing._repr_mimebundle_()
        assert shown["image/svg+xml"].startswith("<svg")
        assert shown["text/plain"] == repr(thing)
    assert "image/svg+xml" not in x._repr_mimebundle_()
    for _ in range(400):
        y = y + 1
    assert "(not drawn: " in y._repr_mimebundle_()["text/plain"]
    assert tg.draw(x * x)._repr_svg_() == tg.draw(x * x).svg
