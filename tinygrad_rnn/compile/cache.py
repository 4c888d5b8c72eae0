"""Generated source on disk, so that Numba can cache what it compiled, for this process and the next.

A file is named by the hash of its content and of the code it builds on, written whole and then put in place, and read
back and compared before it is run: a file that differs is written again, never executed. What Numba compiled is sealed
with its hash, and compiled again where that does not match (Numba keeps it as pickles, which run what they hold). A
folder that cannot be written, or that others could change, costs only the cache: a temporary one takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba.core.caching import FunctionCache

from .. import kernels

#: Programs kept on disk; the longest unused go first.
KEPT = 1000
_loaded: dict[str, ModuleType] = {}


@cache
def folder() -> Path:
    """``TINYGRAD_RNN_CACHE``, or the user's cache folder; a temporary one if it cannot be written or is not private.

    Warns once if the folder belongs to somebody else, or others can write to it: a program found there is run.
    """
    given = os.environ.get("TINYGRAD_RNN_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for choose in (
        lambda: given or os.path.join(base, "tinygrad_rnn"),
        lambda: tempfile.mkdtemp(prefix="tinygrad_rnn-"),
    ):
        with contextlib.suppress(OSError):
            place = Path(choose())
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            (place / "__pycache__").mkdir(exist_ok=True, mode=0o700)  # Numba's files lie here
            if (why := _shared(place) or _shared(place / "__pycache__")) is not None:
                warnings.warn(
                    f"compiled programs are not kept in {place}, which {why}; a temporary folder is used instead. "
                    "Remove it, or name one of your own by TINYGRAD_RNN_CACHE",
                    RuntimeWarning,
                    stacklevel=2,
                )
                continue
            handle, trial = tempfile.mkstemp(dir=place, suffix=".trial")
            os.close(handle)
            os.unlink(trial)
            return place
    raise OSError("no folder can be written, not even a temporary one; set TINYGRAD_RNN_CACHE")


def _shared(place: Path) -> str | None:
    """Who else could change what a folder holds; None if nobody. On Windows folders have no such owners and modes."""
    if not hasattr(os, "geteuid"):
        return None
    about = place.stat()
    if about.st_uid != os.geteuid():
        return f"belongs to another user (number {about.st_uid})"
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"other users can write to (mode {stat.S_IMODE(about.st_mode):o})"
    return None


@cache
def _foundation() -> bytes:
    """The hash of what programs build on: the kernels' sources and Numba's version."""
    hashed = hashlib.sha256(numba.__version__.encode())
    for file in sorted(Path(kernels.__path__[0]).glob("*.py")):
        hashed.update(file.read_bytes())
    return hashed.digest()


def compiled(source: str, build: Callable[..., Any]) -> Any:
    """``build(block, cache=True)``, Numba's compilation of a generated source, or what is on disk as it was put there.

    Another process may at any moment make room and drop these files: then they are written again, and if that keeps
    happening, or nothing can be written any more, the program is compiled without a cache.
    """
    module = imported(source)
    for _ in range(3):
        with contextlib.suppress(OSError, RuntimeError):  # Numba's error if the source's file is gone
            return _through_disk(module, source, build)
    return build(module.block, cache=False)


def _through_disk(module: ModuleType, source: str, build: Callable[..., Any]) -> Any:
    assert module.__file__ is not None
    path = _written(Path(module.__file__), source)
    seal = path.with_suffix(".sum")
    place = Path(FunctionCache(module.block).cache_path)

    def files() -> list[Path]:
        return sorted(f for f in place.glob(f"{module.__name__}.*") if f.suffix in (".nbi", ".nbc"))

    if files() and _sum(files()) != _read(seal):
        for file in files():
            file.unlink(missing_ok=True)
    made = build(module.block, cache=True)
    with contextlib.suppress(OSError):
        if (found := _sum(files())) != _read(seal):
            _put(seal, found)
    return made


def _sum(files: list[Path]) -> str:
    hashed = hashlib.sha256()
    for file in files:
        hashed.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return hashed.hexdigest()


def imported(source: str) -> ModuleType:
    """The module of a generated source."""
    name = "tinygrad_rnn_program_" + hashlib.sha256(_foundation() + source.encode()).hexdigest()[:32]
    if name not in _loaded:
        path = folder() / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # by this name Numba finds it when it loads what it cached
        exec(compile(source, str(path), "exec"), vars(module))  # our own text: the file is for Numba and for readers
        _loaded[name] = module
    return _loaded[name]


def _written(path: Path, source: str) -> Path:
    """Make sure that the file holds exactly `source`."""
    if _read(path) == source:
        with contextlib.suppress(OSError):
            os.utime(path.with_suffix(".used"))
            return path
    _forget(path)
    _put(path, source)
    path.with_suffix(".used").touch()
    _make_room(path.parent)
    return path


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _put(path: Path, text: str) -> None:
    """Write a file whole, and then put it in its place."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _make_room(place: Path) -> None:
    """Drop the programs that were used longest ago."""
    with contextlib.suppress(OSError):
        marks = sorted(place.glob("tinygrad_rnn_program_*.used"), key=lambda mark: mark.stat().st_mtime)
        for mark in marks[:-KEPT]:
            _forget(mark.with_suffix(".py"))
            mark.unlink(missing_ok=True)


def _forget(path: Path) -> None:
    """Remove a source and what Numba compiled from it."""
    for file in [path, path.with_suffix(".sum"), *path.parent.glob(f"__pycache__/{path.stem}.*")]:
        with contextlib.suppress(OSError):
            file.unlink()
