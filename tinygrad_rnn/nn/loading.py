"""Checking a state dict against what it is meant for: everything that is wrong with it, in one error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.errors import StateDictError, with_user_line
from ..core.operands import array_of


def checked_arrays(owner: str, expected: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of `state` if they fit `expected` (tensors or arrays by name) exactly.

    Raises:
        StateDictError: names are missing or unexpected, or arrays are of another shape or kind. Lists every fault.
    """
    faults = [f"missing: {name} {x.shape}" for name, x in expected.items() if name not in state]
    arrays: dict[str, np.ndarray] = {}
    for name, value in state.items():
        array = array_of(value)
        if name not in expected:
            faults.append(f"unexpected: {name} {array.shape}")
        elif array.shape != expected[name].shape:
            faults.append(f"wrong shape: {name} is {expected[name].shape}, got {array.shape}")
        elif array.dtype.kind != expected[name].dtype.kind:
            faults.append(f"wrong dtype: {name} is {expected[name].dtype}, got {array.dtype}")
        else:
            arrays[name] = array
    faults += _torn(expected, arrays)
    if faults:
        raise StateDictError(with_user_line(f"{owner}.load_state_dict, nothing loaded:\n  " + "\n  ".join(faults)))
    return arrays


def _torn(expected: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Faults of tied parameters: two names of one parameter must bring the same values."""
    first: dict[int, str] = {}
    faults = []
    for name in arrays:
        other = first.setdefault(id(expected[name]), name)
        if other != name and not np.array_equal(arrays[name], arrays[other], equal_nan=True):
            faults.append(f"tied: {name} and {other} are one parameter, got different values")
    return faults
