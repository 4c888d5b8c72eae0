"""What every source of batches asks of its arguments."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np

from ..core.errors import ArgumentError, with_user_line


def at_least(least: int, /, **named: int) -> None:
    """Raises ArgumentError, with its name, for a number below `least`."""
    for name, value in named.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            expected = f"{name} is a whole number of at least {least}"
            raise ArgumentError(with_user_line(f"{expected}, got {value!r}"))


def generator(seed: int, k: int) -> np.random.Generator:
    """Random numbers that depend on `seed` and `k` alone.

    Raises:
        ArgumentError: one of them is no whole number, or below 0.
    """
    at_least(0, seed=seed, k=k)
    return np.random.default_rng([seed, k])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to end an error with; empty if nothing known is near."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def parts(count: int, validation: float, test: float, what: str = "rows") -> tuple[int, int]:
    """Where the training part of `count` entries in time ends, and where the validation part does.

    Raises:
        ArgumentError: a share is below 0, they leave nothing to train on, or a part that was asked for is empty.
    """
    if not (validation >= 0 and test >= 0 and validation + test < 1):
        shares = f"validation={validation!r}, test={test!r}"
        raise ArgumentError(with_user_line(f"split: expected shares of at least 0, in sum below 1; got {shares}"))
    sizes = {"validation": round(count * validation), "test": round(count * test)}
    sizes["training"] = count - sum(sizes.values())
    for name, share in {"validation": validation, "test": test, "training": 1}.items():
        if share and sizes[name] < 1:
            raise ArgumentError(with_user_line(f"split: of {count} {what}, none is left for {name}"))
    return sizes["training"], sizes["training"] + sizes["validation"]
