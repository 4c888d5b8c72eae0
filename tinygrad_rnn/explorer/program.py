"""A graph as a program that the page computes: what is computed from what, each op as one of seven forms.

========  =============================================================================================
leaf      ``v``: its entries
entries   ``f``: a function of the entries at one place; operands broadcast
gather    ``at``: which entry of the operand each entry of the result is
scatter   ``at``: which entry of the result each entry of the operand is added to
fold      ``f``, ``from``, ``at``: the same, taken in by another function than a sum
placed    ``at``: where the entries of each operand go
product   ``n``, ``k``, ``m``: matrix products, ``at``: where each one's operands begin
========  =============================================================================================

Whatever only moves entries is asked to move their numbers, so no op needs a word of its own here. Where entries lie in
even steps, as nearly always, ``at`` is [first, shape, steps] for the sum of index times step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.expansion import expanded
from ..core.graph import Graph
from ..core.op import Op
from ..core.order import ancestors
from ..core.tensor import Tensor
from .javascript import NoJavaScript, folding_function, literal, scalar_function

Form = dict[str, Any]


class Program:
    """What the page needs to compute some tensors.

    Args:
        wanted: the tensors, with values.
        live: False: every value is given, and nothing is computed.

    Raises:
        NoJavaScript: it is live, and an op has no JavaScript form.

    Attributes:
        place: of each node in the program, by its number.
        functions: JavaScript functions, by their text, with their numbers.
    """

    def __init__(self, wanted: Sequence[Tensor], *, live: bool):
        self.functions: dict[str, int] = {}
        self.place: dict[int, int] = {}
        self.entries: list[Form] = []
        self._tables: dict[str, int] = {}
        for node in ancestors(wanted):
            self._add(node, live)

    def data(self) -> Form:
        return {"nodes": self.entries, "tables": [list(map(int, t.split(","))) for t in self._tables]}

    def script(self) -> str:
        """The functions as a JavaScript array, in the order of their numbers."""
        return "[\n" + "".join(f"  {text},\n" for text in self.functions) + "]"

    # -- nodes ----------------------------------------------------------------------------------------------------

    def _add(self, node: Tensor, live: bool) -> None:
        if node.op is None or not live:
            made: Form = {"v": numbers(node.numpy())}
        else:
            made = self._form(node.op, node.inputs, node, node.attrs or {})
        self.place[node.number] = len(self.entries)
        self.entries.append({"s": list(node.shape), **made})

    def _form(self, op: Op, xs: Sequence[Tensor], y: Tensor, attrs: dict[str, Any]) -> Form:
        """How a result like y is computed from xs by an op."""
        form = self._as_entries(op, xs, y, attrs) or self._as_moved(op, xs, y, attrs)
        if form is not None:
            return {"i": [self.place[x.number] for x in xs]} | form
        simpler = expanded(op, xs, attrs)
        if simpler is None:
            raise NoJavaScript(op.name)
        for n in Graph(simpler, boundary=xs).nodes:
            if n.number not in self.place:
                self._add(n, live=True)
        return {
            "i": [self.place[simpler.number]],
            "at": self._table(np.arange(simpler.size), simpler.shape),
            "k": "gather",
        }

    def _as_entries(self, op: Op, xs: Sequence[Tensor], y: Tensor, attrs: dict[str, Any]) -> Form | None:
        if op.kind == "cast":
            text = {"f": "(x) => x", "b": "(x) => x !== 0"}.get(y.dtype.kind, "(x) => Math.trunc(x)")
        elif op.entry is not None and not op.variadic:
            try:
                text = scalar_function(op, attrs)
            except NoJavaScript:
                return None
        else:
            return None
        return {"k": "entries", "f": self._function(text), "at": [self._spread(x.shape, y.shape) for x in xs]}

    def _as_moved(self, op: Op, xs: Sequence[Tensor], y: Tensor, attrs: dict[str, Any]) -> Form | None:
        match op.kind:
            case "reshape" | "transpose" | "slice" | "arrangement" | "element" if len(xs) == 1:
                moved = np.asarray(op.evaluate(_numbered(xs[0].shape), **attrs))
                return {"k": "gather", "at": self._table(moved, y.shape)}
            case "scatter" if len(xs) == 1 and not callable(op.vjps):
                moved = np.asarray(op.vjp(0, _numbered(y.shape), y.numpy(), [xs[0].numpy()], attrs))
                return {"k": "scatter", "at": self._table(moved, xs[0].shape)}
            case "lookup" if _is_given(xs[1:]):
                moved = np.asarray(op.evaluate(_numbered(xs[0].shape), xs[1].numpy(), **attrs))
                return {"k": "gather", "at": self._table(moved, y.shape), "i": [self.place[xs[0].number]]}
            case "scatter" if _is_given(xs[1:]) and not callable(op.vjps):
                operands = [x.numpy() for x in xs]
                moved = np.asarray(op.vjp(0, _numbered(y.shape), y.numpy(), operands, attrs))
                return {"k": "scatter", "at": self._table(moved, xs[0].shape), "i": [self.place[xs[0].number]]}
            case "reduction" if op.step is not None and op.fold is not None and "axis" in op.attrs:
                to = np.broadcast_to(_numbered(y.shape).reshape(_kept(xs[0].shape, y.shape, attrs)), xs[0].shape)
                form = {"k": "scatter", "at": self._table(to, xs[0].shape)}
                if op.sums:
                    return form
                start = literal(op.fold[0]).strip("()")
                return form | {"k": "fold", "f": self._function(folding_function(op)), "from": start}
            case "concatenation":
                return {"k": "placed", "at": self._placed(op, xs, y, attrs)}
            case "matrix product":
                return self._product(xs, y)
        if op.sums:  # `sum_to`: back to a shape that was broadcast
            return {"k": "scatter", "at": self._spread(y.shape, xs[0].shape)}
        return None

    def _placed(self, op: Op, xs: Sequence[Tensor], y: Tensor, attrs: dict[str, Any]) -> list[Any]:
        """Where the entries of each operand of a joining op go."""
        starts = np.cumsum([0, *[x.size for x in xs]])
        whole = op.evaluate(*[_numbered(x.shape) + a for x, a in zip(xs, starts, strict=False)], **attrs).ravel()
        where = np.empty(starts[-1], int)
        where[whole] = np.arange(whole.size)
        return [self._table(where[a : a + x.size], x.shape) for x, a in zip(xs, starts, strict=False)]

    def _product(self, xs: Sequence[Tensor], y: Tensor) -> Form:
        a, b = (x.shape for x in xs)
        a, b = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
        n, k, m = a[-2], a[-1], b[-1]
        many = np.broadcast_shapes(a[:-2], b[:-2])
        starts = [np.broadcast_to(_numbered(s[:-2]) * s[-2] * s[-1], many).ravel().tolist() for s in (a, b)]
        return {"k": "product", "n": n, "m": m, "l": k, "at": starts}

    # -- tables and functions ---------------------------------------------------------------------------------------

    def _function(self, text: str) -> int:
        return self.functions.setdefault(text, len(self.functions))

    def _spread(self, shape: tuple[int, ...], to: tuple[int, ...]) -> Any:
        """Which entry of an array of `shape` each entry is when it is broadcast."""
        return 0 if shape == to else self._table(np.broadcast_to(_numbered(shape), to), to)

    def _table(self, moved: np.ndarray, shape: tuple[int, ...]) -> Any:
        """Numbers of entries, in `shape`: 0 for all in their order, [first, shape, steps], or the number of a table."""
        flat = np.asarray(moved).ravel().astype(int)
        if np.array_equal(flat, np.arange(flat.size)):
            return 0
        first = int(flat[0]) if flat.size else 0
        whole = flat.reshape(shape)
        steps = [int(np.take(whole, 1, k).ravel()[0]) - first if n > 1 else 0 for k, n in enumerate(shape)]
        even = first + sum(np.arange(n).reshape(-1, *[1] * (len(shape) - k - 1)) * s
                           for k, (n, s) in enumerate(zip(shape, steps, strict=True)))  # fmt: skip
        if flat.size and np.array_equal(np.broadcast_to(even, shape), whole):
            return [first, list(shape), steps]
        return self._tables.setdefault(",".join(map(str, flat)), len(self._tables)) + 1


def _is_given(indices: Sequence[Tensor]) -> bool:
    """Whether entries are looked up at places that do not change."""
    return len(indices) == 1 and indices[0].op is None and indices[0].dtype.kind in "iu"


def _numbered(shape: tuple[int, ...]) -> np.ndarray:
    """An array whose entries are their own numbers, row by row."""
    return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)


def _kept(shape: tuple[int, ...], reduced: tuple[int, ...], attrs: dict[str, Any]) -> tuple[int, ...]:
    """The shape of a reduction's result with an axis of 1 for each one that is gone."""
    if len(shape) == len(reduced) and attrs.get("keepdims"):
        return reduced
    axis = attrs.get("axis")
    axes = range(len(shape)) if axis is None else [a % len(shape) for a in np.atleast_1d(axis)]
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


def numbers(array: np.ndarray) -> list[Any]:
    """Entries row by row; JSON has no word for what is not finite."""
    flat = np.asarray(array, dtype=np.float64).ravel()
    if np.isfinite(flat).all():
        return [int(v) if v.is_integer() and abs(v) < 1e15 else v for v in flat.tolist()]
    return [v if np.isfinite(v) else {np.inf: "Infinity", -np.inf: "-Infinity"}.get(v, "NaN") for v in flat.tolist()]
