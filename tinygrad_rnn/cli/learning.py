"""The tour's third part: a character LSTM reads, writes, is saved, loaded, and reads on."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg

from ..core.errors import FileFormatError
from ..data import Text
from ..training import Measured, sample
from .chart import line_chart
from .page import Page

SIZE, BATCH, STEPS = 192, 32, 64


def learning(folder: Path, page: Page, text: Text, name: str, seconds: float) -> None:
    """Train, sample, save, load, verify, continue."""
    print(
        f"\n3. A character LSTM (H = {SIZE}) reads {name}: {len(text):,} characters, {len(text.vocabulary)} different"
    )
    trainer = reader(text, 0)
    start = text.numbers[:24]

    def written() -> str:
        drawn = sample(trainer.network, start, 400, temperature=0.7, generator=np.random.default_rng(1))
        return text.decode([*start, *drawn])

    before = written()
    history = list(trainer.run(seconds=seconds, progress=True))
    after = written()
    trainer = _saved_and_loaded(folder, trainer, reader(text, 1))
    more = trainer.run(seconds=max(seconds / 12, 0.5), progress=True)[len(history) :]

    first, last, later = mean_loss(history[:5]), mean_loss(history[-20:]), mean_loss(more[-20:])
    rate = sum(m.tokens for m in history) / history[-1].seconds
    print(
        f"   loss {first:.2f} → {last:.2f} nats a character, {rate:,.0f} characters/s; "
        f"saved, loaded, equal to the bit, continued to {later:.2f}"
    )
    print("   it now writes:\n" + "\n".join(f"   | {line}" for line in after.splitlines()[:8]))
    page.fact(f"{first:.2f} → {last:.2f}", f"nats a character, after {history[-1].seconds:.0f} seconds of reading")
    page.fact(f"{rate:,.0f}", "characters learnt from each second, on this machine")
    page.heading("Learning to write")
    page.paragraph(
        f"A character LSTM with {SIZE} units read {escape(name)} for {history[-1].seconds:.0f} seconds: "
        f"{len(history):,} windows of {STEPS} characters × {BATCH} strands, {rate:,.0f} characters a second. The loop "
        "over time ran as a Numba program that the library wrote from the same kind of graph you saw above; so did its "
        "gradient."
    )
    stretch = max(1, len(history) // 200)
    curves = {
        "reading": _curve(history, stretch),
        "saved, loaded, reading on": _curve(more, stretch),
    }
    page.chart(line_chart(curves, "loss", "seconds", "nats per character"), "The loss while it read.")
    page.side_by_side({"Before it read, it wrote": before, "After": after}, given=len(start))
    page.paragraph(
        'The weights and what Adam remembers are in <a href="checkpoint.safetensors">checkpoint.safetensors</a>. It '
        f"was loaded again, found equal to the bit, and trained a little further, to {later:.2f} nats."
    )


def reader(text: Text, seed: int) -> tg.Trainer:
    """A character LSTM, and what trains it by truncated back-propagation through time."""
    g, size = np.random.default_rng(seed), len(text.vocabulary)
    network = tg.nn.Network(tg.nn.LSTMCell(32, SIZE, generator=g), size, symbols=size, generator=g)
    adam = tg.optim.Adam(network.parameters(), lr=3e-3)
    return tg.Trainer(network, text.strands(STEPS, BATCH), optimizer=adam, clip_norm=1.0)


def mean_loss(history: list[Measured]) -> float:
    return float(np.mean([m.loss for m in history]))


def _saved_and_loaded(folder: Path, trainer: tg.Trainer, new: tg.Trainer) -> tg.Trainer:
    """A trainer that is new but for what it loaded."""
    path = folder / "checkpoint.safetensors"
    trainer.save(path)
    new.load(path)
    new.history.extend(trainer.history)
    for old, loaded in ((trainer.network, new.network), (trainer.optimizer, new.optimizer)):
        expected, found = old.state_dict(), loaded.state_dict()
        if any(not np.array_equal(expected[name], found[name]) for name in expected):
            raise FileFormatError(f"{path}: what was loaded differs from what was saved")
    return new


def _curve(history: list[Measured], stretch: int) -> list[tuple[float, float]]:
    """(seconds, mean loss) of each `stretch` steps of the training."""
    parts = [history[k : k + stretch] for k in range(0, len(history), stretch)]
    return [(part[-1].seconds, mean_loss(part)) for part in parts]
