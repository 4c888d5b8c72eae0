"""The site, built once for the tests of a run, whichever process comes first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for needed in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(needed, reason="needs the extra docs")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with FileLock(f"{folder}.lock"):
        if not (folder / "index.html").exists() or not (folder / "zh/index.html").exists():
            command = [sys.executable, str(ROOT / "docs/site/build.py"), str(folder)]
            run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
            assert run.returncode == 0, run.stderr[-4000:]
    return folder
