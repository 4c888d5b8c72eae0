"""Strategies by name, as a command line or a configuration writes them."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from ..core.errors import ArgumentError, with_user_line
from .base import Strategy
from .bptt import BPTT, Checkpointed, Truncated
from .regularised import Regularised
from .rtrl import RTRL
from .scheduled import ScheduledSampling


def _checkpointed(every: str = "sqrt") -> Strategy:
    return Checkpointed(every if every == "sqrt" else int(every))


#: name → (how it is written, what it is, what makes it of the parts after the colon).
NAMED: dict[str, tuple[str, str, Callable[..., Strategy]]] = {
    "bptt": ("bptt", "full back-propagation through time", BPTT),
    "truncated": ("truncated:K1[,K2]", "every K1 steps, back through the last K2",
                  lambda k1, k2=None: Truncated(int(k1), None if k2 is None else int(k2))),
    "checkpointed": ("checkpointed[:EVERY]", "full, in the memory of √T steps", _checkpointed),
    "rtrl": ("rtrl", "forward mode: nothing of the past is kept; slow", RTRL),
    "regularised": ("regularised[:STRENGTH]", "full, with Pascanu's term against vanishing gradients",
                    lambda strength="1": Regularised(float(strength))),
    "scheduled": ("scheduled:STEPS[,DECAY]", "more and more of its own predictions as inputs (linear, exponential, "
                  "sigmoid)", lambda steps, decay="linear": ScheduledSampling(decay, int(steps))),
}  # fmt: skip


def strategy(text: str) -> Strategy:
    """The strategy that a text such as ``truncated:20,50`` names.

    Raises:
        ArgumentError: there is none, or what stands after the colon does not fit it.
    """
    name, _, given = text.partition(":")
    if name not in NAMED:
        near = difflib.get_close_matches(name, NAMED, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ArgumentError(with_user_line(f"no strategy {name!r}{hint}; there are {', '.join(NAMED)}"))
    written, _, make = NAMED[name]
    try:
        return make(*[part.strip() for part in given.split(",")] if given else [])
    except ArgumentError:
        raise
    except (TypeError, ValueError):
        raise ArgumentError(with_user_line(f"strategy {text!r}: expected {written}")) from None
