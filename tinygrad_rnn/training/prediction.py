"""Prediction from a carried state: sampled symbols, free-running series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..core.operands import array_of
from ..nn import Network


def probabilities(
    logits: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    never: Sequence[int] = (),
) -> np.ndarray:
    """What symbols are drawn with: softmax(logits / temperature), cut to the likeliest ones.

    Args:
        logits: (V,).
        temperature: below 1 bolder, above 1 more varied; 0: only the likeliest.
        top_k: only so many of the likeliest.
        top_p: only the likeliest ones that together have this probability (nucleus sampling, Holtzman et al. 2020).
        never: symbols that are not drawn, whatever the logits say (`Text.never`).

    Returns:
        (V,), in sum 1.

    Raises:
        ArgumentError: a negative temperature, top_k below 1, top_p outside (0, 1], or no symbol is left.
    """
    if not temperature >= 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ArgumentError(
            with_user_line(
                f"expected temperature ≥ 0, top_k ≥ 1 and 0 < top_p ≤ 1, got {temperature}, {top_k} and {top_p}"
            )
        )
    z = np.array(array_of(logits), np.float64)
    z[list(never)] = -np.inf
    if not np.isfinite(z.max()):
        raise ArgumentError(with_user_line("expected finite logits, of one symbol at least that may be drawn"))
    if temperature == 0:
        return np.eye(len(z))[np.argmax(z)]
    p = np.exp((z - z.max()) / temperature)
    p /= p.sum()
    order = np.argsort(-p, kind="stable")
    keep = len(p) if top_k is None else min(top_k, len(p))
    if top_p is not None:
        keep = min(keep, int(np.searchsorted(np.cumsum(p[order]), top_p * (1 - 1e-12))) + 1)
    p[order[keep:]] = 0
    return p / p.sum()


def sample(
    network: Network,
    start: np.ndarray,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    never: Sequence[int] = (),
    generator: np.random.Generator | None = None,
    state: Any = None,
) -> np.ndarray:
    """Go on from some symbols, drawing one after the other from what the network says of the next.

    Args:
        network: reads symbols and says the next one, at every step.
        start: (S,) symbols to read first, at least one.
        length: how many to draw.
        state: before the first symbol; default: the network's own.
        temperature, top_k, top_p, never: see `probabilities`.
        generator: what is drawn with; default: a new one.

    Returns:
        the symbols drawn, (length,).

    Raises:
        ArgumentError: the network does not say symbols of the kind it reads, or nothing to start with.
    """
    if network.symbols is None or network.at_end or network.readout.out_features != network.symbols:
        raise ArgumentError(with_user_line("sample: expected a network that reads symbols and says the next one"))
    start = array_of(start)
    if start.ndim != 1 or not len(start):
        raise ArgumentError(with_user_line(f"sample: expected at least one symbol to start with, got {start.shape}"))
    generator = np.random.default_rng() if generator is None else generator
    drawn = np.empty(length, np.int64)
    with _evaluating(network), no_grad():
        outputs, state = network(start[:, None], state)
        logits = outputs.numpy()[-1, 0]
        for t in range(length):
            p = probabilities(logits, temperature, top_k, top_p, never)
            drawn[t] = generator.choice(len(p), p=p)
            if t + 1 < length:
                output, state = network.step(drawn[t : t + 1], state)
                logits = output.numpy()[0]
    return drawn


def free_run(
    network: Network, past: np.ndarray, steps: int, *, known: np.ndarray | None = None, state: Any = None
) -> np.ndarray:
    """Read a series, then go on alone: each prediction is the next input.

    Args:
        network: reads numbers, and says the next of them at every step; of `Windows` with `known`, the next of some.
        past: (S, B, O), at least one step, what it says.
        steps: how many to predict.
        known: (S + steps, B, E) what else it reads, of every step of `past` and of those to predict (as in `Windows`,
            what is known of the step that is said: row t + 1 is read with row t of `past`).
        state: before the first step of `past`; default: the network's own.

    Returns:
        the predictions, (steps, B, O); the first is of the step after `past`.

    Raises:
        ArgumentError: the network does not say what it reads, there is no past, or what is known does not reach as far.
    """
    says = network.readout.out_features
    beside = 0 if known is None else np.shape(known)[-1]
    if network.symbols is not None or network.at_end or says + beside != network.input_size:
        raise ArgumentError(
            with_user_line(
                "free_run: expected a network that reads numbers and says the next ones, at every step; it says "
                f"{says}, reads {network.input_size or 'symbols'}, and {beside} are known"
            )
        )
    past = array_of(past, network.dtype)
    if past.ndim != 3 or not len(past) or past.shape[2] != says:
        raise ArgumentError(with_user_line(f"free_run: the past is {past.shape}, expected (S, B, {says}) with S ≥ 1"))
    more = np.zeros((len(past) + steps, past.shape[1], 0)) if known is None else known
    more = array_of(more, network.dtype)
    if more.shape != (len(past) + steps, past.shape[1], beside):
        expected = f"({len(past)} + {steps}, {past.shape[1]}, {beside})"
        raise ArgumentError(with_user_line(f"free_run: what is known is {more.shape}, expected {expected}"))
    found = np.empty((steps, *past.shape[1:]), past.dtype)
    with _evaluating(network), no_grad():
        outputs, state = network(np.concatenate([past, more[1 : len(past) + 1]], axis=2), state)
        x = outputs.numpy()[-1]
        for t in range(steps):
            found[t] = x
            if t + 1 < steps:
                output, state = network.step(np.concatenate([x, more[len(past) + t + 1]], axis=1), state)
                x = output.numpy()
    return found


class _evaluating:
    """The network in evaluation for a while."""

    def __init__(self, network: Network):
        self.network, self.training = network, network.training

    def __enter__(self) -> None:
        self.network.eval()

    def __exit__(self, *error: object) -> None:
        self.network.train(self.training)
