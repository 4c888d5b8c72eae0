"""Generated source on disk, so that Numba can cache what it compiled, for this process and the next.

A file is named by the hash of its content and of the code it builds on, written whole and then put in place, and read
back and compared before it is run: a file that differs is written again, never executed. A folder that cannot be
written costs only the cache: a temporary one takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import numba

from .. import kernels

#: Programs kept on disk; the longest unused go first.
KEPT = 400
_loaded: dict[str, ModuleType] = {}


@cache
def folder() -> Path:
    """``TINYGRAD_RNN_CACHE``, or the user's cache folder; a temporary folder if neither can be written."""
    given = os.environ.get("TINYGRAD_RNN_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for choose in (
        lambda: given or os.path.join(base, "tinygrad_rnn"),
        lambda: tempfile.mkdtemp(prefix="tinygrad_rnn-"),
    ):
        with contextlib.suppress(OSError):
            place = Path(choose())
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, trial = tempfile.mkstemp(dir=place, suffix=".trial")
            os.close(handle)
            os.unlink(trial)
            return place
    raise OSError("no folder can be written, not even a temporary one; set TINYGRAD_RNN_CACHE")


@cache
def _foundation() -> bytes:
    """The hash of what programs build on: the kernels' sources and Numba's version."""
    hashed = hashlib.sha256(numba.__version__.encode())
    for file in sorted(Path(kernels.__path__[0]).glob("*.py")):
        hashed.update(file.read_bytes())
    return hashed.digest()


def imported(source: str) -> ModuleType:
    """The module of a generated source."""
    name = "tinygrad_rnn_program_" + hashlib.sha256(_foundation() + source.encode()).hexdigest()[:32]
    if name not in _loaded:
        path = _written(folder() / f"{name}.py", source)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # by this name Numba finds it when it loads what it cached
        exec(compile(source, str(path), "exec"), vars(module))  # our own text; the file is there for Numba and readers
        _loaded[name] = module
    return _loaded[name]


def _written(path: Path, source: str) -> Path:
    """Make sure that the file holds exactly `source`."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == source:
            os.utime(path.with_suffix(".used"))
            return path
    _forget(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(temporary, path)
    path.with_suffix(".used").touch()
    _make_room(path.parent)
    return path


def _make_room(place: Path) -> None:
    """Drop the programs that were used longest ago."""
    with contextlib.suppress(OSError):
        marks = sorted(place.glob("tinygrad_rnn_program_*.used"), key=lambda mark: mark.stat().st_mtime)
        for mark in marks[:-KEPT]:
            _forget(mark.with_suffix(".py"))
            mark.unlink(missing_ok=True)


def _forget(path: Path) -> None:
    """Remove a source and what Numba compiled from it."""
    for file in [path, *path.parent.glob(f"__pycache__/{path.stem}.*")]:
        with contextlib.suppress(OSError):
            file.unlink()
