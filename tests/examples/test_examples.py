"""Every example runs, in a folder of its own, and says what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS = {"char_rnn": ["--seconds", "2", "--size", "32"], "sine_prediction": ["--steps", "100", "--ahead", "10"]}
PROMISES = {
    "scalar_autodiff": "∂y/∂w1 = +1.0000",
    "lstm_node_by_node": "compiled equals unrolled: True",
    "own_engine": "δR: largest difference from the library's",
    "bptt_by_hand": "∂L/∂R: largest difference",
    "char_rnn": "the loss fell from",
    "gradient_flow": "stays below 2.21 steps, as it must",
    "sine_prediction": "free-running for 10 steps",
}


def test_every_example_is_listed() -> None:
    assert {p.stem for p in EXAMPLES.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_example(name: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *ARGUMENTS.get(name, [])],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert PROMISES[name] in run.stdout
