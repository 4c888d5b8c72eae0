"""Named arrays to and from safetensors files (https://github.com/huggingface/safetensors)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..core.errors import ArgumentError, DTypeError, FileFormatError, with_user_line
from ..core.operands import array_of

_TORCH = "for PyTorch call torch.save({k: torch.tensor(v) for k, v in module.state_dict().items()}, …)"
_KERAS = "for Keras set the arrays of tg.nn.to_keras(cell) as weights and let Keras save them"
#: Suffixes of other formats, and what to call for them.
_OTHERS = {
    **dict.fromkeys((".pt", ".pth", ".bin"), _TORCH), **dict.fromkeys((".h5", ".keras"), _KERAS),
    ".onnx": "for ONNX call tg.onnx.save(model, …)", ".npz": "for NumPy call np.savez(…, **module.state_dict())",
    **dict.fromkeys((".pkl", ".pickle"), "name it .safetensors: nothing here is pickled"),
}  # fmt: skip
#: What `replace` writes first and then renames: one that is left was of a process that was killed.
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}")


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
        ArgumentError: the name's suffix is that of another format.
        DTypeError: a value is not an array of numbers or booleans, or a name is not a string.
        OSError: the file cannot be written.
    """
    from safetensors.numpy import save as encoded

    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix in _OTHERS:
        name = os.fspath(path)
        raise ArgumentError(
            with_user_line(f"save: it writes safetensors, and {name!r} says another format; {_OTHERS[suffix]}")
        )
    state = what if isinstance(what, Mapping) else what.state_dict()
    texts = None if metadata is None else dict(metadata)
    replace(path, encoded({_name(name): _storable(name, value) for name, value in state.items()}, texts))


def replace(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once: a crash leaves the old one or the new one, never half of one.

    Raises:
        OSError: it cannot be written; the old one is still there.
    """
    path = checked_path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with named_errors(path), open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def named_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors of the operating system name the file, which those of writing (a full disk) do not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        raise


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Delete the temporary files of writers that were killed; nobody else may be writing there."""
    for file in Path(folder).iterdir():
        if _TEMPORARY.fullmatch(file.name):
            file.unlink(missing_ok=True)


def checked_path(path: str | os.PathLike[str]) -> Path:
    """A path that can be given to the operating system.

    Raises:
        ArgumentError: it has a character that no name of a file can have.
    """
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        what = f"{os.fspath(path)!r} cannot be the name of a file: it has NUL, or half a character"
        raise ArgumentError(with_user_line(what))
    return Path(path)


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts in the header of a safetensors file.

    Raises:
        FileFormatError: the file is damaged or of another format.
        OSError: there is no such file, or it cannot be read.
    """
    return load_all(path)[1]


def load(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read a safetensors file, ours or another program's: arrays by name.

    ``module.load_state_dict(tg.load(path))`` puts them into a module.

    Raises:
        FileFormatError: the file is damaged, of another format, or holds a dtype that NumPy has not.
        OSError: there is no such file, or it cannot be read.
    """
    return load_all(path)[0]


def load_all(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the texts of a safetensors file, of one moment even if it is replaced meanwhile.

    Raises:
        FileFormatError, OSError: as `load` does.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as decoded

    data = checked_path(path).read_bytes()
    try:
        arrays = {name: np.array(array) for name, array in decoded(data).items()}
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return arrays, header.get("__metadata__") or {}
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
