"""Bounding gradients before a step (Pascanu et al. 2013)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from .. import kernels
from ..core.errors import ArgumentError, NonFiniteError, with_user_line
from ..core.tape import on_tape
from ..core.tensor import Tensor


@on_tape(number=True)
def clip_grad_norm_(
    parameters: Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = True
) -> float:
    """Scale all gradients by one factor so that their common norm is at most `max_norm`; returns the norm before.

        g ← g · min(1, max_norm / (‖g‖ + 10⁻⁶)),   ‖g‖ = (Σ |g_k|^p)^(1/p) over all entries, p = norm_type

    Raises:
        NonFiniteError: the norm is infinite or NaN (PyTorch, and ``error_if_nonfinite=False``, turn all gradients
            into 0 or NaN then).
        ArgumentError: `max_norm` is negative, or `norm_type` is not positive.
    """
    if not max_norm >= 0 or not norm_type > 0:
        raise ArgumentError(
            with_user_line(f"clip_grad_norm_: expected max_norm ≥ 0 and norm_type > 0, got {max_norm} and {norm_type}")
        )
    found = _with_gradients(parameters)
    norms = _norms([g.numpy() for _, g in found], norm_type)
    total = math.hypot(*norms.tolist()) if norm_type == 2 else float(np.linalg.norm(norms, norm_type)) if found else 0.0
    if error_if_nonfinite and not math.isfinite(total):
        culprit = next((p for (p, _), n in zip(found, norms, strict=True) if not np.isfinite(n)), None)
        where = f", first in {culprit.path} {culprit.describe()}" if culprit is not None else ""
        raise NonFiniteError(with_user_line(f"clip_grad_norm_: the norm of the gradients is {total}{where}"))
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:
        with np.errstate(invalid="ignore"):  # ∞ · 0, which was asked for
            for p, g in found:
                p.grad = Tensor(g.numpy() * factor)
    return total


def _norms(gradients: list[np.ndarray], norm_type: float) -> np.ndarray:
    """The norm of each."""
    if norm_type == 2 and gradients:
        return np.sqrt(kernels.loss_and_update.squared_norms(gradients))
    # With an axis, NumPy sums by itself; without, it asks BLAS, whose threads wait for one another on a busy machine.
    return np.array([np.linalg.norm(g.ravel().astype(np.float64), norm_type, axis=0) for g in gradients])


@on_tape()
def clip_grad_value_(parameters: Iterable[Tensor], clip_value: float) -> None:
    """Limit every entry of every gradient to [−clip_value, clip_value].

    Raises:
        ArgumentError: `clip_value` is negative.
    """
    if not clip_value >= 0:
        raise ArgumentError(with_user_line(f"clip_grad_value_: expected clip_value ≥ 0, got {clip_value}"))
    for p, g in _with_gradients(parameters):
        p.grad = Tensor(np.clip(g.numpy(), -clip_value, clip_value))


def _with_gradients(parameters: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """The parameters, or the one parameter, that have gradients, with them; each once."""
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [(p, p.grad) for p in {id(p): p for p in given}.values() if p.grad is not None]
