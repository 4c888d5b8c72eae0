"""Named arrays to and from safetensors files (https://github.com/huggingface/safetensors)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..core.errors import DTypeError, FileFormatError, with_user_line
from ..core.operands import array_of


class HasState(Protocol):
    """A module, an optimiser: anything with a state dict."""

    def state_dict(self) -> dict[str, np.ndarray]: ...


def save(
    what: HasState | Mapping[str, Any], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a module's or an optimiser's state dict, or any mapping of names to arrays, as a safetensors file.

    The file is replaced at once: a crash leaves the old one or the new one, never half of one. `metadata` are texts
    that stand in its header.

    Raises:
        DTypeError: a value is not an array of numbers or booleans, or a name is not a string.
        OSError: the file cannot be written.
    """
    from safetensors.numpy import save as encoded

    state = what if isinstance(what, Mapping) else what.state_dict()
    texts = None if metadata is None else dict(metadata)
    replace(path, encoded({_name(name): _storable(name, value) for name, value in state.items()}, texts))


def replace(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once: a crash leaves the old one or the new one, never half of one.

    Raises:
        OSError: it cannot be written; the old one is still there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts in the header of a safetensors file.

    Raises:
        FileFormatError: the file is damaged or of another format.
        OSError: there is no such file, or it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    Path(path).open("rb").close()  # what cannot be read is no matter of the format
    try:
        with safe_open(os.fspath(path), framework="np") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, ValueError) as error:
        raise FileFormatError(
            with_user_line(f"load_metadata: {os.fspath(path)!r} is not a sound safetensors file: {error}")
        ) from None


def load(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read a safetensors file, ours or another program's: arrays by name.

    ``module.load_state_dict(tg.load(path))`` puts them into a module.

    Raises:
        FileFormatError: the file is damaged, of another format, or holds a dtype that NumPy has not.
        OSError: there is no such file, or it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as decoded

    data = Path(path).read_bytes()
    try:
        return {name: np.array(array) for name, array in decoded(data).items()}
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = f"no NumPy dtype for {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(
            with_user_line(f"load: {os.fspath(path)!r} is not a sound safetensors file of NumPy dtypes: {reason}")
        ) from None


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise DTypeError(with_user_line(f"save: names must be strings, got {name!r}"))
    return name


def _storable(name: str, value: Any) -> np.ndarray:
    """As the format wants it: contiguous and little-endian."""
    array = array_of(value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise DTypeError(
            with_user_line(f"save: {name!r} is {type(value).__name__} of dtype {array.dtype}, not numbers")
        )
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")
