"""Prediction from a carried state: sampled symbols, free-running series, and intervals from what was missed before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..core.operands import array_of
from ..nn import Network


def probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """What symbols are drawn with: softmax(logits / temperature), cut to the likeliest ones.

    Args:
        logits: (V,).
        temperature: below 1 bolder, above 1 more varied; 0: only the likeliest.
        top_k: only so many of the likeliest.
        top_p: only the likeliest ones that together have this probability (nucleus sampling, Holtzman et al. 2020).

    Returns:
        (V,), in sum 1.

    Raises:
        ArgumentError: a negative temperature, top_k below 1, or top_p outside (0, 1].
    """
    if not temperature >= 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ArgumentError(
            with_user_line(
                f"expected temperature ≥ 0, top_k ≥ 1 and 0 < top_p ≤ 1, got {temperature}, {top_k} and {top_p}"
            )
        )
    z = array_of(logits, np.float64)
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
    generator: np.random.Generator | None = None,
    state: Any = None,
) -> np.ndarray:
    """Go on from some symbols, drawing one after the other from what the network says of the next.

    Args:
        network: reads symbols and says the next one, at every step.
        start: (S,) symbols to read first, at least one.
        length: how many to draw.
        state: before the first symbol; default: the network's own.
        temperature, top_k, top_p: see `probabilities`.
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
            p = probabilities(logits, temperature, top_k, top_p)
            drawn[t] = generator.choice(len(p), p=p)
            if t + 1 < length:
                output, state = network.step(drawn[t : t + 1], state)
                logits = output.numpy()[0]
    return drawn


def free_run(network: Network, past: np.ndarray, steps: int, *, state: Any = None) -> np.ndarray:
    """Read a series, then go on alone: each prediction is the next input.

    Args:
        network: reads D numbers and says the next D, at every step.
        past: (S, B, D), at least one step.
        steps: how many to predict.
        state: before the first step of `past`; default: the network's own.

    Returns:
        the predictions, (steps, B, D); the first is of the step after `past`.

    Raises:
        ArgumentError: the network does not say what it reads, or there is no past.
    """
    if network.symbols is not None or network.at_end or network.readout.out_features != network.input_size:
        raise ArgumentError(
            with_user_line("free_run: expected a network that reads numbers and says the next ones, at every step")
        )
    past = array_of(past, network.dtype)
    if past.ndim != 3 or not len(past):
        raise ArgumentError(with_user_line(f"free_run: the past is {past.shape}, expected (S, B, D) with S ≥ 1"))
    found = np.empty((steps, *past.shape[1:]), past.dtype)
    with _evaluating(network), no_grad():
        outputs, state = network(past, state)
        x = outputs.numpy()[-1]
        for t in range(steps):
            found[t] = x
            if t + 1 < steps:
                output, state = network.step(x, state)
                x = output.numpy()
    return found


@dataclass(frozen=True)
class Residuals:
    """What free-running predictions missed on a validation series: (origins, horizon, D), truth − prediction."""

    values: np.ndarray

    def interval(self, forecast: np.ndarray, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends between which a share `level` of what was predicted so far ahead came to lie.

        Args:
            forecast: (steps, D), no further ahead than residuals were measured.
            level: such as 0.9.

        Raises:
            ArgumentError: the forecast is longer, or the level is not in (0, 1).
        """
        if len(forecast) > self.values.shape[1] or not 0 < level < 1:
            raise ArgumentError(
                with_user_line(
                    f"interval: residuals reach {self.values.shape[1]} steps ahead, the forecast {len(forecast)}; "
                    f"level must be in (0, 1), got {level}"
                )
            )
        low, high = np.quantile(self.values[:, : len(forecast)], [(1 - level) / 2, (1 + level) / 2], axis=0)
        return forecast + low, forecast + high


def residuals(network: Network, series: np.ndarray, horizon: int, warmup: int, origins: int = 50) -> Residuals:
    """Predict `horizon` steps ahead from many places of a series that was not trained on, and see what was missed.

    Args:
        series: (N, D).
        horizon: steps ahead.
        warmup: steps read before each prediction begins.
        origins: at how many places, evenly spread.

    Raises:
        ArgumentError: the series is too short.
    """
    places = len(series) - warmup - horizon + 1
    if places < 1:
        raise ArgumentError(
            with_user_line(
                f"residuals: {len(series)} steps; {warmup} to read and {horizon} to predict need {warmup + horizon}"
            )
        )
    at = np.unique(np.linspace(0, places - 1, min(origins, places)).astype(int))
    past = np.stack([series[k : k + warmup] for k in at], axis=1)
    truth = np.stack([series[k + warmup : k + warmup + horizon] for k in at], axis=1)
    return Residuals((truth - free_run(network, past, horizon)).transpose(1, 0, 2))


class _evaluating:
    """The network in evaluation for a while."""

    def __init__(self, network: Network):
        self.network, self.training = network, network.training

    def __enter__(self) -> None:
        self.network.eval()

    def __exit__(self, *error: object) -> None:
        self.network.train(self.training)
