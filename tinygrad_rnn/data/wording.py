"""How an error names an option to change: as an argument in Python, as an option in a shell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

_OPTIONS: ContextVar[Mapping[str, str] | None] = ContextVar("options", default=None)


@contextlib.contextmanager
def in_a_shell(options: Mapping[str, str]) -> Iterator[None]:
    """Errors name options of the command line; `options` are those that are not spelled as their arguments are."""
    token = _OPTIONS.set(options)
    try:
        yield
    finally:
        _OPTIONS.reset(token)


def option(name: str, value: object = None) -> str:
    """An option with a value, or its name alone.

    >>> option("decimal", ","), option("skip_rows")
    ("decimal=','", 'skip_rows')
    """
    options = _OPTIONS.get()
    if options is None:
        return name if value is None else f"{name}={value!r}"
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    written = options.get(name, "--" + name.replace("_", "-"))
    return written if value is None else f"{written} {value if str(value).isalnum() else repr(value)}"
