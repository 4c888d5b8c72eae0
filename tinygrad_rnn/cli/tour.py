"""``tinygrad-rnn tour``: everything once, on a page to keep."""

from __future__ import annotations

import random
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_rnn as tg

from ..core.errors import FileFormatError
from ..data import Text, read_text
from ..train import CharacterModel, Progress, train_characters
from .chart import bars, line_chart
from .page import Page

Batches = Iterator[tuple[np.ndarray, np.ndarray, bool]]
KINDS = ("RNN", "LSTM", "GRU")
SIZE, BATCH, STEPS = 192, 32, 64
NEXT = """\
import numpy as np
import tinygrad_rnn as tg

cell = tg.nn.LSTMCell(2, 3)
xs = np.random.default_rng(0).normal(size=(8, 1, 2)).astype(np.float32)  # 8 steps, a batch of 1
outputs, state = tg.unroll(cell, xs)
loss = (outputs**2).sum()
print(tg.Graph(loss))                                           # every node, as text
tg.draw(cell, steps=4, direction="both").save("bptt.pdf")       # a figure
print(tg.grad_by_step(loss, cell.weight_hh).shape)              # which time step wanted which change
for step in tg.backprop_steps(loss):                            # the backward pass, one node at a time
    print(step.node.path, step.gradient.shape)
outputs, state = tg.scan(cell, xs)                              # the same cell, compiled"""


def run_tour(text: str | None, out: str, seconds: float) -> None:
    """Write the tour's pictures, model and ``index.html`` into the folder `out`.

    Raises:
        OSError, FileFormatError: the text cannot be read, or the folder not be written.
    """
    source = read_text(text) if text else standard_library()
    name = text or "the Python standard library"
    characters = Text(source)
    next(characters.batches(BATCH, STEPS))  # long enough?
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    page = Page(
        "A tour of tinygrad_rnn",
        "Three recurrent networks, built node by node; their back-propagation through time, derived; and one of them "
        "learning to write.",
    )
    graphs(folder, page)
    gradients_through_time(page)
    learning(folder, page, characters, name, seconds)
    whats_next(page)
    (folder / "index.html").write_text(page.html(), encoding="utf-8")
    print(f"\nOpen {folder / 'index.html'}. Look first at the LSTM's backward graph, and at how its gradient survives.")


def standard_library(limit: int = 2_000_000) -> str:
    """Real text that is on every machine: the sources of Python's standard library, in a fixed random order."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    random.Random(0).shuffle(files)
    parts, size = [], 0
    for file in files:
        text = file.read_text(encoding="utf-8", errors="ignore")
        parts.append(text)
        size += len(text)
        if size > limit:
            break
    if not parts:
        raise FileFormatError("Python's standard library has no sources here; give a text with --text FILE")
    return "".join(parts)


# -- graphs -------------------------------------------------------------------------------------------------------


def graphs(folder: Path, page: Page) -> None:
    """Build, summarise, derive, draw and check the three cells."""
    print("1. Graphs, node by node, and their derivatives")
    page.heading("Graphs, node by node")
    page.paragraph(
        "Each cell is a few lines of ordinary arithmetic. Running it leaves a graph behind; differentiating that graph "
        "gives another graph, made of the same operations. Nobody wrote these backward passes."
    )
    rows = []
    for kind in KINDS:
        cell = getattr(tg.nn, f"{kind}Cell")(2, 3, dtype=np.float64, generator=np.random.default_rng(0))
        x = tg.tensor(np.random.default_rng(1).normal(size=(3, 1, 2)), requires_grad=True, name="x")
        outputs, _ = tg.unroll(cell, x)
        loss = (outputs * outputs).sum().named("L")
        graph = tg.Graph(loss)
        backward = graph.backward()
        tg.draw(cell).save(folder / f"{kind.lower()}.svg")
        tg.draw(cell, direction="backward").save(folder / f"{kind.lower()}-backward.svg")
        tg.draw(cell, steps=3).save(folder / f"{kind.lower()}-unrolled.svg")
        check(cell, x)
        parameters = sum(p.size for p in cell.parameters())
        rows.append(
            [kind, f"{parameters}", f"{len(graph)}", f"{len(graph.edges)}", f"{graph.flops:,}", f"{len(backward)}"]
        )
        rows[-1].append(f"{backward.flops:,}")
        sizes = f"{parameters:3} parameters, forward {len(graph):3} nodes, backward {len(backward):3}"
        print(f"   {kind:4}  {sizes}; gradients checked to second order")
        page.heading(kind, 3)
        page.picture(f"{kind.lower()}.svg", f"One step of the {kind}.")
        page.picture(f"{kind.lower()}-backward.svg", f"The same step backward: the chain rule as a graph ({kind}).")
        page.picture(f"{kind.lower()}-unrolled.svg", f"Three steps of the {kind}, unrolled through time.", wide=True)
        page.text(repr(tg.Graph(loss)), "the graph of three steps as text")
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


# -- gradients through time ---------------------------------------------------------------------------------------


def gradients_through_time(page: Page, T: int = 60, H: int = 32) -> None:
    """‖∂L/∂h_t‖ for a loss at the last step: fading in the RNN, carried by the LSTM's cell."""
    print("\n2. How a gradient travels back through time: ‖∂L/∂h_t‖ for a loss at the last step")
    lines = {}
    for kind in KINDS:
        cell = getattr(tg.nn, f"{kind}Cell")(4, H, dtype=np.float64, generator=np.random.default_rng(0))
        if kind == "LSTM":
            with tg.no_grad():
                cell.bias_ih[H : 2 * H] = 3.0  # remember by default (Gers et al. 2000)
        xs = np.random.default_rng(1).normal(size=(T, 1, 4))
        output = tg.tensor(0.0)
        state, hs = cell.initial_state(1), []
        for t in range(T):
            output, state = cell.step(tg.tensor(xs[t]), state)
            hs.append((state[1] if kind == "LSTM" else output).retain_grad())
        (output * output).sum().backward()
        lines["LSTM, ∂L/∂c" if kind == "LSTM" else kind] = [
            (t, float(np.linalg.norm(h.grad.numpy()))) for t, h in enumerate(hs)
        ]
    for name, line in lines.items():
        print(f"   {name}")
        print(bars([line[t][1] for t in (T - 1, T - 15, T - 30, 0)], [f"t = {t}" for t in (T - 1, T - 15, T - 30, 0)]))
    page.heading("How a gradient travels back through time")
    page.paragraph(
        "The loss is at the last step. Going back, the plain RNN multiplies the gradient by one more Jacobian at every "
        "step, and it vanishes. The LSTM's cell adds instead: with open forget gates its gradient arrives."
    )
    page.chart(
        line_chart(lines, "gradient norm by time step", "time step t", "‖∂L/∂h_t‖", logarithmic=True),
        "Norm of the gradient that reaches each time step, logarithmic.",
    )


