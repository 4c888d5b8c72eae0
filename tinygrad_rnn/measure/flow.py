"""`gradient_flow`: how far the gradient of a recurrent network reaches back in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.mode import scope
from ..core.operands import array_of
from ..core.tensor import Tensor
from ..core.trees import arranged, flatten
from ..ops import stack
from ..view.subject import is_cell
from .jacobians import lyapunov_spectrum, products, step_jacobian


@dataclass
class GradientFlow:
    """Gradients through time.

    Attributes:
        states: names of the state's tensors, such as h and c.
        norms: ‖∂L/∂s_t‖ of each, over all samples, (T,).
        credit: ‖∂ℓ_s/∂state_t‖ for a loss ℓ_s = ½‖output_s‖² at step s and the whole state at step t ≤ s, (T, T).
        singular_values: of ∂state_T/∂state_t, largest first, (T, n).
        lyapunov: exponents per step, largest first, (n,).

    Everything but `norms` is of one sample.
    """

    title: str
    states: list[str]
    norms: dict[str, np.ndarray]
    credit: np.ndarray
    singular_values: np.ndarray
    lyapunov: np.ndarray

    def half_life(self, state: str | None = None) -> float:
        """The steps in which ‖∂L/∂s_t‖ halves on the way back: from the slope of its logarithm; ∞ if it does not fade.

        Raises:
            ArgumentError: there is no such state.
        """
        name = self.states[-1] if state is None else state
        if name not in self.norms:
            raise ArgumentError(
                with_user_line(f"half_life: there is no state {name!r}; there are {', '.join(self.states)}")
            )
        norms = self.norms[name]
        known = np.flatnonzero(norms > 0)
        if len(known) < 2:
            return math.nan
        slope = np.polyfit(known, np.log(norms[known]), 1)[0]
        return math.log(2) / slope if slope > 1e-12 else math.inf

    def __repr__(self) -> str:
        T = len(self.credit)
        lines = [f"{self.title}: gradients through {T} steps"]
        for name in self.states:
            n, half = self.norms[name], self.half_life(name)
            fades = "does not fade" if math.isinf(half) else f"halves in {half:.3g} steps"
            lines.append(f"  ‖∂L/∂{name}_t‖: {n[-1]:.3g} at the last step, {n[0]:.3g} at the first; {fades}")
        lines.append(f"  largest Lyapunov exponent {self.lyapunov[0]:.3g} a step")
        return "\n".join(lines)

    def plot(self) -> Any:
        """A figure of all four (needs matplotlib; `pip install tinygrad_rnn[plot]`)."""
        from .plots import plot_flow

        return plot_flow(self)


def gradient_flow(
    cell: Any,
    xs: Any,
    state: Any = None,
    *,
    loss: Callable[[Tensor], Tensor] | None = None,
    sample: int = 0,
) -> GradientFlow:
    """Watch the gradient of a loss flow back through a cell.

    Args:
        cell: a cell, or a layer of one cell.
        xs: a sequence (T, B, D).
        state: the state before the first step; default: the cell's own.
        loss: of the outputs (T, B, H); default: the sum of the last step's.
        sample: which sample Jacobians are taken of.

    The Jacobian ∂s_t/∂s_{t−1} of the whole state is formed at every step, n × n for a state of n numbers.

    Raises:
        ArgumentError: it is no cell; there is no such sample.
        ShapeError: the sequence is not (T, B, D) with at least one step.
    """
    cell = _one_cell(cell)
    x = array_of(xs, getattr(cell, "dtype", np.float32))
    if x.ndim != 3 or not x.shape[0] or not x.shape[1]:
        raise ShapeError(with_user_line(f"gradient_flow: xs is {x.shape}, expected (T, B, D) with at least one step"))
    if not 0 <= sample < x.shape[1]:
        raise ArgumentError(with_user_line(f"gradient_flow: sample {sample} of a batch of {x.shape[1]}"))
    state = cell.initial_state(x.shape[1]) if state is None else state
    leaves, rebuild = flatten(state)
    now = rebuild([_watched(s) for s in leaves])
    outputs, seen, jacobians = [], [], []
    for t, row in enumerate(x):
        jacobians.append(step_jacobian(cell, row[sample], _sample(now, sample)))
        with scope(f"t={t}", step=t):
            y, after = cell.step(Tensor(row), now)
        now = rebuild(flatten(arranged(after, now))[0])
        for s in flatten(now)[0]:
            s.retain_grad()
        seen.append(flatten(now)[0])
        outputs.append(flatten(y)[0][0])
    names = _names(seen[-1])
    credit = _credit(outputs, seen, jacobians, sample)
    whole = stack(outputs)
    value = whole[-1].sum() if loss is None else loss(whole)
    value.backward()
    norms = {
        name: np.array([0.0 if s[k].grad is None else np.linalg.norm(s[k].grad.numpy()) for s in seen])
        for k, name in enumerate(names)
    }
    return GradientFlow(type(cell).__name__, names, norms, credit, products(jacobians), lyapunov_spectrum(jacobians))


def _one_cell(thing: Any) -> Any:
    cells = getattr(thing, "cells", None)
    cells = getattr(cells, "rows", cells)
    while isinstance(cells, list) and len(cells) == 1 and not is_cell(thing):
        cells = cells[0]
    found = thing if is_cell(thing) else cells
    if not is_cell(found):
        raise ArgumentError(
            with_user_line(f"gradient_flow: expected a cell or a layer of one cell, got {type(thing).__name__}")
        )
    return found


def _watched(s: Tensor) -> Tensor:
    leaf = Tensor(np.array(s.numpy())).named(s.name or "s", role="state")
    leaf.requires_grad = True
    return leaf


def _sample(state: Any, sample: int) -> Any:
    leaves, rebuild = flatten(state)
    return rebuild([Tensor(s.numpy()[sample : sample + 1]) for s in leaves])


def _names(leaves: list[Tensor]) -> list[str]:
    names: list[str] = []
    for s in leaves:
        name = s.name or "s"
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _credit(outputs: list[Tensor], seen: list[list[Tensor]], jacobians: list[np.ndarray], sample: int) -> np.ndarray:
    """Row s: the norms of ∂ℓ_s/∂state_t, ℓ_s = ½‖output_s‖², carried back by the transposed Jacobians."""
    T = len(outputs)
    found = np.zeros((T, T))
    for s in range(T):
        g = _of_output(outputs[s], seen[s], sample)
        for t in range(s, -1, -1):
            found[s, t] = np.linalg.norm(g)
            g = jacobians[t].T @ g
    return found


def _of_output(y: Tensor, states: list[Tensor], sample: int) -> np.ndarray:
    """∂ℓ/∂state of the same step: the output is a state, or a function of the new states."""
    own = next((k for k, s in enumerate(states) if s is y), None)
    g = [np.zeros(s.numpy()[sample].size) for s in states]
    if own is not None:
        g[own] = y.numpy()[sample].reshape(-1).astype(np.float64)
        return np.concatenate(g)
    from ..core.autodiff import pull_back

    seed = np.zeros(y.shape, y.dtype)
    seed[sample] = y.numpy()[sample]
    pairs = pull_back([y], [Tensor(seed)], wrt=states, retain_graph=True)
    by_number = {x.number: grad for x, grad in pairs}
    for k, s in enumerate(states):
        if s.number in by_number:
            g[k] = by_number[s.number].numpy()[sample].reshape(-1)
    return np.concatenate(g)
