"""Products and a compiled recurrence with the tiles of processors that have narrower vectors than this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.config import DISABLE_JIT

ROOT = Path(__file__).parents[2]
TESTS = ["tests/kernels/test_products.py", "tests/kernels/check_recurrence.py"]


@pytest.mark.skipif(DISABLE_JIT, reason="needs Numba's compiler")
@pytest.mark.parametrize("bits", [128, 256])
def test_products_and_a_recurrence_with_vectors_of_other_widths(bits: int, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "VECTOR_BITS": str(bits),
        "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
        "TINYGRAD_RNN_CACHE": str(tmp_path / "programs"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-p", "tests.kernels.narrower", *TESTS],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) > 40, done.stdout
