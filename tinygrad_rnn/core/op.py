"""`Op`: everything the library knows about one operation, declared once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import DeclarationError, with_user_line
from .expression import parsed
from .tensor import Tensor, TensorLike

Shape = tuple[int, ...]
Rule = Callable[..., Any]
#: What an op does, as far as those who read a graph ask.
KINDS = {
    "elementwise": "a function of entries at the same place",
    "broadcast": "entries repeated to a larger shape",
    "cast": "the same values in another dtype",
    "reshape": "the same entries in the same order under any shape",
    "transpose": "axes in another order",
    "slice": "entries at positions that are known",
    "scatter": "zeros, with entries added at positions",
    "lookup": "entries at positions that are data",
    "concatenation": "tensors joined along an axis",
    "arrangement": "the same entries, or tensors, in another place",
    "matrix product": "a @ b",
    "contraction": "sums of products over axes that operands share",
    "reduction": "one result from all entries along axes",
    "normalisation": "entries scaled by what all along an axis sum up to",
    "random": "random numbers",
    "element": "one result of a node that has several",
    "other": "none of these",
}


class Collector(Protocol):
    """Gathers contributions to the gradient of an operand that many nodes share; sums them when it is needed."""

    def add(self, g: Any, y: Any, *xs: Any) -> None: ...

    def total(self) -> Any: ...


@dataclass(eq=False)
class Op:
    """One operation. `operands` are array arguments, `attrs` keyword-only static ones.

    Rules are plain expressions in g (the gradient of the output), y (the output) and the operands xs. They
    run on bare arrays, recording nothing, and on tensors, recording a graph that is differentiable again.
    """

    name: str
    evaluate: Callable[..., Any]  # (*arrays, **attrs) -> array
    operands: tuple[str, ...]
    attrs: dict[str, Any]  # names and defaults
    shape: Callable[..., Shape]  # (*shapes, **attrs) -> shape
    #: one rule (g, y, *xs, **attrs) per operand; a variadic op has one for all, whose result maps i to the gradient
    vjps: Sequence[Rule | None] | Rule
    dtype: Callable[..., Any] | None = None  # (*dtypes, **attrs) -> dtype; None: what NumPy promotes to
    jvp: Rule | None = None  # (tangents, y, *xs, **attrs); None: derived
    #: "each": in each operand alone; "jointly": in all together; "first": in the first one
    linear: str | None = None
    coefficients: tuple[float, ...] | None = None  # where the result is Σ coefficient · operand
    neutral: float | None = None  # of two operands: a second one that leaves the first as it is
    commutes: bool = False  # of two operands: whether they may be exchanged
    kind: str = "other"  # of `KINDS`
    #: (*xs, **attrs) -> the same of simpler ops, or None: what readers use that do not know this one
    expansion: Callable[..., Tensor | None] | None = None
    accumulate: dict[int, Rule] = field(default_factory=dict)  # (buffer, g, y, *xs, **attrs): add in place
    collect: dict[int, type[Collector]] = field(default_factory=dict)  # operands whose gradient is cheaper as one sum
    fresh: bool = False  # whether its rules give, of arrays, new ones that share memory with no other
    fused: Sequence[Rule | None] | None = None  # the rules once more, in fewer passes, for bare arrays only
    composed: Rule | None = None  # (*xs, **attrs), of other ops: what to do where an attribute is a tensor
    by_step: Rule | None = None  # (node, i, g) -> {time step: gradient}, of a node that holds time steps itself
    promotes: tuple[str, ...] | None = None  # the operands that share one dtype; None: all
    elementwise: bool = False
    variadic: bool = False
    latex: str | None = None
    glyph: str | None = None
    plain: str | None = None  # how formulas in Unicode write it, if not by glyph and brackets
    cost: Callable[..., int] | None = None  # (out_shape, *shapes, **attrs) -> FLOPs; None: see `core.counting`
    entry_cost: int = 1  # of an elementwise op: how many additions one entry takes as long as
    onnx: str | None = None
    domain: Any = None  # how the test suite draws operands; see tests/ops
    scalar: str | None = None  # an entry of the result in terms of those of the operands; see `core.expression`
    fold: tuple[float, str] | None = None  # a reduction's `total` of nothing, and of one more entry `x`
    #: NumPy source in operands and attributes, or a function to be written out; None: the text of `evaluate`, `scalar`
    numpy: str | Callable[..., Any] | None = None
    doc: str = ""

    def __post_init__(self) -> None:
        #: the rules by operand, when that is all there is to a backward step; see `autodiff`
        rules = self.fused or self.vjps
        self.rules: Sequence[Rule | None] | None = None if callable(rules) or self.accumulate else rules
        if self.kind not in KINDS:
            raise DeclarationError(with_user_line(f"{self.name}: kind is one of {sorted(KINDS)}, not {self.kind!r}"))
        #: the trees of `scalar` and of `fold`
        self.entry = None if self.scalar is None else parsed(self.name, self.scalar, (*self.operands, *self.attrs))
        self.step = None if self.fold is None else parsed(self.name, self.fold[1], ("total", "x"))

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @property
    def differentiable(self) -> bool:
        """Whether any operand has a gradient."""
        return callable(self.vjps) or any(rule is not None for rule in self.vjps)

    def vjp(self, i: int, g: Any, y: Any, xs: Sequence[Any], attrs: dict[str, Any] | None) -> Any:
        """The gradient of operand `i` given the gradient `g` of the output: on arrays or on tensors."""
        rules = self.vjps
        if callable(rules):
            return rules(g, y, *xs, **(attrs or {}))(i)
        rule = rules[i]
        if rule is None:
            return None
        return rule(g, y, *xs, **attrs) if attrs else rule(g, y, *xs)

    def pull(self, g: Any, y: Any, xs: Sequence[Any], attrs: dict[str, Any] | None) -> Callable[[int], Any]:
        """The gradient of every operand, as a function of its index."""
        if callable(self.vjps):
            return self.vjps(g, y, *xs, **(attrs or {}))
        return lambda i: self.vjp(i, g, y, xs, attrs)

    @property
    def sums(self) -> bool:
        """Whether it adds up entries along axes."""
        return self.fold == (0, "total + x")

    @property
    def adds(self) -> bool:
        """Whether it is a + b."""
        return self.coefficients == (1, 1)

    @property
    def arranges(self) -> bool:
        """Whether a formula over vectors shows its operand alone: repeated, in another shape or dtype."""
        return self.kind in ("broadcast", "reshape", "cast")

    @property
    def entrywise(self) -> bool:
        """Whether each entry depends on the same entry of the operands alone."""
        return self.elementwise or self.entry is not None

    def linear_in(self, moving: Collection[int]) -> bool:
        """Whether it is linear in these operands, by number, while the others stay as they are."""
        if not callable(self.vjps) and any(self.vjps[i] is None for i in moving):
            return False
        if self.linear == "first":
            return set(moving) <= {0}
        return self.linear == "jointly" or (self.linear == "each" and len(moving) <= 1)


REGISTRY: dict[str, Op] = {}


class OpFunction(Protocol):
    """An op as users call it: tensors give a recorded tensor, bare arrays a bare array."""

    op: Op
    __name__: str

    def __call__(self, *operands: TensorLike, **attrs: Any) -> Tensor: ...
