"""Losses, composed from ops: their graphs show what they compute."""

from __future__ import annotations

import math

import numpy as np

from .. import kernels
from ..core.declare import primitive
from ..core.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, with_user_line
from ..core.tensor import Tensor, TensorLike
from . import reduce
from .activations import softplus
from .creation import as_tensor
from .log_sum_exp import softmax
from .lookup import put_along
from .reduce import mean_dtype
from .shaping import permute, unsqueeze


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


def _rows_of_classes(z, targets):
    if not z or targets != z[:-1]:
        raise ShapeError(f"targets have the shape of z without its last axis, the classes: not {targets} for {z}")
    if not z[-1]:
        raise ShapeError("there are no classes")
    return targets


def _check_classes(targets, classes):
    if targets.dtype.kind not in "iu":
        raise DTypeError(f"targets are integers, the numbers of classes, not {targets.dtype}")
    wrong = (targets < 0) | (targets >= classes)
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f" at {list(first)}" if first else ""
        raise OutOfRangeError(f"target {targets[first]}{at} is not one of {classes} classes (0 … {classes - 1})")


def _flat(z, targets):
    """Rows of classes, and what was chosen of each."""
    return z.astype(mean_dtype(z.dtype), copy=False).reshape(-1, z.shape[-1]), targets.reshape(-1).astype(np.int64)


def _log_likelihood_rule(g, y, z, targets):
    """g ⊙ (onehot(target) − softmax(z))"""
    if isinstance(z, Tensor):
        chosen = put_along(unsqueeze(g, axis=-1), unsqueeze(targets, axis=-1), axis=-1, shape=z.shape)
        return chosen - unsqueeze(g, axis=-1) * softmax(z)
    rows, chosen = _flat(z, targets)
    return kernels.loss_and_update.log_likelihood_gradient(g.reshape(-1), rows, chosen).reshape(z.shape)


@primitive(
    shape=_rows_of_classes, vjps=[_log_likelihood_rule, None], promotes=("z",),
    dtype=lambda z, targets: mean_dtype(z), cost=lambda out, z, targets: 4 * math.prod(z),
    latex=r"\ln \operatorname{{softmax}}({z})_{{{targets}}}", glyph="ln softmax", onnx="SoftmaxCrossEntropyLoss",
    domain={"shapes": [((2, 3), np.array([0, 2])), ((2, 1, 4), np.array([[3], [0]])), ((3,), np.array(1))]},
)  # fmt: skip
def log_likelihood(z, targets):
    """ln softmax(z)[target] over the last axis: how likely what happened was.

    z: (…, C) logits; targets: (…), integers 0 … C − 1.

    Raises:
        ShapeError: the shapes do not fit.
        DTypeError: targets are not integers.
        OutOfRangeError: a target is not a class.
    """
    _rows_of_classes(z.shape, targets.shape)
    _check_classes(targets, z.shape[-1])
    return np.asarray(kernels.loss_and_update.log_likelihood(*_flat(z, targets)).reshape(targets.shape))


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
    if t.op is None and t.name is None:
        t.named("target", t.role)
    if axis < z.ndim - 1:
        z = permute(z, (*range(axis), *range(axis + 1, z.ndim), axis))
    return _reduced(-log_likelihood(z, t), reduction)


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
