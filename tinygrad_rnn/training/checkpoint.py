"""Checkpoints: all that a run needs to go on as if it had not stopped: a safetensors file with JSON in its header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import FileFormatError, with_user_line
from ..io import load, load_metadata, save
from ..nn import Module

_KEY, _VERSION = "tinygrad_rnn", 1


class Checkpoint(NamedTuple):
    """Arrays by name (``network.…``, ``optimizer.…``, ``carried.…``, ``best.…``), and facts as JSON has them."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, np.ndarray]:
        """The arrays below a name."""
        return {key.removeprefix(f"{name}."): x for key, x in self.arrays.items() if key.startswith(f"{name}.")}


def write(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint at once: a crash leaves the old one or the new one.

    Raises:
        OSError: it cannot be written; the old one is still there.
    """
    save(arrays, path, {_KEY: json.dumps({"version": _VERSION, **facts})})


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """What `write` wrote. Nothing in the file is executed.

    Raises:
        FileFormatError: the file is damaged, is no checkpoint of a training run, or of a later version.
        OSError: there is no such file, or it cannot be read.
    """
    arrays = load(path)
    text = load_metadata(path).get(_KEY)
    if text is None:
        holds = ", ".join(sorted(arrays)[:3]) or "nothing"
        raise FileFormatError(
            with_user_line(f"{os.fspath(path)}: weights alone ({holds}, …), not the checkpoint of a training run")
        )
    try:
        facts = json.loads(text)
        version = facts["version"]
    except (ValueError, TypeError, KeyError):
        raise FileFormatError(with_user_line(f"{os.fspath(path)}: its header is no checkpoint's")) from None
    if version != _VERSION:
        raise FileFormatError(
            with_user_line(f"{os.fspath(path)}: a checkpoint of format {version}; this version reads format {_VERSION}")
        )
    return Checkpoint(arrays, facts)


def generators(module: Module) -> list[np.random.Generator]:
    """Every generator of random numbers that a module holds, each once."""
    found = [g for m in module.modules() for g in vars(m).values() if isinstance(g, np.random.Generator)]
    return list({id(g): g for g in found}.values())


def generator_states(module: Module) -> list[dict[str, Any]]:
    """The states of a module's generators."""
    return [_plain(g.bit_generator.state) for g in generators(module)]


def restore_generators(module: Module, states: list[dict[str, Any]]) -> None:
    """Let a module's generators go on from `states`.

    Raises:
        FileFormatError: there are more or fewer, or of other kinds.
    """
    own = generators(module)
    kinds = [g.bit_generator.state["bit_generator"] for g in own]
    if kinds != [state.get("bit_generator") for state in states]:
        raise FileFormatError(with_user_line(f"the checkpoint has {len(states)} generators, the network {len(own)}"))
    for g, state in zip(own, states, strict=True):
        g.bit_generator.state = state


def _plain(state: Any) -> Any:
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state
