"""``tinygrad-rnn tour``: everything once, on a page to keep."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from ..core.mode import changed
from ..data import Text, read_text, standard_library
from . import options
from .fading import gradients_through_time
from .learning import BATCH, STEPS, learning
from .page import Page

KINDS = ("RNN", "LSTM", "GRU")
NEXT = """\
import numpy as np
import tinygrad_rnn as tg

cell = tg.nn.LSTMCell(2, 3)
xs = np.random.default_rng(0).normal(size=(8, 1, 2)).astype(np.float32)  # 8 steps, a batch of 1
outputs, state = tg.unroll(cell, xs)
loss = (outputs**2).sum()
print(tg.Graph(loss))                                           # every node, as text
tg.draw(cell, level="gate", steps=4, direction="both").save("bptt.svg")  # a figure
print(tg.grad_by_step(loss, cell.weight_hh).shape)              # which time step wanted which change
for step in tg.backprop_steps(loss):                            # the backward pass, one node at a time
    print(step.node.path, step.gradient.shape)
outputs, state = tg.scan(cell, xs)                              # the same cell, compiled"""


def add(commands: Any) -> None:
    """The command ``tour``."""
    tour = commands.add_parser(
        "tour",
        help="see it all: graphs built node by node, BPTT derived and drawn, gradients checked, real text learnt",
        description="Builds an RNN, an LSTM and a GRU node by node, derives and draws their backward graphs, checks "
        "their gradients, shows how gradients fade through time, and trains a character LSTM on a text.",
    )
    tour.add_argument("--text", metavar="FILE", help="UTF-8 text to learn (default: Python's own standard library)")
    tour.add_argument("--out", metavar="DIR", default="tour", help="where the pictures and the page go (default: tour)")
    tour.add_argument("--seconds", metavar="N", type=options.seconds, default=60.0, help="time to train (default: 60)")
    tour.set_defaults(run=lambda given: run_tour(given.text, given.out, given.seconds))


def run_tour(text: str | None, out: str, seconds: float) -> None:
    """Write the tour's pictures, model and ``index.html`` into the folder `out`; when interrupted, what there is.

    Raises:
        OSError, FileFormatError: the text cannot be read, or the folder not be written.
    """
    begin = time.perf_counter()
    source = read_text(text) if text else standard_library()
    name = text or "the Python standard library"
    characters = Text(source, most=127)
    characters.strands(STEPS, BATCH)  # long enough?
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    page = Page(
        "A tour of tinygrad_rnn",
        "Three recurrent networks, built node by node; their back-propagation through time, derived; and one of them "
        "learning to write.",
    )
    try:
        five_minutes(page)
        smallest(folder, page)
        graphs(folder, page)
        gradients_through_time(page)
        learning(folder, page, characters, name, seconds)
    except KeyboardInterrupt:
        page.paragraph("<strong>The tour was interrupted here.</strong>")
        raise
    finally:
        whats_next(page)
        (folder / "index.html").write_text(page.html(), encoding="utf-8")
    print(f"\nDone in {time.perf_counter() - begin:.0f} s. Open {folder / 'index.html'} in a browser. Look first at")
    print("   the LSTM's explorer: change a number, and every value and gradient answers;")
    print("   its backward graph, which nobody wrote;")
    print("   what the forget gate's bias does to the gradient of 60 steps ago;")
    print("   what the network wrote before and after reading.")


def five_minutes(page: Page) -> None:
    page.heading("Five minutes")
    page.items(
        [
            'Open <a href="product.html">the smallest graph</a>, and press → to the end: values forward, gradients '
            "back. Change a; L and every gradient answer.",
            'Open <a href="lstm.html">the LSTM</a>. Its last step writes out every weight\'s gradient as the sum over '
            "time that it is. Click δc₁ in an equation: the red edges are the way it came.",
            "Press “keep going” there: gradient descent on all weights. The line beside L is its history.",
            'In <a href="rnn.html">the RNN</a>, set the three diagonal entries of R to 2.5: the gradients of all steps '
            "grow.",
            'Find the forget gate in <a href="#lstm">the LSTM\'s picture</a>, and in its equations, '
            "f = σ(W_f x + R_f h + b_f).",
        ]
    )


