"""`Shares`: which rows of a batch are a rank's, and the random numbers and states that go with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..data.batch import Batch, Part
from ..nn import Network
from ..strategies import Criterion, Outcome, Strategy, begun
from .parallel import Ranks


class RowGenerator(np.random.Generator):
    """A generator that, while it has a `part` of a batch, draws what belongs to its rows of what all would draw.

    The batch is the last but one axis of what is drawn (or varies fastest on it); what has fewer axes is for all rows.
    """

    part: Part | None = None

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.part is None or not isinstance(size, tuple) or len(size) < 2:
            return super().random(size, dtype, out)
        *before, rows, features = size
        times, rest = divmod(rows, self.part.size)
        if rest:
            what = f"random numbers {size} are not those of {self.part.size} sequences, (…, {self.part.size}, features)"
            raise ArgumentError(with_user_line(f"{what}: ranks cannot share them"))
        drawn = super().random((*before, times, self.part.whole.size, features), dtype)
        return drawn[..., self.part.rows, :].reshape(size)


class Shares:
    """A network's batches, shared by the ranks: each has as many rows as the others, in their order.

    Where there are several ranks, the network's generators become `RowGenerator`s of the same bits.
    """

    def __init__(self, ranks: Ranks, network: Network):
        self.ranks, self.network = ranks, network
        self.generators = _taken(network) if ranks.size > 1 else []

    def part(self, batch: Batch, at_end: bool) -> Batch:
        """This rank's rows: none, if there are fewer than ranks."""
        return batch if self.ranks.size == 1 else batch.part(*self._rows(batch.size), at_end)

    def _rows(self, size: int) -> tuple[int, int]:
        return size * self.ranks.rank // self.ranks.size, size * (self.ranks.rank + 1) // self.ranks.size

    def gradients(
        self, strategy: Strategy, batch: Batch, criterion: Criterion, carried: Any, number: int,
        parameters: Sequence[Tensor],
    ) -> Outcome:  # fmt: skip
        """The strategy's gradients and loss of the whole batch; and the state after it, of this rank's rows."""
        part = self.part(batch, criterion.at_end)
        idle = not part.size
        if idle:  # at the end of an epoch; it does the first row for nothing, and draws what the others draw
            part = batch.part(0, 1, criterion.at_end)
        with self._drawing(part):
            state = begun(self.network, part, carried)
            loss, after = strategy.gradients(self.network, part, criterion, state, number)
        if idle:
            loss = 0.0
            for p in parameters:
                p.grad = None
        return Outcome(self.ranks.add(parameters, loss)[0], after)

    @contextlib.contextmanager
    def _drawing(self, part: Batch | None) -> Iterator[None]:
        try:
            for g in self.generators:
                g.part = part if isinstance(part, Part) else None
            yield
        finally:
            for g in self.generators:
                g.part = None

    # -- states that are carried --------------------------------------------------------------

    def gathered(self, state: Any) -> list[np.ndarray]:
        """The arrays of a state: of all rows on rank 0. All ranks must come here."""
        return [] if state is None else [self.ranks.gathered(s.numpy()) for s in flatten(state)[0]]

    def own(self, arrays: Sequence[np.ndarray]) -> Any:
        """The state of this rank's rows, of the arrays of all."""
        first, last = self._rows(len(arrays[0]))
        return flatten(self.network.initial_state(last - first))[1]([Tensor(x[first:last].copy()) for x in arrays])

    # -- what cannot be shared ----------------------------------------------------------------

    def check(self, batch: Batch, at_end: bool) -> None:
        """Raise unless the ranks can share batches like this one.

        Raises:
            ArgumentError: each would not have as many rows; or a step on some rows is not that step on all rows.
        """
        size, ranks = batch.size, self.ranks.size
        if ranks == 1:
            return
        if size % ranks:
            near = " or ".join(str(n) for n in (size - size % ranks, size - size % ranks + ranks) if n)
            raise ArgumentError(
                with_user_line(f"a batch of {size} sequences cannot be shared evenly by {ranks} ranks; make it {near}")
            )
        first, last = self._rows(size)
        whole, own = self._stepped(batch, None), self._stepped(batch, batch.part(first, last, at_end))
        for name, one, other in zip(self._names(), whole, own, strict=True):
            for a, b in zip(flatten(one)[0], flatten(other)[0], strict=True):
                a, b = a.numpy()[first:last], b.numpy()
                if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(a).max(initial=0)):
                    why = "it mixes rows, or draws random numbers otherwise than by generator.random((B, features))"
                    raise ArgumentError(
                        with_user_line(f"{name}: its step on some rows of a batch is not that on all: {why}")
                    )

    def _names(self) -> list[str]:
        return [type(cell).__name__ for cell in getattr(self.network, "cells", [self.network])]

    def _stepped(self, batch: Batch, part: Part | None) -> Sequence[Any]:
        """The states of all cells after the first step; nothing is changed."""
        rows = slice(None) if part is None else part.rows
        before = [g.bit_generator.state for g in self.generators]
        with self._drawing(part), no_grad():
            x = batch.inputs[0, rows]
            _, after = self.network.step(x, self.network.initial_state(len(x)))
        for g, state in zip(self.generators, before, strict=True):
            g.bit_generator.state = state
        return after if hasattr(self.network, "cells") else [after]


def _taken(network: Network) -> list[RowGenerator]:
    """Put a `RowGenerator` in the place of each generator of a network."""
    made: dict[int, RowGenerator] = {}
    for module in network.modules():
        for name, g in list(vars(module).items()):
            if isinstance(g, np.random.Generator):
                setattr(module, name, made.setdefault(id(g), RowGenerator(g.bit_generator)))
    return list(made.values())
