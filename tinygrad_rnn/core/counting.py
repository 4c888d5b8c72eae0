"""How many floating-point operations a node takes: one rule, for all who count."""

from __future__ import annotations

from .mode import changed
from .order import ancestors
from .tensor import Tensor, abstract


def flops(node: Tensor) -> int:
    """Floating-point operations of computing a node from its inputs.

    An entry of an elementwise op is one, whatever the function, as in the literature's counts; a product of (M, K) and
    (K, N) is 2 M K N; other ops count as they declare (`Op.cost`), else as their expansions do. Moving entries is free.
    """
    op, attrs = node.op, node.attrs or {}
    if op is None or not node.inputs:
        return 0
    if op.elementwise:
        return node.size
    if op.cost is not None:
        return int(op.cost(node.shape, *[x.shape for x in node.inputs], **attrs))
    if op.expansion is None:
        return 0
    with changed(record="all", scope=None, anomaly=False, origin=None):
        made = op.expansion(*[abstract(x.shape, x.dtype) for x in node.inputs], **attrs)
    return 0 if made is None else sum(map(flops, ancestors([made])))
