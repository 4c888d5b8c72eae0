"""Operands for any op of the registry, from the domain it declares.

`Op.domain` is a dict. For an elementwise op (none is the same as {}): an operand's name gives its interval, or `bool`;
everything else is drawn from [−3, 3]. For a primitive: an operand's name gives a list of shapes (a tuple is drawn, an
array is taken as it is, if of floats in the dtype that is tested), "shapes" a list of such for all operands together,
and an attribute's name a list of values; all combinations that the op's shape rule accepts are cases. "cases" lists
(operands, attributes) outright. "range" is the interval of drawn entries, "avoid" are points (kinks) to stay away
from, "apart" is the least distance between entries.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ShapeError

PROPERTY = settings(max_examples=12, derandomize=True, deadline=None, database=None)

OPS = sorted(
    (op for op in tg.REGISTRY.values() if op.evaluate.__module__.startswith("tinygrad_rnn.")), key=lambda op: op.name
)
NAMES = [op.name for op in OPS]

#: Shapes for elementwise ops of one, two and three operands: 0-d, empty, broadcast.
SHAPES = {
    1: [((),), ((3,),), ((2, 3),), ((0, 2),), ((2, 1, 2),)],
    2: [
        ((), ()),
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((), (2, 2)),
        ((2, 1), (1, 3)),
        ((0, 3), (3,)),
        ((1, 2), (2, 1, 1)),
    ],
    3: [((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((), (2,), (2, 1)), ((0,), (1,), ())],
}


@dataclass(repr=False)
class Case:
    """One way to call an op: operands and attributes."""

    op: object
    operands: tuple
    attributes: dict

    def __repr__(self):
        return f"{self.op.name}{self.operands} {self.attributes}"

    @property
    def attrs(self):
        """The attributes; a generator is made afresh, so that every evaluation draws the same."""
        return {k: np.random.default_rng(7) if v is np.random.Generator else v for k, v in self.attributes.items()}

    def arrays(self, seed, dtype=np.float64, strided=False):
        rng = np.random.default_rng(seed)
        return [self._array(i, spec, rng, dtype, strided) for i, spec in enumerate(self.operands)]

    def _array(self, i, spec, rng, dtype, strided):
        if isinstance(spec, np.ndarray):
            return spec.astype(dtype) if spec.dtype.kind == "f" else spec
        domain = self.op.domain or {}
        name = self.op.operands[0 if self.op.variadic else i]
        interval = domain.get(name) if self.op.elementwise else None
        if interval is bool:
            drawn = np.asarray(rng.random(spec) < 0.5)
        else:
            low, high = interval or domain.get("range", (-3.0, 3.0))
            drawn = np.asarray(rng.uniform(low, high, spec))
            if "apart" in domain:
                # odd multiples of a step for one operand, even ones for the next: no two entries are equal
                places = rng.permutation(int((high - low) / (2 * domain["apart"])))[: drawn.size]
                drawn = low + domain["apart"] * (2 * places.reshape(spec) + i % 2)
            for kink in domain.get("avoid", ()):
                near = abs(drawn - kink) < 0.05
                drawn = np.where(near, kink + 0.1, drawn)
            drawn = np.asarray(drawn).astype(dtype)
        if strided and drawn.ndim:
            wide = np.zeros((*drawn.shape[:-1], 2 * drawn.shape[-1]), drawn.dtype)
            wide[..., ::2] = drawn
            drawn = wide[..., ::2]
        return drawn

    def tensors(self, seed, dtype=np.float64, strided=False):
        arrays = self.arrays(seed, dtype, strided)
        return [tg.tensor(a, requires_grad=a.dtype.kind == "f", name=f"x{i}") for i, a in enumerate(arrays)]


def cases(op):
    """Every case of an op's domain; none if it declares no usable one."""
    domain = op.domain
    if domain is None and not op.elementwise:
        return []
    domain = domain or {}
    found = [Case(op, tuple(operands), attrs) for operands, attrs in domain.get("cases", ())]
    if "cases" in domain:
        return found
    names = list(op.attrs)
    values = [domain.get(name, [op.attrs[name]]) for name in names]
    if op.elementwise:
        together = SHAPES[len(op.operands)]
    elif "shapes" in domain:
        together = domain["shapes"]
    else:
        together = list(itertools.product(*[domain.get(name, ()) for name in op.operands]))
    for operands, chosen in itertools.product(together, itertools.product(*values)):
        attrs = dict(zip(names, chosen, strict=True))
        try:
            op.shape(*[np.shape(x) if isinstance(x, np.ndarray) else x for x in operands], **attrs)
        except ShapeError:
            continue
        found.append(Case(op, tuple(operands), attrs))
    return found


def drawn(name):
    """A strategy of (case, seed) for an op."""
    return st.tuples(st.sampled_from(cases(tg.REGISTRY[name])), st.integers(0, 2**32 - 1))
