"""Long cases run only when asked for; at the end it is said once what was not installed."""

from __future__ import annotations

import importlib.util
import os

import pytest
from browser import browser  # noqa: F401  (a fixture)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get("SLOW_TESTS"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="set SLOW_TESTS=1 to run it"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if importlib.util.find_spec("torch") is None:
        terminalreporter.write_line(
            "PyTorch is not installed: results were compared with frozen arrays; the live comparisons were skipped."
        )
    peers = [name for name in ("keras", "haiku", "flax", "equinox") if importlib.util.find_spec(name) is None]
    if peers:
        terminalreporter.write_line(f"Not installed, so not asked live but by frozen arrays: {', '.join(peers)}.")
    if importlib.util.find_spec("mpi4py") is None:
        terminalreporter.write_line("mpi4py is not installed: the tests of several processes were skipped.")
