"""Run PyTorch's optimisers once and keep where they end: ``python tests/optim/freeze_optim.py``."""

import numpy as np
from optim_cases import CASES, FROZEN, torchs

if __name__ == "__main__":
    arrays = {}
    for case, (name, options) in enumerate(CASES):
        *_, last = torchs(name, options)
        arrays |= {f"{case}/{k}": a for k, a in enumerate(last)}
    np.savez_compressed(FROZEN, **arrays)
