"""What the page computes, against the engine: every cell of the catalogue, after edits and after descent."""

import numpy as np
import pytest
from nn.cell_cases import CASES, make

import tinygrad_rnn as tg
from tinygrad_rnn.core.trees import flatten

STEPS, BATCH = 3, 2
CLOSE = 1e-12  # of the largest entry, or of 1


def error(found, right):
    right = np.asarray(right)
    return np.abs(np.asarray(found, float).reshape(right.shape) - right).max() / max(1.0, np.abs(right).max())


class Twin:
    """A cell and its page, changed together."""

    def __init__(self, browser, path, cell, **options):
        self.browser, self.cell = browser, cell
        width = cell.input_size
        self.xs = np.random.default_rng(1).normal(size=(STEPS, BATCH, width))
        self.states = [s.numpy().copy() for s in flatten(cell.initial_state(BATCH))[0]]
        browser.get(tg.explore(cell, path, input=self.xs, **options).as_uri())
        self.names = self.run("return explorer.names()")
        self.free = [n for n in self.names if n.endswith("_-1")]

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def engine(self):
        """(L, gradients by name) of a fresh run."""
        for p in self.cell.parameters():
            p.grad = None
        xs = [tg.tensor(x, requires_grad=True) for x in self.xs]
        outputs, _ = tg.unroll(self.cell, tg.stack(xs))
        loss = (outputs**2).sum() * 0.5
        loss.backward()
        found = {name: p.grad for name, p in self.cell.named_parameters()} | {
            f"x_{t}": x.grad for t, x in enumerate(xs)
        }
        return loss.item(), {name: g.numpy() for name, g in found.items() if g is not None}

    def agrees(self, close=CLOSE):
        loss, gradients = self.engine()
        assert error(self.run("return explorer.loss()"), loss) < close
        for name, right in gradients.items():
            found = self.run("return explorer.gradient(arguments[0])", name)
            if found is None:
                assert not right.any(), name
            else:
                assert error(found, right) < close, name

    def edit(self, name, array, index, value):
        index = tuple(int(i) for i in index)
        array[index] = value
        self.run("explorer.set(...arguments)", name, list(index), float(value))

    def shake(self, rng, scale):
        """Change two entries of every parameter and input."""
        arrays = {name: p.numpy().copy() for name, p in self.cell.named_parameters()}
        for name, array in (arrays | {f"x_{t}": x for t, x in enumerate(self.xs)}).items():
            for _ in range(2 if array.size else 0):
                self.edit(name, array, [rng.integers(n) for n in array.shape], scale * rng.normal())
        with tg.no_grad():
            for name, p in self.cell.named_parameters():
                p.assign_(arrays[name])


@pytest.mark.parametrize("case", CASES)
def test_page_and_engine_agree(browser, tmp_path, case):
    twin = Twin(browser, tmp_path / "page.html", make(case))
    twin.agrees()
    rng = np.random.default_rng(2)
    for scale in (1.0, 0.0, 30.0):
        twin.shake(rng, scale)
        twin.agrees(CLOSE if scale < 30 else 1e-10)


@pytest.mark.parametrize("options", [{"level": "gate"}, {"level": "op"}], ids=["gate", "op"])
@pytest.mark.parametrize("case", ["lstm", "gru", "rnn"])
def test_descent_is_that_of_the_optimiser(browser, tmp_path, case, options):
    twin = Twin(browser, tmp_path / "page.html", make(case), **options)
    optimiser = tg.optim.SGD(list(twin.cell.parameters()), lr=0.05)
    for _ in range(5):
        twin.engine()
        optimiser.step()
        twin.run("explorer.descend(0.05)")
    twin.agrees()
    for name, p in twin.cell.named_parameters():
        assert error(twin.run("return explorer.value(arguments[0])", name), p.numpy()) < CLOSE
    twin.run("explorer.reset()")
    assert twin.run("return explorer.loss()") > twin.engine()[0]


