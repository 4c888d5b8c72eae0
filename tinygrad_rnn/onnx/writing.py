"""Nodes of a graph as nodes of ONNX, by what ops say of themselves.

A graph is traced with two primes for the batch and the time, so that a size that depends on one of them is seen; it is
computed when the model runs. An op is written by the name that it declares, by its kind, or as its expansion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.expansion import expanded
from ..core.graph import Graph
from ..core.tensor import Tensor
from ..step.body import BATCH

TIME = 7907  # stands for the number of steps, as `BATCH` for that of samples
AXES = {BATCH: "batch", TIME: "time"}
OPSET = 20
_END = np.iinfo(np.int64).max


class Scope:
    """The nodes of a graph or of the body of a `Scan`, and what their results are called."""

    def __init__(self, writer: Writer, outer: Scope | None = None):
        self.writer, self.nodes = writer, []
        self.names: dict[int, str] = dict(outer.names) if outer else {}
        self.sizes: dict[int, str] = {}  # of BATCH or TIME: what holds it, an array of one integer
        self.references: dict[int, tuple[str, int]] = {}  # of BATCH or TIME: a value with such an axis, and which

    def node(
        self, kind: str, inputs: Iterable[str], attributes: Mapping[str, Any] | None = None, outputs: int = 1
    ) -> Any:
        """Append a node; returns the name of its output, or names of several."""
        from onnx import helper

        names = [self.writer.fresh(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **(attributes or {})))
        return names[0] if outputs == 1 else names

    def constant(self, array: Any, wish: str = "constant") -> str:
        return self.writer.constant(np.asarray(array), wish)

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def size(self, which: int) -> str:
        """What holds the size of the batch, or the number of steps."""
        if which not in self.sizes:
            if which not in self.references:
                raise ArgumentError(f"nothing is known of the size of the {AXES[which]} where it is needed")
            name, axis = self.references[which]
            shape = self.node("Shape", [name], {"start": axis, "end": axis + 1})
            self.sizes[which] = shape
        return self.sizes[which]

    def shape(self, shape: Sequence[int]) -> str:
        """A shape, of numbers and of sizes that are known when the model runs."""
        if not AXES.keys() & set(shape):
            return self.integers(*shape)
        return self.node("Concat", [self.size(n) if n in AXES else self.integers(n) for n in shape], {"axis": 0})

    def refer(self, name: str, shape: Sequence[int]) -> None:
        for axis, n in enumerate(shape):
            if n in AXES:
                self.references.setdefault(n, (name, axis))


class Writer:
    """Collects a model: names, constants and parameters of all its graphs."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.initializers: list[Any] = []
        self.refused: dict[str, None] = {}
        self._constants: dict[tuple[Any, ...], str] = {}

    def fresh(self, wish: str) -> str:
        """A name that nothing has yet."""
        name, k = wish, 1
        while name in self.taken:
            k += 1
            name = f"{wish}_{k}"
        self.taken.add(name)
        return name

    def constant(self, array: np.ndarray, wish: str) -> str:
        from onnx import numpy_helper

        key = (wish, array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = self._constants[key] = self.fresh(wish)
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return self._constants[key]

    def used(self, nodes: Iterable[Any]) -> list[Any]:
        """The constants and parameters that some node reads, of the graph or of a body."""
        read: set[str] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            read.update(node.input)
            for a in node.attribute:
                waiting += a.g.node
        return [x for x in self.initializers if x.name in read]

    # -- graphs -----------------------------------------------------------------------------------------------------

    def write(self, scope: Scope, graph: Graph, special: Callable[[Scope, Tensor], bool]) -> None:
        """All nodes of a graph; `special` writes those it knows, and says whether it did."""
        for n in graph.nodes:
            if n.number in scope.names:
                continue
            if not n.is_abstract:  # a parameter, or what is computed from parameters alone
                scope.names[n.number] = self.constant(n.numpy(), n.name or "constant")
            elif graph.is_leaf(n):
                raise ArgumentError(with_user_line(f"onnx: {n.path} {n.describe()} is no input of the model"))
            elif not special(scope, n):
                scope.names[n.number] = self.result(scope, n)

    def result(self, scope: Scope, n: Tensor) -> str:
        assert n.op is not None
        xs = [scope.names[x.number] for x in n.inputs]
        found = self.by_kind(scope, n, xs, n.attrs or {})
        if found is None:
            found = self.by_name(scope, n, xs, n.attrs or {})
        if found is None:
            found = self.as_expansion(scope, n)
        if found is None:
            self.refused[n.op.name] = None
            found = "refused"
        return found

    def as_expansion(self, scope: Scope, n: Tensor) -> str | None:
        assert n.op is not None
        simpler = expanded(n.op, n.inputs, n.attrs or {})
        if simpler is None:
            return None
        graph = Graph(simpler, boundary=n.inputs)
        for m in graph.nodes:
            if m.number not in scope.names:
                scope.names[m.number] = (
                    self.constant(m.numpy(), "constant") if graph.is_leaf(m) else self.result(scope, m)
                )
        return scope.names[simpler.number]

    def by_name(self, scope: Scope, n: Tensor, xs: list[str], attrs: dict[str, Any]) -> str | None:
        """An op entry by entry, or along an axis, that is one node of ONNX."""
        op = n.op
        assert op is not None
        name = op.onnx or ""
        dtype = n.inputs[0].dtype
        if name == "Not(Equal)":
            return scope.node("Not", [scope.node("Equal", xs)])
        if op.name == "general_power":
            return scope.node("Pow", xs)
        if name in ("Softmax", "LogSoftmax"):
            return scope.node(name, xs, {"axis": attrs["axis"]})
        if not op.elementwise or not name.isalpha():
            return None
        numbers = [v for v in attrs.values() if isinstance(v, (int, float))]
        match name:
            case "Pow" if "exponent" in attrs:
                return scope.node("Pow", [*xs, scope.constant(np.array(attrs["exponent"], dtype))])
            case "Clip" if len(numbers) == 2:
                return scope.node("Clip", [*xs, *[scope.constant(np.array(v, dtype)) for v in numbers]])
            case "Clip":
                return scope.node("Clip", [*xs, *[scope.constant(np.array(v, dtype)) for v in (-1, 1)]])
            case "LeakyRelu" | "Elu":
                return scope.node(name, xs, {"alpha": float(numbers[0])})
            case "HardSigmoid":
                return scope.node(name, xs, {"alpha": 1 / 6, "beta": 0.5})
            case "Pow" | "ReduceLogSumExp" | "Mod":
                return None
        return scope.node(name, xs) if len(op.operands) == len(xs) and not attrs else None

    def by_kind(self, scope: Scope, n: Tensor, xs: list[str], attrs: dict[str, Any]) -> str | None:
        op = n.op
        assert op is not None
        match op.kind:
            case "cast":
                from onnx import helper

                return scope.node("Cast", xs, {"to": helper.np_dtype_to_tensor_dtype(np.dtype(attrs["dtype"]))})
            case "broadcast":
                return scope.node("Expand", [xs[0], scope.shape(n.shape)])
            case "reshape":
                return xs[0] if n.shape == n.inputs[0].shape else scope.node("Reshape", [xs[0], scope.shape(n.shape)])
            case "transpose":
                return scope.node("Transpose", xs, {"perm": [a % n.ndim for a in attrs["axes"]]})
            case "slice":
                return self.sliced(scope, n, xs[0], attrs["index"])
            case "concatenation":
                axis = attrs["axis"] % n.ndim
                if len(n.inputs[0].shape) < n.ndim:
                    xs = [scope.node("Unsqueeze", [x, scope.integers(axis)]) for x in xs]
                return scope.node("Concat", xs, {"axis": axis})
            case "matrix product":
                return scope.node("MatMul", xs)
            case "lookup" if op.onnx == "Gather":
                return scope.node("Gather", xs, {"axis": attrs.get("axis", 0)})
            case "lookup" if op.onnx == "GatherElements":
                return scope.node("GatherElements", xs, {"axis": attrs["axis"]})
            case "reduction" if op.onnx in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"):
                if "axis" not in attrs:
                    return None
                return self.reduced(scope, op.onnx, n, xs[0], attrs)
            case "reduction" if op.onnx in ("ArgMax", "ArgMin") and attrs["axis"] is not None:
                return scope.node(op.onnx, xs, {"axis": attrs["axis"], "keepdims": int(attrs["keepdims"])})
            case "contraction":
                return scope.node("Einsum", xs, {"equation": attrs["subscripts"]})
        if op.name == "cumsum":
            return scope.node("CumSum", [xs[0], scope.constant(np.array(attrs["axis"], np.int64))])
        return None

    def reduced(self, scope: Scope, kind: str, n: Tensor, x: str, attrs: dict[str, Any]) -> str:
        axis, ndim = attrs["axis"], n.inputs[0].ndim
        axes = range(ndim) if axis is None else [a % ndim for a in np.atleast_1d(axis)]
        return scope.node(kind, [x, scope.integers(*axes)], {"keepdims": int(attrs["keepdims"])})

    def sliced(self, scope: Scope, n: Tensor, x: str, index: Any) -> str | None:
        """x at an index of slices, integers, new axes and at most one array of integers."""
        parts = list(index) if isinstance(index, tuple) else [index]
        ndim = n.inputs[0].ndim
        if Ellipsis in [p for p in parts if p is Ellipsis]:
            at = next(k for k, p in enumerate(parts) if p is Ellipsis)
            given = sum(p is not None for p in parts) - 1
            parts[at : at + 1] = [slice(None)] * (ndim - given)
        starts, ends, axes, steps, gone, new = [], [], [], [], [], []
        axis = kept = 0
        for p in parts:
            if p is None:
                new.append(kept)
                kept += 1
                continue
            if isinstance(p, (int, np.integer)):
                starts, ends, axes, steps = [*starts, int(p)], [*ends, int(p) + 1 or _END], [*axes, axis], [*steps, 1]
                gone.append(axis)
            elif isinstance(p, slice):
                if p != slice(None):
                    step = p.step or 1
                    first, last = (0, _END) if step > 0 else (_END, -_END)
                    starts.append(first if p.start is None else p.start)
                    ends.append(last if p.stop is None else p.stop)
                    axes, steps = [*axes, axis], [*steps, step]
                kept += 1
            else:
                return None
            axis += 1
        if axes:
            x = scope.node("Slice", [x, *[scope.integers(*v) for v in (starts, ends, axes, steps)]])
        if gone:
            x = scope.node("Squeeze", [x, scope.integers(*gone)])
        return scope.node("Unsqueeze", [x, scope.integers(*new)]) if new else x
