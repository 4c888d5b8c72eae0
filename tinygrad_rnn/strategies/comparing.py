"""`compare_strategies`: what each strategy's gradient is worth, and what it costs."""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import scope
from ..data.batch import Batch
from ..nn import Network
from ..ops import stack
from ..view import draw
from ..view.drawing import Drawing
from .base import Strategy
from .bptt import BPTT
from .criterion import Criterion


@dataclass(frozen=True)
class ComparisonRow:
    """One strategy: the cosine of its gradient with the full one, how long it is beside it, seconds, peak bytes."""

    strategy: Strategy
    cosine: float
    norm: float
    seconds: float
    bytes: int


@dataclass
class StrategyComparison:
    """What `compare_strategies` found. Print it; `draw` shows what a strategy cuts off."""

    network: Network
    batch: Batch
    criterion: Criterion
    rows: list[ComparisonRow]

    def __repr__(self) -> str:
        wide = max(len(repr(row.strategy)) for row in self.rows) + 2
        lines = [f"{'strategy':{wide}}{'cosine':>10}{'norm':>10}{'time':>11}{'memory':>13}"]
        for row in self.rows:
            costs = f"{row.seconds * 1e3:8.1f} ms{row.bytes / 1024:9.0f} KiB"
            lines.append(f"{row.strategy!r:{wide}}{row.cosine:10.6f}{row.norm:10.4f}{costs}")
        return "\n".join(lines)

    def draw(self, strategy: Strategy, steps: int = 6, **options: Any) -> Drawing:
        """The graph of some steps and their loss; what the strategy cuts off is marked.

        Args:
            strategy: one of those compared, or another.
            steps: of the sequence, from its first.
            options: of `tg.draw`.

        Raises:
            ArgumentError: the strategy cuts nothing off, or not within so many steps.
        """
        if strategy.cuts is None or not strategy.cuts < steps:
            raise ArgumentError(
                with_user_line(f"draw: {strategy!r} cuts no gradient off within {steps} steps; draw the network itself")
            )
        state, outputs = self.network.initial_state(1), []
        for t in range(steps):
            with scope(f"t={t}", step=t):
                output, state = self.network.step(self.batch.inputs[t, :1], state)
            outputs.append(output)
        loss = stack(outputs).sum().named("L", role="loss")
        return draw(loss, **({"cuts": strategy.cuts, "level": "gate"} | options))


def compare_strategies(
    network: Network,
    batch: Batch,
    strategies: Iterable[Strategy],
    criterion: Criterion | str = "mse",
    *,
    state: Any = None,
    number: int = 0,
) -> StrategyComparison:
    """Compute one batch's gradient by several strategies and compare each with that of full BPTT.

    Each runs twice: the first time compiles, the second is measured, with Python's and NumPy's allocations traced. The
    ``.grad`` of the parameters is left empty.

    Args:
        network, batch, state: what is differentiated.
        strategies: those to compare.
        criterion: L, or its kind: "mse", "cross_entropy", "bce".
        number: how many batches came before, for `ScheduledSampling`.

    >>> network = tg.nn.Network(tg.nn.GRUCell(2, 8), 1, at_end=True)
    >>> batch = tg.data.Adding(20).sample(np.random.default_rng(0), 4)
    >>> found = tg.compare_strategies(network, batch, [tg.strategies.Truncated(20), tg.strategies.Truncated(5)])
    >>> bool(found.rows[1].cosine > 0.999999), bool(found.rows[2].cosine < 0.999999)
    (True, True)

    Raises:
        ArgumentError: there are no strategies.
    """
    wanted = [BPTT(), *strategies]
    if len(wanted) == 1:
        raise ArgumentError(with_user_line("compare_strategies: expected at least one strategy to compare with BPTT"))
    if isinstance(criterion, str):
        criterion = Criterion(criterion, network.at_end)
    rows, full = [], None
    for strategy in wanted:
        for measured in (False, True):
            if measured:  # compiled layers keep memory for the next batch of the same size: one of one step takes it
                network(batch.inputs[:1], at_end=False)[0].sum().backward()
                tracemalloc.start()
            network.zero_grad()
            begin = time.perf_counter()
            try:
                strategy.gradients(network, batch, criterion, state, number)
                seconds = time.perf_counter() - begin
                peak = tracemalloc.get_traced_memory()[1] if measured else 0
            finally:
                if measured:
                    tracemalloc.stop()
        found = _gradient(network)
        full = found if full is None else full
        size, whole = float(np.linalg.norm(found)), float(np.linalg.norm(full))
        cosine = float(found @ full) / (size * whole) if size and whole else math.nan
        rows.append(ComparisonRow(strategy, min(cosine, 1.0), size / whole if whole else math.nan, seconds, peak))
    network.zero_grad()
    return StrategyComparison(network, batch, criterion, rows)


def _gradient(network: Network) -> np.ndarray:
    """All gradients in one row."""
    parts = [np.zeros(p.size) if p.grad is None else p.grad.numpy().reshape(-1) for p in network.parameters()]
    return np.concatenate(parts).astype(np.float64)
