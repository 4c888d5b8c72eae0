"""Nothing reads memory that was freed: where the C library overwrites what is freed, all results are the same bits."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

STEPS = """
import sys
import numpy as np
import tinygrad_rnn as tg
from tinygrad_rnn.kernels.products import contract, multiply

found = {}
random = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for K, M, N in ((700, 32, 96), (640, 300, 520), (90, 33, 47)):
        left, right, out = (random.normal(size=s).astype(dtype) for s in ((K, M), (K, N), (M, N)))
        for by_columns in (False, True):
            total, sums = contract(left, right, True, by_columns)
            found[f"contract {dtype.__name__} {M} {by_columns}"] = total, sums
        multiply(np.ascontiguousarray(left.T), right, out, False)
        found[f"multiply {dtype.__name__} {M}"] = out
    for kind in (tg.nn.RNNCell, tg.nn.GRUCell, tg.nn.LSTMCell, tg.nn.PeepholeLSTMCell):
        cells = [kind(8, 33, dtype=dtype, generator=random), kind(33, 32, dtype=dtype, generator=random)]
        net = tg.nn.Network(cells, 7, symbols=7, generator=random)
        symbols = random.integers(0, 7, (30, 20))
        outputs, _ = net(symbols, lengths=random.integers(1, 31, 20))
        tg.cross_entropy(outputs, symbols).backward()
        tg.optim.clip_grad_norm_(net.parameters(), 1.0)
        tg.optim.Adam(net.parameters()).step()
        found |= {f"{kind} {dtype} {k}": (p.numpy(), p.grad.numpy()) for k, p in net.named_parameters()}
flat = [x for pair in found.values() for x in (pair if isinstance(pair, tuple) else (pair,))]
np.savez(sys.argv[1], *flat)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library overwrites what is freed")
@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
@pytest.mark.skipif("EMULATED" in os.environ, reason="an emulated program cannot start another")
def test_results_do_not_depend_on_what_becomes_of_freed_memory(tmp_path: Path) -> None:
    script = tmp_path / "steps.py"
    script.write_text(STEPS, encoding="utf-8")
    found = []
    for byte in ("0", "85", "170"):
        file = tmp_path / f"{byte}.npz"
        done = subprocess.run(
            [sys.executable, str(script), str(file)],
            env=os.environ | {"MALLOC_PERTURB_": byte}, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with np.load(file) as arrays:
            found.append([arrays[name] for name in arrays.files])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
