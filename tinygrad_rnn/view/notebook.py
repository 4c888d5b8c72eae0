"""How tensors, graphs, cells and modules show themselves in a notebook."""

from __future__ import annotations

from typing import Any

from ..core.errors import ArgumentError, TinygradError
from ..core.graph import Graph
from ..core.tensor import Tensor
from .api import draw

_MAX_NODES = 300  # a picture that nobody asked for in so many words stays small


def mimebundle(thing: Any) -> dict[str, str]:
    """The text of `thing`, and its picture if there is a graph to draw and it is not too large."""
    shown = {"text/plain": repr(thing)}
    if isinstance(thing, Tensor) and not thing.inputs:
        return shown  # a leaf, or a result whose graph was freed
    level = "op" if isinstance(thing, (Tensor, Graph)) else "gate"
    try:
        shown["image/svg+xml"] = draw(thing, level=level, max_nodes=_MAX_NODES, time_limit=5.0).svg
    except ArgumentError:
        if level == "op":
            raise
        return shown  # a module that does not say what its input is
    except TinygradError as error:
        shown["text/plain"] += f"\n(not drawn: {str(error).splitlines()[0]})"
    return shown
