"""Nested arguments and results: tensors in dicts, lists, tuples and named tuples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flatten(
    tree: Any, is_leaf: Callable[[Any], bool] = lambda _: False
) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves from left to right (dicts in their order), and a function that puts other leaves in their places.

    Whatever is not a dict, list or tuple is a leaf, None too.
    """
    leaves: list[Any] = []
    rebuild = _visit(tree, leaves, is_leaf)
    return leaves, lambda new: rebuild(iter(new))


def _visit(part: Any, leaves: list[Any], is_leaf: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """Collect the leaves of a part; returns what rebuilds it from an iterator over leaves, and holds none of them.

    No inner function: one that calls itself is a reference cycle, and this one would keep whole graphs alive.
    """
    if isinstance(part, dict) and not is_leaf(part):
        parts = {key: _visit(value, leaves, is_leaf) for key, value in part.items()}
        return lambda leaf: {key: build(leaf) for key, build in parts.items()}
    if isinstance(part, (list, tuple)) and not is_leaf(part):
        items = [_visit(value, leaves, is_leaf) for value in part]
        kind: Any = type(part)
        if hasattr(kind, "_fields"):  # a named tuple takes its entries one by one
            return lambda leaf: kind(*[build(leaf) for build in items])
        return lambda leaf: kind([build(leaf) for build in items])
    leaves.append(part)
    return next


def arranged(tree: Any, like: Any) -> Any:
    """`tree` with the entries of its dicts in the order they have in `like`.

    Raises:
        ValueError: they are not nested alike (a list and a tuple are).
    """
    if isinstance(like, dict) and isinstance(tree, dict) and tree.keys() == like.keys():
        return {key: arranged(tree[key], value) for key, value in like.items()}
    nests = (list, tuple)
    if isinstance(like, nests) and isinstance(tree, nests) and len(tree) == len(like):
        kind: Any = type(tree)
        parts = [arranged(part, other) for part, other in zip(tree, like, strict=True)]
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    if not isinstance(like, (dict, *nests)) and not isinstance(tree, (dict, *nests)):
        return tree
    raise ValueError("not nested alike")
