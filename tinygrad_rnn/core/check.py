"""`check_grads`: gradients against central differences, and which op's rule is to blame when they disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .apply import apply, located
from .differences import Function, Mismatch, Tolerance, first_mismatch, values
from .errors import ArgumentError, DTypeError, GradientCheckError, NonFiniteError, with_user_line
from .mode import changed
from .operands import array_of
from .order import ancestors
from .tensor import Tensor
from .trees import flatten

_EPS = float(np.cbrt(np.finfo(np.float64).eps))  # balances rounding against the curvature's share


def check_grads(
    f: Callable[..., Any],
    args: Any,
    order: int = 2,
    modes: Sequence[str] = ("forward", "reverse"),
    *,
    eps: float | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> None:
    """Compare derivatives of f at args, up to `order`, with central differences in float64.

        ∂f/∂x·v ≈ (f(x + εv) − f(x − εv)) / 2ε

    for random directions v in each tensor of the arguments; derivatives of order 2 are the differences of the
    derivatives of order 1, in each combination of modes.

    Args:
        f: returns a tensor or nested tensors, the same for the same arguments.
        args: the arguments, a tuple or list; anything else is the only one. It is differentiated by floats,
            made float64; integers stay as they are. What f captures should be float64 too.
        eps: the ε above; default: the cube root of float64's precision, 6e-6, times the size of the entries if
            that is above 1.
        rtol, atol: two numbers agree if ``|a − b| ≤ atol + rtol·max(|a|, |b|)``.

    Raises:
        GradientCheckError: they disagree. It names the first op, in order of computation, whose own rule disagrees
            with differences of its own value, its scope and time step, the operand and entry, and both numbers; or,
            if each rule is right by itself, the argument and entry (a value cut from the graph does that, or a kink).
        NonFiniteError: f is not finite there.
        ArgumentError: f is not deterministic; an unknown mode or order.
        DTypeError: f does not return float64.
    """
    if order < 1 or not modes or not set(modes) <= {"forward", "reverse"}:
        raise ArgumentError(
            with_user_line(f"check_grads: order ≥ 1 and modes 'forward', 'reverse'; got {order} and {modes!r}")
        )
    leaves, rebuild = flatten(tuple(args) if isinstance(args, (tuple, list)) else (args,))
    leaves = [_as_float64(x) for x in leaves]
    moving = [i for i, x in enumerate(leaves) if isinstance(x, Tensor) and x.dtype.kind == "f"]
    xs = [leaves[i] for i in moving]

    def flat(*values: Tensor) -> list[Tensor]:
        given = dict(zip(moving, values, strict=True))
        outputs, _ = flatten(f(*rebuild([given.get(i, x) for i, x in enumerate(leaves)])))
        return [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]

    _check_usable(flat, xs)
    tolerance = Tolerance(_EPS if eps is None else eps, rtol, atol)
    found = first_mismatch(flat, xs, order, modes, tolerance)
    if found is not None:
        blamed = _blame(flat, xs, order, modes, tolerance)
        name = leaves[moving[found.leaf]].name
        argument = f"argument {moving[found.leaf]}" + (f" ({name})" if name else "")
        raise GradientCheckError(with_user_line(f"check_grads: {blamed or _unblamed(found, argument)}"))


def _unblamed(found: Mismatch, argument: str) -> str:
    return (
        f"{found.sentence(argument)}; each op's rule is right by itself, so a value was cut from the graph "
        "(detach, numpy, item, no_grad) or f has a kink or a jump here"
    )


def _as_float64(x: Any) -> Any:
    if isinstance(x, (int, str)) or x is None:
        return x
    array = array_of(x)
    if array.dtype.kind != "f":
        return x
    t = Tensor(array.astype(np.float64))
    t.name = x.name if isinstance(x, Tensor) else None
    return t


def _check_usable(f: Function, xs: list[Tensor]) -> None:
    first, second = values(f, xs), values(f, xs)
    for y, again in zip(first, second, strict=True):
        if y.dtype != np.float64:
            raise DTypeError(with_user_line(f"check_grads: f returned {y.dtype}; differences need float64"))
        if not np.isfinite(y).all():
            raise NonFiniteError(with_user_line("check_grads: f is not finite at these arguments"))
        if not np.array_equal(y, again):
            raise ArgumentError(with_user_line("check_grads: f is not deterministic; give it a generator of its own"))


def _blame(f: Function, xs: list[Tensor], order: int, modes: Sequence[str], tolerance: Tolerance) -> str | None:
    """Check each recorded node by itself, in order of computation; the first that fails."""
    own = [x.detach().requires_grad_() for x in xs]
    with changed(record="grad"):
        outputs = f(*own)
    for node in ancestors(outputs, gradients_only=True):
        if node.op is None:
            continue
        op, operands, attrs = node.op, node.inputs, node.attrs or {}
        moving = [i for i, x in enumerate(operands) if x.requires_grad]

        def alone(*given, op=op, operands=operands, attrs=attrs, moving=moving):
            new = dict(zip(moving, given, strict=True))
            return [apply(op, [new.get(i, x.detach()) for i, x in enumerate(operands)], attrs)]

        at = [operands[i].detach() for i in moving]
        if any(x.dtype != np.float64 for x in at):
            continue
        found = first_mismatch(alone, at, order, modes, tolerance)
        if found is not None:
            i = moving[found.leaf]
            operand = f"operand {_operand(node, i)}" + (f" ({operands[i].path})" if operands[i].name else "")
            return f"the rule of {op.name} is wrong, at {located(node)}: {found.sentence(operand)}"
    return None


def _operand(node: Tensor, i: int) -> str:
    assert node.op is not None
    return f"{node.op.operands[0]}[{i}]" if node.op.variadic else node.op.operands[i]
