"""Weights and outputs that Keras, Flax, Equinox and Haiku wrote (`freeze_peers.py`), read without them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

FROZEN = np.load(Path(__file__).parent / "frozen" / "peers.npz")
CASES = sorted({name.rsplit("/", 1)[0] for name in FROZEN.files if name.endswith("/ys")})


def weights_of(case: str) -> Any:
    """The nested mapping of arrays under a case."""
    tree: dict[str, Any] = {}
    for name in FROZEN.files:
        if name.startswith(f"{case}/weights/"):
            *above, leaf = name.split("/")[3:]
            part = tree
            for key in above:
                part = part.setdefault(key, {})
            part[leaf] = FROZEN[name]
    return tree


@pytest.mark.parametrize("case", CASES)
def test_cells_say_what_theirs_said(case: str) -> None:
    framework, kind = case.split("/")
    weights, xs = weights_of(case), FROZEN["xs"]
    if framework == "keras":
        layer = tg.nn.from_keras(list(weights.values()), kind, bidirectional=True)
        found = layer(xs.transpose(1, 0, 2))[0].numpy().transpose(1, 0, 2)
    else:
        found = tg.unroll(getattr(tg.nn, f"from_{framework}")(weights, kind=kind), xs)[0].numpy()
    np.testing.assert_allclose(found, FROZEN[f"{case}/ys"], rtol=2e-5, atol=2e-5)


def test_all_are_there() -> None:
    assert len(CASES) == 11
