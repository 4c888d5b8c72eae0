"""Solve every problem with PyTorch once and keep the arrays: ``python tests/nn/freeze.py``."""

from pathlib import Path

import numpy as np
from recurrent_cases import KINDS, problem, torchs

FROZEN = Path(__file__).parent / "frozen"

if __name__ == "__main__":
    FROZEN.mkdir(exist_ok=True)
    for kind in KINDS:
        for bias in (True, False):
            arrays = problem(kind, bias, seed=1 + KINDS.index(kind))
            solution = {f"solution/{name}": value for name, value in torchs(kind, arrays).items()}
            np.savez_compressed(FROZEN / f"{kind}{'' if bias else '-no-bias'}.npz", **arrays, **solution)
