"""The tour's third part: a character LSTM reads, writes, is saved, loaded, and reads on."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_rnn as tg

from ..core.errors import FileFormatError
from ..data import Text
from ..training import CharacterModel, Progress, train_characters
from .chart import line_chart
from .page import Page

Batches = Iterator[tuple[np.ndarray, np.ndarray, bool]]
SIZE, BATCH, STEPS = 192, 32, 64


def learning(folder: Path, page: Page, text: Text, name: str, seconds: float) -> None:
    """Train, sample, save, load, verify, continue."""
    print(
        f"\n3. A character LSTM (H = {SIZE}) reads {name}: {len(text):,} characters, {len(text.vocabulary)} different"
    )
    model = CharacterModel(len(text.vocabulary), SIZE, np.random.default_rng(0))
    optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)
    batches = text.batches(BATCH, STEPS)
    start = text.decode(text.numbers[:24])
    before = model.sample(text, start, 400, 0.7, np.random.default_rng(1))
    history = _trained(model, batches, optimizer, seconds)
    after = model.sample(text, start, 400, 0.7, np.random.default_rng(1))
    model, optimizer = _saved_and_loaded(folder, model, optimizer)
    more = _trained(model, batches, optimizer, max(seconds / 12, 0.5), "loaded again")

    first, last, later = mean_loss(history[:5]), mean_loss(history[-20:]), mean_loss(more[-20:])
    rate = sum(p.characters for p in history) / history[-1].seconds
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
        "saved, loaded, reading on": _curve(more, stretch, history[-1].seconds),
    }
    page.chart(line_chart(curves, "loss", "seconds", "nats per character"), "The loss while it read.")
    page.side_by_side({"Before it read, it wrote": before, "After": after}, given=len(start))
    page.paragraph(
        'The weights are in <a href="model.safetensors">model.safetensors</a>, what Adam remembers in '
        '<a href="optimizer.safetensors">optimizer.safetensors</a>. Both were loaded again, found equal to the bit, '
        f"and trained a little further, to {later:.2f} nats."
    )


def mean_loss(history: list[Progress]) -> float:
    return float(np.mean([p.loss for p in history]))


def _saved_and_loaded(
    folder: Path, model: CharacterModel, optimizer: tg.optim.Adam
) -> tuple[CharacterModel, tg.optim.Adam]:
    """A model and an optimiser that are new but for what they loaded."""
    vocabulary = model.embedding.weight.shape[0]
    loaded = CharacterModel(vocabulary, SIZE, np.random.default_rng(1))
    resumed = tg.optim.Adam(loaded.parameters())
    for old, new, file in ((model, loaded, "model"), (optimizer, resumed, "optimizer")):
        path = folder / f"{file}.safetensors"
        tg.save(old, path)
        new.load_state_dict(tg.load(path))
        expected, found = old.state_dict(), new.state_dict()
        if any(not np.array_equal(expected[name], found[name]) for name in expected):
            raise FileFormatError(f"{path}: what was loaded differs from what was saved")
    return loaded, resumed


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
                rate = p.characters * p.step / p.seconds  # the clock starts after the first window
                left = f"{max(seconds - p.seconds, 0):.0f} s left"
                bar.set_postfix_str(f"loss {p.loss:.2f}, ‖∇‖ {p.gradient_norm:.2f}, {rate:,.0f} characters/s, {left}")

        return train_characters(model, batches, optimizer, seconds=seconds, watch=watch)


def _curve(history: list[Progress], stretch: int, begin: float = 0.0) -> list[tuple[float, float]]:
    """(seconds, mean loss) of each `stretch` steps of the training."""
    parts = [history[k : k + stretch] for k in range(0, len(history), stretch)]
    return [(begin + part[-1].seconds, mean_loss(part)) for part in parts]
