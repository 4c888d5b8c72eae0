"""Passes over a `Body`: each takes one and returns one, computes the same, and does one thing.

They work on copies; the learner's graph stays as written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.tensor import Tensor
from ..ops.indexing import getitem
from ..ops.joining import concatenate
from ..step.body import (
    BATCH,
    Body,
    feature_slice,
    is_entrywise,
    is_row,
    is_shared,
    on_rows,
    rebuilt,
    same_rows,
)

Pass = Callable[[Body], Body]


def expand(body: Body) -> Body:
    """Write row functions (softmax, variance, powers) as the simpler ops that they declare, down to the simplest."""

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        op = node.op
        if op is None or op.expansion is None or not is_row(node):
            return None
        made = op.expansion(*xs, **(node.attrs or {}))
        found.append(made)
        return made

    while True:
        found: list[Tensor | None] = []
        body = body.mapped(rule)
        if not any(made is not None for made in found):
            return body


def simplify(body: Body) -> Body:
    """Drop what does nothing: products with 1, sums with 0, casts and reshapes to what is already there."""
    return body.mapped(_simplified)


def _simplified(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
    op = node.op
    assert op is not None
    if op.kind in ("broadcast", "reshape", "cast") or op.sums:
        return xs[0] if xs[0].shape == node.shape and xs[0].dtype == node.dtype else None
    if op.coefficients == (-1,) and xs[0].op is op:
        return xs[0].inputs[0]
    if not op.elementwise or len(xs) != 2 or not is_row(node):
        return None
    a, b = xs
    if op.neutral is not None:
        if _constant(b) == op.neutral and a.shape == node.shape:
            return a
        if _constant(a) == op.neutral and b.shape == node.shape and op.commutes:
            return b
    if op.commutes and not op.adds and b.number < a.number and is_row(b) == is_row(a):
        return apply(op, (b, a), {})  # one order, so that equal products are seen to be equal
    return None


def _constant(x: Tensor) -> float | None:
    """The value of a one-entry constant."""
    if x.op is None and x.role == "constant" and x.size == 1 and x._array is not None:
        return float(x._array.reshape(()))
    return None


def share(body: Body) -> Body:
    """Common subexpressions: the same op on the same inputs is computed once."""
    known: dict[Any, Tensor] = {}

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        assert node.op is not None
        keys = tuple(_identity(x) for x in xs)
        key = (node.op.name, keys, repr(sorted((node.attrs or {}).items(), key=lambda kv: kv[0])))
        if key in known:
            return known[key]
        same = all(a is b for a, b in zip(xs, node.inputs, strict=True))
        made = node if same else rebuilt(node, xs)
        known[key] = made
        return made

    return body.mapped(rule)


def _identity(x: Tensor) -> Any:
    value = _constant(x)
    return x.number if value is None else ("constant", value, x.dtype.str)


def reassociate(body: Body) -> Body:
    """Order each chain of additions: matrix products first (they add into one buffer), then rows, then the rest.

    What is the same for all rows is added up beforehand.
    """
    uses = Counter(x.number for node in body.graph.nodes for x in body.graph.operands(node))
    for out in body.graph.outputs:
        uses[out.number] += 1

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op is None or not node.op.adds or not is_row(node):
            return None
        terms: list[Tensor] = []
        stack = list(reversed(list(zip(node.inputs, xs, strict=True))))
        while stack:
            old, x = stack.pop()
            inner = x.op is not None and x.op.adds and x.number not in body.given and x.shape == node.shape
            if inner and uses[old.number] == 1 and x.name is None:
                stack.extend(reversed(list(zip(x.inputs, x.inputs, strict=True))))
            else:
                terms.append(x)
        ranked = sorted(terms, key=_rank)
        rows = [x for x in ranked if not is_shared(x)]
        return _sum([*rows, *([_sum(ranked[len(rows) :])] if len(rows) < len(ranked) else [])])

    return body.mapped(rule)


def _sum(terms: list[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _rank(x: Tensor) -> int:
    if is_product(x):
        return 0
    if x.op is not None and x.op.kind == "scatter":
        return 1
    return 2 if is_row(x) else 3


def is_product(x: Tensor) -> bool:
    """A row times a shared matrix, or a sum of such."""
    if x.op is None:
        return False
    if x.op.kind == "matrix product":
        return is_row(x) and is_row(x.inputs[0]) and is_shared(x.inputs[1])
    return x.op.adds and all(is_product(i) and i.shape == x.shape for i in x.inputs)


def slice_early(body: Body) -> Body:
    """A slice of an entrywise result is the entrywise function of slices: gates become loops of their own width."""

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op is None or node.op.kind != "slice" or not is_row(node):
            return None
        made = _sliced(xs[0], node.attrs["index"], body)  # type: ignore[index]
        return made if made.number != xs[0].number else None

    return body.mapped(rule)


def _sliced(x: Tensor, index: Any, body: Body) -> Tensor:
    """x[index], pushed below entrywise ops. The depth is that of one expression, but no call stack is used for it."""
    span = feature_slice(index, x.shape)
    if span is None:
        return getitem(x, index=index)
    order: list[Tensor] = []
    stack, seen = [x], set()
    while stack:
        n = stack.pop()
        if n.number in seen:
            continue
        seen.add(n.number)
        order.append(n)
        if _splits(n, body):
            stack.extend(i for i in n.inputs if i.shape[-1:] == x.shape[-1:])
    done: dict[int, Tensor] = {}
    for n in sorted(order, key=lambda n: n.number):
        if _splits(n, body):
            attrs = {"shape": (BATCH, span[1] - span[0])} if n.op.kind == "broadcast" else dict(n.attrs or {})  # type: ignore[union-attr]
            done[n.number] = on_rows(n, [done.get(i.number, i) for i in n.inputs], attrs)
        else:
            done[n.number] = getitem(n, index=(Ellipsis, slice(*span)))
    return done[x.number]


def _splits(n: Tensor, body: Body) -> bool:
    return is_entrywise(n) and n.number not in body.given and is_row(n) and not is_product(n)


def join_puts(body: Body) -> Body:
    """A sum of rows placed side by side in zeros is their concatenation."""

    def rule(node: Tensor, xs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op is None or not is_row(node) or not (node.op.adds or node.op.kind == "scatter"):
            return None
        puts = _put_terms(xs, node, body)
        if puts is None:
            return None
        puts.sort(key=lambda p: p[0])
        parts: list[Tensor] = []
        end = 0
        for start, stop, x in [*puts, (node.shape[1], node.shape[1], None)]:
            if start < end:
                return None  # they overlap: a true sum
            if start > end:
                parts.append(same_rows(np.zeros((), node.dtype), (BATCH, start - end)))
            if x is not None:
                parts.append(x)
            end = stop
        return parts[0] if len(parts) == 1 else concatenate(parts, axis=1)

    return body.mapped(rule)


def _put_terms(xs: Iterable[Tensor], node: Tensor, body: Body) -> list[tuple[int, int, Tensor]] | None:
    if not node.op.adds:  # type: ignore[union-attr]
        (x,) = xs
        span = feature_slice(node.attrs["index"], node.shape) if is_row(x) else None  # type: ignore[index]
        return None if span is None else [(*span, x)]
    terms: list[tuple[int, int, Tensor]] = []
    for x in xs:
        if x.op is None or x.number in body.given or x.op.kind != "concatenation":
            return None
        position = 0
        for part in x.inputs:
            if part.op is None or part.op.kind != "broadcast" or _constant(part.inputs[0]) != 0.0:
                terms.append((position, position + part.shape[1], part))
            position += part.shape[1]
    return terms


#: In this order.
PASSES: list[tuple[str, Pass]] = [
    ("expand composite functions", expand),
    ("simplify", simplify),
    ("common subexpressions", share),
    ("reassociate sums", reassociate),
    ("slice early", slice_early),
    ("join parts", join_puts),
    ("simplify again", simplify),
    ("common subexpressions again", share),
]
