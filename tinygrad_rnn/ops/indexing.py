"""Reading entries by position, and adding into them: each is the gradient of the other."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..core.declare import primitive
from ..core.errors import ShapeError
from ..core.operands import owned, tensors_in
from ..core.tensor import Tensor

__all__ = ["getitem"]


def _indexed(x, *, index):
    try:
        return np.broadcast_to(np.empty(()), x)[index].shape
    except IndexError as error:
        raise ShapeError(str(error)) from None


def _reads_once(index):
    """Whether an index names no entry twice, as slices, integers and masks do."""
    for i in index:  # noqa: SIM110 (a generator costs more; every slice of every step of a recurrence passes here)
        if not (isinstance(i, (slice, int, np.integer)) or i is None or i is Ellipsis or i.dtype == bool):
            return False
    return True


def add_at(buffer, index, g):
    """``buffer[index] += g``, where an entry named twice is added to twice."""
    if _reads_once(index):
        buffer[index] += g
    elif len(index) == 1:
        kernels.fast.add_rows(buffer, index[0], g)
    else:
        np.add.at(buffer, index, g)


@primitive(
    shape=_indexed,
    vjps=[lambda g, y, x, index: put(g, index=index, shape=x.shape)],
    accumulate={0: lambda buffer, g, y, x, index: add_at(buffer, index, g)},
    linear="each", kind="slice", latex="{{ {x} }}_{{[{index}]}}", plain="{x}[{index}]", glyph="[ ]", onnx="Slice",
    domain={"x": [(4, 3)], "index": [
        (1,), (slice(1, 3),), (Ellipsis, 0), (slice(None, None, -2), None),
        (np.array([0, 0, 3]),), (np.eye(4, 3, dtype=bool),), (np.array([1, 1]), slice(0, 2)),
    ]},
)  # fmt: skip
def getitem(x, *, index):
    """Entries of x by NumPy's indexing: integers, slices, None, Ellipsis, integer and boolean arrays."""
    return x[index]


def _put(x, index, shape):
    whole = np.zeros(shape, x.dtype)
    np.add.at(whole, index, x)
    return whole


@primitive(
    shape=lambda x, index, shape: tuple(shape),
    vjps=[lambda g, y, x, index, shape: getitem(g, index=index)],
    linear="each", kind="scatter", numpy=_put,
    latex=r"\operatorname{{scatter}}({x})", glyph="scatter", onnx="ScatterND",
    domain={"x": [(2, 3)], "index": [(slice(1, 3),), (np.array([0, 0]),)], "shape": [(4, 3)]},
)  # fmt: skip
def put(x, *, index, shape):
    """Zeros of `shape` with x added at `index`: the reverse of reading there."""
    out = np.zeros(shape, x.dtype)
    add_at(out, index, x)
    return out


_PLACES = {int, slice, type(Ellipsis)}  # the usual parts of an index


def getitem_method(x: Tensor, index: object) -> Tensor:
    """``x[index]``; tensors and lists in the index are read as arrays, which are then the node's own."""
    parts = index if isinstance(index, tuple) else (index,)
    for i in parts:
        if type(i) not in _PLACES and isinstance(i, (Tensor, list, np.ndarray)):
            return read_at(getitem(x, index=tuple(map(_positions, parts))), *parts)
    return getitem(x, index=parts)


def read_at(y, *indices):
    """`y`, which remembers the tensors among the indices: the graph cannot compute them again."""
    if isinstance(y, Tensor) and y.op is not None and (found := tensors_in(indices)):
        y._extra().indices = found
    return y


def _positions(part):
    """A tensor, list or array of an index as an array; an empty list selects nothing, though NumPy makes it floats."""
    if not isinstance(part, (Tensor, list, np.ndarray)):
        return part
    array = owned(part)
    return array.astype(np.intp) if isinstance(part, list) and not array.size else array
