"""Derivatives against central differences: one function at one point, entry by entry where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .mode import changed
from .tensor import Tensor
from .transforms import jvp, vjp

Function = Callable[..., list[Tensor]]
Pair = tuple[float, float]  # derived, measured
_DIRECTIONS = 2


@dataclass(frozen=True)
class Tolerance:
    eps: float
    rtol: float
    atol: float

    def close(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.abs(a - b) <= self.atol + self.rtol * np.maximum(np.abs(a), np.abs(b))


@dataclass(frozen=True)
class Mismatch:
    """Argument number `leaf`, its entry, and what the rules and the differences say of it."""

    leaf: int
    entry: tuple[int, ...]
    derived: float
    measured: float
    order: int
    mode: str

    def sentence(self, name: str) -> str:
        kind = "gradient" if self.order == 1 else f"derivative of order {self.order}"
        entry = f"entry {[int(i) for i in self.entry]} of " if self.entry else ""
        return (
            f"the {kind} by {entry}{name} is {self.derived:.10g} in {self.mode} mode, "
            f"by differences {self.measured:.10g}"
        )


def first_mismatch(
    f: Function, xs: Sequence[Tensor], order: int, modes: Sequence[str], tolerance: Tolerance, depth: int = 1
) -> Mismatch | None:
    """The first derivative, lowest order first, that disagrees with differences."""
    comparison = Comparison(f, xs, tolerance)
    for mode in modes:
        if (found := comparison.mismatch(mode, depth)) is not None:
            return found
    if order > 1:
        for mode in modes:
            derivative = comparison.derivative(mode)
            if (found := first_mismatch(derivative, xs, order - 1, modes, tolerance, depth + 1)) is not None:
                return found
    return None


def values(f: Function, xs: Sequence[Tensor]) -> list[np.ndarray]:
    """What f returns, without a graph."""
    with changed(record="none"):
        return [y.numpy() for y in f(*xs)]


class Comparison:
    """A function at a point, with random gradients u of its outputs and random directions v of its arguments."""

    def __init__(self, f: Function, xs: Sequence[Tensor], tolerance: Tolerance):
        self.f, self.xs, self.tolerance = f, list(xs), tolerance
        self.rng = np.random.default_rng(0)
        self.seeds = [Tensor(self._direction(y.shape)) for y in values(f, xs)]
        self.directions = [self._direction(x.shape) for x in xs]

    def _direction(self, shape: tuple[int, ...]) -> np.ndarray:
        """Random, with no entry near zero that would hide its part."""
        return np.asarray(self.rng.uniform(0.5, 1.5, shape) * self.rng.choice([-1.0, 1.0], shape))

    def derivative(self, mode: str) -> Function:
        """The first derivative as a function of the same arguments."""
        if mode == "forward":
            return lambda *xs: jvp(self.f, xs, self.directions)[1]
        return lambda *xs: list(vjp(self.f, *xs)[1](self.seeds))

    def mismatch(self, mode: str, order: int) -> Mismatch | None:
        """The first argument and entry where a mode disagrees with differences."""
        pair = self.forward if mode == "forward" else self.reverse
        for leaf, x in enumerate(self.xs):
            for v in [self._direction(x.shape) for _ in range(_DIRECTIONS)]:
                wrong = pair(leaf, v)
                if wrong is None:
                    continue
                for entry in np.ndindex(x.shape):
                    alone = pair(leaf, _one_hot(x.shape, entry))
                    if alone is not None:
                        return Mismatch(leaf, entry, *alone, order, mode)
                return Mismatch(leaf, (), *wrong, order, mode)  # only all entries together exceed the tolerance
        return None

    def forward(self, leaf: int, v: np.ndarray) -> Pair | None:
        """The first entries of ∂f/∂x·v, derived and measured, that disagree."""
        vs = [Tensor(v if i == leaf else np.zeros(x.shape)) for i, x in enumerate(self.xs)]
        with changed(record="none"):
            tangents = jvp(self.f, self.xs, vs)[1]
        for tangent, measured in zip(tangents, self.differences(leaf, v), strict=True):
            derived = tangent.numpy()
            wrong = np.argwhere(~self.tolerance.close(derived, measured))
            if len(wrong):
                return float(derived[tuple(wrong[0])]), float(measured[tuple(wrong[0])])
        return None

    @cached_property
    def gradients(self) -> list[np.ndarray]:
        with changed(record="none"):
            return [g.numpy() for g in vjp(self.f, *self.xs)[1](self.seeds)]

    def reverse(self, leaf: int, v: np.ndarray) -> Pair | None:
        """⟨uᵀ·∂f/∂x, v⟩ and ⟨u, differences⟩ if they disagree."""
        derived = np.sum(self.gradients[leaf] * v)
        measured = np.zeros(())
        for u, difference in zip(self.seeds, self.differences(leaf, v), strict=True):
            measured = measured + np.sum(u.numpy() * difference)
        return None if self.tolerance.close(derived, measured).all() else (float(derived), float(measured))

    def differences(self, leaf: int, v: np.ndarray) -> list[np.ndarray]:
        """(f(x + εv) − f(x − εv)) / 2ε."""
        x = self.xs[leaf].numpy()
        eps = self.tolerance.eps * max(1.0, float(np.abs(x).max(initial=0.0)))
        ahead, behind = (
            values(self.f, [*self.xs[:leaf], Tensor(x + e * v), *self.xs[leaf + 1 :]]) for e in (eps, -eps)
        )
        return [(a - b) / (2 * eps) for a, b in zip(ahead, behind, strict=True)]


def _one_hot(shape: tuple[int, ...], entry: tuple[int, ...]) -> np.ndarray:
    v = np.zeros(shape)
    v[entry] = 1
    return v
