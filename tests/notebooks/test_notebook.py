"""A notebook is executed, and what its cells show is looked at: as Jupyter and VS Code would get it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = {
    "before": "import os\nos.environ['NUMBA_DISABLE_JIT'] = '1'  # nothing here is about programs\n"
    "import numpy as np\nimport tinygrad_rnn as tg\nrandom = np.random.default_rng(0)\n"
    "x = tg.tensor([0.5, 2.0], requires_grad=True, name='x')\ncell = tg.nn.RNNCell(2, 3, generator=random)",
    "tensor": "(x.tanh() ** 2).sum()",
    "leaf": "x",
    "graph": "tg.Graph((x * x).sum()).backward()",
    "cell": "cell",
    "layer": "tg.nn.Sequential(tg.nn.Linear(2, 3))",
    "drawing": "tg.draw(cell, level='gate', direction='both')",
    "derivation": "tg.derive(cell)",
    "summary": "tg.summary(cell)",
    "explorer": "tg.explore(cell, steps=2)",
    "training": "network = tg.nn.Network(cell, outputs=1, at_end=True)\n"
    "trainer = tg.Trainer(network, tg.data.Adding(12).source(2))\n"
    "history = trainer.run(steps=2, progress=True)",
    "history": "history",
    "flow": "tg.gradient_flow(cell, np.ones((4, 1, 2), np.float32))",
}


@pytest.fixture(scope="module")
def shown() -> dict[str, list[Any]]:
    """The outputs of every cell, by its name."""
    of = nbformat.v4
    notebook = of.new_notebook(cells=[of.new_code_cell(source) for source in CELLS.values()])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def result(shown: dict[str, list[Any]], name: str) -> Any:
    (found,) = [o.data for o in shown[name] if o.output_type == "execute_result"]
    return found


@pytest.mark.parametrize("name", ["tensor", "graph", "cell", "drawing", "history", "flow"])
def test_pictures(shown: dict[str, list[Any]], name: str) -> None:
    if name in ("history", "flow"):
        pytest.importorskip("matplotlib")
    data = result(shown, name)
    svg = ET.fromstring(data["image/svg+xml"])
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}path"))) > 3
    assert "<script" not in data["image/svg+xml"]
    assert data["text/plain"]


def test_texts(shown: dict[str, list[Any]]) -> None:
    assert result(shown, "leaf")["text/plain"].startswith("Tensor('x'")
    assert "Linear(2, 3)" in result(shown, "layer")["text/plain"]
    assert re.match(r"<history of 2 steps: loss .* → ", result(shown, "history")["text/plain"])
    assert "RNNCell" in str(result(shown, "summary"))


def test_the_derivation_needs_no_script(shown: dict[str, list[Any]]) -> None:
    """Markdown is sanitised where it is shown, and HTML of VS Code has no MathJax: the formulas are MathML."""
    data = result(shown, "derivation")
    assert "$" in data["text/markdown"]
    assert "<math" in data["text/html"]
    assert not any("<script" in data[kind] for kind in ("text/markdown", "text/html"))


def test_the_explorer_is_html_in_a_frame_of_its_own(shown: dict[str, list[Any]]) -> None:
    """Scripts run in HTML output alone, and only in the page within: it loads nothing, so no other policy stops it."""
    data = result(shown, "explorer")
    assert "text/markdown" not in data
    assert data["text/html"].startswith("<iframe srcdoc=")
    assert 'sandbox="allow-scripts"' in data["text/html"]
    assert "<script" not in data["text/html"]  # but as text of the attribute
    assert "&lt;script" in data["text/html"]
    assert "src=" not in data["text/html"].replace("srcdoc=", "")


def test_training_shows_its_progress(shown: dict[str, list[Any]]) -> None:
    assert not any(o.output_type == "error" for outputs in shown.values() for o in outputs)
    text = "".join(o.get("text", "") for o in shown["training"])
    assert "2/2" in text
