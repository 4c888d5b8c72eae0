"""Functions of each entry as modules, by the names that Keras has for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ops import elu, relu, sigmoid, softmax, softplus, softsign, tanh
from ..module import Module


class Activation(Module):
    """A function of each entry, or of those along the last axis, as a module."""

    def __init__(self, function: Callable[[Any], Any]):
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.function.__name__


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": tanh, "relu": relu, "sigmoid": sigmoid, "softplus": softplus, "softsign": softsign, "elu": elu,
    "softmax": softmax,
}  # fmt: skip
