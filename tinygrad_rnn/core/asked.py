"""How a tensor is asked for its value: by name, as ``float(x)`` does, or unseen, as ``math.exp(x)`` does."""

from __future__ import annotations

import dis
import functools
from types import CodeType, FrameType


def by_name(frame: FrameType) -> bool:
    """Whether the line that runs in `frame` says that it wants a plain number: ``float(x)``, or ``"%.3f" % x``.

    Only a call written ``float(…)`` is known: in ``map(float, xs)`` it is C code that asks, as it is in `math.exp`.
    """
    return _by_name(frame.f_code, frame.f_lasti)


@functools.lru_cache(maxsize=1024)
def _by_name(code: CodeType, offset: int) -> bool:
    """Instructions know which piece of source they come from: a call and the name that it calls begin together."""
    instructions = list(dis.get_instructions(code))
    running = instructions[[i.offset for i in instructions].index(offset)]
    if running.opname == "BINARY_OP":  # of all operators only % asks a tensor for a number, to write it out
        return True
    begins = running.positions and running.positions[::2]
    return any(i.argval == "float" and i.positions and i.positions[::2] == begins for i in instructions)
