"""How to call each function of NumPy that is an op here: arguments for tests and for the table in the docs.

Arguments are NumPy's. Float arrays among them (also in a list) become tensors, of logic those of booleans; everything
else is passed as it is.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from tinygrad_rnn.ops.numpy_names import FUNCTIONS, UFUNCS


def entries(shape, low=-3.0, high=3.0, seed=0):
    """Distinct entries away from whole and half numbers, where functions have kinks and steps."""
    n = int(np.prod(shape))
    places = np.random.default_rng(seed).permutation(n) + 0.37 + 0.11 * (seed % 3)
    return (low + (high - low) * places / max(n + 1, 1)).reshape(shape)


@dataclass(repr=False)
class Call:
    """One call: a function of NumPy, arguments, keywords."""

    function: object
    args: tuple
    kwargs: dict = field(default_factory=dict)

    def __repr__(self):
        return f"{self.function.__name__}{self.args} {self.kwargs}"

    def expected(self):
        return self.function(*self.args, **self.kwargs)

    def arrays(self):
        """The arrays that become tensors."""
        found = []
        self._mapped(lambda a: found.append(a) or a)
        return found

    def with_tensors(self, tensors):
        """What it gives for other values of these."""
        rest = iter(tensors)
        args, kwargs = self._mapped(lambda a: next(rest))
        return self.function(*args, **kwargs)

    def _mapped(self, f):
        def one(x):
            if isinstance(x, np.ndarray) and x.dtype.kind == ("b" if self.function in LOGIC else "f"):
                return f(x)
            return [one(y) for y in x] if isinstance(x, list) else x

        return tuple(one(x) for x in self.args), {k: one(v) for k, v in self.kwargs.items()}


ONE = [(), (3,), (2, 3), (0, 2), (2, 1, 2)]
TWO = [
    ((), ()), ((2, 3), (2, 3)), ((2, 3), (3,)), ((), (2, 2)), ((2, 1), (1, 3)), ((0, 3), (3,)), ((1, 2), (2, 1, 1)),
]  # fmt: skip
#: Intervals of operands, where they are not [−3, 3].
INTERVALS = {
    "arcsin": [(-0.9, 0.9)], "arccos": [(-0.9, 0.9)], "arctanh": [(-0.9, 0.9)], "arccosh": [(1.1, 4.0)],
    "sqrt": [(0.2, 3.0)], "log": [(0.2, 3.0)], "log2": [(0.2, 3.0)], "log10": [(0.2, 3.0)], "log1p": [(-0.8, 3.0)],
    "power": [(0.2, 3.0), (-2.0, 3.0)], "float_power": [(0.2, 3.0), (-2.0, 3.0)], "tan": [(-1.2, 1.2)],
}  # fmt: skip
_MATMULS = [((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 1, 2, 3), (4, 3, 2))]
#: Ufuncs that are not entry by entry: shapes.
_SIGNATURES = {
    np.matmul: _MATMULS,
    np.vecdot: [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3))],
    np.matvec: [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3))],
    np.vecmat: [((2,), (2, 3)), ((4, 2), (2, 3)), ((2,), (4, 2, 3))],
}
LOGIC = {np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
          np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert}  # fmt: skip


def ufunc_calls(f):
    """Calls of a ufunc over shapes that broadcast, 0-d and empty among them."""
    intervals = INTERVALS.get(f.__name__, []) + [(-3.0, 3.0)] * 2
    shapes = _SIGNATURES.get(f) or (TWO if f.nin == 2 else [(s,) for s in ONE])
    for operands in shapes:
        arrays = [np.asarray(entries(s, *intervals[i], seed=i)) for i, s in enumerate(operands)]
        yield Call(f, tuple(np.asarray(a > 0) for a in arrays) if f in LOGIC else tuple(arrays))


#: Reductions take any axis or axes; those below one axis.
MANY_AXES = [np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.any, np.all, np.median, np.count_nonzero,
             np.ptp, np.average, np.amax, np.amin, np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax,
             np.nanmin]  # fmt: skip
ONE_AXIS = [np.argmax, np.argmin, np.cumsum, np.cumprod, np.sort, np.argsort, np.diff]
_SHAPES = [(), (4,), (2, 3), (3, 1), (0, 3), (2, 3, 2)]
_AXES = [None, 0, 1, -1, -2, (0,), (0, 1), (-1, 0), (0, 0), (1, -2), ()]
_KEEPDIMS = {np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.any, np.all, np.median, np.argmax, np.argmin,
             np.count_nonzero, np.ptp, np.average}  # fmt: skip


@st.composite
def reductions(draw):
    """A reduction of any shape over any axis, valid or not."""
    f = draw(st.sampled_from(MANY_AXES + ONE_AXIS))
    shape, axis = draw(st.sampled_from(_SHAPES)), draw(st.sampled_from(_AXES))
    kwargs = {"axis": axis}
    if f in _KEEPDIMS and draw(st.booleans()):
        kwargs["keepdims"] = draw(st.booleans())
    if f in (np.sum, np.prod, np.max, np.min) and draw(st.booleans()):
        kwargs["initial"] = draw(st.sampled_from([2.3, -1.7]))
    if f in (np.sum, np.prod, np.mean, np.var, np.std) and draw(st.booleans()):
        kwargs["where"] = entries(shape, seed=1) > -1.0
    if f in (np.max, np.min) and "initial" in kwargs:
        kwargs["where"] = entries(shape, seed=1) > -1.0
    return Call(f, (np.asarray(entries(shape)),), kwargs)


S, V, M, E, B = entries(()), entries((3,)), entries((2, 3)), entries((0, 3)), entries((2, 3, 4))
Q = np.array([[2.0, 0.3, -0.5], [0.1, -1.5, 0.4], [0.7, 0.2, 1.1]])
P = Q @ Q.T + np.diag([0.1, 0.7, 1.9])
QS = np.stack([Q, P])
MASK = M > 0


def _(f, *cases):
    """Calls of one function: tuples of arguments, the last of which may be a dict of keywords."""
    return f, [Call(f, c[:-1], c[-1]) if isinstance(c[-1], dict) else Call(f, c) for c in cases]


_PADS = ["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean", "median", "minimum"]
_VECTOR_ORDS = [0, 0.5, 1, 3, np.inf, -np.inf]
_ORDS = ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]

#: Calls of every other function.
CALLS = dict([
    _(np.where, (MASK, M, 0.5), (MASK, V, M), (MASK, 1.0, V)),
    _(np.clip, (M, -1, 1), (M, None, 1), (M, {"min": 0.1})),
    _(np.quantile, (M, 0.3), (M, 0.25, 0), (M, [0.1, 0.9], -1), (M, 0.7, {"axis": (0, 1), "keepdims": True}), (S, 0.5)),
    _(np.percentile, (M, 30), (M, [10, 90], 1)),
    _(np.cov, (M,), (V,), (M, {"rowvar": False}), (V, entries((3,), seed=1)), (M, {"bias": True}), (M, {"ddof": 0})),
    _(np.corrcoef, (entries((2, 5)),), (entries((5, 2)), {"rowvar": False})),
    _(np.average, (M, {"weights": entries((2, 3), 1.0, 2.0, seed=1)}), (M, 1, entries((3,), 1.0, 2.0)),
      (B, (2, 0), entries((4, 2), 1.0, 2.0)), (M, {"weights": entries((2, 3), 1.0, 2.0, seed=1), "returned": True})),
    _(np.nan_to_num, (M,), (S,)),
    *[_(f, (M,), (10 * M, 1), (10 * M, -1), (S,)) for f in (np.round, np.around)],
    _(np.fix, (M,)), _(np.copy, (M,)), _(np.real, (M,)), _(np.real_if_close, (M,)),
    _(np.sinc, (M,), (np.array([0.0, 1e-3, -0.02, 0.04, 2.0]),), (S,)),
    _(np.isposinf, (M,)), _(np.isneginf, (M,)),
    _(np.einsum, ("ij,kj->ik", M, M), (M, [0, 1], V, [1], [0]), (M, [0, 1], V, [1]), (B, [..., 0], [..., 0]),
      ("ij,j", M, V, {"optimize": True})),
    _(np.dot, (M, M.T), (V, V), (2.0, M), (M, 2.0), (M, V), (B, entries((4, 2))), (B, entries((3, 4, 2)))),
    _(np.inner, (M, M), (V, V), (2.0, M), (M, 2.0), (S, M), (B, M @ np.ones((3, 4))), (M, V)),
    _(np.outer, (M, V), (S, V), (E, V)), _(np.linalg.outer, (V, entries((2,)))),
    _(np.vdot, (M, M), (V, V)), _(np.kron, (M, V), (V, M), (M, Q), (S, M), (B, Q)),
    _(np.tensordot, (B, B, ([0, 1], [0, 1])), (B, M, ([0, 1], [0, 1])), (B, entries((4, 3, 2)), 1), (M, V, 0), (M, M),
      (B, M, (1, -1)), (B, V, 1)),
    _(np.linalg.tensordot, (M, M)),
    _(np.cross, (V, V[::-1].copy()), (M, V), (Q, Q.T.copy(), {"axis": 0}), (M, V, -1, 0, 0)),
    _(np.linalg.cross, (V, V[::-1].copy()), (M, V)),
    _(np.convolve, *[(entries((n,)), entries((m,)), mode) for n, m in ((5, 3), (3, 5), (4, 4), (5, 2), (1, 1))
                     for mode in ("full", "same", "valid")]),
    _(np.linalg.matmul, *[tuple(entries(s, seed=i) for i, s in enumerate(pair)) for pair in _MATMULS]),
    _(np.linalg.vecdot, (M, V), (B, B, {"axis": 1})),
    _(np.linalg.multi_dot, ([M, Q, V],), ([Q, Q],), ([V, Q, M.T, entries((2,))],)),
    _(np.reshape, (M, (3, 2)), (M, -1), (E, (3, 0)), (S, (1, 1))), _(np.ravel, (M,), (S,), (E,)),
    _(np.transpose, (B,), (B, (1, 0, 2)), (V,), (S,)), _(np.matrix_transpose, (M,), (B,)),
    _(np.linalg.matrix_transpose, (B,)), _(np.swapaxes, (B, 0, -1), (B, 1, 1), (V, 0, 3)),
    _(np.moveaxis, (B, 0, -1), (B, [0, 1], [-1, 0]), (B, -1, 0), (B, [0, 0], [1, 2]), (B, 0, 3)),
    _(np.rollaxis, *[(B, axis, start) for axis in (0, 1, 2, -1) for start in (0, 1, 2, 3, -1)], (B, 3)),
    _(np.squeeze, (entries((1, 3, 1)),), (entries((1, 3, 1)), 0), (entries((1, 3, 1)), (0, -1)), (M, 0), (S, 0)),
    _(np.expand_dims, (M, 0), (M, -1), (M, (0, -1)), (M, (1, 3)), (S, 0), (M, 4), (M, (0, 0))),
    _(np.broadcast_to, (V, (2, 3)), (S, (2,)), (M, (3,)), (V, (0, 3))), _(np.broadcast_arrays, (V, M), (S, M, V)),
    *[_(f, (S,), (V,), (M,), (B,), (V, M)) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)],
    _(np.flip, (B,), *[(B, a) for a in (0, -1, (0, 2))]), _(np.fliplr, (M,), (B,)), _(np.flipud, (M,), (V,)),
    _(np.rot90, *[(M, k) for k in range(-2, 5)], (B, 1, (2, 0)), (B, 3, (0, 1)), (M, 1, (0, 0))),
    _(np.roll, (M, 1), (M, -2, 1), (M, (1, 2), (0, 1)), (E, 1, 0)),
    _(np.pad, *[(M, ((1, 2), (0, 3)), mode) for mode in _PADS], (M, 1), (M, (1, 2)), (M, {-1: (1, 2)}, {}),
      (M, ((1,), (2,))), (V, 2, "constant", {"constant_values": (1, 2)}), (V, 2, "linear_ramp", {"end_values": (5, 4)}),
      (M, 2, "mean", {"stat_length": 2}), (M, ((1, 1), (0, 0)), {"constant_values": 1.5}), (B, 5, "reflect"), (V, -1),
      (M, ((1, 1),) * 3), (V, 4, "wrap"), (S, 1)),
    _(np.concatenate, ([M, M], 1), ([M, V], None), ([M, E],), ([S, V], None), ([M, E], {"axis": -1}), ([S, S],),
      ([M, M], {"dtype": np.float32})),
    _(np.stack, ([M, M],), ([M, M], -1), ([S, S],), ([M, V],)),
    *[_(f, ([V, V],), ([M, M],), ([S, S],), ([B, B],)) for f in (np.vstack, np.hstack, np.dstack, np.column_stack)],
    _(np.append, (M, V), (M, M, 0), (M, M, 1), (V, 1.0), (M, M, -1)),
    _(np.tile, (M, 2), (M, (2, 1)), (V, (2, 2)), (M, (2, 1, 1)), (S, 3), (S, (2, 2)), (M, (0, 1))),
    _(np.repeat, (M, 2), (M, 2, 0), (V, [1, 0, 3]), (M, [2, 1], 0), (M, [1, 2, 3], -1), (S, 3), (M, [1, 2, 3], 0)),
    _(np.split, (M, 3, 1), (M, [1], 0), (M, 2, 1)), _(np.array_split, (V, 2), (M, 2, 1), (M, [1, 2], -1), (V, 5)),
    _(np.hsplit, (M, 3), (V, 3), (V, [1])), _(np.vsplit, (M, 2), (M, [1])), _(np.dsplit, (B, 2), (B, [1, 3])),
    _(np.select, ([MASK, M > -1], [M, V]), ([MASK], [M], -1.0)),
    *[_(f, *[(x, k) for x in (M, B, Q) for k in (-1, 0, 1, 5)]) for f in (np.tril, np.triu)],
    _(np.diag, (V,), (V, 1), (V, -2), (M,), (M, 1), (M, -1), (M, 4), (B,)), _(np.diagflat, (M,), (V, -1), (S,)),
    _(np.diagonal, (M,), (B,), (B, 1), (B, -1, 1, 2), (B, 0, 2, 0), (V,)), _(np.trace, (M,), (B, 1), (B, 0, 1, 2)),
    _(np.linalg.diagonal, (B,), (B, {"offset": 1})), _(np.linalg.trace, (B,), (B, {"offset": -1})),
    _(np.take, (M, [0, 4]), (M, [[0, 1], [2, 0]], 1), (V, 1), (M, [5, -8], None, None, "wrap"),
      (M, [9, -9], {"mode": "clip"}), (M, [7]), (E, [0], 0), (M, np.array([], int))),
    _(np.take_along_axis, (M, np.array([[0]]), 1), (M, np.array([[0, 1, 0]]), 0), (V, np.array([2, 0]), None),
      (M, np.array([[0, 2]]), {"axis": 1}), (entries((1, 3)), np.array([[0, 1], [2, 2]]), 1), (M, np.array([0]), 1)),
    _(np.diff, (M,), (M, 2), (M, 1, 0), (M, {"prepend": 0.0}), (M, {"append": V, "axis": 0}), (M, 0), (V, 5),
      (M, {"append": entries((1, 3)), "axis": 0})),
    _(np.ediff1d, (M,)),
    _(np.gradient, (entries((5,)),), (entries((5,)), 0.5), (entries((5,)), np.array([0, 1, 3, 4, 7])),
      (entries((3, 4)),), (entries((3, 4)), 0.5, 2), (entries((3, 4)), {"axis": -1}), (entries((2, 2)),),
      (entries((3, 4)), {"edge_order": 2}), (entries((5,)), np.array([0, 1, 3, 4, 7]), {"edge_order": 2}), (S,),
      (entries((2, 2)), {"edge_order": 2})),
    _(np.trapezoid, (M,), (M, {"axis": 0}), (M, V), (M, {"dx": 0.5}), (M, np.array([0, 2]), 1.0, 0)),
    _(np.linspace, (V, 2.0, 4), (S, V, 3), (0.0, V, 5, False), (V, 1.0, 4, {"axis": -1}), (S, 1.0, 1), (S, 1.0, 0)),
    _(np.cumsum, (M, {"dtype": np.float32})), _(np.sort, (M, None), (M, 0)), _(np.argsort, (M, None)),
    _(np.sum, (M, {"dtype": np.float32}), (M, 0, np.float32)), _(np.var, (M, {"ddof": 1}), (M, {"correction": 1})),
    _(np.compress, ([True, False, True], M, 1), ([False, True], M)), _(np.extract, (MASK, M),),
    _(np.delete, (M, 1), (M, [0, -1], 1), (M, slice(0, 2), -1), (V, 3)), _(np.unstack, (B,), (B, {"axis": -1})),
    _(np.block, ([[M, M]],), ([V, V],), ([[M, V.reshape(1, 3).T[:2]], [V, S]],)),
    _(np.meshgrid, (V, entries((2,))), (V, S, {"indexing": "ij", "sparse": True}), (V,), (V, V[:2], entries((4,)))),
    _(np.logspace, (S, V, 3), (V, 1.0, {"num": 4})), _(np.geomspace, (entries((2,), 0.5, 2.0), 3.0, 4)),
    _(np.correlate, *[(entries((n,)), entries((m,)), mode) for n, m in ((5, 3), (3, 5), (4, 4), (5, 2), (2, 5))
                      for mode in ("full", "same", "valid")]),
    _(np.cumulative_sum, (V,), (M, {"axis": 1})), _(np.cumulative_prod, (V,), (M, {"axis": 0})),
    _(np.astype, (M, np.float64), (M, np.float32)),
    *[_(f, (M,)) for f in (np.zeros_like, np.ones_like)], _(np.full_like, (M, 2.5)),
    _(np.linalg.inv, (Q,), (QS,), (M,), (V,)), _(np.linalg.det, (Q,), (QS,)), _(np.linalg.slogdet, (Q,), (QS,)),
    _(np.linalg.pinv, (Q,), (M,), (QS[..., :2],)), _(np.linalg.solve, (Q, V), (Q, Q), (QS, V), (QS, QS), (Q, M)),
    _(np.linalg.matrix_power, *[(Q, n) for n in (-3, -1, 0, 1, 2, 5)], (QS, 3)),
    _(np.linalg.tensorinv, (entries((2, 3, 6)) + np.eye(6).reshape(2, 3, 6) * 9,), (Q, {"ind": 1})),
    _(np.linalg.tensorsolve, (np.eye(6).reshape(2, 3, 6) * 9 + entries((2, 3, 6)), M)),
    _(np.linalg.cholesky, (P,), (np.stack([P, 2 * P]),), (-P,)),
    _(np.linalg.eigh, (P,)), _(np.linalg.eigvalsh, (P,), (np.stack([P, 2 * P]),)),
    _(np.linalg.svd, (Q,), (M, {"full_matrices": False}), (M, {"compute_uv": False})), _(np.linalg.svdvals, (M,)),
    _(np.linalg.qr, (Q,), (M,), (M.T.copy(),), (Q, "r")),
    _(np.linalg.norm, (V,), (M,), (B,), *[(M, ord) for ord in _ORDS], *[(V, ord) for ord in _VECTOR_ORDS],
      (B, "nuc", (0, 2)), (B, 1, (2, 0)), (B, 2, (1, 2), True), (M, 2, 0), (M, 3, -1, True), (B, 2), (M, 7), (S,)),
    _(np.linalg.matrix_norm, (M,), (B, {"ord": 1, "keepdims": True})),
    _(np.linalg.vector_norm, (M,), (B, {"axis": (0, 2), "ord": 3})),
    _(np.linalg.cond, (Q,), (Q, 1), (Q, "fro"), (Q, -2)),
])  # fmt: skip


def calls(f):
    """All explicit calls of a function."""
    if isinstance(f, np.ufunc):
        return list(ufunc_calls(f))
    simple = [Call(f, (M,))] if f in MANY_AXES or f in ONE_AXIS else []
    return simple + CALLS.get(f, [])


KNOWN = [*UFUNCS, *FUNCTIONS]
