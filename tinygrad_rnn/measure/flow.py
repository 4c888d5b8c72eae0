"""`gradient_flow`: how far the gradient of a recurrent network reaches back in time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.autodiff import pull_back
from ..core.errors import ArgumentError, with_user_line
from ..core.mode import enable_grad
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..ops import stack
from ..step.cells import initial_state, one_cell
from ..step.inputs import input_of
from ..step.looping import run_steps
from .jacobians import lyapunov_spectrum, products, step_jacobian

STEPS = 50  # of a random input


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

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """In a notebook: its text, and its figure if matplotlib is installed."""
        from .plots import figure_in_a_notebook

        return {"text/plain": repr(self)} | figure_in_a_notebook(self.plot)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """A figure of all four; saved, if a path is given (.svg, .png, .pdf).

        Raises:
            ArgumentError: matplotlib is not installed (`pip install tinygrad_rnn[plot]`), or the path ends otherwise.
        """
        from .plots import check_figure_path, plot_flow

        check_figure_path("plot", path)
        figure = plot_flow(self)
        if path is not None:
            figure.savefig(path)
        return figure


def gradient_flow(
    cell: Any,
    input: Any = None,
    state: Any = None,
    *,
    loss: Callable[[Tensor], Tensor] | None = None,
    sample: int = 0,
) -> GradientFlow:
    """Watch the gradient of a loss flow back through a cell.

    Args:
        cell: a cell, or a layer of one cell.
        input: a sequence (T, B, D), or the shape of a random one, (T, B, D) or (B, D); default: 50 random steps.
        state: the state before the first step; default: the cell's own.
        loss: of the outputs (T, B, H); default: the sum of the last step's.
        sample: which sample Jacobians are taken of.

    The Jacobian ∂s_t/∂s_{t−1} of the whole state is formed at every step, n × n for a state of n numbers.

    Raises:
        ArgumentError: it is no cell, or has no input_size and no input is given; there is no such sample.
        ShapeError: the input is not (T, B, D), or not what the cell reads.
    """
    cell = one_cell("gradient_flow", cell)
    x = input_of("gradient_flow", cell, input).sequence("gradient_flow", STEPS, np.random.default_rng(0))
    if not 0 <= sample < x.shape[1]:
        raise ArgumentError(with_user_line(f"gradient_flow: sample {sample} of a batch of {x.shape[1]}"))
    with enable_grad():  # a gradient is what it is for, inside `no_grad` too
        return _measured(cell, x, initial_state(cell, x.shape[1]) if state is None else state, loss, sample)


def _measured(
    cell: Any, x: np.ndarray, state: Any, loss: Callable[[Tensor], Tensor] | None, sample: int
) -> GradientFlow:
    leaves, rebuild = flatten(state)
    watched = rebuild([_watched(s) for s in leaves])
    seen, jacobians = [], []

    def watch(t: int, output: Any, after: Any, before: Any) -> tuple[Any, Any]:
        jacobians.append(step_jacobian(cell, x[t, sample], _sample(before, sample)))
        seen.append(flatten(after)[0])
        for s in seen[-1]:
            s.retain_grad()
        return flatten(output)[0][0], after

    outputs, _ = run_steps(cell, len(x), lambda t: Tensor(x[t]), lambda _: watched, then=watch)
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


def _watched(s: Tensor | np.ndarray) -> Tensor:
    leaf = Tensor(np.array(s)).named(getattr(s, "name", None) or "s", role="state")
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
    seed = np.zeros(y.shape, y.dtype)
    seed[sample] = y.numpy()[sample]
    pairs = pull_back([y], [Tensor(seed)], wrt=states, retain_graph=True)
    by_number = {x.number: grad for x, grad in pairs}
    for k, s in enumerate(states):
        if s.number in by_number:
            g[k] = by_number[s.number].numpy()[sample].reshape(-1)
    return np.concatenate(g)
