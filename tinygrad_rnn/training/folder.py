"""The folder of a run: one process writes it at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import ArgumentError, with_user_line
from ..io import checked_path, remove_leftovers
from .parallel import Ranks


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str] | None, ranks: Ranks | None = None) -> Iterator[None]:
    """Write into a folder alone; it is made if need be, and temporary files of killed writers are deleted.

    The lock is the operating system's (by `filelock`), so it ends with the process that holds it, however that ends.
    Who holds it may take it again. None: nothing is locked. Of several ranks the first holds it for all.

    Raises:
        ArgumentError: another process or thread writes there.
        OSError: the folder cannot be written.
    """
    if folder is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        if ranks is None:
            stack.enter_context(_held(folder))
        else:
            ranks.first(lambda: stack.enter_context(_held(folder)))
        yield


@contextlib.contextmanager
def _held(folder: str | os.PathLike[str]) -> Iterator[None]:
    from filelock import FileLock, Timeout

    path = checked_path(folder)
    path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_file(path), is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ArgumentError(with_user_line(f"{folder}: another process is training here")) from None
    try:
        remove_leftovers(path)
        yield
    finally:
        lock.release()


def _lock_file(folder: Path) -> Path:
    """Its own name, whatever way leads to the folder."""
    return folder.resolve() / ".lock"
