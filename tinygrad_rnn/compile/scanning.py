"""`scan`: a cell over a sequence as one node of the graph, which owns the graph of one step."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import apply, recorded
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.mode import current, no_grad, scope
from ..core.op import Op
from ..core.tensor import Tensor, TensorLike
from ..core.trees import flatten
from ..ops import stack, where
from . import segments
from .higher import pulled_back, pushed_forward
from .known import Uncompiled, UncompiledWarning
from .parts import take_part
from .recurrence import Record, Recurrence
from .tracing import arguments, traced_once


def scan(
    cell: Any,
    xs: TensorLike | Sequence[TensorLike],
    state: Any = None,
    *,
    reverse: bool = False,
    lengths: Sequence[int] | np.ndarray | None = None,
    checkpoint: int | str | None = None,
) -> tuple[Any, Any]:
    """Run a cell over a sequence, compiled, as one node of the graph.

        s_t = step(x_t, s_{t−1}),  t = 0 … T−1      (t = T−1 … 0 if `reverse`)

    Args:
        cell: any cell (see `tg.nn.Cell`). Its step is traced with shapes only, and again when its attributes change;
            what it reads elsewhere (globals) counts as it was when traced.
        xs: (T, B, D), or a sequence of T tensors (B, D).
        state: the state before the first step; default: the cell's `initial_state`.
        reverse: run from the last time step to the first; outputs stay in the order of time.
        lengths: the length of each of the B sequences. Past its end a sequence's state stays and its outputs are 0.
        checkpoint: keep for the backward pass only the state before every so many steps, and run the steps between
            again; "sqrt": √T, which makes what is kept grow as √T for one more forward pass (or as many as keep a
            megabyte, if those are more). The gradients are the same. Derivatives of a gradient keep everything.

    Returns:
        (outputs, final_state): outputs (T, B, H) of all steps, and the state after the last.

    The result equals `tg.unroll` up to rounding, and so do all its derivatives. A cell that mixes rows of the batch
    runs on the plain engine, with one `UncompiledWarning` that says why; under `tg.detect_anomaly` every cell does, so
    that a report names the time step and the op.

    Raises:
        ShapeError, DTypeError: the sequence, state or lengths do not fit the cell.
        ArgumentError: `checkpoint` is neither "sqrt" nor a number of steps.
    """
    x, state, states, rebuild = arguments(cell, xs, state)
    if checkpoint is not None:
        try:
            segments.checked(checkpoint)
        except ValueError as error:
            raise ArgumentError(with_user_line(f"scan: {error}")) from None
    mask = None if lengths is None else _mask(lengths, x)
    if mask is not None:
        x = where(mask.numpy() > 0.5, x, 0.0)  # NaN there would reach the gradients of the weights, as 0 · NaN
    found = traced_once(cell, x, state, states, rebuild, mask is not None)
    if current().anomaly and x.shape[0]:  # to name the step and the op inside it
        return _step_by_step(cell, x, state, reverse, mask)
    if found is None or isinstance(found, Uncompiled):
        results = _step_by_step(cell, x, state, reverse, mask)
        if found is not None and not found.said:  # after a call that went well: what is wrong with it comes first
            found.said = True
            message = f"{type(cell).__name__} runs step by step on the plain engine: {found.reason}"
            message += "" if checkpoint is None else "; checkpoint has no effect there"
            warnings.warn(message, UncompiledWarning, stacklevel=3)
        return results
    recurrence, rebuild_output, rebuild_state = found
    operands = [x, *([] if mask is None else [mask]), *states, *recurrence.leaves]
    length = None if checkpoint is None else segments.segment_length(checkpoint, recurrence, *x.shape[:2])
    parts = run(recurrence, operands, reverse, getattr(cell, "label", type(cell).__name__), length)
    count = len(recurrence.body.outputs)
    return rebuild_output(parts[:count]), rebuild_state(parts[count:])


def run(
    recurrence: Recurrence, operands: Sequence[Tensor], reverse: bool, title: str = "scan", length: int | None = None
) -> list[Tensor]:
    """The outputs and final states of a recurrence on its operands: the node, and the nodes of its parts.

    With `length` it is checkpointed every so many steps.
    """
    body = recurrence.body
    x, first = operands[0], len(body.sequences)
    T, B = x.shape[:2]
    mode = current()
    needs = mode.record == "all" or (any(o.requires_grad for o in operands) and mode.records)
    states = [(operands[first + k].shape, s.dtype) for k, s in enumerate(body.states)]
    specs = (*[((T, B, *n.shape[1:]), n.dtype) for n in body.outputs], *states)
    wrt = None
    if needs:
        wrt = tuple([k for k in recurrence.all_operands if operands[k].requires_grad or mode.record == "all"])
    attrs = {"recurrence": recurrence, "reverse": reverse, "wrt": wrt, "specs": specs, "length": length}
    if any(x._array is None for x in operands):
        node = apply(SCAN, operands, attrs)
    else:  # all was checked when it was traced
        results = _evaluate(*[x._array for x in operands], **attrs)
        node = recorded(Tensor(results), SCAN, tuple(operands), attrs, mode)
    node.named(title)
    return [take_part(node, k, specs) for k in range(len(specs))]


def _evaluate(
    *arrays: np.ndarray, recurrence: Recurrence, reverse: bool, wrt: Any, specs: Any, length: int | None
) -> np.ndarray:
    if length is not None and wrt is not None:
        return segments.forward(recurrence, arrays, reverse, length)
    return recurrence.forward(arrays, reverse, keep=wrt is not None)


def _vjps(
    g: Any, y: Any, *xs: Any, recurrence: Recurrence, reverse: bool, wrt: Any, specs: Any, length: int | None
) -> Any:
    """The gradients of all operands, computed at once."""
    if isinstance(g, Tensor):
        return pulled_back(run, g, xs, recurrence, reverse, specs).get
    found: dict[int, Any] = {}

    def gradient(i: int) -> Any:
        if i not in found:  # also of an operand that asked for none when this was recorded
            wanted = recurrence.all_operands if found else wrt
            if length is None:
                found.update(recurrence.backward(g[: len(specs)], y[-1], xs, reverse, wanted))
            else:
                found.update(segments.backward(recurrence, g[: len(specs)], y[-1], xs, reverse, wanted, length))
            if i not in found and i in recurrence.all_operands:
                return gradient(i)
        return found.get(i)

    return gradient


def _jvp(
    moving: Sequence[Any], y: Any, *xs: Any, recurrence: Recurrence, reverse: bool, wrt: Any, specs: Any, length: Any
) -> Any:
    return pushed_forward(run, moving, xs, recurrence, reverse)


def _by_step(node: Tensor, i: int, g: np.ndarray) -> dict[int, np.ndarray]:
    """The gradient of operand i by the time step that used it."""
    attrs = node.attrs or {}
    recurrence, reverse = attrs["recurrence"], attrs["reverse"]
    arrays = [x.numpy() for x in node.inputs]
    found = recurrence.backward(g[: len(attrs["specs"])], Record(), arrays, reverse, attrs["wrt"], by_step=True)
    T = node.inputs[0].shape[0]
    if i not in found or not T:
        return {}
    if recurrence.is_state(i):
        return {T - 1 if reverse else 0: found[i]}
    if i >= len(recurrence.body.sequences):
        return dict(enumerate(found[i]))
    alone = {}
    for t in range(T):  # step t used x_t
        alone[t] = np.zeros_like(found[i])
        alone[t][t] = found[i][t]
    return alone


SCAN = Op(
    "scan", _evaluate, ("operand",), {"recurrence": None, "reverse": False, "wrt": None, "specs": (), "length": None},
    shape=lambda *shapes, specs, **_: (len(specs) + 1,),
    dtype=lambda *_, **__: np.dtype(object),
    cost=lambda _, xs, *__, recurrence, **___: xs[0] * xs[1] * recurrence.cost,
    vjps=_vjps, jvp=_jvp, by_step=_by_step, variadic=True, promotes=(), glyph="scan",
)  # fmt: skip


def _mask(lengths: Any, x: Tensor) -> Tensor:
    array = np.asarray(lengths)
    T, B = x.shape[:2]
    if array.shape != (B,) or array.dtype.kind not in "iu" or (array < 0).any() or (array > T).any():
        raise ShapeError(with_user_line(f"scan: lengths must be {B} whole numbers from 0 to {T}, got {lengths!r}"))
    inside = np.arange(T)[:, None, None] < array[None, :, None]
    return Tensor(inside.astype(x.dtype)).named("inside", role="constant")


def _step_by_step(cell: Any, xs: Tensor, state: Any, reverse: bool, mask: Tensor | None) -> tuple[Any, Any]:
    """The plain engine: every step in the graph."""
    T = xs.shape[0]
    if T == 0:  # one step on zeros tells the shapes
        with no_grad():
            ys, rebuild = flatten(cell.step(Tensor(np.zeros(xs.shape[1:], xs.dtype)), state)[0])
        return rebuild([Tensor(np.zeros((0, *y.shape), y.dtype)) for y in ys]), state
    outputs: list[Any] = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        with scope(f"t={t}", step=t):
            before, _ = flatten(state)
            outputs[t], state = cell.step(xs[t], state)
            if mask is not None:
                inside = mask.numpy()[t] > 0.5
                after, rebuild = flatten(state)
                column = [inside if a.ndim == 2 else inside[:, 0] for a in after]
                state = rebuild([where(m, a, b) for m, a, b in zip(column, after, before, strict=True)])
                ys, rebuild = flatten(outputs[t])
                outputs[t] = rebuild([where(inside if y.ndim == 2 else inside[:, 0], y, 0.0) for y in ys])
    leaves = [flatten(y)[0] for y in outputs]
    _, rebuild = flatten(outputs[0])
    return rebuild([stack(list(column), axis=0) for column in zip(*leaves, strict=True)]), state
