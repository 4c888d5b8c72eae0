"""Layers without a time axis of their own. Leading axes are free: they work on one step and on whole sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.apply import as_operand
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from .init import Uniform, check_sizes, parameter_dtype
from .inputs import check_dtype
from .module import Module
from .parameter import Parameter

__all__ = ["Dropout", "Embedding", "Linear", "Sequential"]


class Linear(Module):
    """y = x Wᵀ + b.

    Shapes: x (…, in), y (…, out); weight (out, in), bias (out,), from U(−1/√in, 1/√in).

    Raises:
        ShapeError: x has another number of features.
        DTypeError: x and the parameters have different dtypes.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        draw = Uniform(in_features, dtype, generator)
        self.weight = draw(out_features, in_features)
        self.bias = draw(out_features) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        x = as_operand(x, self.weight.dtype)
        if x.ndim < 1 or x.shape[-1] != self.in_features:
            raise ShapeError(with_user_line(f"Linear: x is {x.describe()}, expected (…, {self.in_features})"))
        check_dtype(self, "x", x, self.weight.dtype)
        y = x @ self.weight.mT
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}" + (", bias=False" if self.bias is None else "")


class Embedding(Module):
    """A table of learned vectors: y = weight[index].

    Shapes: index (…), integers 0 … V − 1; y (…, E); weight (V, E) from N(0, 1); V = num_embeddings, E = embedding_dim.

    Raises:
        DTypeError: the index is not of integers.
        OutOfRangeError: an index is negative, or not below num_embeddings.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        check_sizes(self, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        generator = np.random.default_rng() if generator is None else generator
        drawn = generator.standard_normal((num_embeddings, embedding_dim))
        self.weight = Parameter(drawn.astype(parameter_dtype(dtype)))

    def forward(self, index: TensorLike) -> Tensor:
        return ops.embedding(self.weight, index)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.weight.shape))


class Dropout(Module):
    """In training, sets each entry to 0 with probability p and divides the others by 1 − p (Srivastava et al. 2014).

    In evaluation (`eval`) it does nothing.

    Raises:
        ArgumentError: p is not in [0, 1).
    """

    def __init__(self, p: float = 0.5, *, generator: np.random.Generator | None = None):
        if not 0 <= p < 1:
            raise ArgumentError(with_user_line(f"Dropout: p must be at least 0 and below 1, got {p}"))
        self.p = p
        self.generator = np.random.default_rng() if generator is None else generator

    def forward(self, x: Tensor) -> Tensor:
        return ops.dropout(x, self.p, generator=self.generator) if self.training and self.p else x

    def extra_repr(self) -> str:
        return f"{self.p}"


class Sequential(Module):
    """Modules applied one after the other; named 0, 1, … as in PyTorch."""

    def __init__(self, *modules: Module):
        self.count = len(modules)
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, x: Any) -> Any:
        for i in range(self.count):
            x = getattr(self, str(i))(x)
        return x