def test_a_gate_is_part_of_what_is_stored(browser, tmp_path):
    twin = Twin(browser, tmp_path / "page.html", make("lstm"))
    twin.run("explorer.set('R_f', [1, 2], 0.625)")
    stored = twin.run("return explorer.value('weight_hh')")
    assert stored[4 + 1][2] == 0.625
    with tg.no_grad():
        twin.cell.weight_hh.assign_(np.array(stored))
    twin.agrees()
    whole, part = twin.run("return [explorer.gradient('weight_hh'), explorer.gradient('R_f')]")
    np.testing.assert_allclose(part, whole[4:8], rtol=1e-13)


def test_the_state_before_the_first_step_can_be_changed(browser, tmp_path):
    cell = make("gru")
    twin = Twin(browser, tmp_path / "page.html", cell)
    twin.run("explorer.set('h_-1', [1, 2], 0.5)")
    start = np.zeros((BATCH, 4))
    start[1, 2] = 0.5
    h = tg.tensor(start, requires_grad=True)
    outputs, _ = tg.unroll(cell, tg.tensor(twin.xs), h)
    ((outputs**2).sum() * 0.5).backward()
    assert error(twin.run("return explorer.gradient('h_-1')"), h.grad.numpy()) < CLOSE


def test_what_is_written_out_adds_up(browser, tmp_path):
    """δW = Σ over steps, with the numbers: each line says the same."""
    twin = Twin(browser, tmp_path / "page.html", make("lstm"))
    text = twin.run(
        "explorer.go(document.getElementById('place').max * 1); return document.querySelector('p.sum').textContent"
    )
    assert text.startswith("δW_i[0, 0] = ")
    products, parts, total = (side.replace("−", "-").replace("·", "*") for side in text.split(" = ")[1:])
    assert eval(products) == pytest.approx(float(total), rel=1e-2)
    assert eval(parts) == pytest.approx(float(total), rel=1e-2)
    assert len(parts.replace("- ", "+ ").split(" + ")) == STEPS


def test_the_difference_quotient_is_the_gradient(browser, tmp_path):
    twin = Twin(browser, tmp_path / "page.html", make("gru"))
    text = twin.run("return document.getElementById('effect').textContent").replace("−", "-")
    said = float(text.split("says ")[1].split(";")[0])
    quotient = float(text.rsplit("= ", 1)[1])
    assert said == pytest.approx(quotient, rel=1e-6)
    assert said == pytest.approx(twin.run("return explorer.gradient('weight_ih')[0][0]"), rel=1e-6)


def test_an_edit_computes_what_depends_on_it(browser, tmp_path):
    twin = Twin(browser, tmp_path / "page.html", make("lstm"))
    script = """let ran = 0;
      for (const n of program.nodes) if (n.run) { const f = n.run; n.run = () => { ran++; f(); }; }
      program.set(nodes[names.get(arguments[0])].v, 0, 0.3); program.update(); return [ran, program.nodes.length];"""
    early, nodes = twin.run(script, "x_0")
    twin.run("location.reload()")
    late, _ = twin.run(script, f"x_{STEPS - 1}")
    assert 0 < late < early < nodes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("explorer.set('nothing', [0], 1)", "there is no nothing; there are "),
        ("explorer.set('weight_hh', [99, 0], 1)", "weight_hh is 16 × 4; it has no entry 99,0"),
        ("explorer.set('weight_hh', [0], 1)", "weight_hh is 16 × 4; it has no entry 0"),
        ("explorer.set('weight_hh', [0, 0], 'x')", "the value of weight_hh is a number, not x"),
        ("explorer.set('c_1', [0, 0], 1)", "c_1 is computed; change what it is computed from"),
        ("explorer.value('q')", "there is no q"),
        ("explorer.go(1000)", "steps are 0 to 27, not 1000"),
        ("explorer.descend('fast')", "the rate is a number, not fast"),
    ],
)
def test_what_a_script_gets_wrong_is_said(browser, tmp_path, call, message):
    twin = Twin(browser, tmp_path / "page.html", make("lstm"))
    before = twin.run("return explorer.loss()")
    said = twin.run(f"try {{ {call}; return ''; }} catch (e) {{ return e.message; }}")
    assert message in said
    assert twin.run("return explorer.loss()") == before