# -- learning -----------------------------------------------------------------------------------------------------


def learning(folder: Path, page: Page, text: Text, name: str, seconds: float) -> None:
    """Train, sample, save, load, verify, continue."""
    print(
        f"\n3. A character LSTM (H = {SIZE}) reads {name}: {len(text):,} characters, {len(text.vocabulary)} different"
    )
    generator = np.random.default_rng(0)
    model = CharacterModel(len(text.vocabulary), SIZE, generator)
    batches = text.batches(BATCH, STEPS)
    start = text.decode(text.numbers[:24])
    before = model.sample(text, start, 120, 0.7, np.random.default_rng(1))
    optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)
    history = _trained(model, batches, optimizer, seconds)
    after = model.sample(text, start, 400, 0.7, np.random.default_rng(1))

    file = folder / "model.safetensors"
    tg.save(model, file)
    loaded = CharacterModel(len(text.vocabulary), SIZE, generator)
    loaded.load_state_dict(tg.load(file))
    same = all((a.numpy() == b.numpy()).all() for a, b in zip(model.parameters(), loaded.parameters(), strict=True))
    if not same:
        raise FileFormatError(f"{file}: the loaded weights differ from the saved ones")
    resumed = tg.optim.Adam(loaded.parameters(), lr=1e-3)
    more = _trained(loaded, batches, resumed, max(seconds / 12, 0.5), "loaded again")
    rate = sum(p.characters for p in history) / history[-1].seconds
    print(f"   loss {_mean(history[:5]):.2f} → {_mean(history[-20:]):.2f} nats a character, {rate:,.0f} characters/s; "
          f"saved, loaded, equal to the bit, continued to {_mean(more[-20:]):.2f}")  # fmt: skip
    print("   it now writes:\n" + "\n".join(f"   | {line}" for line in after.splitlines()[:8]))
    page.heading("Learning to write")
    page.paragraph(
        f"A character LSTM with {SIZE} units read {_escaped(name)} for {history[-1].seconds:.0f} seconds: "
        f"{len(history):,} windows of {STEPS} characters × {BATCH} strands, {rate:,.0f} characters a second. The loop "
        "over time ran as a Numba program that the library wrote from the same graph you saw above; its gradients too."
    )
    every = max(1, len(history) // 200)
    curve = [(p.seconds, _mean(history[max(0, k - every) : k + 1])) for k, p in enumerate(history) if k % every == 0]
    page.chart(line_chart({"loss": curve}, "loss", "seconds", "nats per character"), "The loss while it read.")
    page.heading("Before", 3)
    page.text(before)
    page.heading("After", 3)
    page.text(after)
    page.paragraph(
        'The weights are in <a href="model.safetensors">model.safetensors</a>. They were loaded into a new model, '
        f"found equal to the bit, and trained a little further, to {_mean(more[-20:]):.2f} nats."
    )


def _trained(
    model: CharacterModel, batches: Batches, optimizer: tg.optim.Adam, seconds: float, label: str = "training"
) -> list[Progress]:
    form = "   {desc} {bar:24} {n:.0f}/{total:.0f} s{postfix}"
    with tqdm(total=seconds, desc=label, bar_format=form, miniters=1) as bar:
        shown = 0.0

        def watch(p: Progress) -> None:
            nonlocal shown
            if p.seconds - shown > 0.2 or p.seconds >= seconds:
                shown, bar.n = p.seconds, min(p.seconds, seconds)
                rate = p.characters * (p.step + 1) / p.seconds
                left = f"{max(seconds - p.seconds, 0):.0f} s left"
                bar.set_postfix_str(f"loss {p.loss:.2f}, ‖∇‖ {p.gradient_norm:.2f}, {rate:,.0f} characters/s, {left}")

        return train_characters(model, batches, optimizer, seconds=seconds, watch=watch)


def _mean(history: list[Progress]) -> float:
    return float(np.mean([p.loss for p in history]))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def whats_next(page: Page) -> None:
    page.heading("What to look at next")
    page.paragraph("Paste this into Python, and change something:")
    page.text(NEXT)
    page.paragraph(f"Made on {time.strftime('%Y-%m-%d')} with tinygrad_rnn {tg.__version__}.")
