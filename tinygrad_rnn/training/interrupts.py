"""Ctrl-C and SIGTERM, kept until a step has ended."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def interruptible() -> Iterator[list[int]]:
    """A list for the number of the first Ctrl-C or SIGTERM; the second has its usual effect at once."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield pressed
    finally:
        restore()
