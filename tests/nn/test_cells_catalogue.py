"""Every cell of the catalogue: parameters counted, derivatives to second order, compiled = unrolled, drawn, shown."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from cell_cases import CASES, D, H, count, make, parts_of
from naive.cell_steps import STEPS

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, ShapeError
from tinygrad_rnn.nn.cells.lstm_family import VARIANTS

CASE = pytest.mark.parametrize("case", CASES)
T, B = 4, 3


@pytest.mark.parametrize("sizes", [(3, 4), (5, 8), (1, 2)])
@pytest.mark.parametrize("name", tg.nn.catalogue())
def test_the_number_of_parameters_is_that_of_the_formula(name: str, sizes: tuple[int, int]) -> None:
    facts, (D, H) = tg.nn.catalogue()[name], sizes
    P = {"proj_size": H // 2} if name == "projected-lstm" else {}
    cell = facts.kind(D, H, **P)
    assert sum(p.size for p in cell.parameters()) == count(facts.parameters, D=D, H=H, P=H // 2)


A = H * (D + H + 1)
GREFF = {"V": 4 * A + 3 * H, "CIFG": 3 * A + 2 * H, "NP": 4 * A, "FGR": 4 * A + 3 * H + 9 * H * H}
GREFF |= dict.fromkeys(["NIG", "NFG", "NOG"], 3 * A + 2 * H) | dict.fromkeys(["NIAF", "NOAF"], 4 * A + 3 * H)


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_of_the_ablations(variant: str) -> None:
    assert sum(p.size for p in tg.nn.PeepholeLSTMCell(D, H, variant=variant).parameters()) == GREFF[variant]


@pytest.mark.parametrize(
    ("inputs", "blocks", "size", "outputs", "bias", "published"),
    [(7, 4, 1, 7, "gates", 264), (7, 3, 2, 7, "gates", 276), (2, 2, 2, 1, True, 93), (8, 2, 2, 4, True, 156),
     (8, 3, 2, 8, True, 308)],
)  # fmt: skip
def test_published_numbers_of_weights_of_1997(
    inputs: int, blocks: int, size: int, outputs: int, bias: bool | str, published: int
) -> None:
    cell = tg.nn.MemoryBlockCell(inputs, blocks * size, bias, block_size=size)
    readout = tg.nn.Linear(blocks * size, outputs, bias=bias is True)
    assert sum(p.size for module in (cell, readout) for p in module.parameters()) == published


def test_the_article_cell_of_equal_sizes_needs_no_projection() -> None:
    assert sum(p.size for p in tg.nn.ArticleCell(H, H).parameters()) == 5 * H**2 + 3 * H


@pytest.mark.parametrize("name", tg.nn.catalogue())
def test_the_catalogue_says_it_all(name: str) -> None:
    facts = tg.nn.catalogue()[name]
    assert facts.kind is getattr(tg.nn, facts.kind.__name__)
    assert facts.kind.__doc__ is not None
    assert all(part.count("(") == part.count(")") and part for part in (facts.title, facts.parameters, facts.use))
    assert all(" = " in line for line in facts.equations.splitlines())
    assert "Shapes: " in inspect.getdoc(facts.kind)  # type: ignore[operator]
    tutorial = name.startswith("article")
    assert tutorial or (any(year in facts.source for year in map(str, range(1990, 2027))))
    assert tutorial or facts.source.split(",")[0].split(" ")[0] in (facts.kind.__doc__ or "")


@CASE
def test_states_and_names(case: str) -> None:
    cell = make(case)
    outputs, final = tg.unroll(cell, np.random.default_rng(1).normal(size=(T, B, D if cell.input_size == D else H)))
    for before, after in zip(parts_of(cell.initial_state(B)), parts_of(final), strict=True):
        assert before.shape == after.shape
        assert before.role == after.role == "state"
        assert not before.numpy().any()
    assert outputs.shape[:2] == (T, B)
    graph = tg.Graph(outputs)
    named = [n for n in graph.nodes if n.scope is not None and n.scope.step == 2 and n.name and n.op is not None]
    assert named
    single, _ = tg.unroll(cell, np.ones((T, cell.input_size)))
    assert single.shape == (T, outputs.shape[-1])


@CASE
def test_a_step_is_what_its_equations_say(case: str) -> None:
    cell, random = make(case), np.random.default_rng(5)
    parameters = {name: p.numpy() for name, p in cell.named_parameters()}
    state = tuple(random.normal(size=s.shape) for s in parts_of(cell.initial_state(B)))
    for _ in range(3):
        x = random.normal(size=(B, cell.input_size))
        output, after = cell.step(tg.tensor(x), tuple(map(tg.tensor, state)) if len(state) > 1 else tg.tensor(state[0]))
        expected, state = STEPS[case](parameters, x, *state)
        for a, b in zip([output, *parts_of(after)], [expected, *state], strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-10, atol=1e-12)


@CASE
def test_repr_makes_the_same_cell(case: str) -> None:
    cell = make(case)
    again = eval(repr(cell), vars(tg.nn))
    assert type(again) is type(cell)
    assert repr(again) == repr(cell)
    assert [p.shape for p in again.parameters()] == [p.shape for p in cell.parameters()]


@CASE
def test_derivatives_to_second_order(case: str) -> None:
    cell = make(case, 2, 2)
    names, owner = [name for name, _ in cell.named_parameters()], vars(cell)
    random = np.random.default_rng(2)
    x = random.normal(size=(2, 1, cell.input_size))
    states = [random.normal(size=s.shape) for s in parts_of(cell.initial_state(1))]

    def loss(*given):
        owner.update(zip(names, given[: len(names)], strict=True))  # the cell as a function of its parameters
        before = given[len(names) + 1 :]
        outputs, _ = tg.unroll(cell, given[len(names)], before if len(before) > 1 else before[0])
        return (outputs**2).sum()

    parameters = [owner[name].numpy() for name in names]
    tg.check_grads(loss, (*parameters, x, *states), order=2, rtol=1e-5, atol=1e-6)


#: "NP" leaves something out too.
MARKS: dict[str, Any] = {f"peephole-lstm {v}": pytest.mark.slow for v in ("NIG", "NFG", "NOG", "NIAF", "NOAF")}


@pytest.mark.parametrize("case", [pytest.param(c, marks=MARKS.get(c, [])) for c in CASES])
def test_compiled_equals_unrolled(case: str) -> None:
    cell, found = make(case), []
    random = np.random.default_rng(3)
    arrays = [random.normal(size=(T, B, cell.input_size))]
    arrays += [random.normal(size=s.shape) for s in parts_of(cell.initial_state(B))]
    for run in (tg.scan, tg.unroll):
        leaves = [tg.tensor(a, requires_grad=True) for a in arrays]
        cell.zero_grad()
        outputs, final = run(cell, leaves[0], tuple(leaves[1:]) if len(leaves) > 2 else leaves[1])
        results = [outputs, *parts_of(final)]
        weights = np.random.default_rng(4)
        sum((r * weights.normal(size=r.shape)).sum() for r in results).backward()
        found.append([*results, *[leaf.grad for leaf in leaves], *[p.grad for p in cell.parameters()]])
    for a, b in zip(*found, strict=True):
        if a is None or b is None:  # an initial state that nothing reads
            assert not np.any(np.asarray(b if a is None else a))
            continue
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", tg.nn.catalogue())
def test_it_can_be_drawn(name: str) -> None:
    cell = make(name)
    for level in ("op", "gate"):
        drawn = tg.draw(cell, level=level).dot
        assert all(name in drawn for name in ("x", *{n.name for n in tg.Graph(cell(np.ones((1, D)))).states if n.op}))


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: tg.nn.MemoryBlockCell(2, 3, block_size=2), ShapeError, "hidden_size=3 is no multiple of block_size=2"),
        (lambda: tg.nn.MemoryBlockCell(2, 3, "some"), ArgumentError, "bias is True, False or 'gates', got 'some'"),
        (
            lambda: tg.nn.PeepholeLSTMCell(2, 3, variant="NOPE"),
            ArgumentError,
            "no variant 'NOPE'; expected one of V, N",
        ),
        (lambda: tg.nn.WinnerTakeAllCell(2, 3), ShapeError, "hidden_size=3 is no multiple of block_size=2"),
        (lambda: tg.nn.DelayedRNNCell(2, 3, delays=(0, 1)), ArgumentError, r"at least 1, got \(0, 1\)"),
        (lambda: tg.nn.DelayedRNNCell(2, 3, delays=()), ArgumentError, r"at least 1, got \(\)"),
        (lambda: tg.nn.AntisymmetricCell(2, 1), ShapeError, "at least 2, got 1"),
    ],
)
def test_errors(use, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        use()
    assert "test_cells_catalogue.py" in str(caught.value)
