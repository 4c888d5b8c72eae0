"""What a node says: its glyph, name, shape, value, gradient."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import Any

import numpy as np

from ..core.counting import flops
from ..core.tensor import Tensor
from ..step.names import clean, split_name, subscript
from .picture import Label

_FULL = 4  # values of up to this many entries are written out


def label(
    node: Tensor,
    role: str,
    show: Set[str],
    *,
    details: bool = True,
    glyph: str | None = None,
    step: int | str | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    more_flops: int = 0,
    gradient: np.ndarray | None = None,
) -> Label:
    """The label of a node. Shapes are written where they are news: leaves, named results, and ops that change it.

    `glyph` replaces the op's sign; `step`: the time step, as subscript; `names`: what to call some names; `more_flops`:
    of what was folded into it; `gradient`: by the loss at hand, if the node keeps none itself.
    """
    own = glyph is None
    leaf = glyph is None and (role in ("input", "parameter", "constant", "saved") or node.op is None)
    if glyph is None:
        glyph = "" if leaf or node.op is None else glyph_of(node)
    base, index = ("", "")
    constant = role == "constant" and not node.shape and not node.is_abstract
    if node.name and "name" in show and not constant:
        base, index = split_name(names.get(node.name, node.name), step)
    elif leaf:
        base = stand_in(node, role)
    lines = []
    if details:
        if "shape" in show and node.shape and (leaf or node.name or all(x.shape != node.shape for x in node.inputs)):
            lines.append(str(node.shape))
        if (
            "value" in show
            and not node.is_abstract
            and not (leaf and not node.shape and (role == "constant" or not node.name))
        ):
            lines.append(number_text(node.numpy()))
        gradient = node.grad.numpy() if node.grad is not None else gradient
        if "grad" in show and gradient is not None:
            lines.append("δ: " + number_text(gradient, norm=True))
        if "cost" in show and own and not leaf and node.op is not None and (count := flops(node) + more_flops):
            lines.append(f"{count:,} FLOPs")
        if "bytes" in show and node.shape and role != "constant":
            lines.append(bytes_text(node.size * node.dtype.itemsize))
    return Label(glyph, base, index, tuple(lines))


def bytes_text(count: float) -> str:
    """A number of bytes, in kB, MB or GB (powers of 1000) from 10,000 on."""
    for unit in ("B", "kB", "MB"):
        if count < 10_000:
            return f"{count:,.4g} {unit}"
        count /= 1000
    return f"{count:,.4g} GB"


def ghost_label(
    solid: Label, node: Tensor, reader: Tensor | None, glyph: str | None = None, step: int | str | None = None
) -> Label:
    """How a node is called where another step reads it; an unnamed part of a gradient after where it goes."""
    if solid.base:
        return Label("", solid.base, solid.index)
    origin = reader.origin if reader is not None else None
    if origin is not None and origin.name is not None:
        base, index = split_name(origin.name, time_of(origin) if step is None else step)
        return Label("", "to δ" + base, index)
    return Label("", glyph or stand_in(node, "value"))


def time_of(node: Tensor) -> int | None:
    return node.scope.step if node.scope is not None else None


def glyph_of(node: Tensor) -> str:
    """The op's sign; for reading entries, what is read."""
    assert node.op is not None
    index = (node.attrs or {}).get("index")
    if node.op.kind == "slice" and index is not None:
        text = "[" + ", ".join(_index_text(i) for i in index) + "]"
        return text if len(text) <= 18 else "[…]"
    return clean(node.op.glyph or node.op.name)


def _index_text(i: Any) -> str:
    if isinstance(i, slice):
        parts = ["" if k is None else str(k) for k in (i.start, i.stop)]
        return ":".join(parts) + ("" if i.step in (None, 1) else f":{i.step}")
    if i is Ellipsis:
        return "…"
    if i is None or isinstance(i, (int, np.integer)):
        return str(i)
    return "mask" if np.asarray(i).dtype == bool else "index"


def stand_in(node: Tensor, role: str) -> str:
    """What to call a leaf without a name, or an unnamed forward value that a backward pass reads: 1−z, ⊙(r, n)."""
    if node.op is not None:
        sign, operands = glyph_of(node), [_short(x) for x in node.inputs or ()]
        if not all(operands):
            return sign
        if node.op.elementwise and len(operands) == 2 and len(sign) == 1:
            text = sign.join(operands)
        elif sign.startswith("["):
            text = operands[0] + sign
        else:
            text = f"{sign}({', '.join(operands)})"
        return text if len(text) <= 14 else sign
    if not node.shape and not node.is_abstract:
        return entry_text(node.numpy()[()])
    return role


def _short(node: Tensor) -> str:
    if node.name is None:
        return entry_text(node.numpy()[()]) if node.op is None and not (node.shape or node.is_abstract) else ""
    base, index = split_name(node.name, time_of(node))
    return base + subscript(index) if index.isdecimal() or not index else f"{base}_{index}"


def number_text(array: np.ndarray, norm: bool = False) -> str:
    """A few numbers in full; of many the mean and standard deviation, or the norm."""
    if array.size <= _FULL:
        return _nested(array)
    if array.dtype.kind != "f":
        return f"{entry_text(array.min())} … {entry_text(array.max())}"
    with np.errstate(all="ignore"):  # a label must not fail on infinities
        if norm:
            return f"‖·‖ {entry_text(np.sqrt(np.square(array, dtype=np.float64).sum()))}"
        return f"{entry_text(array.mean(dtype=np.float64))} ± {entry_text(array.std(dtype=np.float64))}"


def _nested(array: np.ndarray) -> str:
    if array.ndim == 0:
        return entry_text(array[()])
    return "[" + ", ".join(_nested(part) for part in array) + "]"


def entry_text(value: Any) -> str:
    """A number in three significant digits, with a true minus sign."""
    text = str(value) if isinstance(value, (bool, np.bool_)) else f"{value:.3g}"
    return text.replace("-", "−")