def smallest(folder: Path, page: Page) -> None:
    """A graph of two ops, with its gradients."""
    a, b, c = (
        tg.tensor(value, requires_grad=True, name=name) for name, value in (("a", 2.0), ("b", -3.0), ("c", 10.0))
    )
    with changed(record="all"):
        L = ((a * b).named("p") + c).named("L")
    tg.explore(L, folder / "product.html")
    L.backward(retain_graph=True)
    tg.draw(L, show=("name", "value", "grad")).save(folder / "product.svg")
    page.heading("The smallest graph")
    page.paragraph(
        "L = a·b + c. Every node knows what it was computed from, and the gradient goes back along the same edges: δb "
        "is δp times a. All that follows is this, with more nodes."
    )
    page.picture("product.svg", "L = a·b + c with its values, and the gradient δ of L by each of them.")
    page.link("product.html", "Step through it, and change its numbers")


def graphs(folder: Path, page: Page) -> None:
    """Build, summarise, derive, draw and check the three cells."""
    print("1. Graphs of three steps, node by node, and their derivatives")
    print("         parameters   nodes   edges   FLOPs   backward: nodes   FLOPs")
    page.heading("Graphs, node by node")
    page.paragraph(
        "Each cell is a few lines of ordinary arithmetic. Running it leaves a graph behind; differentiating that graph "
        "gives another graph, made of the same operations. Nobody wrote these backward passes."
    )
    page.legend()
    rows = []
    for kind in KINDS:
        cell = getattr(tg.nn, f"{kind}Cell")(2, 3, dtype=np.float64, generator=np.random.default_rng(0))
        x = tg.tensor(np.random.default_rng(1).normal(size=(3, 1, 2)), requires_grad=True, name="x")
        outputs, _ = tg.unroll(cell, x)
        graph = tg.Graph((outputs * outputs).sum().named("L"))
        backward = graph.backward()
        file = kind.lower()
        tg.draw(cell).save(folder / f"{file}.svg")
        tg.draw(cell, direction="backward").save(folder / f"{file}-backward.svg")
        tg.draw(cell, level="gate", direction="both").save(folder / f"{file}-gates.svg")
        tg.draw(cell, level="gate", direction="both", steps=3, show="name").save(folder / f"{file}-bptt.svg")
        tg.explore(cell, folder / f"{file}.html", steps=3)
        check(cell, x)
        counts = [sum(p.size for p in cell.parameters()), len(graph), len(graph.edges), graph.flops]
        counts += [len(backward), backward.flops]
        print("   {:4} {:12} {:7} {:7} {:7,} {:17} {:7,}   gradients checked to second order".format(kind, *counts))
        rows.append([kind, *(f"{n:,}" for n in counts)])
        page.heading(kind, 3, file)
        page.picture(f"{file}-gates.svg", f"One step of the {kind}: its gates, and below them their gradients δ.")
        page.link(f"{file}.html", f"Step through three steps of the {kind}, forward and back, and change its numbers")
        page.picture(f"{file}-bptt.svg", f"Back-propagation through time: three steps of the {kind}.", wide=True)
        page.picture(f"{file}.svg", f"One step of the {kind}, every operation.")
        page.picture(f"{file}-backward.svg", f"The same step backward: the chain rule as a graph ({kind}).")
        page.text(repr(graph), "the graph of three steps as text")
        if kind == "LSTM":
            page.fact(f"{len(graph)} → {len(backward)}", "nodes of three LSTM steps, and of their derived gradient")
    page.heading("In numbers", 3)
    page.table(
        ["3 steps, D = 2, H = 3", "parameters", "nodes", "edges", "FLOPs", "backward nodes", "backward FLOPs"], rows
    )
    page.paragraph(
        "Every gradient above, of the inputs and of each weight, was checked against central differences, to second "
        "order, forward and reverse."
    )


def check(cell: tg.nn.Cell, x: tg.Tensor) -> None:
    """Compare the derivatives by the inputs and by every weight with central differences."""
    parameters = dict(cell.named_parameters())

    def loss(xs: tg.Tensor, *weights: tg.Tensor) -> tg.Tensor:
        vars(cell).update(zip(parameters, weights, strict=True))  # the cell as a function of its weights
        return (tg.unroll(cell, xs)[0] ** 2).sum()

    try:
        tg.check_grads(loss, (x, *parameters.values()), order=2)
    finally:
        vars(cell).update(parameters)


def whats_next(page: Page) -> None:
    page.heading("What to look at next")
    page.paragraph("Paste this into Python, and change something:")
    page.text(NEXT)
    page.paragraph(f"Made on {time.strftime('%Y-%m-%d')} with tinygrad_rnn {tg.__version__}.")
