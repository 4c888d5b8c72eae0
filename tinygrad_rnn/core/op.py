"""`Op`: everything the library knows about one operation, declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .tensor import Tensor, TensorLike

Shape = tuple[int, ...]
Rule = Callable[..., Any]


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
    linear: str | None = None  # "each": in each operand alone; "jointly": in all together
    accumulate: dict[int, Rule] = field(default_factory=dict)  # (buffer, g, y, *xs, **attrs): add in place
    collect: dict[int, type[Collector]] = field(default_factory=dict)  # operands whose gradient is cheaper as one sum
    fused: Sequence[Rule | None] | None = None  # the rules once more, in fewer passes, for bare arrays only
    composed: Rule | None = None  # (*xs, **attrs), of other ops: what to do where an attribute is a tensor
    by_step: Rule | None = None  # (node, i, g) -> {time step: gradient}, of a node that holds time steps itself
    promotes: tuple[str, ...] | None = None  # the operands that share one dtype; None: all
    elementwise: bool = False
    variadic: bool = False
    latex: str | None = None
    glyph: str | None = None
    cost: Callable[..., int] | None = None  # (out_shape, *shapes, **attrs) -> FLOPs
    onnx: str | None = None
    domain: Any = None  # how the test suite draws operands; see tests/ops
    scalar: str | None = None  # the expression a fused loop uses, if not the evaluated function itself
    doc: str = ""

    def __post_init__(self) -> None:
        #: the rules by operand, when that is all there is to a backward step; see `autodiff`
        rules = self.fused or self.vjps
        self.rules: Sequence[Rule | None] | None = None if callable(rules) or self.accumulate else rules

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @property
    def differentiable(self) -> bool:
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

    def flops(self, out: Shape, shapes: Sequence[Shape], attrs: dict[str, Any] | None) -> int:
        return 0 if self.cost is None else int(self.cost(out, *shapes, **(attrs or {})))


REGISTRY: dict[str, Op] = {}


class OpFunction(Protocol):
    """An op as users call it: tensors give a recorded tensor, bare arrays a bare array."""

    op: Op
    __name__: str

    def __call__(self, *operands: TensorLike, **attrs: Any) -> Tensor: ...
