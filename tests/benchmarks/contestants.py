"""The built-in layers of each library: (forward, training step), from the same weights, with the same loss.

A training step is forward, back-propagation through time, and the gradients of all weights and of the input; it
returns them, the input's first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

Step = Callable[[], Any]
Weights = dict[str, np.ndarray]


def as_written(cell: str, weights: Weights, x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    """Ours, with a graph that is built at every step."""
    return ours(cell, weights, x, weight, compiled=False)


def ours(cell: str, weights: Weights, x: np.ndarray, weight: np.ndarray, compiled: bool = True) -> tuple[Step, Step]:
    layer = getattr(tg.nn, cell)(x.shape[2], weight.shape[2])
    layer.load_state_dict(weights)
    xs = tg.tensor(x, requires_grad=True)
    ones = tg.tensor(weight)

    def forward() -> Any:
        with tg.no_grad():
            return layer(xs)

    def step() -> None:
        layer.zero_grad()
        xs.grad = None
        outputs, _ = layer(xs)
        outputs.backward(ones)

    return tg.compile(forward) if compiled else forward, training_of(step, xs, list(layer.parameters()), compiled)


def training_of(step: Step, xs: tg.Tensor, parameters: list[Any], compiled: bool) -> Step:
    """Of a step of ours one that returns the gradients."""
    run = tg.compile(step) if compiled else step

    def training() -> list[np.ndarray]:
        run()
        return [xs.grad.numpy(), *[p.grad.numpy() for p in parameters]]  # type: ignore[union-attr]

    return training


def torch_layer(
    cell: str, weights: Weights, x: np.ndarray, weight: np.ndarray, compiled: bool = False
) -> tuple[Step, Step]:
    import torch

    layer = getattr(torch.nn, cell)(x.shape[2], weight.shape[2])
    layer.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    if compiled:
        layer = torch.compile(layer)
    xs = torch.from_numpy(x.copy()).requires_grad_()
    ones = torch.from_numpy(weight.copy())

    def forward() -> Any:
        with torch.no_grad():
            return layer(xs)

    def training() -> list[np.ndarray]:
        layer.zero_grad(set_to_none=True)
        xs.grad = None
        outputs, _ = layer(xs)
        outputs.backward(ones)
        return [xs.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]]

    return forward, training


def jax_layer(cell: str, weights: Weights, x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    import jax
    import jax.numpy as jnp

    H = weight.shape[2]

    def step(parameters: Any, state: Any, row: Any) -> Any:
        W, R, b, c = parameters
        h = state[0]
        if cell == "GRU":
            p, q = row @ W.T + b, h @ R.T + c
            r, z = jax.nn.sigmoid(p[:, :H] + q[:, :H]), jax.nn.sigmoid(p[:, H : 2 * H] + q[:, H : 2 * H])
            n = jnp.tanh(p[:, 2 * H :] + r * q[:, 2 * H :])
            return ((1 - z) * n + z * h,)
        a = row @ W.T + b + h @ R.T + c
        if cell == "RNN":
            return (jnp.tanh(a),)
        i, f, o = jax.nn.sigmoid(a[:, :H]), jax.nn.sigmoid(a[:, H : 2 * H]), jax.nn.sigmoid(a[:, 3 * H :])
        new = f * state[1] + i * jnp.tanh(a[:, 2 * H : 3 * H])
        return o * jnp.tanh(new), new

    def run(parameters: Any, xs: Any) -> Any:
        zero = jnp.zeros((xs.shape[1], H), jnp.float32)
        initial = (zero, zero) if cell == "LSTM" else (zero,)

        def body(state: Any, row: Any) -> Any:
            state = step(parameters, state, row)
            return state, state[0]

        return jax.lax.scan(body, initial, xs)[1]

    forward_ = jax.jit(run)
    gradient = jax.jit(jax.grad(lambda parameters, xs: (run(parameters, xs) * weight).sum(), argnums=(0, 1)))
    parameters = tuple(jnp.asarray(w) for w in weights.values())
    xs = jnp.asarray(x)

    def training() -> list[np.ndarray]:
        d_parameters, d_xs = jax.block_until_ready(gradient(parameters, xs))
        return [np.asarray(d_xs), *[np.asarray(d) for d in d_parameters]]

    return lambda: jax.block_until_ready(forward_(parameters, xs)), training


def compiled_torch_layer(cell: str, weights: Weights, x: np.ndarray, weight: np.ndarray) -> tuple[Step, Step]:
    return torch_layer(cell, weights, x, weight, compiled=True)


LAYERS = {
    "ours": ours,
    "as written": as_written,
    "torch": torch_layer,
    "torch.compile": compiled_torch_layer,
    "jax": jax_layer,
}
