"""`trace`: the graph of a function, from shapes alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ArgumentError, with_user_line
from .graph import Graph
from .mode import changed
from .tensor import Tensor, abstract
from .trees import flatten


def trace(f: Callable[..., Any], *specs: Any) -> Graph:
    """Run `f` on shapes alone and return its graph.

    Args:
        f: a function of tensors that returns a tensor, or nested ones.
        specs: per argument a shape (float32), a ``(shape, dtype)`` pair, or an array or tensor whose shape and
            dtype are taken; or a dict, list or tuple of such, ``((2, 4), (2, 4))`` for a pair of states.

    Raises:
        AbstractValueError: `f` asks for a value, for instance to branch on it.
        ArgumentError: a spec is none of these.
    """
    leaves, rebuild = flatten(list(specs), is_leaf=_is_spec)
    inputs = [_input(s, f"x{i}" if len(leaves) > 1 else "x") for i, s in enumerate(leaves)]
    with changed(record="all"):
        outputs, _ = flatten(f(*rebuild(inputs)))
    for y in outputs:
        if not isinstance(y, Tensor):
            raise ArgumentError(with_user_line(f"trace: the function returned a {type(y).__name__}, not a tensor"))
    return Graph(outputs, inputs)


def _is_spec(s: Any) -> bool:
    """Whether it is a shape, or a shape with a dtype, rather than nested specs."""
    if not isinstance(s, (tuple, list)):
        return False
    if all(isinstance(n, (int, np.integer)) for n in s):
        return True
    return len(s) == 2 and _is_shape(s[0]) and not isinstance(s[1], (tuple, list, dict, np.ndarray, Tensor))


def _is_shape(s: Any) -> bool:
    return isinstance(s, (tuple, list)) and all(isinstance(n, (int, np.integer)) and n >= 0 for n in s)


def _input(s: Any, name: str) -> Tensor:
    if isinstance(s, (Tensor, np.ndarray)):
        x = abstract(s.shape, s.dtype)
        name = (isinstance(s, Tensor) and s.name) or name
    elif _is_shape(s):
        x = abstract(tuple(int(n) for n in s), np.float32)
    elif isinstance(s, (tuple, list)) and len(s) == 2 and _is_shape(s[0]):
        x = abstract(tuple(int(n) for n in s[0]), s[1])
    else:
        raise ArgumentError(with_user_line(f"trace: expected a shape, a (shape, dtype) pair or an array, got {s!r}"))
    x.requires_grad = x.dtype.kind == "f"
    return x.named(name, role="input")
