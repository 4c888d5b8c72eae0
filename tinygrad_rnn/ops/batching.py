"""`vmap`: a function of one sample as a function of many. It is traced once; then each node runs once, for all samples.

Every op is given its operands with a new first axis, and attributes that leave it alone. Ops that act entry by entry,
reductions, products, shapes, joins, slices and decompositions have such a rule, below. Any other (integer arrays as
indices among slices, what an op of one's own does) runs sample by sample, and the results are stacked: right, and slow.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.apply import apply
from ..core.broadcasting import broadcast_to
from ..core.errors import ArgumentError, with_user_line
from ..core.mode import changed
from ..core.order import ancestors
from ..core.tensor import Tensor, abstract
from ..core.trees import flatten
from .creation import as_tensor
from .joining import stack
from .linalg import matmul
from .rearranging import moveaxis
from .reduce import reduced_axes
from .shaping import reshape

__all__ = ["vmap"]


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """The function that applies f to every sample along an axis of its arguments, and stacks the results.

    ``tg.vmap(tg.grad(loss), in_axes=(None, 0, 0))(weights, xs, ys)`` are gradients sample by sample;
    ``tg.vmap(tg.jacobian(f))(xs)`` are Jacobians. It nests, in itself and in `grad` and its kin, in any order.

    f is run once, on tensors that have a shape and no values, and the graph it leaves is run on all samples at once: it
    may not branch on values. Entrywise ops, reductions, products, shapes, joins, slices and decompositions cost one
    call for all samples; others cost a call each.

    Args:
        in_axes: which axis of an argument counts samples, one for all arguments or a tuple of one each; None for an
            argument that all samples share. It holds for every tensor of a nested argument.
        out_axes: where that axis is in the results.

    Raises:
        ArgumentError: no argument is mapped, or their axes differ in size or are not there.
        AbstractValueError: f asks for a value.
    """

    @functools.wraps(f, assigned=("__doc__", "__name__"), updated=())
    def mapped(*args: Any) -> Any:
        axes = list(in_axes) if isinstance(in_axes, (tuple, list)) else [in_axes] * len(args)
        if len(axes) != len(args):
            raise ArgumentError(with_user_line(f"vmap: in_axes names {len(axes)} arguments, got {len(args)}"))
        leaves, rebuild = flatten(list(args))
        counts = [len(flatten(arg)[0]) for arg in args]
        leaf_axes = [axis for axis, n in zip(axes, counts, strict=True) for _ in range(n)]
        whole = [_first(x, axis) if axis is not None else x for x, axis in zip(leaves, leaf_axes, strict=True)]
        sizes = {x.shape[0] for x, axis in zip(whole, leaf_axes, strict=True) if axis is not None}
        if len(sizes) != 1:
            found = f"sizes {sorted(sizes)}" if sizes else "none"
            raise ArgumentError(with_user_line(f"vmap: expected mapped axes of one size, got {found}"))
        one = [x if axis is None else _sample(x) for x, axis in zip(whole, leaf_axes, strict=True)]
        with changed(record="all"):
            results, again = flatten(f(*rebuild(one)))
        inputs = {x.number: y for x, y, axis in zip(one, whole, leaf_axes, strict=True) if axis is not None}
        (size,) = sizes
        return again([moveaxis(y, 0, out_axes) for y in _run(inputs, [as_tensor(y) for y in results], size)])

    return mapped


def _first(x: Any, axis: int) -> Tensor:
    """An argument with the axis of samples in front."""
    x = as_tensor(x)
    if not -len(x.shape) <= axis < len(x.shape):
        raise ArgumentError(with_user_line(f"vmap: {x.describe()} has no axis {axis} to map; in_axes=None shares it"))
    return moveaxis(x, axis, 0)


def _sample(x: Tensor) -> Tensor:
    one = abstract(x.shape[1:], x.dtype)
    one.requires_grad = x.dtype.kind == "f"
    return one.named(x.name or "sample", role="input")


def _run(inputs: dict[int, Tensor], results: Sequence[Tensor], size: int) -> list[Tensor]:
    """The results for all samples. What does not depend on a sample is the same for all."""
    many = dict(inputs)
    for node in ancestors(results, since=min(many)):
        if node.number not in many and any(x.number in many for x in node.inputs):
            many[node.number] = _for_all(node, [many.get(x.number) for x in node.inputs], size)
    return [
        many[y.number] if y.number in many else broadcast_to(y, shape=(size, *y.shape)) for y in results
    ]  # fmt: skip


def _for_all(node: Tensor, many: list[Tensor | None], size: int) -> Tensor:
    """A node for all samples: by the rule of its op, or one by one."""
    op, attrs = node.op, node.attrs or {}
    assert op is not None
    rule = _broadcasting if op.elementwise else _RULES.get(op.name)
    y = None if rule is None else rule(node, many, size, **attrs)
    if y is not None:
        return y
    if not size:
        return Tensor(np.zeros((0, *node.shape), node.dtype))
    pairs = list(zip(node.inputs, many, strict=True))
    return stack([apply(op, [x if xs is None else xs[i] for x, xs in pairs], attrs) for i in range(size)])


def _aligned(x: Tensor, xs: Tensor | None, ndim: int) -> Tensor:
    """All samples of an operand with their axis in front of `ndim` others, so that it broadcasts against others."""
    return x if xs is None else reshape(xs, (xs.shape[0], *(1,) * (ndim - len(x.shape)), *x.shape))


def _whole(x: Tensor, xs: Tensor | None, size: int) -> Tensor:
    return broadcast_to(x, shape=(size, *x.shape)) if xs is None else xs


def _broadcasting(node: Tensor, many: list[Any], size: int, **attrs: Any) -> Tensor:
    """Ops that broadcast: entry by entry, or as batches of matrices."""
    operands = [_aligned(x, xs, node.ndim) for x, xs in zip(node.inputs, many, strict=True)]
    return apply(node.op, operands, attrs)  # type: ignore[arg-type]


def _as_it_is(node: Tensor, many: list[Any], size: int, **attrs: Any) -> Tensor:
    return apply(node.op, many, attrs)  # type: ignore[arg-type]


def _matmul(node: Tensor, many: list[Any], size: int) -> Tensor:
    """Vectors are matrices of one row or column; then the axes of samples broadcast as batches do."""
    a, b = node.inputs
    row, column = a.ndim == 1, b.ndim == 1
    ndim = max(a.ndim, b.ndim, 2)
    left = many[0] if many[0] is not None else a
    right = many[1] if many[1] is not None else b
    left = reshape(left, (*left.shape[:-1], 1, left.shape[-1])) if row else left
    right = reshape(right, (*right.shape, 1)) if column else right
    if many[0] is not None:
        left = reshape(left, (size, *(1,) * (ndim + 1 - left.ndim), *left.shape[1:]))
    if many[1] is not None:
        right = reshape(right, (size, *(1,) * (ndim + 1 - right.ndim), *right.shape[1:]))
    return reshape(matmul(left, right), (size, *node.shape))


def _reduction(node: Tensor, many: list[Any], size: int, axis: Any, **attrs: Any) -> Tensor:
    axes = tuple(a + 1 for a in reduced_axes(node.inputs[0].shape, axis))
    return apply(node.op, many, {**attrs, "axis": axes})  # type: ignore[arg-type]


def _along(node: Tensor, many: list[Any], size: int, axis: Any, **attrs: Any) -> Tensor | None:
    """Ops along one axis that keep the others."""
    if axis is None:
        return None
    return apply(node.op, many, {**attrs, "axis": axis % node.inputs[0].ndim + 1})  # type: ignore[arg-type]


def _shaped(node: Tensor, many: list[Any], size: int, **_: Any) -> Tensor:
    """Ops that only say the same entries in another shape."""
    return reshape(many[0], (size, *node.shape))


def _broadcast(node: Tensor, many: list[Any], size: int, shape: Any) -> Tensor:
    return broadcast_to(_aligned(node.inputs[0], many[0], len(shape)), shape=(size, *shape))


def _summed(node: Tensor, many: list[Any], size: int, shape: Any) -> Tensor:
    lead = (1,) * (node.inputs[0].ndim - len(shape))
    return reshape(apply(node.op, many, {"shape": (size, *lead, *shape)}), (size, *shape))  # type: ignore[arg-type]


def _permuted(node: Tensor, many: list[Any], size: int, axes: Any) -> Tensor:
    return apply(node.op, many, {"axes": (0, *(a % len(axes) + 1 for a in axes))})  # type: ignore[arg-type]


def _basic(index: Any) -> bool:
    return all(isinstance(i, (slice, int, np.integer)) or i is None or i is Ellipsis for i in index)


def _sliced(node: Tensor, many: list[Any], size: int, index: Any, shape: Any = None) -> Tensor | None:
    """Reading at slices, and its reverse."""
    if not _basic(index):
        return None
    more = {} if shape is None else {"shape": (size, *shape)}
    return apply(node.op, many, {"index": (slice(None), *index), **more})  # type: ignore[arg-type]


def _joined(node: Tensor, many: list[Any], size: int, axis: int) -> Tensor:
    operands = [_whole(x, xs, size) for x, xs in zip(node.inputs, many, strict=True)]
    return apply(node.op, operands, {"axis": axis % node.ndim + 1})  # type: ignore[arg-type]


def _looked_up(node: Tensor, many: list[Any], size: int, axis: int = 0) -> Tensor | None:
    """Rows of a table that all samples share."""
    if many[0] is not None or axis % node.inputs[0].ndim:
        return None
    attrs = {"axis": 0} if "axis" in (node.attrs or {}) else {}
    return apply(node.op, (node.inputs[0], many[1]), attrs)  # type: ignore[arg-type]


_RULES: dict[str, Callable[..., Tensor | None]] = {
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "var", "std", "norm", "logsumexp"), _reduction),
    **dict.fromkeys(("softmax", "log_softmax", "flip"), _reduction),
    **dict.fromkeys(("cumsum", "argsort", "argmax", "argmin"), _along),
    **dict.fromkeys(("reshape", "squeeze", "unsqueeze"), _shaped),
    **dict.fromkeys(("inv", "det", "cofactors", "logabsdet", "signdet", "pinv"), _as_it_is),
    **dict.fromkeys(("cholesky", "eigh", "svd", "qr", "cast", "alias"), _as_it_is),
    **dict.fromkeys(("getitem", "put"), _sliced),
    **dict.fromkeys(("concatenate", "stack"), _joined),
    **dict.fromkeys(("embedding", "take"), _looked_up),
    "matmul": _matmul,
    "solve": _broadcasting,
    "broadcast_to": _broadcast,
    "sum_to": _summed,
    "permute": _permuted,
}
