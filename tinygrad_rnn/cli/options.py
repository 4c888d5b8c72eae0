"""What commands share: the types of their options, each with one clear sentence for a mistake."""

from __future__ import annotations

import argparse

from ..core.errors import TinygradError
from ..step.language import LANGUAGES


def seconds(text: str) -> float:
    """A length of time above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")
    return value


def whole(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def whole_or_zero(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least {least}, got {text!r}")
    return int(text)


def above_zero(text: str) -> float:
    """A finite number above 0."""
    return _number(text, "a number above 0", lambda x: 0 < x < float("inf"))


def zero_or_above(text: str) -> float:
    """A finite number of at least 0."""
    return _number(text, "a number of at least 0", lambda x: 0 <= x < float("inf"))


def share(text: str) -> float:
    """A share: at least 0 and below 1."""
    return _number(text, "a share from 0 to below 1", lambda x: 0 <= x < 1)


def share_above_zero(text: str) -> float:
    """A share above 0 and below 1."""
    return _number(text, "a share between 0 and 1", lambda x: 0 < x < 1)


def _number(text: str, what: str, right) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not right(value):
        raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}")
    return value


def sign(text: str) -> str:
    """One character, such as a comma; "tab" and "space" in words."""
    return {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)


def strategy(text: str) -> str:
    """The name of a training strategy, as `tg.strategies.strategy` reads it."""
    from ..strategies import strategy as made

    try:
        made(text)
    except TinygradError as error:
        raise argparse.ArgumentTypeError(str(error).splitlines()[0]) from None
    return text


def add_language(parser: argparse.ArgumentParser) -> None:
    """The option ``--language``."""
    parser.add_argument("--language", choices=tuple(LANGUAGES), default="en", help="of the words: English or Chinese")
