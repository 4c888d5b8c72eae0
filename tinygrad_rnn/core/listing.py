"""A graph as text: one line a node, ``c_3 = add(f_3, i_3): (2, 4)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .graph import Graph
    from .tensor import Tensor


def listing(graph: Graph, limit: int = 60) -> str:
    """A short readable listing; of more than `limit` nodes the first and last ones.

    A node is called by its name and time step, or ``%`` and its place; a scalar constant is its value.
    """
    names = node_names(graph)
    shown = [node for node in graph.nodes if not _is_scalar_constant(graph, node)]
    hidden = max(0, len(shown) - limit)
    first = limit - limit // 2 if hidden else len(shown)
    lines = [_line(graph, node, names) for node in shown[:first]]
    if hidden:
        lines.append(f"  … {hidden:,} more nodes …")
        lines += [_line(graph, node, names) for node in shown[first + hidden :]]
    outputs = ", ".join(names[out.number] for out in graph.outputs)
    head = f"Graph: {_count(len(graph.nodes), 'node')}, {_count(len(graph.edges), 'edge')}, {graph.flops:,} FLOPs"
    return "\n".join([head, *lines, f"  → {outputs}"])


def node_names(graph: Graph) -> dict[int, str]:
    """What each node is called in this graph, no two alike: by its number."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for k, node in enumerate(graph.nodes):
        if _is_scalar_constant(graph, node):
            names[node.number] = str(node.item())
            continue
        step = node.scope.step if node.scope else None
        name = base = f"%{k}" if not node.name else f"{node.name}_{step}" if step is not None else node.name
        again = 1
        while name in taken:
            again += 1
            name = f"{base}#{again}"
        taken.add(name)
        names[node.number] = name
    return names


def _line(graph: Graph, node: Tensor, names: dict[int, str]) -> str:
    facts = f"{tuple(node.shape)}" + ("" if node.dtype == np.float64 else f" {node.dtype}")
    name = names[node.number]
    if graph.is_leaf(node):
        op = f": {node.op.name}" if node.op is not None and not node.name else ""
        return f"  {name}: {facts}  [{graph.role(node)}{op}]"
    assert node.op is not None
    arguments = [names[x.number] for x in node.inputs]
    arguments += [f"{k}={_attribute(v)}" for k, v in (node.attrs or {}).items() if v is not node.op.attrs.get(k)]
    return f"  {name} = {node.op.name}({', '.join(arguments)}): {facts}"


def _is_scalar_constant(graph: Graph, node: Tensor) -> bool:
    return graph.is_leaf(node) and graph.role(node) == "constant" and node.shape == () and not node.is_abstract


def _attribute(value: Any) -> str:
    """An attribute in a few characters."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    if isinstance(value, slice):
        parts = ["" if part is None else str(part) for part in (value.start, value.stop, value.step)]
        return ":".join(parts if parts[2] else parts[:2])
    if value is Ellipsis:
        return "…"
    if isinstance(value, tuple):
        return f"({', '.join(map(_attribute, value))}{',' * (len(value) == 1)})"
    return str(value) if isinstance(value, np.dtype) else repr(value)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + "s" * (n != 1)
