"""How many threads compiled programs use."""

from __future__ import annotations

from ..core.errors import TinygradError, with_user_line
from ..kernels import threads


class ThreadCountError(TinygradError, ValueError):
    """The number of threads is not a whole number of at least 1."""


def set_num_threads(count: int | None) -> None:
    """Use `count` threads in compiled programs from now on; None: the default.

    The default is the environment variable ``TINYGRAD_RNN_NUM_THREADS`` if set, else the cores this process may use.
    Results do not depend on it.

    Raises:
        ThreadCountError: `count` is not a whole number of at least 1.
    """
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ThreadCountError(with_user_line(f"set_num_threads: expected a whole number of at least 1, got {count!r}"))
    threads.resize(count)


def get_num_threads() -> int:
    """How many threads compiled programs use."""
    try:
        return threads.size()
    except ValueError as error:
        raise ThreadCountError(with_user_line(str(error))) from None