def test_what_is_not_finite_is_said(browser, tmp_path):
    twin = Twin(browser, tmp_path / "page.html", make("rnn"))
    twin.run("explorer.set('x_0', [0, 0], NaN)")
    assert twin.run("return document.getElementById('loss').className") == "wrong"
    assert "NaN" in twin.run("return document.getElementById('loss').textContent")
    twin.run("explorer.reset()")
    assert twin.run("return document.getElementById('loss').className") == ""


def test_an_op_without_javascript_makes_a_recording(browser, tmp_path):
    @tg.primitive(shape=lambda x: x, vjps=[lambda g, y, x: 3 * g * x**2])
    def cubed_elsewhere(x):
        return x**3

    try:
        x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
        browser.get(tg.explore(cubed_elsewhere(x).sum().named("L"), tmp_path / "page.html").as_uri())
    finally:
        del tg.REGISTRY["cubed_elsewhere"]
    assert browser.execute_script("return explorer.loss()") == 9.0
    assert browser.execute_script("return explorer.gradient('x')") == [3.0, 12.0]
    said = browser.execute_script("return document.getElementById('still').textContent")
    assert said == "A recording, nothing can be changed: cubed_elsewhere has no JavaScript form."
    script = "try { explorer.set('x', [0], 1); } catch (e) { return e.message; }"
    assert "cubed_elsewhere has no JavaScript form" in browser.execute_script(script)


def test_what_went_unrecorded_makes_a_recording(browser, tmp_path):
    x = tg.tensor([1.0, -2.0], requires_grad=True, name="x")
    loss = tg.where(x > 0, x, 0.0).sum().named("L")
    browser.get(tg.explore(loss, tmp_path / "page.html").as_uri())
    assert "a result of greater was not recorded" in browser.execute_script(
        "return document.getElementById('still').textContent"
    )


def test_a_function_is_explored(browser, tmp_path):
    def squares(a, b):
        return ((a * b - 1) ** 2).sum()

    browser.get(tg.explore(squares, tmp_path / "page.html", input=([1.0, 2.0], [3.0, 0.5])).as_uri())
    assert browser.execute_script("return explorer.gradient('a')") == [12.0, 0.0]
    browser.execute_script("explorer.set('a', [1], 4)")
    assert browser.execute_script("return explorer.gradient('b')") == [4.0, 8.0]


def test_in_a_notebook_it_shows_itself(browser, tmp_path):
    explorer = tg.explore(make("rnn"), input=np.ones((2, 1, 3)))
    page = tmp_path / "notebook.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{explorer._repr_html_()}</body>", encoding="utf-8")
    browser.get(page.as_uri())
    browser.switch_to.frame(0)
    try:
        assert browser.execute_script("return explorer.loss()") > 0
        assert browser.execute_script("return document.querySelectorAll('#drawing g.node').length") > 5
    finally:
        browser.switch_to.default_content()
    assert explorer.save(tmp_path / "saved.html").read_text(encoding="utf-8") == explorer.html


def test_a_network_of_symbols_is_computed_too(browser, tmp_path):
    network = tg.nn.Network(tg.nn.GRUCell(4, 5, dtype=np.float64), outputs=3, symbols=7)
    symbols = np.array([[1, 2], [3, 3], [6, 0]])
    browser.get(tg.explore(network, tmp_path / "page.html", input=symbols).as_uri())
    browser.execute_script("explorer.set('weight', [3, 1], 0.75)")
    with tg.no_grad():
        table = network.embedding.weight.numpy().copy()
        table[3, 1] = 0.75
        network.embedding.weight.assign_(table)
    state, loss = network.initial_state(2), 0.0
    for x in symbols:
        y, state = network.step(x, state)
        loss = loss + (y**2).sum() * 0.5
    loss.backward()
    assert error(browser.execute_script("return explorer.loss()"), loss.item()) < CLOSE
    assert (
        error(browser.execute_script("return explorer.gradient('weight')"), network.embedding.weight.grad.numpy())
        < CLOSE
    )
