"""Tensor, op, graph, differentiation. Knows no op by name except the three that broadcasting needs."""

from . import memory as _memory  # noqa: F401  (acts when imported)
from .broadcasting import broadcast_to, cast, sum_to
from .by_step import grad_by_step
from .check import check_grads
from .declare import primitive
from .elementwise import elementwise
from .graph import Graph
from .mode import detect_anomaly, enable_grad, no_grad, scope
from .op import REGISTRY, Op
from .steps import BackpropStep, Contribution, backprop_steps
from .tensor import Tensor
from .tracing import trace
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "REGISTRY",
    "BackpropStep",
    "Contribution",
    "Graph",
    "Op",
    "Tensor",
    "backprop_steps",
    "broadcast_to",
    "cast",
    "check_grads",
    "detect_anomaly",
    "elementwise",
    "enable_grad",
    "grad",
    "grad_by_step",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "primitive",
    "scope",
    "sum_to",
    "trace",
    "value_and_grad",
    "vjp",
]
