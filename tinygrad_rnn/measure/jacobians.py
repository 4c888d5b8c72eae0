"""Jacobians of a cell's state from step to step, products of them, and Lyapunov exponents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..core.trees import flatten
from ..step.cells import CellLike, stepped


def step_jacobian(cell: CellLike, x: np.ndarray, state: Any) -> np.ndarray:
    """J = ∂s_t/∂s_{t−1} at one sample, (n, n), for the n numbers of the whole state.

    The sample is repeated n times and each copy differentiates another entry of the new state, so one backward pass
    gives all rows.
    """
    leaves, rebuild = flatten(state)
    sizes = [leaf.size for leaf in leaves]
    n = sum(sizes)
    copies = [Tensor(np.repeat(leaf.numpy().reshape(1, *leaf.shape[1:]), n, axis=0)) for leaf in leaves]
    for copy in copies:
        copy.requires_grad = True
    _, after = stepped(cell, Tensor(np.repeat(x[None], n, axis=0)), rebuild(copies))
    results = flatten(after)[0]
    begin, total = 0, None
    for result, size in zip(results, sizes, strict=True):
        seed = np.zeros((n, size), result.dtype)
        seed[begin : begin + size] = np.eye(size)
        begin += size
        if result.requires_grad:
            term = (result * seed.reshape(result.shape)).sum()
            total = term if total is None else total + term
    if total is not None:
        total.backward()
    rows = [
        np.zeros((n, size)) if c.grad is None else c.grad.numpy().reshape(n, size)
        for c, size in zip(copies, sizes, strict=True)
    ]
    return np.concatenate(rows, axis=1).astype(np.float64)


def products(jacobians: Sequence[np.ndarray]) -> np.ndarray:
    """Singular values of ∂s_T/∂s_t = J_T ⋯ J_{t+1} for t = 0 … T−1, largest first: (T, n)."""
    n = jacobians[0].shape[0]
    product, found = np.eye(n), []
    for J in reversed(jacobians):
        product = product @ J
        found.append(np.linalg.svd(product, compute_uv=False))
    return np.array(found[::-1])


def lyapunov_spectrum(jacobians: Sequence[np.ndarray]) -> np.ndarray:
    """Lyapunov exponents per step, largest first: λ_i = (1/T) Σ_t ln R_t,ii, where Q_t R_t = J_t Q_{t−1}.

    Vogt et al. 2020, "On Lyapunov exponents for RNNs". A direction that a step forgets altogether has λ = −∞.
    """
    n = jacobians[0].shape[0]
    Q, total = np.eye(n), np.zeros(n)
    with np.errstate(divide="ignore"):
        for J in jacobians:
            Q, R = np.linalg.qr(J @ Q)
            total += np.log(np.abs(np.diag(R)))
    return np.sort(total / len(jacobians))[::-1]
