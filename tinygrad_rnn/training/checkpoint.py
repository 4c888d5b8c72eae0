"""Checkpoints: all that a run needs to go on as if it had not stopped: a safetensors file with JSON in its header."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import FileFormatError, with_user_line
from ..io import load_all, save
from ..nn import Module

_KEY, _CHECK, _VERSION = "tinygrad_rnn", "crc32", 2

#: What every checkpoint says, and what each of it is.
_FACTS: dict[str, Callable[[Any], bool]] = {
    "step": lambda x: type(x) is int and 0 <= x < 2**63,
    "seconds": lambda x: type(x) is float and x >= 0,
    "best": lambda x: type(x) is list and [type(v) for v in x] == [float, int] and 0 <= x[1] < 2**63,
    "schedule": lambda x: type(x) is dict,
    "generators": lambda x: type(x) is list and all(type(state) is dict for state in x),
    "config": lambda x: type(x) is dict,
}


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
    text = json.dumps({"version": _VERSION, **facts})
    save(arrays, path, {_KEY: text, _CHECK: checksum(arrays, text)})


def checksum(arrays: Mapping[str, np.ndarray], text: str = "") -> str:
    """A number that changes with any entry, name, shape or dtype of arrays, and with any character of a text."""
    total = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), total)
        total = zlib.crc32(array.tobytes(), total)
    return f"{total:08x}"


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """What `write` wrote. Nothing in the file is executed.

    Raises:
        FileFormatError: the file is damaged, is no checkpoint of a training run, or of a later version.
        OSError: there is no such file, or it cannot be read.
    """
    arrays, texts = load_all(path)
    text = texts.get(_KEY)
    if text is None:
        holds = ", ".join(sorted(arrays)[:3]) or "nothing"
        raise FileFormatError(
            with_user_line(f"{os.fspath(path)}: weights alone ({holds}, …), not the checkpoint of a training run")
        )
    try:
        facts = json.loads(text)
        version = facts["version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FileFormatError(with_user_line(f"{os.fspath(path)}: its header is no checkpoint's")) from None
    if version != _VERSION:
        raise FileFormatError(
            with_user_line(f"{os.fspath(path)}: a checkpoint of format {version}; this version reads format {_VERSION}")
        )
    if texts.get(_CHECK) != checksum(arrays, text):
        raise FileFormatError(with_user_line(f"{os.fspath(path)}: damaged, its checksum is of another content"))
    for name, right in _FACTS.items():
        if not right(facts.get(name)):
            raise FileFormatError(with_user_line(f"{os.fspath(path)}: as {name} it says {facts.get(name)!r}"))
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
    if len(own) != len(states):
        raise FileFormatError(with_user_line(f"the checkpoint has {len(states)} generators, the network {len(own)}"))
    try:
        for g, state in zip(own, states, strict=True):
            g.bit_generator.state = state
    except (ValueError, TypeError, KeyError, OverflowError):
        raise FileFormatError(with_user_line("the checkpoint's generators are not of the network's kinds")) from None


def _plain(state: Any) -> Any:
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state
