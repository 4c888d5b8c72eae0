"""`Graph`: a view of the nodes behind some outputs. It can be listed, evaluated, and differentiated into another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .apply import check_not_freed
from .autodiff import pull_back
from .counting import flops
from .errors import AbstractValueError, ArgumentError, DTypeError, NotInGraphError, ShapeError, with_user_line
from .listing import listing
from .mode import changed
from .operands import array_of
from .order import in_order, walk
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
        inputs: what counts as an input, in the order `__call__` takes them; what lies behind is no part of the
            graph. By default the leaves that are neither parameters, constants nor states.
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
        self._given = {x.number for x in self._inputs or ()}
        self.boundary = {x.number for x in boundary} | self._given
        self._results = {x.number for x in self.outputs}
        self.adjoint_of: dict[int, Tensor] = {}  # of a backward graph: by number of a gradient δq, q

    @cached_property
    def nodes(self) -> list[Tensor]:
        """Every node, each after its inputs."""
        return in_order(walk([*self.outputs, *(self._inputs or ())], self.operands))

    @cached_property
    def _read(self) -> set[int]:
        """What some node, or the outside, reads."""
        return self._results | {edge.source.number for edge in self.edges}

    def operands(self, node: Tensor) -> tuple[Tensor, ...]:
        """The inputs of a node within this graph: none for a leaf or a node on the boundary."""
        if node.number in self.boundary:
            return ()
        check_not_freed(node)
        return node.inputs

    def is_leaf(self, node: Tensor) -> bool:
        """Whether the graph begins at this node: no op made it, or the graph was cut there."""
        return node.op is None or node.number in self.boundary

    @cached_property
    def edges(self) -> list[Edge]:
        return [Edge(x, node, i) for node in self.nodes for i, x in enumerate(self.operands(node))]

    def role(self, node: Tensor) -> str:
        """One of input, parameter, constant, state, saved (a forward value in a backward graph), output, op."""
        if node.op is not None and node.number in self.boundary and node.number not in self._given:
            return "saved"
        if node.role is not None:
            return node.role
        if self.is_leaf(node):
            return "input"
        return "output" if node.number in self._results else "op"

    def _with_role(self, role: str) -> list[Tensor]:
        return [n for n in self.nodes if self.role(n) == role]

    @property
    def inputs(self) -> list[Tensor]:
        """What it was traced from, in that order; of a graph of tensors, the leaves that are inputs."""
        return list(self._inputs) if self._inputs is not None else self._with_role("input")

    @property
    def parameters(self) -> list[Tensor]:
        """The leaves that are parameters."""
        return self._with_role("parameter")

    @property
    def constants(self) -> list[Tensor]:
        """The leaves that are constants."""
        return self._with_role("constant")

    @property
    def states(self) -> list[Tensor]:
        """The nodes that are states."""
        return self._with_role("state")

    @property
    def flops(self) -> int:
        """Floating-point operations of one evaluation; `core.counting.flops` says what counts."""
        return sum(flops(n) for n in self.nodes if not self.is_leaf(n))

    def __len__(self) -> int:
        return len(self.nodes)

    def __call__(self, *values: Any) -> Any:
        """Evaluate on arrays given for `inputs`; returns an array, or a tuple of them.

        Raises:
            ArgumentError, ShapeError, DTypeError: the values are not as many, shaped or typed as the inputs; or a
                captured graph reads what may depend on its inputs but went unrecorded, as nothing needs its gradient:
                a comparison, an index, what was detached. (What you read yourself, `.item()` say, it cannot know.)
            AbstractValueError: it reads some other value that was traced with a shape only.
        """
        inputs = self.inputs
        if len(values) != len(inputs):
            names = ", ".join(x.name or "unnamed" for x in inputs)
            raise ArgumentError(
                with_user_line(f"the graph has {len(inputs)} inputs ({names}), got {len(values)} values")
            )
        for x in inputs:
            if not x.is_abstract and x.number not in self._read:
                raise ArgumentError(
                    with_user_line(
                        f"no output depends on input {x.path} {x.describe()}: what it went into needs no gradient "
                        "and so was not recorded; trace the function (tg.trace) to have all of it"
                    )
                )
        self._check_recorded(inputs)
        arrays = {x.number: _fitting(x, value) for x, value in zip(inputs, values, strict=True)}
        for node in self.nodes:
            if node.number in arrays:
                continue
            if not self.is_leaf(node):
                assert node.op is not None
                arrays[node.number] = node.op.evaluate(*[arrays[x.number] for x in node.inputs], **(node.attrs or {}))
            elif node.is_abstract:
                raise AbstractValueError(
                    with_user_line(
                        f"the graph reads {node.path} {node.describe()}, which was traced with a shape only; "
                        "Graph(graph.outputs, inputs) with it, or what it is computed from, among the inputs can run"
                    )
                )
            else:
                arrays[node.number] = node.numpy()
        results = tuple(np.asarray(arrays[out.number]) for out in self.outputs)
        return results[0] if len(results) == 1 else results

    def _check_recorded(self, inputs: Sequence[Tensor]) -> None:
        """Raise if something the graph reads may depend on the inputs, but is no node of it."""
        given = {x.number for x in inputs}
        first = min(given, default=math.inf)  # what is older cannot depend on them
        for node in self.nodes:
            if node.number in given:
                continue
            source = getattr(node, "source", None)
            if self.is_leaf(node) and source and node.number > first and node.role != "constant":
                raise ArgumentError(
                    with_user_line(
                        f"the graph reads {node.describe()}, a result of {source} that was not recorded because "
                        "nothing needs its gradient; with other inputs it might be another. Trace the function "
                        "(tg.trace) to have all of it, or make this value one of the graph's inputs"
                    )
                )
            for i in node.extra.indices if node.extra and not self.is_leaf(node) else ():
                if i.number in given or (i.number > first and (i.op is not None or hasattr(i, "source"))):
                    raise ArgumentError(
                        with_user_line(
                            f"{node.path} {node.describe()} was read at an index, {i.describe()}, that might be "
                            "another with other inputs; tg.take and tg.gather, in a traced function, compute it again"
                        )
                    )

    def backward(self, wrt: Sequence[Tensor] | None = None, seeds: Sequence[Tensor] | None = None) -> Graph:
        """The gradients of the outputs as a graph of their own: BPTT, derived.

        Args:
            wrt: what to differentiate by; default: the inputs, states and parameters that are leaves and floats.
            seeds: ∂ℓ/∂output for each output, what a loss ℓ says of it directly; default: 1 for a scalar, a named
                input "∂ℓ/∂…" otherwise.

        The whole gradient of a named node q is named δq; what an output q is given from outside, ∂ℓ/∂q. Each node's
        `origin` is the forward node it belongs to; forward values it reads appear with role "saved".

        Raises:
            NotInGraphError: a tensor of `wrt` is not in the graph, or no output depends on it.
        """
        whole = Graph(self.outputs, self._inputs)  # beyond the boundary too: a second order goes all the way
        nodes = whole.nodes
        known = {n.number for n in nodes}
        for x in wrt or ():
            if x.number not in known:
                raise NotInGraphError(with_user_line(f"the graph does not contain {x.path} {x.describe()}"))
        targets = list(wrt) if wrt is not None else [
            n for n in nodes if whole.is_leaf(n) and n.dtype.kind == "f" and self.role(n) != "constant"
        ]  # fmt: skip
        seeds = [_seed(out) for out in self.outputs] if seeds is None else list(seeds)
        named = [n for n in nodes if n.name is not None and n.dtype.kind == "f" and self.role(n) != "constant"]
        wanted = [*{x.number: x for x in (*targets, *named)}.values()]
        with changed(record="all"):
            pairs = pull_back(self.outputs, seeds, wrt=wanted, retain_graph=True, create_graph=True, hooks=False)
        found = {x.number: g for x, g in pairs}
        missing = [x for x in targets if x.number not in found]
        if wrt is not None and missing:
            raise NotInGraphError(with_user_line(f"no output depends on {missing[0].path} {missing[0].describe()}"))
        targets = [x for x in targets if x.number in found]
        adjoint_of = _called_adjoints(found, nodes)
        graph = Graph([found[x.number] for x in targets], [s for s in seeds if s.role == "input"], boundary=nodes)
        graph.adjoint_of = adjoint_of
        return graph

    def __repr__(self) -> str:
        return listing(self)


def _fitting(x: Tensor, value: Any) -> np.ndarray:
    """A value for an input, in the input's dtype."""
    array = array_of(value)
    if array.shape != x.shape:
        raise ShapeError(with_user_line(f"input {x.describe()}: got shape {array.shape}"))
    if not np.can_cast(array.dtype, x.dtype, "same_kind"):
        raise DTypeError(with_user_line(f"input {x.describe()}: got dtype {array.dtype}"))
    return array.astype(x.dtype, copy=False)


def _seed(out: Tensor) -> Tensor:
    if out.size == 1 and not out.shape:
        one = Tensor(np.ones((), out.dtype))
        one.role = "constant"
        return one.named("1")
    seed = abstract(out.shape, out.dtype) if out.is_abstract else Tensor(np.ones(out.shape, out.dtype))
    seed.scope = out.scope  # of which time step
    return seed.named(f"∂ℓ/∂{out.name or 'y'}", role="input")


def _called_adjoints(found: Mapping[int, Tensor], nodes: Sequence[Tensor]) -> dict[int, Tensor]:
    """Name the whole gradient of every named node after it, a tensor that is that of several after the first.

    Returns by the number of a gradient the node.
    """
    made: dict[int, Tensor] = {}
    known = {n.number for n in nodes}
    for x in nodes:
        g = found.get(x.number)
        seed = g is not None and g.role == "input" and (g.name or "").startswith("∂ℓ/∂")
        if g is None or x.name is None or g.number in known or g.role == "constant":
            continue
        if g.name is None or seed:
            g.named(f"δ{x.name}")
            made[g.number] = x
    return made
