"""`scan`: a cell over a sequence as one node of the graph, which owns the graph of one step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.apply import apply, recorded
from ..core.broadcasting import cast
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.mode import current, no_grad
from ..core.op import REGISTRY, Op
from ..core.tensor import Tensor, TensorLike
from ..core.trees import flatten
from ..ops import where
from ..step.cells import CellLike, stepped
from ..step.looping import held, run_steps, stacked
from ..step.scan import Operands, ScanAttrs
from . import segments
from .higher import pulled_back, pushed_forward
from .recurrence import Recurrence, Residuals
from .tables import is_worth
from .trace_cache import Uncompiled, UncompiledWarning
from .tracing import arguments, traced_once
from .tuples import get_element


def scan(
    cell: CellLike,
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
            megabyte, if those are more; a sequence that keeps four in all is not cut). The gradients are the same.
            Derivatives of a gradient keep everything.

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
        x = where(_on(mask), x, 0.0)  # NaN there would reach the gradients of the weights, as 0 · NaN
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
    sequences = [x] if mask is None else [x, mask]
    recurrence, operands = _of_table(found.recurrence, Operands(sequences, states, found.recurrence.operands.leaves))
    length = None if checkpoint is None else segments.segment_length(checkpoint, recurrence, *x.shape[:2])
    results = run(recurrence, operands, reverse, getattr(cell, "label", type(cell).__name__), length)
    count = len(found.recurrence.body.outputs)
    return found.rebuild_outputs(results[:count]), found.rebuild_state(results[count:])


def _of_table(recurrence: Recurrence, operands: Operands[Tensor]) -> tuple[Recurrence, Operands[Tensor]]:
    """In a whole step, whose graph nobody reads: the scan of numbers, if its input is rows of a small table."""
    x = operands.sequences[0]
    if not current().whole or x.op is not REGISTRY["embedding"]:
        return recurrence, operands
    table, symbols = x.inputs
    made = recurrence.of_table(table.shape[0]) if is_worth(table.shape[0], x.shape[0] * x.shape[1]) else None
    if made is None:
        return recurrence, operands
    recurrence, stand_in = made
    leaves = [table if leaf is stand_in else leaf for leaf in recurrence.operands.leaves]
    symbols = symbols if symbols.dtype == np.int64 else cast(symbols, dtype=np.dtype(np.int64))
    return recurrence, Operands([symbols, *operands.sequences[1:]], operands.states, leaves)


def run(
    recurrence: Recurrence,
    operands: Operands[Tensor],
    reverse: bool,
    title: str = "scan",
    segment: int | None = None,
) -> list[Tensor]:
    """The outputs and final states of a recurrence on its operands: the node, and the nodes of its results.

    With `segment` it is checkpointed every so many steps.
    """
    body, mode, inputs = recurrence.body, current(), tuple(operands)
    T, B = operands.sequences[0].shape[:2]
    states = [(x.shape, s.dtype) for x, s in zip(operands.states, body.states, strict=True)]
    specs = (*[((T, B, *n.shape[1:]), n.dtype) for n in body.outputs], *states)
    wrt, needs_all = None, mode.record == "all"
    if needs_all or (mode.records and any(x.requires_grad for x in inputs)):
        asked = [n.number for n, x in zip(recurrence.operands, inputs, strict=True) if needs_all or x.requires_grad]
        wrt = tuple([number for number in asked if number in recurrence.differentiable])
    attrs = {"scan": ScanAttrs(recurrence, reverse, specs, wrt, segment)}
    if any(x._array is None for x in inputs):
        node = apply(SCAN, inputs, attrs)
    else:  # all was checked when it was traced
        results = _evaluate(*[x._array for x in inputs], **attrs)
        node = recorded(Tensor(results), SCAN, inputs, attrs, mode)
    node.named(title)
    return [get_element(node, k, specs) for k in range(len(specs))]


def _evaluate(*arrays: np.ndarray, scan: ScanAttrs[Recurrence]) -> np.ndarray:
    operands, wanted = scan.recurrence.operands.like(arrays), scan.wrt is not None
    if scan.segment is not None and wanted:
        return segments.forward(scan.recurrence, operands, scan.reverse, scan.segment)
    return scan.recurrence.forward(operands, scan.reverse, keep=wanted)


def _vjps(g: Any, y: Any, *xs: Any, scan: ScanAttrs[Recurrence]) -> Callable[[int], Any]:
    """The gradients of all operands, computed at once."""
    recurrence, operands = scan.recurrence, scan.recurrence.operands.like(xs)
    if isinstance(g, Tensor):
        return [*pulled_back(run, g, operands, scan)].__getitem__
    found: list[Any] = []

    def gradients(wrt: tuple[int, ...]) -> list[Any]:
        arguments = (g[: len(scan.specs)], y[-1], operands, scan.reverse, wrt)
        if scan.segment is None:
            return [*recurrence.backward(*arguments)]
        return [*segments.backward(recurrence, *arguments, scan.segment)]

    def gradient(i: int) -> Any:
        if not found:
            found[:] = gradients(scan.wrt or ())
        if found[i] is None and [*recurrence.operands][i].number in recurrence.differentiable:
            found[:] = gradients(recurrence.differentiable)  # it asked for none when this was recorded
        return found[i]

    return gradient


def _jvp(moving: Sequence[Any], y: Any, *xs: Any, scan: ScanAttrs[Recurrence]) -> Any:
    like = scan.recurrence.operands.like
    return pushed_forward(run, like(moving), like(xs), scan)


def _by_step(node: Tensor, i: int, g: np.ndarray) -> dict[int, np.ndarray]:
    """The gradient of operand i by the time step that used it."""
    scan: ScanAttrs[Recurrence] = (node.attrs or {})["scan"]
    operands = scan.recurrence.operands.like([x.numpy() for x in node.inputs])
    gradients = scan.recurrence.backward(
        g[: len(scan.specs)], Residuals(), operands, scan.reverse, scan.wrt or (), by_step=True
    )
    found, T, kind = [*gradients][i], node.inputs[0].shape[0], operands.kind(i)
    if found is None or not T:
        return {}
    if kind == "state":
        return {T - 1 if scan.reverse else 0: found}
    if kind == "leaf":
        return dict(enumerate(found))
    alone = {}
    for t in range(T):  # step t used x_t
        alone[t] = np.zeros_like(found)
        alone[t][t] = found[t]
    return alone


SCAN = Op(
    "scan", _evaluate, ("operand",), {"scan": None},
    shape=lambda *shapes, scan: (len(scan.specs) + 1,),
    dtype=lambda *_, **__: np.dtype(object),
    cost=lambda _, xs, *__, scan: xs[0] * xs[1] * scan.recurrence.cost,
    vjps=_vjps, fresh=True, jvp=_jvp, by_step=_by_step, variadic=True, promotes=(), glyph="scan",
)  # fmt: skip


def _mask(lengths: Any, x: Tensor) -> Tensor:
    """1 for every step that a sequence takes, 0 past its end: (T, B, 1)."""
    T, B = x.shape[:2]
    if isinstance(lengths, Tensor) and lengths.is_abstract:  # of a step that is traced
        inside = cast(np.arange(T)[:, None, None] < lengths.reshape(1, B, 1), dtype=x.dtype)
        return inside.named("inside")
    array = np.asarray(lengths)
    if array.shape != (B,) or array.dtype.kind not in "iu" or (array < 0).any() or (array > T).any():
        raise ShapeError(with_user_line(f"scan: lengths must be {B} whole numbers from 0 to {T}, got {lengths!r}"))
    taken = np.arange(T)[:, None, None] < array[None, :, None]
    return Tensor(taken.astype(x.dtype)).named("inside", role="constant")


def _on(mask: Tensor) -> Any:
    """Whether a step is taken: values, or of a step that is traced a tensor."""
    return mask > 0.5 if mask.is_abstract else mask.numpy() > 0.5


def _step_by_step(cell: CellLike, xs: Tensor, state: Any, reverse: bool, mask: Tensor | None) -> tuple[Any, Any]:
    """The plain engine: every step in the graph."""
    T = xs.shape[0]
    if T == 0:  # one step on zeros tells the shapes
        with no_grad():
            ys, rebuild = flatten(stepped(cell, Tensor(np.zeros(xs.shape[1:], xs.dtype)), state)[0])
        return rebuild([Tensor(np.zeros((0, *y.shape), y.dtype)) for y in ys]), state

    def hold(t: int, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
        return (output, after) if mask is None else held(_on(mask)[t], output, after, before)

    outputs, state = run_steps(cell, T, lambda t: xs[t], lambda _: state, reverse=reverse, then=hold)
    return stacked(outputs), state
