"""The explorer of every cell of the catalogue, in both languages."""

from __future__ import annotations

from pathlib import Path

import tinygrad_rnn as tg
from tinygrad_rnn.cli.subject import cell


def write_explorers(site: Path) -> None:
    for language, folder in (("en", site / "explore"), ("zh", site / "zh/explore")):
        folder.mkdir(parents=True, exist_ok=True)
        for name in tg.nn.catalogue():
            # the inputs are of one seed, the weights those that the command line begins with
            tg.explore(cell(name), folder / f"{name}.html", steps=3, seed=0, language=language)
