"""Generated source on disk, so that Numba can cache what it compiled, in this process and the next."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

_loaded: dict[str, ModuleType] = {}


def folder() -> Path:
    """``TINYGRAD_RNN_CACHE``, or the user's cache folder."""
    given = os.environ.get("TINYGRAD_RNN_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(given) if given else Path(base) / "tinygrad_rnn"


def imported(source: str) -> ModuleType:
    """The module of a generated source."""
    name = "program_" + hashlib.sha256(source.encode()).hexdigest()[:24]
    if name not in _loaded:
        path = _written(name, source)
        spec = importlib.util.spec_from_file_location(f"tinygrad_rnn_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module.__name__] = module  # by this name Numba finds it when it loads what it cached
        spec.loader.exec_module(module)
        _loaded[name] = module
    return _loaded[name]


def _written(name: str, source: str) -> Path:
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / f"{name}.py"
    if not path.exists() or path.read_text() != source:
        handle, temporary = tempfile.mkstemp(dir=place, suffix=".tmp")
        with os.fdopen(handle, "w") as file:
            file.write(source)
        os.replace(temporary, path)
    return path
