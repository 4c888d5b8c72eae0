"""Random weights in the layouts of other frameworks, for the tests of converters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

B, D, H = 3, 4, 5
G = {"rnn": 1, "gru": 3, "lstm": 4}
DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KIND = pytest.mark.parametrize("kind", G)
random = np.random.default_rng(0)
BEGINNING = random.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """The same numbers in any order of tests; whoever imports this has it."""
    random.bit_generator.state = BEGINNING


def drawn(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return random.normal(size=shape).astype(dtype)


def onnx_arrays(kind: str, dtype: Any, directions: int = 1) -> dict[str, np.ndarray]:
    g = G[kind]
    return {"W": drawn(directions, g * H, D, dtype=dtype), "R": drawn(directions, g * H, H, dtype=dtype),
            "B": drawn(directions, 2 * g * H, dtype=dtype)}  # fmt: skip


ONNX: list[tuple[str, dict]] = [("rnn", {}), ("gru", {}), ("gru", {"linear_before_reset": 1}), ("lstm", {}),
                                ("lstm", {"P": True}), ("lstm", {"input_forget": 1}),
                                ("lstm", {"P": True, "input_forget": 1})]  # fmt: skip
