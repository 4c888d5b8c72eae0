"""Checkpointed BPTT: only the states at the seams of segments are kept, and each segment is run again when its
gradients are wanted.

With √T segments of √T steps what is kept grows as √T, for one more forward pass (Chen et al. 2016, "Training deep
nets with sublinear memory cost").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..step.body import width
from .recurrence import Recurrence, Residuals
from .tuples import tuple_array

#: Bytes that a segment may keep however few its steps: less would save nothing, and calls take time.
SMALL = 1 << 20


def checked(checkpoint: int | str) -> None:
    """Raises ValueError: `checkpoint` is neither "sqrt" nor a number of steps."""
    whole = isinstance(checkpoint, (int, np.integer)) and not isinstance(checkpoint, bool)
    if checkpoint != "sqrt" and not (whole and int(checkpoint) >= 1):
        raise ValueError(f'checkpoint must be "sqrt" or a number of steps of at least 1, got {checkpoint!r}')


def segment_length(checkpoint: int | str, recurrence: Recurrence, T: int, B: int) -> int:
    """The steps in a segment: as many as given, or √T, or as many as keep a megabyte if those are more."""
    if checkpoint != "sqrt":
        return int(checkpoint)
    body = recurrence.body
    kept = sum(width(n) for n in (*body.outputs, *body.states, *recurrence.saved)) * B * recurrence.dtype.itemsize
    return max(1, math.isqrt(T), SMALL // max(kept, 1))


def _spans(T: int, length: int, against_time: bool) -> list[slice]:
    """The segments in the order in which they are run."""
    if against_time:
        return [slice(max(0, stop - length), stop) for stop in range(T, 0, -length)]
    return [slice(start, min(T, start + length)) for start in range(0, T, length)]


def forward(recurrence: Recurrence, arrays: Sequence[np.ndarray], against_time: bool, length: int) -> np.ndarray:
    """`Recurrence.forward`, segment by segment; the residuals has the states before each."""
    body = recurrence.body
    first, last = len(body.sequences), len(body.sequences) + len(body.states)
    T, B = arrays[0].shape[:2]
    states = list(arrays[first:last])
    results = [np.empty((T, B, *n.shape[1:]), n.dtype) for n in body.outputs]
    residuals = Residuals(seams=[])
    for span in _spans(T, length, against_time):
        assert residuals.seams is not None
        residuals.seams.append(states)
        operands = [*[x[span] for x in arrays[:first]], *states, *arrays[last:]]
        parts = recurrence.forward(operands, against_time, keep=False)
        for result, part in zip(results, parts[: len(results)], strict=True):
            result[span] = part
        states = [np.array(state) for state in parts[len(results) : -1]]  # a view would keep all steps of the segment
    return tuple_array([*results, *states, residuals])


def backward(
    recurrence: Recurrence,
    gradients: Sequence[Any],
    residuals: Residuals,
    arrays: Sequence[np.ndarray],
    against_time: bool,
    wrt: tuple[int, ...],
    length: int,
) -> dict[int, np.ndarray]:
    """`Recurrence.backward`, from the last segment to the first, each run forward again from its seam."""
    body = recurrence.body
    first, last = len(body.sequences), len(body.sequences) + len(body.states)
    count = len(body.outputs)
    found: dict[int, np.ndarray] = {i: np.zeros(arrays[i].shape, arrays[i].dtype) for i in wrt}
    d_states = list(gradients[count:])
    spans = _spans(arrays[0].shape[0], length, against_time)
    for span, states in zip(reversed(spans), reversed(residuals.seams or []), strict=True):
        operands = [*[x[span] for x in arrays[:first]], *states, *arrays[last:]]
        kept = recurrence.forward(operands, against_time, keep=True)[-1]
        d_outputs = [g if isinstance(g, int) else g[span] for g in gradients[:count]]
        parts = recurrence.backward([*d_outputs, *d_states], kept, operands, against_time, wrt)
        for i in wrt:
            if i < first:
                found[i][span] = parts[i]
            elif not recurrence.is_state(i):
                found[i] += parts[i]
        d_states = [parts[first + k] for k in range(len(body.states))]
    for k, (g, state) in enumerate(zip(d_states, arrays[first:last], strict=True)):
        found[first + k] = np.zeros(state.shape, state.dtype) if isinstance(g, int) else g
    return found
