"""What both walks guard against: values overwritten since they were recorded, and values that are not finite."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from .apply import located, non_finite
from .errors import AbstractValueError, MutatedTensorError, NonFiniteError, with_user_line
from .mode import changed
from .order import ancestors
from .tensor import Tensor, abstract


def check_unchanged(node: Tensor, needed: Container[int] | None = None) -> None:
    """Raise if a value that the node's gradient rules read was overwritten since it was computed.

    The rules that count are those of the operands in `needed`, or of all that require a gradient. Which values
    they read is asked of the rules themselves, run on shapes alone.
    """
    assert node.op is not None
    if all(x.version <= node.number for x in node.inputs):
        return
    with changed(record="all", anomaly=False, origin=None):
        stand_ins = [abstract(x.shape, x.dtype) for x in node.inputs]
        y, g = abstract(node.shape, node.dtype), abstract(node.shape, node.dtype)
        used = [i for i, x in enumerate(node.inputs) if (x.requires_grad if needed is None else x.number in needed)]
        try:
            pull = node.op.pull(g, y, stand_ins, node.attrs)
            rules = [pull(i) for i in used]
            read = {x.number for x in ancestors([r for r in rules if isinstance(r, Tensor)])}
        except AbstractValueError:  # a rule that computes with plain arrays may read anything
            read = {x.number for x in stand_ins}
    for name, x, stand_in in zip(node.op.operands * len(node.inputs), node.inputs, stand_ins, strict=False):
        if x.version > node.number and stand_in.number in read:
            raise MutatedTensorError(
                with_user_line(
                    f"backward through {located(node)}: its {name} {x.describe()} was overwritten after "
                    f"{node.op.name} had used it, and the gradient needs the old value; "
                    "run backward first, or overwrite a copy"
                )
            )


def check_finite(node: Tensor, i: int, g: Any) -> None:
    """Anomaly detection in a backward pass: raise if what the node passes on to operand `i` is not finite."""
    if bad := non_finite(g):
        operand = node.inputs[i]
        raise NonFiniteError(
            with_user_line(
                f"first non-finite gradient: {bad} flows from {located(node)} {node.describe()} "
                f"to its operand {located(operand)} {operand.describe()}{recorded_at(node)}"
            )
        )


def check_finite_sum(node: Tensor, g: Any) -> None:
    """The same for the whole gradient of a node, which is a sum, a given gradient, or what a hook returned."""
    if bad := non_finite(g):
        where = f"{located(node)} {node.describe()}{recorded_at(node)}"
        raise NonFiniteError(with_user_line(f"first non-finite gradient: {bad} of the sum that arrives at {where}"))


def recorded_at(node: Tensor) -> str:
    return f"\n  recorded at {node.extra.line}" if node.extra is not None and node.extra.line else ""
