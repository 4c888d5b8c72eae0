"""Numbers as people write them, and what is wrong with what is none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import ArgumentError, with_user_line
from .checks import at_least
from .wording import option

#: What stands for a value that is missing, in small letters.
MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-", "<na>", "nat"}
#: How a spreadsheet writes that it has none: #N/A, #DIV/0!, in German #NV.
SPREADSHEET_ERROR = re.compile(
    r"#(?:(?:N/A|N/D|NV|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!)(?=[\s,;|]|$)|[^\W\d_a-z][^\s,;|]*[!?](?=\s*(?:$|[,;|])))"
)
_BLANKS = "\u00a0\u202f\u2009"
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}(?:([,.'’ {_BLANKS}])\d{{3}})(?:\1\d{{3}})*([.,]\d+)?")


@dataclass(frozen=True)
class Form:
    """How a table is written; see `read_series`."""

    delimiter: str | None = None
    header: bool | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    skip_rows: int = 0

    def checked(self) -> Form:
        """Itself.

        Raises:
            ArgumentError: something of it makes no sense.
        """
        at_least(0, **{option("skip_rows"): self.skip_rows})
        if self.decimal not in (".", ","):
            raise ArgumentError(with_user_line(f"{option('decimal')} is '.' or ',', not {self.decimal!r}"))
        if self.header not in (None, True, False):
            raise ArgumentError(with_user_line(f"header is True, False or None, not {self.header!r}"))
        for name, sign in (("delimiter", self.delimiter), ("thousands", self.thousands)):
            if sign is None:
                continue
            if not isinstance(sign, str) or len(sign) != 1 or sign.isalnum() or sign in '"+-\r\n\0':
                expected = "one character that is no letter or digit"
                raise ArgumentError(with_user_line(f"{option(name)}: expected {expected}, got {sign!r}"))
        if self.thousands == self.decimal:
            both = f"{option('decimal')} and {option('thousands')}"
            raise ArgumentError(with_user_line(f"{both} are {self.decimal!r}, both of them"))
        return self

    @property
    def number(self) -> Callable[[str], float]:
        """A function: the finite number of a field, or ValueError."""
        if self.decimal == "." and self.thousands is None:
            return _plain
        signs = self.thousands or ""
        signs += _BLANKS if signs == " " else ""
        groups = rf"\d{{1,3}}(?:[{re.escape(signs)}]\d{{3}})+|" if signs else ""
        form = re.compile(rf"\s*[+-]?(?:{groups}\d*)(?:{re.escape(self.decimal)}\d*)?(?:[eE][+-]?\d+)?\s*")
        away = {ord(sign): None for sign in signs} | {ord(self.decimal): "."}

        def number(field: str) -> float:
            if not form.fullmatch(field):
                raise ValueError
            return _plain(field.translate(away))

        return number

    def is_number(self, field: str) -> bool:
        """Whether `number` takes it."""
        try:
            self.number(field)
        except ValueError:
            return False
        return True

    def fault(self, field: str) -> str:
        """What is wrong with a field that is no number, and which option would read it."""
        said = field.strip()
        if is_missing(said):
            return f"the value is missing ({said!r})"
        if said.lower().lstrip("+-") in ("inf", "infinity"):
            return f"{field!r} is not finite"
        hints = []
        grouped = _GROUPED.fullmatch(said)
        if grouped and self.thousands is None and grouped[1] != self.decimal and grouped[2] != grouped[1]:
            sign = " " if grouped[1] in _BLANKS else grouped[1]
            hints.append(f"if {sign!r} separates thousands, say {option('thousands', sign)}")
        if self.decimal == "." and Form(decimal=",").is_number(said):
            hints.append(f"if the comma is a decimal one, say {option('decimal', ',')}")
        elif self.decimal == "," and _GROUPED.fullmatch(said) is None and Form().is_number(said):
            hints.append(f"decimals follow a comma, by {option('decimal', ',')}")
        return "; ".join([f"{field!r} is not a number", *hints])


def is_missing(field: str) -> bool:
    """Whether a field stands for a value that is missing."""
    return field.strip().lower() in MISSING or SPREADSHEET_ERROR.fullmatch(field.strip()) is not None


def _plain(field: str) -> float:
    number = float(field)
    if not math.isfinite(number) or "_" in field:  # Python reads 1_000
        raise ValueError
    return number
