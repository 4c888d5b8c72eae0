"""Losses, composed from ops: their graphs show what they compute."""

from __future__ import annotations

import numpy as np

from ..core.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import reduce
from .activations import softplus
from .creation import as_tensor
from .log_sum_exp import log_softmax
from .lookup import gather
from .shaping import squeeze, unsqueeze


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ArgumentError(with_user_line(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}"))
    if reduction == "none":
        return losses
    return reduce.mean(losses) if reduction == "mean" else reduce.sum(losses)


def _same_shape(name: str, a: Tensor, b: Tensor) -> None:
    """Broadcasting would silently compare everything with everything."""
    if a.shape != b.shape:
        raise ShapeError(with_user_line(f"{name}: expected two equal shapes, got {a.describe()} and {b.describe()}"))


def cross_entropy(logits: TensorLike, targets: TensorLike, axis: int = -1, reduction: str = "mean") -> Tensor:
    """−log softmax(logits)[target], the loss of choosing one of C classes.

    logits: (…, C, …) with the classes along `axis`; targets: integers 0 … C − 1, of the same shape without that axis.
    `reduction` is "mean" over all targets, "sum" or "none".

    Raises:
        ShapeError: the shapes do not fit.
        DTypeError: targets are not integers.
        OutOfRangeError: a target is not a class.
    """
    z, t = as_tensor(logits), as_tensor(targets)
    if not z.shape or not -z.ndim <= axis < z.ndim:
        raise ShapeError(with_user_line(f"cross_entropy: logits {z.describe()} have no axis {axis}"))
    axis %= z.ndim
    expected = z.shape[:axis] + z.shape[axis + 1 :]
    if t.shape != expected:
        raise ShapeError(
            with_user_line(f"cross_entropy: targets must have shape {expected}, that of logits {z.shape} without axis "
                           f"{axis}; got {t.shape}")
        )  # fmt: skip
    if t.dtype.kind not in "iu":
        raise DTypeError(with_user_line(f"cross_entropy: targets are integers, the numbers of classes; got {t.dtype}"))
    if not t.is_abstract:
        _check_classes(t.numpy(), z.shape[axis])
    positions = unsqueeze(t, axis=axis)
    if positions.op is None:
        positions.named(t.name or "target", t.role)
    chosen = gather(log_softmax(z, axis=axis), positions, axis=axis)
    return _reduced(-squeeze(chosen, axis=axis), reduction)


def _check_classes(targets: np.ndarray, classes: int) -> None:
    wrong = (targets < 0) | (targets >= classes)
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f" at {list(first)}" if first else ""
        raise OutOfRangeError(
            with_user_line(
                f"cross_entropy: target {targets[first]}{at} is not one of {classes} classes (0 … {classes - 1})"
            )
        )


def mse(prediction: TensorLike, target: TensorLike, reduction: str = "mean") -> Tensor:
    """(prediction − target)², the squared error; averaged unless `reduction` is "sum" or "none".

    Raises:
        ShapeError: the shapes differ.
    """
    a, b = as_tensor(prediction), as_tensor(target)
    _same_shape("mse", a, b)
    return _reduced((a - b) ** 2, reduction)


def bce_with_logits(logits: TensorLike, target: TensorLike, reduction: str = "mean") -> Tensor:
    """−t·ln σ(z) − (1 − t)·ln(1 − σ(z)), the binary cross-entropy of logits z and targets t in [0, 1].

    Computed as softplus(z) − z·t, which neither overflows nor cancels.

    Raises:
        ShapeError: the shapes differ.
    """
    z, t = as_tensor(logits), as_tensor(target)
    _same_shape("bce_with_logits", z, t)
    return _reduced(softplus(z) - z * t, reduction)
