"""Every op, declared once, by theme."""

from . import methods as _methods  # noqa: F401  (attaches operators and methods to Tensor)
from .arithmetic import absolute, add, divide, maximum, minimum, multiply, negative, power, sign, subtract, where
from .creation import tensor
from .functions import exp, log, tanh
from .indexing import getitem
from .linalg import matmul
from .reduce import mean, sum
from .shaping import permute, reshape

__all__ = [
    "absolute",
    "add",
    "divide",
    "exp",
    "getitem",
    "log",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "permute",
    "power",
    "reshape",
    "sign",
    "subtract",
    "sum",
    "tanh",
    "tensor",
    "where",
]
