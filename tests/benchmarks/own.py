"""Cells of a user's own: each written once over the names that every library has, and run by each library's own means.

Ours is traced and compiled by `tg.scan`; PyTorch runs eagerly, step by step, or under `torch.compile`; JAX compiles
`lax.scan`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from contestants import Step, training_of

import tinygrad_rnn as tg


class Formula(NamedTuple):
    """`step(names of a library, weights, x, state) -> state`, whose first part is the output; shapes by D and H."""

    step: Callable[[Any, Any, Any, tuple[Any, ...]], tuple[Any, ...]]
    shapes: Callable[[int, int], dict[str, tuple[int, ...]]]
    states: int


def peephole_lstm(F: Any, w: Any, x: Any, state: Any) -> Any:
    """Diagonal peepholes (Gers and Schmidhuber 2000)."""
    h, c = state
    H = h.shape[1]
    z = x @ w.W + h @ w.R + w.b
    i, f = F.sigmoid(z[:, :H] + w.p_i * c), F.sigmoid(z[:, H : 2 * H] + w.p_f * c)
    c = f * c + i * F.tanh(z[:, 2 * H : 3 * H])
    return F.sigmoid(z[:, 3 * H :] + w.p_o * c) * F.tanh(c), c


def layer_norm_lstm(F: Any, w: Any, x: Any, state: Any) -> Any:
    """Both products and the cell normalised (Ba et al. 2016)."""

    def norm(a: Any, gain: Any) -> Any:
        d = a - F.mean(a)
        return d / F.sqrt(F.mean(d * d) + 1e-5) * gain

    h, c = state
    H = h.shape[1]
    z = norm(x @ w.W, w.gain_x) + norm(h @ w.R, w.gain_h) + w.b
    c = F.sigmoid(z[:, H : 2 * H]) * c + F.sigmoid(z[:, :H]) * F.tanh(z[:, 2 * H : 3 * H])
    return F.sigmoid(z[:, 3 * H :]) * F.tanh(norm(c, w.gain_c) + w.bias_c), c


def minimal_gated_unit(F: Any, w: Any, x: Any, state: Any) -> Any:
    """One gate (Zhou et al. 2016)."""
    (h,) = state
    f = F.sigmoid(x @ w.W_f + h @ w.R_f + w.b_f)
    return ((1 - f) * h + f * F.tanh(x @ w.W + (f * h) @ w.R + w.b),)


def softmax_cell(F: Any, w: Any, x: Any, state: Any) -> Any:
    """A leaky state that a softmax over the units writes to."""
    (h,) = state
    z = x @ w.W + h @ w.R + w.b
    return (0.9 * h + F.softmax(z) * F.tanh(z),)


FORMULAS = {
    "peephole": Formula(
        peephole_lstm,
        lambda D, H: {"W": (D, 4 * H), "R": (H, 4 * H), "b": (4 * H,), "p_i": (H,), "p_f": (H,), "p_o": (H,)},
        2,
    ),
    "layer norm": Formula(
        layer_norm_lstm,
        lambda D, H: {
            **{"W": (D, 4 * H), "R": (H, 4 * H), "b": (4 * H,), "gain_x": (4 * H,), "gain_h": (4 * H,)},
            **{"gain_c": (H,), "bias_c": (H,)},
        },
        2,
    ),
    "MGU": Formula(
        minimal_gated_unit,
        lambda D, H: {"W": (D, H), "R": (H, H), "b": (H,), "W_f": (D, H), "R_f": (H, H), "b_f": (H,)},
        1,
    ),
    "softmax": Formula(softmax_cell, lambda D, H: {"W": (D, H), "R": (H, H), "b": (H,)}, 1),
}


class OwnCell(tg.nn.Cell):
    """A formula as a cell."""

    names = SimpleNamespace(
        sigmoid=tg.sigmoid,
        tanh=tg.tanh,
        sqrt=tg.sqrt,
        mean=lambda a: a.mean(axis=-1, keepdims=True),
        softmax=lambda a: tg.softmax(a, axis=-1),
    )

    def __init__(self, formula: Formula, weights: dict[str, np.ndarray], input_size: int, hidden_size: int):
        self.formula, self.input_size, self.hidden_size = formula, input_size, hidden_size
        self.w = SimpleNamespace(**{name: tg.nn.Parameter(w) for name, w in weights.items()})

    def initial_state(self, batch: int | None) -> Any:
        return tuple(self.zeros(batch, self.hidden_size) for _ in range(self.formula.states))

    def step(self, x: Any, state: Any) -> Any:
        state = self.formula.step(self.names, self.w, x, state)
        return state[0], state


def as_written(name: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    """Ours, with a graph that is built at every step."""
    return ours(name, weights, x, weight, compiled=False)


def ours(
    name: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray, compiled: bool = True
) -> tuple[Step, Step]:
    cell = OwnCell(FORMULAS[name], weights, x.shape[2], weight.shape[2])
    xs, ones = tg.tensor(x, requires_grad=True), tg.tensor(weight)
    parameters = list(vars(cell.w).values())

    def forward() -> Any:
        with tg.no_grad():
            return tg.scan(cell, xs)

    def step() -> None:
        for p in (xs, *parameters):
            p.grad = None
        tg.scan(cell, xs)[0].backward(ones)

    return tg.compile(forward) if compiled else forward, training_of(step, xs, parameters, compiled)


def torch_eager(
    name: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray, compiled: bool = False
) -> tuple[Step, Step]:
    import torch

    formula = FORMULAS[name]
    F = SimpleNamespace(
        sigmoid=torch.sigmoid,
        tanh=torch.tanh,
        sqrt=torch.sqrt,
        mean=lambda a: a.mean(-1, keepdim=True),
        softmax=lambda a: torch.softmax(a, -1),
    )
    w = SimpleNamespace(**{k: torch.from_numpy(v.copy()).requires_grad_() for k, v in weights.items()})
    xs = torch.from_numpy(x.copy()).requires_grad_()
    ones = torch.from_numpy(weight.copy())
    leaves = [xs, *vars(w).values()]

    def step(row: Any, *state: Any) -> Any:
        return formula.step(F, w, row, state)

    one = torch.compile(step) if compiled else step

    def run() -> Any:
        state = tuple(torch.zeros(x.shape[1], weight.shape[2]) for _ in range(formula.states))
        outputs = []
        for row in xs.unbind(0):
            state = one(row, *state)
            outputs.append(state[0])
        return torch.stack(outputs)

    def forward() -> Any:
        with torch.no_grad():
            return run()

    def training() -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        run().backward(ones)
        return [leaf.grad.numpy() for leaf in leaves]

    return forward, training


def torch_compiled(name: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    return torch_eager(name, weights, x, weight, compiled=True)


def jax_scan(name: str, weights: dict[str, np.ndarray], x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    import jax
    import jax.numpy as jnp

    formula = FORMULAS[name]
    F = SimpleNamespace(
        sigmoid=jax.nn.sigmoid,
        tanh=jnp.tanh,
        sqrt=jnp.sqrt,
        mean=lambda a: a.mean(-1, keepdims=True),
        softmax=lambda a: jax.nn.softmax(a, -1),
    )

    def run(given: Any, rows: Any) -> Any:
        w = SimpleNamespace(**given)

        def body(state: Any, row: Any) -> Any:
            state = formula.step(F, w, row, state)
            return state, state[0]

        zero = tuple(jnp.zeros((rows.shape[1], weight.shape[2]), jnp.float32) for _ in range(formula.states))
        return jax.lax.scan(body, zero, rows)[1]

    forward_ = jax.jit(run)
    gradient = jax.jit(jax.grad(lambda given, rows: (run(given, rows) * weight).sum(), argnums=(0, 1)))
    given, rows = {k: jnp.asarray(v) for k, v in weights.items()}, jnp.asarray(x)

    def training() -> list[np.ndarray]:
        d_weights, d_rows = jax.block_until_ready(gradient(given, rows))
        return [np.asarray(d_rows), *[np.asarray(d_weights[k]) for k in weights]]

    return lambda: jax.block_until_ready(forward_(given, rows)), training


OWN = {"ours": ours, "as written": as_written, "torch": torch_eager, "torch.compile": torch_compiled, "jax": jax_scan}
