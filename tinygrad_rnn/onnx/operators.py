"""What operators of ONNX are in our ops. https://onnx.ai/onnx/operators

Integers and truth values that shapes and indices are made of stay arrays; everything else is a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core.broadcasting import broadcast_to, cast
from ..core.errors import ArgumentError
from ..core.tensor import Tensor

Attributes = Mapping[str, Any]
Operator = Callable[[list[Any], Attributes, int], Any]


def _unary(f: Callable[..., Any]) -> Operator:
    return lambda xs, a, opset: f(_float(xs[0]))


def _float(x: Any) -> Any:
    return x if isinstance(x, Tensor) or np.asarray(x).dtype.kind != "f" else Tensor(np.asarray(x))


def _binary(f: Callable[..., Any], on_arrays: Callable[..., Any]) -> Operator:
    def run(xs: list[Any], a: Attributes, opset: int) -> Any:
        if any(isinstance(x, Tensor) for x in xs):
            return f(*xs)
        return on_arrays(*xs) if all(np.asarray(x).dtype.kind in "iub" for x in xs) else f(*map(_float, xs))

    return run


def array(x: Any) -> np.ndarray:
    """Values that must be known: of shapes, axes and indices."""
    return np.asarray(x.numpy() if isinstance(x, Tensor) else x)


def integers(x: Any) -> list[int]:
    return [int(n) for n in array(x).reshape(-1)]


def _axes(xs: list[Any], a: Attributes, place: int = 1) -> list[int] | None:
    """Axes, given as an input in newer models and as an attribute in older ones."""
    if len(xs) > place and xs[place] is not None:
        return integers(xs[place])
    return [int(n) for n in a["axes"]] if "axes" in a else None


def _reduce(f: Callable[..., Any]) -> Operator:
    def run(xs: list[Any], a: Attributes, opset: int) -> Any:
        axes = _axes(xs, a)
        if not axes and a.get("noop_with_empty_axes"):
            return xs[0]
        return f(_float(xs[0]), axis=tuple(axes) if axes else None, keepdims=bool(a.get("keepdims", 1)))

    return run


def _reshape(xs: list[Any], a: Attributes, opset: int) -> Any:
    shape = integers(xs[1]) if len(xs) > 1 else list(a["shape"])
    if not a.get("allowzero"):
        shape = [xs[0].shape[k] if n == 0 else n for k, n in enumerate(shape)]
    return xs[0].reshape(tuple(shape))


def _slice(xs: list[Any], a: Attributes, opset: int) -> Any:
    x = xs[0]
    starts, ends = (integers(xs[k]) if len(xs) > k else list(a[n]) for k, n in ((1, "starts"), (2, "ends")))
    axes = integers(xs[3]) if len(xs) > 3 and xs[3] is not None else list(a.get("axes", range(len(starts))))
    steps = integers(xs[4]) if len(xs) > 4 and xs[4] is not None else [1] * len(starts)
    index: list[Any] = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        n = x.shape[axis]
        last = None if (step < 0 and end < -n) or (step > 0 and end > n) else end
        index[axis] = slice(start if step > 0 or start < n else None, last, step)
    return x[tuple(index)]


def _gather(xs: list[Any], a: Attributes, opset: int) -> Any:
    x, axis = xs[0], int(a.get("axis", 0))
    if isinstance(xs[1], Tensor) and xs[1].is_abstract:
        return ops.take(x, xs[1], axis=axis)
    at = array(xs[1])
    if not isinstance(x, Tensor):
        return np.take(x, at, axis=axis)
    if at.ndim == 0:
        return x[(slice(None),) * (axis % x.ndim) + (int(at),)]
    return ops.take(x, np.where(at < 0, at + x.shape[axis], at), axis=axis)


def _squeeze(xs: list[Any], a: Attributes, opset: int) -> Any:
    axes = _axes(xs, a)
    shape = xs[0].shape
    gone = [k for k, n in enumerate(shape) if n == 1] if axes is None else [k % len(shape) for k in axes]
    return xs[0].reshape(tuple(n for k, n in enumerate(shape) if k not in gone))


def _unsqueeze(xs: list[Any], a: Attributes, opset: int) -> Any:
    axes = _axes(xs, a)
    assert axes is not None
    shape, ndim = list(xs[0].shape), xs[0].ndim + len(axes)
    for k in sorted(k % ndim for k in axes):
        shape.insert(k, 1)
    return xs[0].reshape(tuple(shape))


def _concat(xs: list[Any], a: Attributes, opset: int) -> Any:
    if any(isinstance(x, Tensor) for x in xs):
        return ops.concatenate(xs, axis=int(a["axis"]))
    return np.concatenate([np.asarray(x) for x in xs], axis=int(a["axis"]))


def _split(xs: list[Any], a: Attributes, opset: int) -> Any:
    x, axis = xs[0], int(a.get("axis", 0)) % xs[0].ndim
    if len(xs) > 1 and xs[1] is not None:
        sizes = integers(xs[1])
    elif "split" in a:
        sizes = list(a["split"])
    else:
        count = int(a.get("num_outputs", a["outputs"]))
        each = -(-x.shape[axis] // count)
        sizes = [each] * (x.shape[axis] // each) + ([x.shape[axis] % each] if x.shape[axis] % each else [])
    ends = np.cumsum(sizes)
    return tuple(x[(slice(None),) * axis + (slice(int(e - n), int(e)),)] for n, e in zip(sizes, ends, strict=True))


def _expand(xs: list[Any], a: Attributes, opset: int) -> Any:
    shape = np.broadcast_shapes(xs[0].shape, tuple(integers(xs[1])))
    return broadcast_to(xs[0], shape=shape) if isinstance(xs[0], Tensor) else np.broadcast_to(xs[0], shape)


def _gemm(xs: list[Any], a: Attributes, opset: int) -> Any:
    left = xs[0].mT if a.get("transA") else xs[0]
    right = xs[1].mT if a.get("transB") else xs[1]
    y = left @ right
    y = y if a.get("alpha", 1.0) == 1 else y * float(a["alpha"])
    if len(xs) < 3 or xs[2] is None:
        return y
    return y + (xs[2] if a.get("beta", 1.0) == 1 else xs[2] * float(a["beta"]))


def _cast(xs: list[Any], a: Attributes, opset: int) -> Any:
    from onnx import helper

    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(a["to"]))
    x = xs[0]
    if isinstance(x, Tensor) and dtype.kind in "fiub":
        return cast(x, dtype=dtype) if x.dtype != dtype else x
    made = np.asarray(array(x).astype(dtype))
    return Tensor(made) if dtype.kind == "f" else made


def _shape_of(xs: list[Any], a: Attributes, opset: int) -> Any:
    shape = np.array(xs[0].shape, np.int64)
    return shape[slice(a.get("start", 0), a.get("end"))]


def _range(xs: list[Any], a: Attributes, opset: int) -> Any:
    return np.arange(*[array(x).item() for x in xs])


def _filled(xs: list[Any], a: Attributes, opset: int) -> Any:
    value = np.asarray(a.get("value", np.zeros(1, np.float32))).reshape(-1)[0]
    made = np.full(tuple(integers(xs[0])), value)
    return Tensor(made) if made.dtype.kind == "f" else made


def _clip(xs: list[Any], a: Attributes, opset: int) -> Any:
    low, high = (
        float(array(xs[k])) if len(xs) > k and xs[k] is not None else float(a.get(n, default))
        for k, n, default in ((1, "min", -np.inf), (2, "max", np.inf))
    )
    return ops.minimum(ops.maximum(xs[0], low), high)


def _divided(a: Any, b: Any) -> Any:
    """Integers, rounded towards zero, as in C."""
    return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(np.result_type(a, b))


def _dropped(xs: list[Any], a: Attributes, opset: int) -> Any:
    if len(xs) > 2 and xs[2] is not None and bool(array(xs[2])):
        raise ArgumentError("its training mode, which drops at random, is not known here")
    return xs[0], np.ones(xs[0].shape, bool)


def _gelu(xs: list[Any], a: Attributes, opset: int) -> Any:
    x = xs[0]
    if a.get("approximate", "none") == "tanh":
        return 0.5 * x * (1 + ops.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3)))
    return ops.gelu(x)


def _running_sum(xs: list[Any], a: Attributes, opset: int) -> Any:
    axis = int(array(xs[1]))
    if not isinstance(xs[0], Tensor):
        x = np.flip(xs[0], axis) if a.get("reverse") else np.asarray(xs[0])
        y = np.cumsum(x, axis, dtype=x.dtype) - (x if a.get("exclusive") else 0)
        return np.flip(y, axis) if a.get("reverse") else y
    x = ops.flip(xs[0], axis=axis) if a.get("reverse") else xs[0]
    y = ops.cumsum(x, axis=axis)
    y = y - x if a.get("exclusive") else y
    return ops.flip(y, axis=axis) if a.get("reverse") else y


def _place_of_largest(xs: list[Any], a: Attributes, opset: int) -> Any:
    axis, x = int(a.get("axis", 0)), array(xs[0])
    found = x.argmax(axis=axis, keepdims=bool(a.get("keepdims", 1)))
    if a.get("select_last_index"):
        last = np.flip(x, axis).argmax(axis=axis, keepdims=bool(a.get("keepdims", 1)))
        found = x.shape[axis] - 1 - last
    return found


def _power(xs: list[Any], a: Attributes, opset: int) -> Any:
    if not (isinstance(xs[1], Tensor) and (xs[1].is_abstract or xs[1].requires_grad)) and array(xs[1]).size == 1:
        return xs[0] ** float(array(xs[1]).item())
    return xs[0] ** xs[1]


def _pad(xs: list[Any], a: Attributes, opset: int) -> Any:
    if a.get("mode", "constant") != "constant":
        raise ArgumentError(f"mode is constant, not {a['mode']}")
    pads = integers(xs[1]) if len(xs) > 1 else list(a["pads"])
    value = float(array(xs[2])) if len(xs) > 2 and xs[2] is not None else float(a.get("value", 0))
    half = len(pads) // 2
    axes = integers(xs[3]) if len(xs) > 3 and xs[3] is not None else list(range(half))
    widths = [(0, 0)] * xs[0].ndim
    for k, axis in enumerate(axes):
        widths[axis] = (pads[k], pads[half + k])
    return ops.pad(xs[0], widths, constant_values=value)


def _layer_normalised(xs: list[Any], a: Attributes, opset: int) -> Any:
    x, axis = xs[0], int(a.get("axis", -1))
    axes = tuple(range(axis % x.ndim, x.ndim))
    centred = x - ops.mean(x, axis=axes, keepdims=True)
    scale = (ops.mean(centred**2, axis=axes, keepdims=True) + float(a.get("epsilon", 1e-5))) ** -0.5
    y = centred * scale * xs[1]
    y = y if len(xs) < 3 or xs[2] is None else y + xs[2]
    return y, ops.mean(x, axis=axes, keepdims=True), scale


def _where(xs: list[Any], a: Attributes, opset: int) -> Any:
    return ops.where(*xs) if any(isinstance(x, Tensor) for x in xs) else np.where(*xs)


def _flatten(xs: list[Any], a: Attributes, opset: int) -> Any:
    axis = int(a.get("axis", 1))
    return xs[0].reshape((int(np.prod(xs[0].shape[:axis], dtype=int)), -1))


def _transpose(xs: list[Any], a: Attributes, opset: int) -> Any:
    order: Sequence[int] = a.get("perm", range(xs[0].ndim)[::-1])
    return xs[0].permute(*order) if isinstance(xs[0], Tensor) else np.transpose(xs[0], order)


def _several(f: Callable[[Any, Any], Any]) -> Operator:
    def run(xs: list[Any], a: Attributes, opset: int) -> Any:
        y = xs[0]
        for x in xs[1:]:
            y = f(y, x)
        return y

    return run


OPERATORS: dict[str, Operator] = {
    "Identity": lambda xs, a, o: xs[0],
    "Dropout": _dropped,
    **{name: _unary(f) for name, f in {
        "Abs": abs, "Neg": lambda x: -x, "Exp": ops.exp, "Log": ops.log, "Sqrt": ops.sqrt, "Tanh": ops.tanh,
        "Sigmoid": ops.sigmoid, "Relu": ops.relu, "Softplus": ops.softplus, "Softsign": ops.softsign, "Erf": ops.erf,
        "Sin": ops.sin, "Cos": ops.cos, "Tan": ops.tan, "Sinh": ops.sinh, "Cosh": ops.cosh, "Asin": ops.arcsin,
        "Acos": ops.arccos, "Atan": ops.arctan, "Asinh": ops.arcsinh, "Acosh": ops.arccosh, "Atanh": ops.arctanh,
        "Floor": ops.floor, "Ceil": ops.ceil, "Round": ops.rint, "Sign": ops.sign, "Reciprocal": lambda x: 1.0 / x,
    }.items()},
    **{name: _binary(f, g) for name, (f, g) in {
        "Add": (lambda a, b: a + b, np.add), "Sub": (lambda a, b: a - b, np.subtract),
        "Mul": (lambda a, b: a * b, np.multiply), "Div": (lambda a, b: a / b, _divided),
        "Equal": (lambda a, b: a == b, np.equal), "Less": (lambda a, b: a < b, np.less),
        "LessOrEqual": (lambda a, b: a <= b, np.less_equal), "Greater": (lambda a, b: a > b, np.greater),
        "GreaterOrEqual": (lambda a, b: a >= b, np.greater_equal), "And": (ops.logical_and, np.logical_and),
        "Or": (ops.logical_or, np.logical_or), "Xor": (ops.logical_xor, np.logical_xor),
    }.items()},
    "Not": lambda xs, a, o: ops.logical_not(xs[0]) if isinstance(xs[0], Tensor) else np.logical_not(xs[0]),
    "MatMul": lambda xs, a, o: xs[0] @ xs[1],
    "Gemm": _gemm,
    "Einsum": lambda xs, a, o: ops.einsum(a["equation"], *xs),
    "Pow": _power,
    "Max": _several(ops.maximum), "Min": _several(ops.minimum), "Sum": _several(lambda a, b: a + b),
    "Where": _where, "Clip": _clip, "Cast": _cast, "Pad": _pad,
    "LeakyRelu": lambda xs, a, o: ops.leaky_relu(xs[0], negative_slope=float(a.get("alpha", 0.01))),
    "Elu": lambda xs, a, o: ops.elu(xs[0], alpha=float(a.get("alpha", 1.0))),
    "HardSigmoid": lambda xs, a, o: ops.clip(
        xs[0] * float(a.get("alpha", 0.2)) + float(a.get("beta", 0.5)), low=0.0, high=1.0
    ),
    "Gelu": _gelu,
    "Softmax": lambda xs, a, o: ops.softmax(xs[0], axis=int(a.get("axis", -1))),
    "LogSoftmax": lambda xs, a, o: ops.log_softmax(xs[0], axis=int(a.get("axis", -1))),
    "LayerNormalization": _layer_normalised,
    "ReduceSum": _reduce(ops.sum), "ReduceMean": _reduce(ops.mean), "ReduceMax": _reduce(ops.max),
    "ReduceMin": _reduce(ops.min), "ReduceLogSumExp": _reduce(ops.logsumexp),
    "ReduceL2": _reduce(lambda x, **how: ops.sqrt(ops.sum(x * x, **how))),
    "ReduceSumSquare": _reduce(lambda x, **how: ops.sum(x * x, **how)),
    "CumSum": _running_sum,
    "Reshape": _reshape, "Flatten": _flatten, "Transpose": _transpose, "Slice": _slice, "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze, "Concat": _concat, "Split": _split, "Expand": _expand, "Gather": _gather,
    "Shape": _shape_of, "Range": _range, "ConstantOfShape": _filled,
    "GatherElements": lambda xs, a, o: ops.gather(xs[0], array(xs[1]), axis=int(a.get("axis", 0))),
    "ArgMax": _place_of_largest,
}  # fmt: skip
