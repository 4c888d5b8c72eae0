"""Where compiled kernels cannot be saved, they are compiled again in the next process, and that is all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.config import DISABLE_JIT

ROOT = Path(__file__).parents[2]
STEP = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
import numpy as np
import tinygrad_rnn as tg
xs = tg.tensor(np.ones((5, 2, 3), np.float32), requires_grad=True)
outputs, _ = tg.nn.GRU(3, 4)(xs)
tg.sigmoid(outputs).sum().backward()
assert np.isfinite(xs.grad.numpy()).all()
"""


@pytest.mark.skipif(DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_training_step_needs_no_room_on_the_disk(tmp_path: Path) -> None:
    places = {"NUMBA_CACHE_DIR": str(tmp_path / "numba"), "TINYGRAD_RNN_CACHE": str(tmp_path / "programs")}
    environment = os.environ | places | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", STEP], env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
