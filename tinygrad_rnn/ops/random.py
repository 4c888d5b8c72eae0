"""Dropout: the only op that draws random numbers, from a generator it is given."""

from __future__ import annotations

import numpy as np

from ..core.declare import primitive
from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor, TensorLike


def check_generator(what: str, generator: object) -> None:
    """Randomness is explicit: raise unless a NumPy generator was given."""
    if not isinstance(generator, np.random.Generator):
        got = "none" if generator is None else type(generator).__name__
        raise ArgumentError(
            with_user_line(f"{what}: expected generator=np.random.default_rng(seed), a np.random.Generator; got {got}")
        )


@primitive(
    shape=lambda x, p, generator: x, vjps=[None], kind="random",
    latex=r"m_{{{p}}}", glyph="mask", onnx="Dropout",
    domain={"x": [(3, 4)], "p": [0.0, 0.4, 1.0], "generator": [np.random.Generator]},
)  # fmt: skip
def dropout_mask(x, *, p, generator):
    """0 with probability p, else 1 / (1 − p), independently for each entry of x, of which only the shape counts."""
    kept = generator.random(x.shape) >= p
    return kept * x.dtype.type(1 / (1 - p) if p < 1 else 0)


def dropout(
    x: TensorLike, p: float = 0.5, *, generator: np.random.Generator | None = None, training: bool = True
) -> Tensor:
    """In training, each entry is set to 0 with probability p and divided by 1 − p otherwise (Srivastava et al. 2014).

    The expected value is unchanged; when not training, so is x. The mask is a node of its own, so backward sees the
    same one, and a traced graph draws a new one each time it runs.

    Raises:
        ArgumentError: p is not in [0, 1], or there is no generator.
    """
    if not 0 <= p <= 1:
        raise ArgumentError(with_user_line(f"dropout: p is a probability, at least 0 and at most 1, got {p}"))
    if not training or p == 0:
        return x
    check_generator("dropout", generator)
    mask = dropout_mask(x, p=p, generator=generator)
    if isinstance(mask, Tensor) and mask.op is None:
        mask.named("mask", role="constant")
    return x * mask
