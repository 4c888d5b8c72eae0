"""Applying an op: bring the operands to one dtype, compute or trace, record, explain what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .binding import among, bound, complete, refuse_tensors
from .errors import DTypeError, FreedGraphError, NonFiniteError, ShapeError, TinygradError, user_line, with_user_line
from .mode import Mode, Scope, current
from .op import REGISTRY, Op, Shape
from .operands import holds_tensor, list_dtype, owned, takes_dtype
from .tensor import Tensor, abstract


def apply(op: Op, operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Compute (or trace) `op` and record it if the current mode says so."""
    if len(operands) != len(op.operands) and not op.variadic:
        operands, attrs = bound(op, operands, attrs)
    elif attrs or op.attrs:
        attrs = complete(op, attrs)
    if among(attrs):
        if op.composed is None:
            refuse_tensors(op.name, attrs)
        return op.composed(*operands, **attrs)  # type: ignore[misc]
    operands = [gathered(x) if isinstance(x, (list, tuple)) else x for x in operands]
    if not any(isinstance(x, Tensor) for x in operands):
        if op.kind == "random" and (tape := current().tape) is not None:
            tape.refuse(f"{op.name} of an array draws random numbers that would stay the same")
        return op.evaluate(*_arrays(op, operands), **attrs)
    inputs = _lift(op, operands, attrs)
    mode = current()
    arrays = [x._array for x in inputs]
    for array in arrays:
        if array is None:
            break
    else:
        if mode.tape is None or op.kind != "random":
            try:
                y = Tensor(op.evaluate(*arrays, **attrs))
            except (TinygradError, ValueError, TypeError, IndexError) as error:
                explain(op, inputs, attrs, error)
            return recorded(y, op, inputs, attrs, mode)
    return recorded(abstract(_shape(op, inputs, attrs), _dtype(op, inputs, attrs)), op, inputs, attrs, mode)


def recorded(y: Tensor, op: Op, inputs: tuple[Tensor, ...], attrs: dict[str, Any], mode: Mode) -> Tensor:
    """`y`, computed as op(inputs), as a node of the graph if the mode says so."""
    needs = op.differentiable and y.dtype.kind in "fO" and any(x.requires_grad for x in inputs)
    if mode.record == "all" or (needs and mode.records):
        y.op, y.inputs, y.attrs, y.requires_grad, y.scope = op, inputs, attrs or None, needs, mode.scope
    else:
        y.source = op.name
    if not mode.plain:
        _note(y, op, inputs, attrs, mode)
    return y


def gathered(x: Any) -> Any:
    """A nested list or tuple with tensors in it as one tensor, their stack; anything else as it is."""
    if isinstance(x, Tensor) or not holds_tensor(x):
        return x
    dtype = list_dtype(x)
    parts = [gathered(part) if holds_tensor(part) else np.asarray(part, dtype) for part in x]
    return apply(REGISTRY["stack"], parts, {"axis": 0})


def shaped(x: Any) -> Any:
    """x as something with a shape: a tensor or an array, of lists too."""
    x = gathered(x)
    return x if hasattr(x, "shape") else np.asarray(x)


def as_operand(x: Any, dtype: Any = None) -> Tensor:
    """What a user gave as a tensor: numbers and lists of them in `dtype`, arrays and lists of arrays in their own.

    An array is copied where somebody else may write to it and a graph may come to need its values.
    """
    if not isinstance(x, np.ndarray):
        x = gathered(x)
        if isinstance(x, Tensor):
            return x
        return Tensor(np.array(x, dtype if takes_dtype(x) else None))
    mode = current()
    return Tensor(owned(x) if mode.records or mode.tape is not None else x)


def _arrays(op: Op, operands: Sequence[Any]) -> list[Any]:
    """Operands of a call without tensors. Python scalars stay what they are beside arrays, so they never widen."""
    weak = op.elementwise and len(operands) > 1
    return [
        x if isinstance(x, np.ndarray) or (weak and type(x) in (bool, int, float)) else np.asarray(x) for x in operands
    ]


def _note(y: Tensor, op: Op, inputs: tuple[Tensor, ...], attrs: dict[str, Any], mode: Mode) -> None:
    """Under a watching mode: how to compute it again, which forward node it derives from, which line made it, is it
    finite."""
    if mode.tape is not None:
        mode.tape.applied(y, op, inputs, attrs)
    if mode.origin is not None:
        y._extra().origin = mode.origin
    if mode.anomaly:
        y._extra().line = user_line()
        # Of a rule's ops only the result counts, which the backward pass checks: a rule may mask an infinity.
        if mode.origin is None and (bad := non_finite(y)):
            operands = ", ".join(f"{x.path} {x.describe()}" for x in inputs)
            raise NonFiniteError(
                with_user_line(f"first non-finite value: {bad} of {op.name}({operands}){_where(mode)}")
            )


