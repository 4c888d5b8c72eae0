"""`Graph`: a view of the nodes behind some outputs, and `trace`, which builds one from shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .apply import check_not_freed
from .autodiff import pull_back
from .errors import NotInGraphError, ShapeError, with_user_line
from .mode import changed
from .tensor import Tensor, abstract


class Edge(NamedTuple):
    """`source` is operand number `operand` of `target`."""

    source: Tensor
    target: Tensor
    operand: int


class Graph:
    """The computation of `outputs`, in creation order.

    Args:
        outputs: one tensor or several; names default to theirs.
        inputs: the leaves that count as inputs, in the order `__call__` takes them. By default those that are
            neither parameters, constants nor states.
        boundary: nodes to stop at, shown as leaves: a backward graph stops at the forward values it reads.
    """

    def __init__(
        self,
        outputs: Tensor | Sequence[Tensor],
        inputs: Sequence[Tensor] | None = None,
        *,
        boundary: Iterable[Tensor] = (),
    ):
        self.outputs: tuple[Tensor, ...] = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
        self._inputs = None if inputs is None else tuple(inputs)
        self.boundary = {x.number for x in boundary}

    @cached_property
    def nodes(self) -> list[Tensor]:
        """Every node, each after its inputs."""
        stack = list(self.outputs) + list(self._inputs or ())
        seen: dict[int, Tensor] = {}
        while stack:
            node = stack.pop()
            if node.number not in seen:
                seen[node.number] = node
                stack.extend(self.operands(node))
        return [seen[number] for number in sorted(seen)]

    def operands(self, node: Tensor) -> tuple[Tensor, ...]:
        """The inputs of a node within this graph: none for a leaf or a node on the boundary."""
        if node.number in self.boundary:
            return ()
        check_not_freed(node)
        return node.inputs

    def is_leaf(self, node: Tensor) -> bool:
        return node.op is None or node.number in self.boundary

    @cached_property
    def edges(self) -> list[Edge]:
        return [Edge(x, node, i) for node in self.nodes for i, x in enumerate(self.operands(node))]

    def role(self, node: Tensor) -> str:
        """One of input, parameter, constant, state, saved (a forward value in a backward graph), output, op."""
        if node.number in self.boundary and node.op is not None:
            return "saved"
        if node.role is not None:
            return node.role
        if node.op is None:
            return "input"
        return "output" if any(node is out for out in self.outputs) else "op"

    def _with_role(self, role: str) -> list[Tensor]:
        return [n for n in self.nodes if self.role(n) == role]

    @property
    def inputs(self) -> list[Tensor]:
        return list(self._inputs) if self._inputs is not None else self._with_role("input")

    @property
    def parameters(self) -> list[Tensor]:
        return self._with_role("parameter")

    @property
    def constants(self) -> list[Tensor]:
        return self._with_role("constant")

    @property
    def states(self) -> list[Tensor]:
        return self._with_role("state")

    @property
    def flops(self) -> int:
        """Floating-point operations of one evaluation, transcendental functions counted as declared by their ops."""
        return sum(
            n.op.flops(n.shape, [x.shape for x in n.inputs], n.attrs)
            for n in self.nodes
            if n.op and not self.is_leaf(n)
        )

    def __len__(self) -> int:
        return len(self.nodes)

    def __call__(self, *values: Any) -> Any:
        """Evaluate on arrays given for `inputs`; returns arrays."""
        if len(values) != len(self.inputs):
            raise TypeError(with_user_line(f"the graph has {len(self.inputs)} inputs, got {len(values)} values"))
        arrays: dict[int, np.ndarray] = {}
        for x, value in zip(self.inputs, values, strict=True):
            array = np.asarray(value, x.dtype)
            if array.shape != x.shape:
                raise ShapeError(with_user_line(f"input {x.name or x.number}: expected {x.shape}, got {array.shape}"))
            arrays[x.number] = array
        for node in self.nodes:
            if node.number in arrays:
                continue
            if self.is_leaf(node):
                arrays[node.number] = node.numpy()
            else:
                assert node.op is not None
                arrays[node.number] = node.op.evaluate(*[arrays[x.number] for x in node.inputs], **(node.attrs or {}))
        results = tuple(np.asarray(arrays[out.number]) for out in self.outputs)
        return results[0] if len(results) == 1 else results

    def backward(self, wrt: Sequence[Tensor] | None = None, seeds: Sequence[Tensor] | None = None) -> Graph:
        """The gradients of the outputs as a graph of their own: BPTT, derived.

        Args:
            wrt: what to differentiate by; default: the inputs, states and parameters that are leaves and floats.
            seeds: ∂L/∂output for each output; default: ones for a scalar, a named input "δ…" otherwise.

        Each node's `origin` is the forward node it belongs to; forward values it reads appear with role "saved".
        """
        nodes = Graph(self.outputs, self._inputs).nodes  # beyond the boundary too: a second order goes all the way
        known = {n.number for n in nodes}
        for x in wrt or ():
            if x.number not in known:
                raise NotInGraphError(with_user_line(f"the graph does not contain {x.path} {x.describe()}"))
        targets = list(wrt) if wrt is not None else [
            n for n in nodes if n.op is None and n.dtype.kind == "f" and self.role(n) != "constant"
        ]  # fmt: skip
        seeds = [_seed(out) for out in self.outputs] if seeds is None else list(seeds)
        with changed(record="all"):
            pairs = pull_back(self.outputs, seeds, wrt=targets, retain_graph=True, create_graph=True)
        found = {x.number: g for x, g in pairs}
        missing = [x for x in targets if x.number not in found]
        if wrt is not None and missing:
            raise NotInGraphError(with_user_line(f"no output depends on {missing[0].path} {missing[0].describe()}"))
        targets = [x for x in targets if x.number in found]
        graph = Graph([found[x.number] for x in targets], [s for s in seeds if s.role == "input"], boundary=nodes)
        for x, g in zip(targets, graph.outputs, strict=True):
            if g.name is None and g.number not in graph.boundary:
                g.named(f"∂{x.name or x.number}")
        return graph

    def __repr__(self) -> str:
        return listing(self)


def _seed(out: Tensor) -> Tensor:
    if out.size == 1 and not out.shape:
        one = Tensor(np.ones((), out.dtype))
        one.role = "constant"
        return one.named("1")
    seed = abstract(out.shape, out.dtype) if out.is_abstract else Tensor(np.ones(out.shape, out.dtype))
    return seed.named(f"δ{out.name or ''}", role="input")


def listing(graph: Graph, limit: int = 60) -> str:
    """A short readable listing: one line a node, ``c = add(f, i): (B, H)``."""
    names: dict[int, str] = {}
    lines = []
    for k, node in enumerate(graph.nodes):
        step = node.scope.step if node.scope else None
        base = node.name or f"%{k}"
        names[node.number] = f"{base}_{step}" if node.name and step is not None else base
        dtype = "" if node.dtype == np.float64 else f" {node.dtype}"
        facts = f"{tuple(node.shape)}{dtype}"
        if graph.is_leaf(node):
            lines.append(f"  {names[node.number]}: {facts}  [{graph.role(node)}]")
        else:
            operands = ", ".join(names[x.number] for x in node.inputs)
            assert node.op is not None
            lines.append(f"  {names[node.number]} = {node.op.name}({operands}): {facts}")
    if len(lines) > limit:
        lines[limit // 2 : -limit // 2] = [f"  … {len(lines) - limit} more nodes …"]
    outputs = ", ".join(names[out.number] for out in graph.outputs)
    head = f"Graph: {len(graph.nodes)} nodes, {len(graph.edges)} edges, {graph.flops:,} FLOPs"
    return "\n".join([head, *lines, f"  → {outputs}"])


def trace(f: Callable[..., Any], *specs: Any) -> Graph:
    """Run `f` on shapes alone and return its graph.

    Args:
        f: a function of tensors that returns a tensor or a tuple of tensors (possibly nested).
        specs: per argument a shape tuple (float32), a ``(shape, dtype)`` pair, or an array or tensor whose shape
            and dtype are taken.

    Raises:
        AbstractValueError: `f` asks for a value, for instance to branch on it.
    """
    inputs = [_spec(s, f"x{i}" if len(specs) > 1 else "x") for i, s in enumerate(specs)]
    with changed(record="all"):
        outputs = f(*inputs)
    return Graph(list(_flat(outputs)), inputs)


def _spec(s: Any, name: str) -> Tensor:
    if isinstance(s, (Tensor, np.ndarray)):
        x = abstract(s.shape, s.dtype)
        name = (isinstance(s, Tensor) and s.name) or name
    elif isinstance(s, tuple) and len(s) == 2 and isinstance(s[0], (tuple, list)):
        x = abstract(tuple(s[0]), s[1])
    elif isinstance(s, (tuple, list)) and all(isinstance(n, (int, np.integer)) and n >= 0 for n in s):
        x = abstract(tuple(int(n) for n in s), np.float32)
    else:
        raise TypeError(with_user_line(f"trace: expected a shape, a (shape, dtype) pair or an array, got {s!r}"))
    x.requires_grad = x.dtype.kind == "f"
    return x.named(name, role="input")


def _flat(outputs: Any) -> Iterable[Tensor]:
    """The tensors of a nested tuple or list, left to right."""
    stack = [outputs]
    while stack:
        item = stack.pop()
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, (tuple, list)):
            stack.extend(reversed(item))
        else:
            raise TypeError(with_user_line(f"trace: the function returned {type(item).__name__}, not tensors"))
