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

    def visit(part: Any) -> Callable[[Any], Any]:
        """Collect the leaves of a part; returns what rebuilds it from an iterator over leaves."""
        if isinstance(part, dict) and not is_leaf(part):
            parts = {key: visit(value) for key, value in part.items()}
            return lambda leaf: {key: build(leaf) for key, build in parts.items()}
        if isinstance(part, (list, tuple)) and not is_leaf(part):
            items = [visit(value) for value in part]
            kind: Any = type(part)
            if hasattr(kind, "_fields"):  # a named tuple takes its entries one by one
                return lambda leaf: kind(*[build(leaf) for build in items])
            return lambda leaf: kind([build(leaf) for build in items])
        leaves.append(part)
        return next

    rebuild = visit(tree)
    return leaves, lambda new: rebuild(iter(new))
