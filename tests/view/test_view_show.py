"""What is written in nodes besides their names."""

import numpy as np
import pytest
from view_cases import called, cells, nodes

import tinygrad_rnn as tg
from tinygrad_rnn.view.labels import bytes_text


def test_costs_add_up_to_the_graphs():
    graph = tg.trace(lambda x, W: tg.tanh(x @ W).named("h"), (2, 3), (3, 4))
    drawing = tg.draw(graph, show="cost")
    written = [line for n in nodes(drawing).values() for line in n.label.details]
    assert written == ["48 FLOPs", "8 FLOPs"]
    assert sum(int(line.split()[0]) for line in written) == graph.flops


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_cells_cost_and_parameters_are_those_of_its_nodes(kind):
    cell = cells()[kind]
    (whole,) = [n for n in nodes(tg.draw(cell, level="cell", show="cost")).values() if n.kind == "group"]
    flops = sum(
        int(line.split()[0].replace(",", ""))
        for n in nodes(tg.draw(cell, show="cost")).values()
        for line in n.label.details
    )
    assert whole.label.details == (f"{sum(p.size for p in cell.parameters()):,} parameters", f"{flops:,} FLOPs")


def test_bytes_are_those_of_the_value():
    drawing = tg.draw(cells()["lstm"], show=("name", "bytes"))
    assert called(drawing, "W_f")[0].label.details == ("48 B",)  # 4 × 3 × 4
    assert called(drawing, "c")[0].label.details == ("16 B",)
    assert [bytes_text(n) for n in (9_999, 10_000, 123_456_789, 5e10)] == ["9,999 B", "10 kB", "123.5 MB", "50 GB"]


def test_names_can_be_changed_for_a_paper():
    names = {"x": "X", "h": "s", "W": "W_x"}
    drawing = tg.draw(cells()["rnn"], steps=2, names=names)
    labels = {n.label.name for n in nodes(drawing).values()}
    assert {"X₀", "X₁", "s₀", "s₁", "s₋₁", "W_x", "R"} <= labels
    assert not {"x₀", "W", "h₀"} & labels
    gate = tg.draw(cells()["lstm"], level="gate", names={"x": "X"})
    assert "[Xₜ, hₜ₋₁]" in {n.label.glyph for n in nodes(gate).values()}


def test_seeds_of_gradients_say_of_which_step_they_are():
    drawing = tg.draw(cells()["rnn"], steps=3, direction="backward")
    names = {n.label.name for n in nodes(drawing).values()}
    assert {"δh₋₁", "δh₀", "δh₁", "δh₂", "∂ℓ/∂h₀", "∂ℓ/∂h₁"} <= names
    assert not {"δh", "∂ℓ/∂h₂"} & names  # all of δh₂ is from the loss


def test_values_that_gradients_read_are_called_by_how_they_are_computed():
    labels = {n.label.name for n in nodes(tg.draw(cells()["gru"], direction="backward")).values()}
    assert "1−z" in labels
    assert not {"getitem", "subtract", "put", "T"} & labels


def test_layers_are_drawn_without_being_told_how_long_sequences_are():
    drawing = tg.draw(tg.nn.LSTM(3, 4))
    assert called(drawing, "x")[0].label.details == ("(5, 1, 3)",)


def test_modules_show_themselves_in_notebooks():
    for module in (cells()["lstm"], tg.nn.GRU(3, 4), tg.nn.Linear(3, 4)):
        shown = module._repr_mimebundle_()
        assert shown["image/svg+xml"].startswith("<svg")
        assert shown["text/plain"] == repr(module)
    no_size = type("Twice", (tg.nn.Module,), {"forward": lambda self, x: x * 2})()
    assert no_size._repr_mimebundle_() == {"text/plain": repr(no_size)}


def test_values_are_those_of_the_tensors_at_every_level():
    cell = tg.nn.LSTMCell(1, 1, dtype=np.float64, generator=np.random.default_rng(0))
    h, _ = cell(np.ones((1, 1)))
    for level in ("op", "gate", "cell"):
        drawing = tg.draw(h, level=level, show=("name", "value"))
        (node,) = called(drawing, "h")
        assert node.label.details[0] == f"[[{h.item():.3g}]]".replace("-", "−")


def test_every_node_of_a_loss_has_its_gradient():
    a = tg.tensor([1.0, 2.0], requires_grad=True, name="a")
    b = tg.tensor([3.0, 4.0], requires_grad=True, name="b")
    loss = ((a * b).named("p") * 2.0).sum().named("L")
    for level in ("op", "gate"):
        drawn = tg.draw(loss, level=level, show=("name", "value", "grad"))
        assert called(drawn, "p")[0].label.details == ("[3, 8]", "δ: [2, 2]")
        assert called(drawn, "a")[0].label.details == ("[1, 2]", "δ: [6, 8]")
        assert called(drawn, "L")[0].label.details == ("22", "δ: 1")
    assert a.grad is None


def test_a_legend_covers_every_mark():
    svg = tg.draw(cells()["lstm"], steps=4, level="gate", highlight="c", cuts=2, legend=True).svg
    for meaning in ("highlighted", "cut: no gradient goes back here", "double rim: a result", "joined side by side"):
        assert meaning in svg
    assert "highlighted" not in tg.draw(cells()["lstm"], legend=True).svg
    assert "gradient, back in time" in tg.draw(cells()["gru"], level="gate", direction="both", steps=2, legend=True).svg
