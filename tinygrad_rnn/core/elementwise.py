"""`elementwise`: declare an op that acts entry by entry from its value and partial derivatives alone.

@elementwise(partials=[lambda y, x: 1 - y * y], latex=r"\\tanh({x})")
def tanh(x): return np.tanh(x)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .broadcasting import broadcast_shapes, broadcast_to, sum_to, unbroadcast
from .declare import register, signature
from .errors import DeclarationError, with_user_line
from .op import Op, OpFunction, Rule


def elementwise(
    partials: Sequence[Any],
    *,
    name: str | None = None,
    cost: int = 1,
    vjps: Sequence[Rule | None] | None = None,
    **facts: Any,
) -> Callable[[Callable[..., Any]], OpFunction]:
    """Declare an op that acts entry by entry, by its value and its partial derivatives.

    Args:
        partials: per operand, ``(y, *xs) -> ∂y/∂x`` (in terms of the output where that is cheaper), a
            number if constant, or None if there is no gradient. Broadcasting, its reverse, shapes,
            dtypes, forward mode and second order follow.
        cost: how many additions an entry takes as long as, which decides what is computed again rather than kept.
        vjps: full rules instead, where a product with the partial would be wrong (0 times infinity).
        facts: other fields of `Op`: scalar (an entry as an expression, ``"x / (1 + abs(x))"``: what compiled loops,
            NumPy source and formulas write), latex, glyph, onnx, domain, dtype, numpy, linear.

    Raises:
        DeclarationError: there are not as many partial derivatives as operands.
    """

    def declare(evaluate: Callable[..., Any]) -> OpFunction:
        operands, attrs, _ = signature(evaluate)
        if len(partials) != len(operands):
            raise DeclarationError(
                with_user_line(f"{evaluate.__name__}: {len(operands)} operands but {len(partials)} partials")
            )
        op_name = name or evaluate.__name__
        constant = all(isinstance(p, (int, float)) and p for p in partials)
        known = {"linear": "jointly", "coefficients": tuple(partials)} if constant else {}
        op = Op(
            op_name, evaluate, operands, attrs,
            shape=functools.partial(broadcast_shapes, op_name, operands),
            vjps=vjps or [pulled_back(p, i, len(operands)) for i, p in enumerate(partials)],
            jvp=None if vjps else functools.partial(_pushed_forward, partials),
            elementwise=True, kind="elementwise", entry_cost=cost, doc=inspect.getdoc(evaluate) or "",
            **(known | facts),
        )  # fmt: skip
        return register(op, evaluate)

    return declare


def pulled_back(partial: Any, i: int, arity: int) -> Rule | None:
    """The gradient rule of operand `i` of an elementwise op, from its partial derivative.

    One and two operands have functions of their own, because every step of every backward pass calls them.
    """
    if partial is None:
        return None
    if not callable(partial):
        return _scaled(partial, i)
    if arity == 1:
        return lambda g, y, x, **attrs: g * partial(y, x, **attrs)
    if arity > 2:
        return lambda g, y, *xs, **attrs: unbroadcast(g * partial(y, *xs, **attrs), xs[i].shape)

    def rule(g: Any, y: Any, a: Any, b: Any, **attrs: Any) -> Any:
        g = g * partial(y, a, b, **attrs)
        shape = b.shape if i else a.shape
        return g if g.shape == shape else sum_to(g, shape=shape)

    return rule


def _scaled(constant: float, i: int) -> Rule:
    """The same for a constant partial derivative."""

    def rule(g: Any, y: Any, *xs: Any, **attrs: Any) -> Any:
        shape = xs[i].shape
        if constant != 1:
            g = g * constant if constant != -1 else -g
        return g if g.shape == shape else sum_to(g, shape=shape)

    return rule


def _pushed_forward(partials: Sequence[Any], tangents: Sequence[Any], y: Any, *xs: Any, **attrs: Any) -> Any:
    """The forward rule: the sum of partial times tangent over the operands that move."""
    total = None
    for partial, t in zip(partials, tangents, strict=True):
        if t is None or partial is None:
            continue
        term = t * (partial(y, *xs, **attrs) if callable(partial) else partial)
        total = term if total is None else total + term
    return total if total is None or total.shape == y.shape else broadcast_to(total, shape=y.shape)
