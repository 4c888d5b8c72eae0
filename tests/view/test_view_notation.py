"""One notation in every picture: gates unpacked, δ the whole gradient, times as subscripts, steps alike."""

import numpy as np
import pytest
from nn.cell_cases import CASES, make
from view_cases import cells, name_of, nodes

import tinygrad_rnn as tg


def names(drawing):
    return {n.label.name for n in nodes(drawing).values()}


def derived(cell):
    """The names that a derivation of the cell speaks of."""
    step = tg.derive(cell).step
    return {q.symbol.name for q in step.quantities} | {step.symbols[p.number].name for p in step.parameters}


@pytest.mark.parametrize("case", CASES)
def test_a_picture_speaks_of_what_the_derivation_does(case):
    cell = make(case)
    drawing = tg.draw(cell)
    assert derived(cell) <= {name_of(n) for n in nodes(drawing).values()} | {
        f"{n.label.base}_{n.label.index.split(',')[0]}" for n in nodes(drawing).values()
    }
    glyphs = {n.label.glyph for n in nodes(drawing).values()}
    assert not {"T", "put", "getitem"} & glyphs
    assert not [g for g in glyphs if g.startswith("[…")]


def test_packed_shows_what_is_computed():
    packed = tg.draw(cells()["lstm"], packed=True)
    assert {"weight_ih", "weight_hh"} <= names(packed)
    assert "[…, 4:8]" in {n.label.glyph for n in nodes(packed).values()}
    assert "T" in {n.label.glyph for n in nodes(packed).values()}


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_flops_are_the_same_packed_or_not(kind):
    def flops(**how):
        drawn = nodes(tg.draw(cells()[kind], show="cost", **how)).values()
        return sum(int(line.split()[0].replace(",", "")) for n in drawn for line in n.label.details)

    assert flops() == flops(packed=True) == tg.summary(cells()[kind]).total.forward


def test_layers_too_are_unpacked():
    assert {"W_f", "R_f", "b_f", "b_Rf", "fₜ", "cₜ₋₁"} <= names(tg.draw(tg.nn.LSTM(3, 4)))


def test_one_step_is_of_time_t():
    found = names(tg.draw(cells()["lstm"]))
    assert {"xₜ", "fₜ", "cₜ", "hₜ", "cₜ₋₁", "hₜ₋₁", "W_f"} <= found


def test_delta_is_the_whole_gradient():
    """The δ of the drawn backward graph has the value that backward gives."""
    cell = make("lstm")
    x = tg.tensor(np.random.default_rng(0).normal(size=(3, 2, 3)), name="x", requires_grad=True)
    outputs, _ = tg.unroll(cell, x)
    loss = (outputs**2).sum().named("L")
    graph = tg.Graph(loss)
    derived = graph.backward()
    steps = {s.node.number: s.gradient for s in tg.backprop_steps(loss)}
    found = {g.number: q for g in derived.nodes if (q := derived.adjoint_of.get(g.number)) is not None}
    compared = 0
    for g in derived.nodes:
        if g.number in found and found[g.number].number in steps:
            assert g.name == f"δ{found[g.number].name}"
            np.testing.assert_allclose(g.numpy(), steps[found[g.number].number], rtol=1e-12)
            compared += 1
    assert compared > 15


@pytest.mark.parametrize("direction", ["backward", "both"])
@pytest.mark.parametrize("case", CASES)
def test_every_cell_is_drawn_by_gate_backward(case, direction):
    cell = make(case)
    for steps in (None, 3):
        drawing = tg.draw(cell, level="gate", direction=direction, steps=steps)
        found = names(drawing)
        step = tg.derive(cell).step
        output = next(q.symbol.name for q in step.quantities if q.node.number == step.body.outputs[0].number)
        assert any(n.startswith(f"δ{output}") or n == f"δ{output}" for n in found), found
        assert drawing.svg.startswith("<svg")


