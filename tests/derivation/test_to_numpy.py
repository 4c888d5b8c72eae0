"""The derived NumPy function equals the engine."""

import ast
import subprocess
import sys

import numpy as np
import pytest
from derivation_cases import CELLS

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.core.trees import flatten


def engine(cell, xs, states, d_outputs, d_last):
    """Outputs and gradients by back-propagation through the unrolled graph."""
    x = tg.tensor(xs, requires_grad=True)
    starts = [tg.tensor(s, requires_grad=True) for s in states]
    _, rebuild = flatten(cell.initial_state(xs.shape[1]))
    for p in cell.parameters():
        p.grad = None
    outputs, last = tg.unroll(cell, x, rebuild(starts))
    loss = (outputs * d_outputs).sum()
    for s, d in zip(flatten(last)[0], d_last, strict=True):
        loss = loss + (s * d).sum()
    loss.backward()
    gradients = [x.grad, *[s.grad for s in starts], *[p.grad for p in cell.parameters()]]
    return outputs.numpy(), [None if g is None else g.numpy() for g in gradients]


@pytest.mark.parametrize("name", CELLS)
def test_it_equals_the_engine(name):
    cell, random = CELLS[name](), np.random.default_rng(0)
    function = tg.derive(cell).to_numpy()
    xs = random.normal(size=(6, 2, 3))
    states = [random.normal(size=s.shape) for s in flatten(cell.initial_state(2))[0]]
    width = tg.unroll(cell, xs)[0].shape[-1]
    d_outputs, d_last = random.normal(size=(6, 2, width)), [random.normal(size=s.shape) for s in states]
    by_name = {path: p.numpy() for path, p in cell.named_parameters()}
    given = [by_name[path] for path in function.parameters.values()]
    outputs, gradients, values = function(xs, *states, *given, d_outputs, *d_last)
    expected, wanted = engine(cell, xs, states, d_outputs, d_last)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)
    order = [*list(gradients)[: 1 + len(states)], *by_name]
    for key, g in zip(order, wanted, strict=True):
        np.testing.assert_allclose(gradients[key], np.zeros(()) if g is None else g, rtol=1e-10, atol=1e-12)
    assert len(values) == 6


def test_it_runs_alone(tmp_path):
    """Without this library: only NumPy."""
    path = tg.derive(CELLS["normalised"]()).save(tmp_path / "cell.py")
    program = (
        "import sys; sys.modules['tinygrad_rnn'] = None\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import numpy as np, cell\n"
        "g = np.random.default_rng(0)\n"
        "y, d, v = cell.Normalised(g.normal(size=(5, 2, 3)), np.zeros((2, 4)), g.normal(size=(7, 4)), np.ones(4),"
        " np.ones((5, 2, 4)))\n"
        "print(y.shape, d['W'].shape, sorted(v[0]))"
    )
    assert path.exists()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("(5, 2, 4) (7, 4) ['a', 'h', 'n'")


def test_names_become_identifiers():
    source = tg.derive(CELLS["hostile"]()).to_numpy().source
    compile(source, "hostile.py", "exec")
    texts = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert {"<script>alert(1)</script>", "\\input{x}_%$#&"} <= texts  # as data, and nowhere else
    assert "alert" not in {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}


def test_an_op_without_numpy_text_is_named():
    def elsewhere(x):
        return x * x

    @tg.elementwise([lambda y, x: 2 * x])
    def squared_elsewhere(x):
        return elsewhere(x)

    class Cell(CELLS["readout"]):
        def step(self, x, h):
            h = squared_elsewhere(x @ self.W).named("h")
            return h, h

    with pytest.raises(ArgumentError, match="op squared_elsewhere is not written with NumPy alone"):
        tg.derive(Cell()).to_numpy()


def test_a_function_has_no_steps():
    with pytest.raises(ArgumentError, match="is no recurrent cell"):
        tg.derive(lambda x: tg.tanh(x), (2, 3)).to_numpy()
