"""Checkpointed BPTT: only the states at the seams of segments are kept, and each segment is run again when its
gradients are wanted.

With √T segments of √T steps what is kept grows as √T, for one more forward pass (Chen et al. 2016, "Training deep
nets with sublinear memory cost").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..step.body import width
from ..step.scan import Operands
from .recurrence import Recurrence, Residuals
from .tuples import tuple_array

#: Bytes that a segment may keep however few its steps: less would save nothing, and calls take time.
SMALL = 1 << 20
#: Bytes that a whole sequence may keep before "sqrt" cuts it: checkpoints would cost half as much time again.
WHOLE = 4 << 20


def checked(checkpoint: int | str) -> None:
    """Raises ValueError: `checkpoint` is neither "sqrt" nor a number of steps."""
    whole = isinstance(checkpoint, (int, np.integer)) and not isinstance(checkpoint, bool)
    if checkpoint != "sqrt" and not (whole and int(checkpoint) >= 1):
        raise ValueError(f'checkpoint must be "sqrt" or a number of steps of at least 1, got {checkpoint!r}')


def segment_length(checkpoint: int | str, recurrence: Recurrence, T: int, B: int) -> int | None:
    """The steps in a segment: as many as given, or √T, or as many as keep a megabyte if those are more.

    None: the sequence is one segment, which nothing is gained by running twice.
    """
    if checkpoint != "sqrt":
        return None if int(checkpoint) >= T else int(checkpoint)
    body = recurrence.body
    kept = sum(width(n) for n in (*body.outputs, *body.states, *recurrence.saved)) * B * recurrence.dtype.itemsize
    length = max(1, math.isqrt(T), SMALL // max(kept, 1))
    return None if length >= T or kept * T <= WHOLE else length


def _spans(T: int, length: int, reverse: bool) -> list[slice]:
    """The segments in the order in which they are run."""
    if reverse:
        return [slice(max(0, stop - length), stop) for stop in range(T, 0, -length)]
    return [slice(start, min(T, start + length)) for start in range(0, T, length)]


def forward(recurrence: Recurrence, operands: Operands[np.ndarray], reverse: bool, length: int) -> np.ndarray:
    """`Recurrence.forward`, segment by segment; the residuals have the states before each."""
    T, B = operands.sequences[0].shape[:2]
    states, seams = operands.states, []
    outputs = [np.empty((T, B, *n.shape[1:]), n.dtype) for n in recurrence.body.outputs]
    for span in _spans(T, length, reverse):
        seams.append(states)
        results = recurrence.forward(_segment(operands, span, states), reverse, keep=False)
        for output, part in zip(outputs, results[: len(outputs)], strict=True):
            output[span] = part
        states = [np.array(state) for state in results[len(outputs) : -1]]  # a view would keep the whole segment
    return tuple_array([*outputs, *states, Residuals(seams=seams)])


def backward(
    recurrence: Recurrence,
    gradients: Sequence[Any] | np.ndarray,
    residuals: Residuals,
    operands: Operands[np.ndarray],
    reverse: bool,
    wrt: tuple[int, ...],
    length: int,
) -> Operands[np.ndarray | None]:
    """`Recurrence.backward`, from the last segment to the first, each run forward again from its seam."""
    count = len(recurrence.body.outputs)
    found = operands.like(
        [np.zeros_like(x) if n.number in wrt else None for n, x in zip(recurrence.operands, operands, strict=True)]
    )
    d_states = list(gradients[count:])
    spans = _spans(operands.sequences[0].shape[0], length, reverse)
    for span, states in zip(reversed(spans), reversed(residuals.seams or []), strict=True):
        segment = _segment(operands, span, states)
        kept = recurrence.forward(segment, reverse, keep=True)[-1]
        d_outputs = [g if isinstance(g, int) else g[span] for g in gradients[:count]]
        parts = recurrence.backward([*d_outputs, *d_states], kept, segment, reverse, wrt)
        for whole, part in zip(found.sequences, parts.sequences, strict=True):
            if whole is not None:
                whole[span] = part
        for total, part in zip(found.leaves, parts.leaves, strict=True):
            if total is not None:
                total += part
        d_states = parts.states
    own = [
        np.zeros_like(s) if isinstance(g, int) else np.array(g) for g, s in zip(d_states, operands.states, strict=True)
    ]
    return replace(found, states=own)


def _segment(operands: Operands[np.ndarray], span: slice, states: Sequence[np.ndarray]) -> Operands[np.ndarray]:
    return Operands([x[span] for x in operands.sequences], states, operands.leaves)
