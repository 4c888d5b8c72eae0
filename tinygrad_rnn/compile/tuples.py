"""Nodes with several results: a tuple of arrays as one node, and the ops that make one and get an element of one.

`get_element` and `make_tuple` are each other's gradients, so every walk over the graph handles such nodes with the
rules it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import apply, recorded
from ..core.mode import current
from ..core.op import Op
from ..core.tensor import Tensor
from ..step.scan import Spec


def tuple_array(arrays: Sequence[Any]) -> np.ndarray:
    """A tuple of arrays as nodes hold it: an object array."""
    out = np.empty(len(arrays), object)
    out[:] = [None] * len(arrays)
    for k, array in enumerate(arrays):
        out[k] = array
    return out


def _add_element(buffer: np.ndarray, g: Any, y: Any, values: Any, k: int, specs: tuple[Spec, ...]) -> None:
    buffer[k] = g if isinstance(buffer[k], int) else buffer[k] + g


def _element_gradient(g: Any, y: Any, values: Any, k: int, specs: tuple[Spec, ...]) -> Any:
    elements = [g if i == k else Tensor(np.zeros(shape, dtype)) for i, (shape, dtype) in enumerate(specs)]
    return make_tuple(elements)


def _element(values: np.ndarray, k: int, specs: tuple[Spec, ...]) -> np.ndarray:
    """Element k; in a gradient, those that nothing reached are the number 0."""
    return np.zeros(*specs[k]) if isinstance(values[k], int) else values[k]


ELEMENT = Op(
    "element", _element, ("values",), {"k": 0, "specs": ()},
    shape=lambda values, k, specs: specs[k][0],
    dtype=lambda values, k, specs: specs[k][1],
    vjps=[_element_gradient], accumulate={0: _add_element}, linear="each", kind="element", latex="{values}", glyph="·",
)  # fmt: skip

TUPLE = Op(
    "tuple", lambda *xs: tuple_array(xs), ("x",), {},
    shape=lambda *xs: (len(xs),),
    dtype=lambda *_: np.dtype(object),
    vjps=lambda g, y, *xs: lambda i: get_element(g, i, specs_of(xs)),
    variadic=True, promotes=(), linear="jointly", kind="arrangement", glyph="( )",
)  # fmt: skip


def specs_of(elements: Sequence[Any]) -> tuple[Spec, ...]:
    return tuple((tuple(p.shape), p.dtype) for p in elements)


def get_element(values: Any, k: int, specs: tuple[Spec, ...]) -> Any:
    """Result `k` of a node with several."""
    attrs = {"k": k, "specs": specs}
    if isinstance(values, Tensor) and values._array is not None:  # there is nothing to check
        return recorded(Tensor(_element(values._array, **attrs)), ELEMENT, (values,), attrs, current())
    return apply(ELEMENT, (values,), attrs)


def make_tuple(elements: Sequence[Any]) -> Any:
    """Several arrays as one node."""
    return apply(TUPLE, tuple(elements), {})
