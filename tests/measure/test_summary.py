"""Counts against the formulas of the literature."""

import re

import numpy as np
import pytest
from nn.cell_cases import make
from view.view_cases import nodes

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, ShapeError
from tinygrad_rnn.core.trees import flatten

D, H, T, B = 5, 7, 11, 3


def one_bias(cell):
    """What the formulas count: one bias per block, where PyTorch has two (GRU: the formulas for reset-before)."""
    return 0 if cell.bias_ih is None else cell.blocks * cell.hidden_size


@pytest.mark.parametrize(
    ("kind", "gates", "entrywise", "kept"),
    [
        (tg.nn.RNNCell, 1, 3, 1),
        (tg.nn.LSTMCell, 4, 17, 6),
        (lambda d, h, **k: tg.nn.GRUCell(d, h, reset_after=False, **k), 3, 14, 4),
        (tg.nn.GRUCell, 3, 14, 5),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_totals(kind, gates, entrywise, kept, bias):
    """A = H(D + H + 1) parameters a block; 2gH(D+H) + eH FLOPs forward, twice the products backward."""
    cell = kind(D, H, bias=bias)
    total = tg.summary(cell, (T, B, D)).total
    assert total.parameters == sum(p.size for p in cell.parameters())
    assert total.parameters == gates * H * (D + H + bias) + one_bias(cell)
    biases = gates * H * (2 if bias else 0)  # additions of both
    products = 2 * gates * H * (D + H)
    assert total.forward == T * B * (products + entrywise * H - gates * H + biases)
    assert 2 * products * T * B < total.backward < (2 * products + 3 * entrywise * H) * T * B
    assert total.kept == kept * H * T * B * 4


@pytest.mark.parametrize("name", tg.nn.catalogue())
def test_all_who_count_flops_agree(name):
    """A graph, its drawing and the summary; which leaves out what is computed from parameters alone, once a run."""
    cell = make(name)
    states, rebuild = flatten(cell.initial_state(1))

    def step(x, *state):
        output, after = cell.step(x, rebuild(list(state)))
        return (*flatten(output)[0], *flatten(after)[0])

    graph = tg.trace(step, (1, cell.input_size), *[s.shape for s in states])
    once = tg.Graph([n for n in graph.nodes if n.op is not None and not n.is_abstract])
    drawn = [line for node in nodes(tg.draw(graph, show="cost")).values() for line in node.label.details]
    assert sum(int(line.split()[0].replace(",", "")) for line in drawn) == graph.flops
    assert tg.summary(cell, (1, 1, cell.input_size)).total.forward == graph.flops - once.flops


def test_formulas_hold_at_other_sizes():
    for kind in (tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell):
        total = tg.summary(kind(3, 4)).total
        other = tg.summary(kind(20, 6)).total
        for name, formula in total.formulas.items():
            expression = formula.replace("D²", "D*D").replace("H²", "H*H").replace("DH", "D*H")
            value = eval(re.sub(r"(?<=\d)(?=[DH])", "*", expression), {"D": 20, "H": 6})
            assert value * (4 if name == "kept" else 1) == getattr(other, name)


def test_gates_sum_to_the_total():
    page = tg.summary(tg.nn.LSTMCell(D, H), (T, B, D))
    assert [row.name for row in page.rows] == ["i", "f", "c̃", "o", "c", "h"]
    for name in ("parameters", "forward", "backward", "kept"):
        assert sum(getattr(row, name) for row in page.rows) == getattr(page.total, name)
    assert page.rows[0].shapes == {"W_i": (H, D), "R_i": (H, H), "b_i": (H,), "b_Ri": (H,)}
    assert page.total.formulas["parameters"] == "4DH + 4H² + 8H"


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layers(kind):
    layer = getattr(tg.nn, kind)(D, H, num_layers=2, bidirectional=True)
    page = tg.summary(layer, (T, B, D))
    layers = [row for row in page.rows if not row.depth and row.parameters]
    assert [row.name for row in layers] == [f"{kind}/l{k}{r}" for k in (0, 1) for r in ("", "_reverse")]
    assert page.total.parameters == sum(p.size for p in layer.parameters())
    first = tg.summary(layer.cells.rows[0][0], (T, B, D)).total
    assert (layers[0].forward, layers[0].backward, layers[0].kept) == (first.forward, first.backward, first.kept)


def test_a_model_with_other_modules():
    class Model(tg.nn.Module):
        def __init__(self):
            self.encoder = tg.nn.GRU(D, H)
            self.head = tg.nn.Linear(H, 2)

        def forward(self, xs):
            return self.head(self.encoder(xs)[0])

    page = tg.summary(Model(), (T, B, D))
    head = next(row for row in page.rows if row.name == "Model/head")
    assert head.parameters == 2 * H + 2
    assert head.forward >= T * B * (2 * 2 * H + 2)
    assert head.backward >= 2 * T * B * 2 * 2 * H
    assert page.total.parameters == sum(p.size for p in Model().parameters())


def test_ones_own_cell_has_numbers_even_without_formulas():
    class Odd(tg.nn.RNNCell):
        def __init__(self, name):  # cannot be made in other sizes
            super().__init__(D, H)

    page = tg.summary(Odd("x"))
    assert page.total.parameters == H * (D + H + 2)
    assert page.total.formulas["parameters"] is None
    assert "no polynomial" in str(page)


def test_it_prints():
    text = str(tg.summary(tg.nn.LSTMCell(64, 128), (100, 32, 64)))
    assert text.startswith("LSTMCell(64, 128): 100 steps of 32 samples, float32\n\npart   parameters")
    assert "637,747,200  8DH + 8H² + 21H" in text
    assert max(map(len, text.splitlines())) < 110
    bundle = tg.summary(tg.nn.RNNCell(2, 3))._repr_mimebundle_()
    assert bundle["text/markdown"].count("| part |") == 2


@pytest.mark.parametrize(
    ("thing", "shape", "error", "message"),
    [
        (3, None, ArgumentError, "expected a cell or a module, got int"),
        (tg.nn.RNNCell(3, 4), (5, 2, 7), ShapeError, r"RNNCell reads \(T, B, 3\) or \(B, 3\), got \(5, 2, 7\)"),
        (tg.nn.Sequential(), None, ArgumentError, "Sequential has no input_size; give the shape of its input"),
    ],
)
def test_bad_arguments(thing, shape, error, message):
    with pytest.raises(error, match=message):
        tg.summary(thing, shape)


def test_the_ledger_counts_what_is_kept_step_by_step():
    cell, xs = tg.nn.LSTMCell(D, H), tg.tensor(np.ones((T, B, D), np.float32), requires_grad=True)
    compiled = tg.ledger((tg.scan(cell, xs)[0] ** 2).sum())
    if compiled.by_op.get("scan: states"):  # with Numba's compiler
        assert compiled.total == 6 * H * B * T * 4
        assert compiled.by_step == dict.fromkeys(range(T), 6 * H * B * 4)
        whole, root = compiled.what_ifs[:2]
        assert whole.kept == compiled.total
        assert root.kept == 3 * 2 * H * B * 4 + 4 * 6 * H * B * 4  # T = 11: 3 seams of (h, c), one segment of 4 steps
    unrolled = tg.ledger((tg.unroll(cell, xs)[0] ** 2).sum())
    assert unrolled.steps == T
    assert unrolled.by_op["sigmoid"] == 3 * H * B * T * 4
    assert unrolled.by_op["tanh"] == 2 * H * B * T * 4
    assert "permute" not in unrolled.by_op  # a transposed weight is no memory of its own
    assert "with checkpoints:" in str(unrolled)
    with pytest.raises(ArgumentError, match="expected a tensor or a graph, got int"):
        tg.ledger(3)
