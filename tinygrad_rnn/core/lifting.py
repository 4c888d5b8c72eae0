"""What every transform does: lift the arguments into nodes of their own, run the function, walk what it recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .autodiff import pull_back
from .broadcasting import alias
from .errors import DTypeError, with_user_line
from .forward import push_forward
from .mode import changed, current
from .order import walk
from .tensor import Tensor, TensorLike
from .trees import flatten

Argnums = int | Sequence[int]


class Call:
    """One call of a transformed function: its lifted arguments, and the walks over the graph it records."""

    def __init__(self, name: str, f: Callable[..., Any], args: Sequence[Any], argnums: Argnums):
        self.name, self.f = name, f
        self.single = isinstance(argnums, int)
        chosen = [argnums] if isinstance(argnums, int) else list(argnums)
        for n in chosen:
            if not -len(args) <= n < len(args):
                raise TypeError(with_user_line(f"{name}: argument {n} is to be differentiated by; got {len(args)}"))
        leaves, self.rebuild = flatten([args[n] for n in chosen])
        self.nodes = [_lifted(name, leaf) for leaf in leaves]
        self.own = [x for x in self.nodes if x.op is None]  # those lifted from what requires no gradient itself
        self.args = list(args)
        for n, arg in zip(chosen, self.rebuild(self.nodes), strict=True):
            self.args[n] = arg

    def run(self, kwargs: dict[str, Any]) -> Any:
        """The function's result, recorded even under no_grad; the own arguments require a gradient only here."""
        for x in self.own:
            x.requires_grad = True
        try:
            with changed(record="grad" if current().record == "none" else current().record):
                return self.f(*self.args, **kwargs)
        finally:
            for x in self.own:
                x.requires_grad = False

    def pulled(self, outputs: Sequence[Tensor], seeds: Sequence[Tensor]) -> list[Tensor]:
        """The gradients of the outputs, times seeds, by each lifted argument; zeros where there is none."""
        record = self._connected([*outputs, *seeds])
        pairs = pull_back(outputs, seeds, wrt=self.nodes, retain_graph=True, create_graph=record)
        found = {x.number: g for x, g in pairs}
        return [self.settled(found[x.number]) if x.number in found else zeros(x) for x in self.nodes]

    def pushed(self, outputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> list[Tensor]:
        """The tangents of the outputs; zeros where there is none."""
        with changed(record=current().record if self._connected([*outputs, *tangents]) else "none"):
            found = push_forward(outputs, list(zip(self.nodes, tangents, strict=True)))
        return [self.settled(zeros(y) if t is None else t) for y, t in zip(outputs, found, strict=True)]

    def _connected(self, tensors: Sequence[Tensor]) -> bool:
        """Whether results are to be recorded: something besides the own arguments requires a gradient."""
        mode = current()
        return mode.record == "all" or (mode.records and any(requires_leaf(t) for t in tensors))

    def settled(self, tree: Any) -> Any:
        """Results without what they remember of the own arguments only."""
        if current().record == "all":
            return tree
        leaves, rebuild = flatten(tree)
        keep = current().records
        return rebuild(
            [
                x.detach() if isinstance(x, Tensor) and x.requires_grad and not (keep and requires_leaf(x)) else x
                for x in leaves
            ]
        )

    def nested(self, gradients: list[Tensor]) -> Any:
        """Gradients nested as the arguments: a tuple of them, or one alone."""
        parts = self.rebuild(gradients)
        return parts[0] if self.single else tuple(parts)


def requires_leaf(root: Tensor) -> bool:
    """Whether a gradient of `root` would arrive anywhere: at a leaf that requires one, or in a freed graph."""
    nodes = walk([root], lambda node: [x for x in node.inputs if x.requires_grad])
    return root.requires_grad and any(node.op is None or node.inputs is None for node in nodes)


def _lifted(name: str, x: TensorLike) -> Tensor:
    """A node of its own for an argument; an alias where the argument itself is part of a graph."""
    mode = current()
    if isinstance(x, Tensor):
        if x.dtype.kind == "f":
            if mode.record == "all" or (mode.records and x.requires_grad):
                node = alias(x)
                node.name = x.name
                return node
            own = x.detach()
            own.role = x.role
            return own
    elif isinstance(x, (bool, str)) or x is None:
        raise DTypeError(with_user_line(f"{name}: cannot differentiate by {kind_of(x)}"))
    else:
        array = np.array(x, np.float64 if isinstance(x, (int, float)) else None)
        if array.dtype.kind == "f":
            return Tensor(array)
    dtype = np.asarray(x).dtype if not isinstance(x, Tensor) else x.dtype
    raise DTypeError(with_user_line(f"{name}: only floating-point arguments have gradients, not {dtype}"))


def ones(y: Tensor) -> Tensor:
    return _constant(np.ones(y.shape, y.dtype))


def zeros(x: Tensor) -> Tensor:
    return _constant(np.zeros(x.shape, x.dtype))


def _constant(array: np.ndarray) -> Tensor:
    t = Tensor(array)
    t.role = "constant"
    return t


def kind_of(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
