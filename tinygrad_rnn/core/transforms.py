"""Functions of functions: `grad`, `vjp`, `jvp` and what is made of them. They nest in each other, to any order.

Each lifts the arguments to differentiate by into nodes of their own, runs the function and walks the graph it
recorded. An argument that itself requires a gradient is lifted through `alias`, so the result stays connected to it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .apply import apply
from .errors import DTypeError, GradientError, NonScalarBackwardError, ShapeError, with_user_line
from .lifting import Argnums, Call, kind_of, ones
from .op import REGISTRY
from .operands import owned
from .tensor import Tensor
from .trees import flatten


def grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient function of a scalar function: ``grad(f)(x) = ∂f/∂x``.

    Args:
        f: returns a tensor of one entry; with `has_aux` a pair of that and anything else.
        argnums: which positional argument to differentiate by; several give a tuple of gradients. An argument is
            a tensor, an array, a Python number (float64), or a dict, list, tuple or named tuple of such.

    Returns:
        A function of the same arguments that returns tensors nested as the argument (zeros where f does not depend
        on it), or with `has_aux` ``(gradient, aux)``. The result stays differentiable with respect to everything
        else that requires a gradient: outer arguments, captured parameters.

    Raises:
        NonScalarBackwardError: f returned more than one entry.
        DTypeError: an argument, or what f returned, is not of floating point.
    """
    both = value_and_grad(f, argnums, has_aux=has_aux)

    @functools.wraps(f, assigned=("__doc__", "__name__"), updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """As `grad`, but the function returns ``(value, gradient)``, or with `has_aux` ``((value, aux), gradient)``.

    Raises:
        GradientError: the function does not return a tensor.
        DTypeError: its value is not floating-point.
        NonScalarBackwardError: its value has more than one entry.
    """

    def function(*args: Any, **kwargs: Any) -> Any:
        call = Call("grad", f, args, argnums)
        result = call.run(kwargs)
        value, aux = _pair(result) if has_aux else (result, None)
        if not isinstance(value, Tensor):
            raise GradientError(with_user_line(f"grad: the function returned {kind_of(value)}, not a tensor"))
        if value.dtype.kind in "iub":
            raise DTypeError(
                with_user_line(f"grad: the function returned {value.path} {value.describe()}, not a float")
            )
        if value.size != 1:
            raise NonScalarBackwardError(
                with_user_line(
                    f"grad: the function returned {value.path} {value.describe()}, which has {value.size} entries; "
                    "return a scalar, for example its .sum(), or use vjp or jacobian"
                )
            )
        gradients = call.pulled([value], [ones(value)])
        value = call.settled(value)
        return ((value, call.settled(aux)) if has_aux else value), call.nested(gradients)

    return function


def vjp(f: Callable[..., Any], *xs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f at xs and its pullback, v ↦ vᵀ·∂f/∂x for each x: reverse mode.

    The pullback takes what is nested and shaped as the value, as often as wanted, and returns a tuple with one
    gradient per argument.

    Raises:
        ShapeError: the pullback got another shape or nesting than the value's.
    """
    call = Call("vjp", f, xs, range(len(xs)))
    result = call.run({})
    outputs, _ = _outputs("vjp", result)

    def pullback(v: Any) -> tuple[Any, ...]:
        return call.nested(call.pulled(outputs, _matching("vjp", v, outputs)))

    return call.settled(result), pullback


def jvp(f: Callable[..., Any], xs: Any, vs: Any) -> tuple[Any, Any]:
    """The value of f at xs and its derivative in the direction vs, ∂f/∂x·v: forward mode.

    Args:
        xs: the arguments, a tuple or list; anything else is the only argument.
        vs: their tangents, nested and shaped alike.

    Raises:
        ShapeError: xs and vs are nested or shaped differently.
    """
    xs, vs = _arguments(xs), _arguments(vs)
    call = Call("jvp", f, xs, range(len(xs)))
    tangents = _matching("jvp", vs, call.nodes)
    result = call.run({})
    outputs, rebuild = _outputs("jvp", result)
    return call.settled(result), rebuild(call.pushed(outputs, tangents))


def hvp(f: Callable[..., Any], xs: Any, vs: Any) -> Any:
    """The Hessian of a scalar f at xs times vs, ∂²f/∂x²·v, without forming it: forward mode over reverse mode.

    Args and errors are those of `jvp` and `grad`; the result is nested as xs.
    """
    several = isinstance(xs, (tuple, list))
    argnums = range(len(xs)) if several else 0
    result = jvp(grad(f, argnums), xs, vs)[1]
    return list(result) if isinstance(xs, list) else result


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that returns ∂f/∂x, of shape ``f(x).shape + x.shape``.

    Reverse mode, one row at a time, or forward mode, one column at a time, whichever needs fewer. If f returns
    nested tensors, or x or `argnums` are nested, so is the result: as f's result, then as the arguments.
    """

    def function(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacobian", f, args, argnums)
        outputs, rebuild = _outputs("jacobian", call.run(kwargs))
        rows, columns = sum(y.size for y in outputs), sum(x.size for x in call.nodes)
        blocks = (_columns if columns < rows else _rows)(call, outputs)
        return rebuild([call.nested(row) for row in blocks])

    return function


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that returns ∂²f/∂x² of a scalar f, of shape ``x.shape + x.shape``: the jacobian of `grad`."""
    return jacobian(grad(f, argnums), argnums)


def _rows(call: Call, outputs: list[Tensor]) -> list[list[Tensor]]:
    """Jacobian blocks [output][argument], a pullback for each entry of each output."""
    blocks = []
    for k, y in enumerate(outputs):
        rows = []
        for index in np.ndindex(y.shape):
            seeds = [_one_hot(out, index if j == k else None) for j, out in enumerate(outputs)]
            rows.append(call.pulled(outputs, seeds))
        blocks.append([_stacked([row[i] for row in rows], y.shape, x, 0) for i, x in enumerate(call.nodes)])
    return blocks


def _columns(call: Call, outputs: list[Tensor]) -> list[list[Tensor]]:
    """The same by a push forward for each entry of each argument."""
    blocks: list[list[Tensor]] = [[] for _ in outputs]
    for k, x in enumerate(call.nodes):
        columns = []
        for index in np.ndindex(x.shape):
            tangents = [_one_hot(other, index if j == k else None) for j, other in enumerate(call.nodes)]
            columns.append(call.pushed(outputs, tangents))
        for j, y in enumerate(outputs):
            blocks[j].append(_stacked([column[j] for column in columns], x.shape, y, y.ndim))
    return blocks


def _stacked(parts: list[Tensor], shape: tuple[int, ...], like: Tensor, axis: int) -> Tensor:
    """Parts of the shape of `like`, one per index of `shape`, as one tensor with those indices at `axis`."""
    full = like.shape[:axis] + shape + like.shape[axis:]
    if not parts:
        return Tensor(np.zeros(full, like.dtype))
    if any(p.requires_grad or p.is_abstract for p in parts):
        return apply(REGISTRY["stack"], parts, {"axis": axis}).reshape(full)
    return Tensor(np.stack([p._array for p in parts], axis=axis).reshape(full))


def _one_hot(like: Tensor, index: tuple[int, ...] | None) -> Tensor:
    array = np.zeros(like.shape, like.dtype)
    if index is not None:
        array[index] = 1
    return Tensor(array)


def _outputs(name: str, result: Any) -> tuple[list[Tensor], Callable[[list[Any]], Any]]:
    outputs, rebuild = flatten(result)
    for y in outputs:
        if not isinstance(y, Tensor):
            raise GradientError(with_user_line(f"{name}: the function returned {kind_of(y)}, not a tensor"))
        if y.dtype.kind != "f":
            raise DTypeError(with_user_line(f"{name}: the function returned {y.describe()}, not floats"))
    return outputs, rebuild


def _matching(name: str, tree: Any, nodes: Sequence[Tensor]) -> list[Tensor]:
    """Seeds or tangents as tensors of the shapes and dtypes of `nodes`."""
    leaves, _ = flatten(tree)
    if len(leaves) != len(nodes):
        raise ShapeError(
            with_user_line(f"{name}: expected {len(nodes)} tensors beside as many values, got {len(leaves)}")
        )
    seeds = []
    for v, x in zip(leaves, nodes, strict=True):
        v = v if isinstance(v, Tensor) else Tensor(owned(v, x.dtype))
        if v.shape != x.shape or v.dtype != x.dtype:
            kind = ShapeError if v.shape != x.shape else DTypeError
            raise kind(with_user_line(f"{name}: got {v.describe()} where {x.describe()} was expected"))
        seeds.append(v)
    return seeds


def _arguments(xs: Any) -> tuple[Any, ...]:
    return tuple(xs) if isinstance(xs, (tuple, list)) else (xs,)


def _pair(result: Any) -> tuple[Any, Any]:
    if isinstance(result, tuple) and len(result) == 2:
        return result
    raise GradientError(with_user_line(f"grad: with has_aux the function returns (value, aux), not {kind_of(result)}"))
