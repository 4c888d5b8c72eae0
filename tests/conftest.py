"""Says once, at the end, what did not run because something is not installed."""

from __future__ import annotations

import importlib.util

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if importlib.util.find_spec("torch") is None:
        terminalreporter.write_line(
            "PyTorch is not installed: results were compared with frozen arrays; the live comparisons were skipped."
        )
    if importlib.util.find_spec("mpi4py") is None:
        terminalreporter.write_line("mpi4py is not installed: the tests of several processes were skipped.")
