"""What an exercise is: texts in two languages, code to begin with, a solution, typical mistakes, and a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: A text in English and in Chinese.
Both = tuple[str, str]
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Quantity:
    """One thing that is compared: what the reader's code says it is, and what it is."""

    name: str
    got: Any
    expected: Any
    formula: str | Both  #: what it should be, as a formula
    given: str = ""  #: the numbers it was computed from, where they are few
    rtol: float = 1e-6
    atol: float = 1e-9
    remark: Both | None = None  #: what is seen to be wrong with it, beyond the numbers


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer: the solution with some of its code replaced, and what to say to whoever wrote it."""

    edits: tuple[tuple[str, str], ...]
    says: Both

    def code(self, solution: str) -> str:
        """The wrong answer in full."""
        for old, new in self.edits:
            assert old in solution, f"the solution has no {old!r}"
            solution = solution.replace(old, new)
        return solution


def mistake(*edits_and_says: str) -> Mistake:
    """``mistake(old, new, …, english, chinese)``: pairs to replace, then what to say."""
    *edits, english, chinese = edits_and_says
    return Mistake(tuple(zip(edits[::2], edits[1::2], strict=True)), (english, chinese))


#: Calls the reader's functions, attributes of its first argument, on random numbers; yields what to compare, in order.
Check = Callable[[Any, Any], Iterable[Quantity]]


@dataclass(frozen=True)
class Exercise:
    """Code holds both languages: a comment ``# English || 中文`` is written in one of them.

    In texts, a line that begins with two spaces is kept as it is; others are filled to the width of the page.
    """

    title: Both
    task: Both
    starter: str
    solution: str
    check: Check
    hints: tuple[Both, ...]
    mistakes: tuple[Mistake, ...]
    after: Both  #: what to take along, said to whoever has solved it
    name: str = ""
    number: int = 0

    @property
    def file(self) -> str:
        """``07_softmax.py``: the name of its file."""
        return f"{self.number:02}_{self.name}.py"
