"""Tensor, op, graph, differentiation. Knows no op by name except the three that broadcasting needs."""

from .broadcasting import broadcast_to, cast, sum_to
from .declare import primitive
from .elementwise import elementwise
from .graph import Graph, trace
from .mode import detect_anomaly, enable_grad, no_grad, scope
from .op import REGISTRY, Op
from .tensor import Tensor
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "REGISTRY",
    "Graph",
    "Op",
    "Tensor",
    "broadcast_to",
    "cast",
    "detect_anomaly",
    "elementwise",
    "enable_grad",
    "grad",
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
