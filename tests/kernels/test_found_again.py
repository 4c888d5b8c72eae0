"""What is compiled in one process is found on disk in the next: a function that is compiled every time is a fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STEP = """
import numpy as np
import tinygrad_rnn as tg
from numba.core import event

compiled = []

class Listener(event.Listener):
    def on_start(self, e): compiled.append(str(e.data["dispatcher"]))
    def on_end(self, e): pass

event.register("numba:compile", Listener())
for dtype in (np.float32, np.float64):
    g = np.random.default_rng(0)
    cells = [tg.nn.LSTMCell(3, 4, dtype=dtype, generator=g), tg.nn.GRUCell(4, 4, dtype=dtype, generator=g)]
    net = tg.nn.Network(cells, 5, symbols=5, generator=g)
    adam = tg.optim.Adam(net.parameters())
    outputs, _ = net(np.zeros((6, 2), int))
    loss = tg.cross_entropy(outputs, np.zeros((6, 2), int)) + sum(
        f(outputs).sum() for f in (tg.sigmoid, tg.softplus, tg.silu, tg.erf, tg.gelu))
    loss.backward()
    tg.optim.clip_grad_norm_(net.parameters(), 1.0)
    adam.step()
print("\\n".join(compiled))
"""


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
def test_nothing_is_compiled_in_the_second_process(tmp_path: Path) -> None:
    script = tmp_path / "step.py"
    script.write_text(STEP, encoding="utf-8")
    found = []
    for _ in range(2):
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.split())
    assert found[1] == []
