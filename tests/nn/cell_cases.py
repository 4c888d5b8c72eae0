"""Every cell of the catalogue, and its options, in tiny sizes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.nn.cells.lstm_family import VARIANTS

D, H = 3, 4
#: Name of a case: the cell's name in the catalogue and options.
CASES: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in tg.nn.catalogue()}
CASES["projected-lstm"] = ("projected-lstm", {"proj_size": 2})
CASES |= {f"peephole-lstm {v}": ("peephole-lstm", {"variant": v}) for v in VARIANTS if v != "V"}
CASES |= {
    "memory-block of 2": ("memory-block", {"block_size": 2, "bias": "gates"}),
    "memory-block without output gates": ("memory-block", {"output_gates": False}),
    "delayed-rnn 1, 3": ("delayed-rnn", {"delays": (1, 3)}),
    "article of one size": ("article", {"input_size": H}),
}


def make(case: str, input_size: int = D, hidden_size: int = H, dtype: Any = np.float64, seed: int = 0) -> Any:
    """The cell of a case, its parameters drawn anew so that none is 0 or 1."""
    name, options = CASES[case]
    sizes = {"input_size": input_size, "hidden_size": hidden_size} | options
    cell = tg.nn.catalogue()[name].kind(**sizes, dtype=dtype)
    random = np.random.default_rng(seed)
    with tg.no_grad():
        for _, p in cell.named_parameters():
            p.assign_(random.normal(size=p.shape).astype(dtype) * 0.7)
    return cell


def parts_of(state: Any) -> list[Any]:
    return list(state) if isinstance(state, tuple) else [state]


def count(formula: str, **sizes: int) -> int:
    """The value of a formula such as ``4H(D + H + 1) + HP``."""
    text = re.sub(r"(?<=[\w)])(?=[A-Z(])", "*", formula.replace("−", "-").replace("²", "**2"))
    return int(eval(text, {"__builtins__": {}}, sizes))
