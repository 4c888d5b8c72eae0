"""Values of ops by the plainest means: one entry at a time, loops and the math module."""

import ast
import itertools
import math

import numpy as np


def entrywise(f):
    return lambda x, **attrs: np.array([f(v, **attrs) for v in np.ravel(x).tolist()], float).reshape(np.shape(x))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def phi(x):
    return math.erfc(-x / math.sqrt(2)) / 2


SCALARS = {
    **{f: getattr(math, f) for f in ("sqrt", "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "erf")},
    "sigmoid": sigmoid,
    "softplus": lambda x: math.log1p(math.exp(x)),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * phi(x),
    "abs": abs,
}


def scalar_value(op, entries, attrs):
    """The value of an elementwise op's scalar expression."""
    names = dict(zip(op.operands, entries, strict=True)) | attrs
    return eval(compile(ast.Expression(op.entry), op.name, "eval"), {"__builtins__": {}, **SCALARS}, names)


def lines(x, axis):
    """Index tuples of all vectors of x along an axis."""
    axis %= x.ndim
    sizes = [range(n) if i != axis else [slice(None)] for i, n in enumerate(x.shape)]
    return itertools.product(*sizes)


def along_axes(f):
    """A reduction of a flat list of numbers, as a reduction of arrays."""

    def reduced(x, *, axis, keepdims, **attrs):
        axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis))
        kept = [range(n) if i not in axes else [slice(None)] for i, n in enumerate(x.shape)]
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        y = np.array([f(np.ravel(x[index]).tolist(), **attrs) for index in itertools.product(*kept)], float)
        y = y.reshape(shape)
        return y if keepdims else y.reshape(tuple(n for i, n in enumerate(shape) if i not in axes))

    return reduced


def variance(values, ddof):
    mean = math.fsum(values) / len(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - ddof)


def softmax(x, *, axis):
    axes = (axis,) if isinstance(axis, int) else axis
    e = np.exp(x)
    return e / np.sum(e, axis=axes, keepdims=True)


def einsum(*operands, subscripts):
    inputs, output = subscripts.split("->")
    sizes = {}
    for term, x in zip(inputs.split(","), operands, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 1))
    y = np.zeros([sizes[letter] for letter in output])
    for places in itertools.product(*[range(n) for n in sizes.values()]):
        at = dict(zip(sizes, places, strict=True))
        product = 1.0
        for term, x in zip(inputs.split(","), operands, strict=True):
            product *= x[tuple(at[letter] if n > 1 else 0 for letter, n in zip(term, x.shape, strict=True))]
        y[tuple(at[letter] for letter in output)] += product
    return y


def gather(x, indices, *, axis):
    y = np.zeros(indices.shape)
    for place in np.ndindex(*indices.shape):
        source = list(place)
        source[axis] = indices[place]
        y[place] = x[tuple(source)]
    return y


def put_along(x, indices, *, axis, shape):
    y = np.zeros(shape)
    for place in np.ndindex(*indices.shape):
        target = list(place)
        target[axis] = indices[place]
        y[tuple(target)] += x[place]
    return y


def take(x, indices, *, axis=0):
    axis %= x.ndim
    y = np.zeros((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
    for place in np.ndindex(*indices.shape):
        y[(slice(None),) * axis + place] = x[(slice(None),) * axis + (int(indices[place]),)]
    return y


def put_taken(x, indices, *, axis, shape):
    axis %= len(shape)
    y = np.zeros(shape)
    for place in np.ndindex(*indices.shape):
        y[(slice(None),) * axis + (int(indices[place]),)] += x[(slice(None),) * axis + place]
    return y


def put(x, *, index, shape):
    """Entry by entry, by asking where each entry of an array of positions is read."""
    positions = np.arange(math.prod(shape)).reshape(shape)[index]
    y = np.zeros(math.prod(shape))
    for position, value in zip(np.ravel(positions).tolist(), np.ravel(x).tolist(), strict=True):
        y[position] += value
    return y.reshape(shape)


def cumsum(x, *, axis):
    y = np.zeros(x.shape)
    for index in lines(x, axis):
        total, sums = 0.0, []
        for value in x[index].tolist():
            total += value
            sums.append(total)
        y[index] = sums
    return y


def argsort(x, *, axis, descending):
    y = np.zeros(x.shape, int)
    for index in lines(x, axis):
        values = x[index].tolist()
        y[index] = sorted(range(len(values)), key=lambda i: (-values[i] if descending else values[i], i))
    return y


VALUES = {
    "sigmoid": entrywise(sigmoid),
    "softplus": entrywise(SCALARS["softplus"]),
    "relu": entrywise(lambda x: max(x, 0)),
    "leaky_relu": entrywise(lambda x, negative_slope: x if x > 0 else negative_slope * x),
    "elu": entrywise(lambda x, alpha: x if x > 0 else alpha * math.expm1(x)),
    "gelu": entrywise(SCALARS["gelu"]),
    "silu": entrywise(SCALARS["silu"]),
    "hard_sigmoid": entrywise(lambda x: min(max(x + 3, 0), 6) / 6),
    "hard_tanh": entrywise(lambda x: min(max(x, -1), 1)),
    "softsign": entrywise(lambda x: x / (1 + abs(x))),
    "erf": entrywise(math.erf),
    "clip": entrywise(lambda x, low, high: min(max(x, low), high)),
    "power": entrywise(lambda x, exponent: x**exponent),
    "sum": along_axes(math.fsum),
    "mean": along_axes(lambda values: math.fsum(values) / len(values)),
    "prod": along_axes(math.prod),
    "max": along_axes(max),
    "min": along_axes(min),
    "var": along_axes(variance),
    "std": along_axes(lambda values, ddof: math.sqrt(variance(values, ddof))),
    "norm": along_axes(lambda values, ord: math.fsum(abs(v) ** ord for v in values) ** (1 / ord)),
    "logsumexp": along_axes(lambda values: math.log(math.fsum(map(math.exp, values)))),
    "softmax": softmax,
    "log_softmax": lambda x, *, axis: np.log(softmax(x, axis=axis)),
    "cumsum": cumsum,
    "argsort": argsort,
    "einsum": einsum,
    "gather": gather,
    "put_along": put_along,
    "take": take,
    "put_taken": put_taken,
    "embedding": take,
    "put": put,
}
