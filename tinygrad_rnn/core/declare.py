"""`primitive`: declare a general op. The decorated function computes the value from plain arrays.

@primitive(shape=..., vjps=[lambda g, y, a, b: g @ b.mT, lambda g, y, a, b: a.mT @ g])
def matmul(a, b): return np.matmul(a, b)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .apply import apply
from .binding import among
from .errors import DeclarationError, with_user_line
from .mode import current
from .op import REGISTRY, Op, OpFunction, Rule, Shape
from .tensor import Tensor


def primitive(
    *,
    shape: Callable[..., Shape],
    vjps: Sequence[Rule | None] | Rule,
    name: str | None = None,
    **facts: Any,
) -> Callable[[Callable[..., Any]], OpFunction]:
    """Declare a general op by its value (the decorated function), shape and gradient rules.

    Args:
        shape: ``(*shapes, **attrs) -> shape``; raises `ShapeError` with what was expected.
        vjps: one rule ``(g, y, *xs, **attrs)`` per operand (None: no gradient); for a variadic op one rule for
            all, which returns a function of the operand's index, so that what they share is computed once.
        facts: other fields of `Op`: latex, glyph, cost, onnx, linear, dtype, jvp, accumulate, domain.

    Raises:
        DeclarationError: there are not as many rules as operands.
    """

    def declare(evaluate: Callable[..., Any]) -> OpFunction:
        operands, attrs, variadic = signature(evaluate)
        if not callable(vjps) and not variadic and len(vjps) != len(operands):
            raise DeclarationError(
                with_user_line(f"{evaluate.__name__}: {len(operands)} operands but {len(vjps)} rules in vjps")
            )
        op = Op(
            name or evaluate.__name__, evaluate, operands, attrs, shape, vjps,
            variadic=variadic, doc=inspect.getdoc(evaluate) or "", **facts,
        )  # fmt: skip
        return register(op, evaluate)

    return declare


def signature(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Operand names, attributes with defaults, and whether it takes any number of operands."""
    code, defaults = function.__code__, function.__kwdefaults__ or {}  # `inspect.signature` takes 30 times as long
    positional, named = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    variadic = bool(code.co_flags & inspect.CO_VARARGS)
    operands = code.co_varnames[:positional] + code.co_varnames[named : named + variadic]
    empty = inspect.Parameter.empty
    return operands, {name: defaults.get(name, empty) for name in code.co_varnames[positional:named]}, variadic


def register(op: Op, evaluate: Callable[..., Any]) -> OpFunction:
    REGISTRY[op.name] = op
    function: Any = _caller(op)
    functools.update_wrapper(function, evaluate)
    function.__name__ = op.name
    function.op = op
    return function


#: Attributes that say which entries, not how much: what takes them knows no tensor of floats.
_PLACES = {"index", "shape", "axis", "axes", "keepdims", "dtype"}


def _caller(op: Op) -> Callable[..., Any]:
    """The function users call.

    One or two operands get a straight path for the usual case: concrete tensors of one dtype, nothing
    watching. Everything else, errors included, goes through `apply`.
    """
    evaluate, new, count = op.evaluate, Tensor, len(op.attrs)
    differentiable, floats, alike = op.differentiable, op.dtype is None, op.promotes is None
    name = op.name
    numbers = bool(op.attrs.keys() - _PLACES)  # only then might an attribute be a tensor by mistake

    def unary(x: Any, *rest: Any, **attrs: Any) -> Any:
        if numbers and among(attrs):
            return apply(op, (x, *rest), attrs)
        if isinstance(x, Tensor) and (array := x._array) is not None and not rest and len(attrs) == count:
            mode = current()
            if mode.plain:
                try:
                    y = evaluate(array, **attrs) if attrs else evaluate(array)
                except (ValueError, TypeError, IndexError):
                    return apply(op, (x,), attrs)  # explains
                if x.requires_grad and mode.records and differentiable and (floats or y.dtype.kind == "f"):
                    return new(y, op, (x,), attrs or None, True, mode.scope)
                unrecorded = new(y)
                unrecorded.source = name
                return unrecorded
        elif isinstance(x, np.ndarray) and not rest and len(attrs) == count:
            return evaluate(x, **attrs)  # within a gradient rule
        return apply(op, (x, *rest), attrs)

    def binary(a: Any, b: Any) -> Any:
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            x, y = a._array, b._array
            if x is not None and y is not None and x.dtype is y.dtype:
                mode = current()
                if mode.plain:
                    try:
                        z = evaluate(x, y)
                    except (ValueError, TypeError):
                        return apply(op, (a, b), {})  # explains
                    if mode.records and differentiable and (a.requires_grad or b.requires_grad):
                        return new(z, op, (a, b), None, True, mode.scope)
                    unrecorded = new(z)
                    unrecorded.source = name
                    return unrecorded
        elif alike and type(b) in (int, float) and isinstance(a, Tensor) and a.dtype.kind == "f":
            return binary(a, _constant(b, a.dtype))
        elif alike and type(a) in (int, float) and isinstance(b, Tensor) and b.dtype.kind == "f":
            return binary(_constant(a, b.dtype), b)
        return apply(op, (a, b), {})

    if not op.variadic and len(op.operands) == 1:
        return unary
    if not op.variadic and len(op.operands) == 2 and not op.attrs:
        return binary
    return lambda *operands, **attrs: apply(op, operands, attrs)


def _constant(number: Any, dtype: np.dtype) -> Tensor:
    """A Python number beside a tensor of floats is one of its dtype."""
    constant = Tensor(np.array(number, dtype))
    constant.role = "constant"
    return constant