def test_back_propagation_through_time_of_an_lstm_is_one_slide():
    drawing = tg.draw(cells()["lstm"], level="gate", direction="both", steps=3)
    found = names(drawing)
    assert {f"{d}{q}{t}" for d in ("", "δ") for q in ("i", "f", "c̃", "o", "c", "h", "x") for t in "₀₁₂"} <= found
    assert {"δc₋₁", "δh₋₁", "∂ℓ/∂h₀", "∂ℓ/∂h₁", "∂ℓ/∂c₂"} <= found
    placed = drawing.placed
    for n in placed.nodes.values():
        if n.backward and not n.ghost and n.label.name[1:] in ("c₁", "h₁", "f₁"):
            value = next(m for m in placed.nodes.values() if m.label.name == n.label.name[1:] and not m.ghost)
            assert value.block == n.block  # each δ in the step of its value
            assert value.y < n.y


@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gates_stand_in_the_same_order_at_every_step(kind, direction):
    placed = tg.draw(cells()[kind], level="gate", direction=direction, steps=4).placed
    orders = []
    for t in "0123":
        gates = [n for n in placed.nodes.values() if n.kind == "gate" and n.label.index == t and not n.backward]
        orders.append([n.label.base for n in sorted(gates, key=lambda n: (round(n.x - gates[0].x), n.y))])
    assert all(order == orders[0] for order in orders), orders


def test_a_legend_speaks_chinese():
    drawing = tg.draw(cells()["lstm"], level="gate", legend=True, language="zh")
    assert "矩阵乘积" in tg.draw(cells()["lstm"], legend=True, language="zh").svg
    assert "/x：输入，形状 (" in tg.draw(cells()["lstm"], language="zh").svg
    assert "状态，沿时间传递" in tg.draw(cells()["lstm"], level="gate", steps=2, legend=True, language="zh").svg
    assert drawing.png.startswith(b"\x89PNG")
    with pytest.raises(tg.errors.ArgumentError, match="language is one of en, zh, not 'fr'"):
        tg.draw(cells()["lstm"], language="fr")


def test_a_folded_layer_says_what_comes_from_the_next_step():
    found = names(tg.draw(tg.nn.LSTM(3, 4), level="gate", direction="both"))
    assert {"δcₜ", "δhₜ", "δ[xₜ, hₜ₋₁]", "from t+1", "δx"} <= found
    assert "∂ℓ/∂cₜ" not in found


@pytest.mark.parametrize("case", CASES)
def test_every_cell_is_drawn_at_every_level_and_direction(case):
    cell = make(case)
    for level, directions in (("op", ("forward", "backward", "both")), ("gate", ("forward",)), ("cell", ("forward",))):
        for direction in directions:
            drawing = tg.draw(cell, level=level, direction=direction)
            assert len(nodes(drawing)) > 1
            assert drawing.dot.startswith("//")


def test_a_gradient_is_drawn_only_where_one_goes_back():
    x = tg.tensor([1.0, -2.0], requires_grad=True, name="x")
    y = tg.tensor([3.0, 4.0], requires_grad=True, name="y")
    graph = tg.trace(lambda a, b: tg.where(a > 0, b, 0.0).sum().named("L"), x, y)
    drawing = tg.draw(graph, level="gate", direction="both")
    found = names(drawing)
    assert len([n for n in found if n.startswith("δ")]) == 2  # of L and of what is chosen, not of what is compared


def test_wrt_is_for_derived_gradients():
    cell = cells()["rnn"]
    with pytest.raises(tg.errors.ArgumentError, match="wrt chooses among derived gradients, at level='op'"):
        tg.draw(cell, level="gate", direction="both", wrt=[cell.weight_ih])
    drawn = tg.draw(cell, direction="backward", wrt=[cell.weight_ih])
    assert [n.label.name for n in nodes(drawn).values() if n.look.double] == ["δW"]


@pytest.mark.parametrize("case", CASES)
def test_values_stand_above_their_gradients(case):
    placed = tg.draw(make(case), level="gate", direction="both", steps=2).placed
    for block in {n.block for n in placed.nodes.values()}:
        here = [n for n in placed.nodes.values() if n.block == block and not n.ghost]
        values, gradients = ([n.y for n in here if n.backward == backward] for backward in (False, True))
        if values and gradients:
            assert np.mean(values) <= np.mean(gradients)