def located(node: Tensor) -> str:
    """A node as errors name it: path and time step, and its op if the path does not say it."""
    op = f" ({node.op.name})" if node.op is not None and node.name is not None else ""
    return f"{node.path}{op}{_at_step(node.scope)}"


def _at_step(scope: Scope | None) -> str:
    return f" at time step {scope.step}" if scope is not None and scope.step is not None else ""


def non_finite(x: Any) -> str | None:
    """The first NaN or infinity of a tensor or array, with its index; None if all is finite or nothing computed."""
    array = x._array if isinstance(x, Tensor) else np.asarray(x)
    if array is None or array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"{array[index]} at {list(index)}"


def _lift(op: Op, operands: Sequence[Any], attrs: dict[str, Any]) -> tuple[Tensor, ...]:
    """Turn scalars and arrays into constants and bring operands to one dtype. Python scalars never widen."""
    first = operands[0]
    if isinstance(first, Tensor) and all(isinstance(x, Tensor) and x.dtype == first.dtype for x in operands):
        return tuple(operands)
    shares = [op.promotes is None or name in op.promotes for name in op.operands]
    if op.variadic:
        shares = [op.promotes is None] * len(operands)
    kinds = [x.dtype if isinstance(x, (Tensor, np.ndarray)) else _weak(op, x) for x in operands]
    together = [kind for kind, share in zip(kinds, shares, strict=True) if share]
    dtype = np.result_type(*together) if together else None
    mode = current()
    kept = mode.record == "all" or mode.tape is not None
    kept = kept or (mode.records and any(isinstance(x, Tensor) and x.requires_grad for x in operands))
    lifted = []
    for x, share in zip(operands, shares, strict=True):
        if not isinstance(x, Tensor):
            x = Tensor((owned if kept else np.asarray)(x, dtype if share else None))
            x.role = "constant"
        elif share and x.dtype != dtype:
            x = apply(REGISTRY["cast"], (x,), {"dtype": dtype})
        lifted.append(x)
    return tuple(lifted)


def _weak(op: Op, x: Any) -> Any:
    if isinstance(x, (bool, int, float)):
        return x if not isinstance(x, np.generic) else float(x)
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DTypeError(with_user_line(f"{op.name}: cannot use {type(x).__name__} {x!r} as a tensor"))
    return array.dtype


def _shape(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Shape:
    try:
        return op.shape(*[x.shape for x in inputs], **attrs)
    except ShapeError as error:
        raise ShapeError(_sentence(op, inputs, attrs, str(error))) from None


def _dtype(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> np.dtype:
    if op.dtype is not None:
        try:
            return np.dtype(op.dtype(*[x.dtype for x in inputs], **attrs))
        except TypeError as error:
            raise DTypeError(_sentence(op, inputs, attrs, str(error))) from None
    if op.elementwise:
        if len(inputs) == 1 and not attrs and op.differentiable and inputs[0].dtype.kind == "f":
            return inputs[0].dtype  # spares a graph of shapes the import of compiled functions
        try:
            return np.asarray(op.evaluate(*[np.ones((), x.dtype) for x in inputs], **attrs)).dtype
        except TinygradError as error:
            raise type(error)(_sentence(op, inputs, attrs, str(error))) from None
        except TypeError as error:
            raise DTypeError(_sentence(op, inputs, attrs, str(error))) from None
    return np.result_type(*[x.dtype for x in inputs])


def explain(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], cause: Exception) -> NoReturn:
    """Raise what came of an op: with its operands and the user's line, if it does not name that already.

    Where NumPy refused, the op's own shape rule says it best, if it objects.
    """
    if isinstance(cause, TinygradError):
        if "\n  at " in str(cause):
            raise cause
        raise type(cause)(_sentence(op, inputs, attrs, str(cause))) from None
    try:
        _shape(op, inputs, attrs)
    except ShapeError as error:
        raise error from cause
    kind = ShapeError if isinstance(cause, (ValueError, IndexError)) else DTypeError
    raise kind(_sentence(op, inputs, attrs, str(cause))) from cause


def _sentence(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], why: str) -> str:
    names = op.operands if not op.variadic else [f"{op.operands[0]}[{i}]" for i in range(len(inputs))]
    parts = [f"{n}: {x.describe()}" for n, x in zip(names, inputs, strict=False)]
    parts += [f"{k}={v!r}" for k, v in attrs.items() if v is not op.attrs.get(k)]
    return with_user_line(f"{op.name}({', '.join(parts)}): {why}{_where(current())}")


def _where(mode: Mode) -> str:
    return f"\n  in {mode.scope.path}{_at_step(mode.scope)}" if mode.scope else ""


def check_not_freed(node: Tensor) -> None:
    if node.inputs is None:
        name = f"{node.path} {node.describe()}"
        raise FreedGraphError(
            with_user_line(
                f"the graph of {name} was freed by an earlier backward(); to use it again (a second backward, "
                "a drawing), call the first one with retain_graph=True"
            )
        )
