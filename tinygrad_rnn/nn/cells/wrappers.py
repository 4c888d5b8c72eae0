"""Wrappers: a cell whose first state is learned, and three ways to drop out in time.

Their masks are inputs or states of a step, so that a compiled step gets new ones at every call.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, DeclarationError, with_user_line
from ...core.mode import changed
from ...core.tensor import Tensor
from ...core.trees import flatten
from ...ops import concatenate
from ...ops.random import dropout_mask
from ...step.cells import initial_state, stepped
from ..cell import Cell
from ..parameter import Parameter
from .packed import Masks, masked

__all__ = ["LearnedInitialState", "RecurrentDropout", "VariationalDropout", "Zoneout"]


class Wrapper(Cell):
    """A cell around another."""

    def __init__(self, cell: Cell):
        if not isinstance(cell, Cell):
            raise ArgumentError(with_user_line(f"{type(self).__name__}: expected a cell, got {type(cell).__name__}"))
        self.cell: Any = cell
        self.input_size = cell.input_size

    @property
    def core(self) -> Any:
        """The innermost cell."""
        cell = self.cell
        while isinstance(cell, Wrapper):
            cell = cell.cell
        return cell

    def prepared(self, xs: Tensor) -> Tensor:
        return self.cell.prepared(xs)

    def checked_input(self, x: Any) -> Tensor:
        return self.cell.checked_input(x)

    @property
    def dtype(self) -> np.dtype:
        """The dtype the cell inside computes in."""
        return self.cell.dtype

    def initial_state(self, batch: int | None) -> Any:
        """That of the cell inside."""
        return initial_state(self.cell, batch)


class LearnedInitialState(Wrapper):
    """A cell whose initial state is trained: the same row for every sample.

        s₀ = 1 ⊗ (its parameters), at first 0

    Parameters: initial_state_0, initial_state_1, …, one (width,) for each state.

    Raises:
        ArgumentError: the cell is a `VariationalDropout`, whose masks are states: put this inside it.

    >>> cell = tg.nn.LearnedInitialState(tg.nn.GRUCell(3, 4))
    >>> outputs, h = tg.scan(cell, np.ones((5, 2, 3), np.float32))
    >>> outputs.sum().backward()
    >>> cell.initial_state_0.grad.shape
    (4,)
    """

    def __init__(self, cell: Cell):
        super().__init__(cell)
        if isinstance(cell, VariationalDropout):
            raise ArgumentError(
                with_user_line("LearnedInitialState: put it inside: VariationalDropout(LearnedInitialState(cell))")
            )
        states, self.rebuild = flatten(initial_state(cell, None))
        self.count = len(states)
        for k, state in enumerate(states):
            setattr(self, f"initial_state_{k}", Parameter(state.numpy()))

    def initial_state(self, batch: int | None) -> Any:
        """The learned state, for every sample."""
        zeros, rebuild = flatten(initial_state(self.cell, batch))
        learned = [getattr(self, f"initial_state_{k}") for k in range(self.count)]
        return rebuild([(p + z).named(z.name or "s", role="state") for p, z in zip(learned, zeros, strict=True)])

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        return stepped(self.cell, x, state)


class Dropping(Wrapper):
    """What the wrappers that drop share: p, and the generator of their masks."""

    def __init__(self, cell: Cell, p: float, generator: np.random.Generator | None):
        super().__init__(cell)
        if not 0 <= p < 1:
            raise ArgumentError(with_user_line(f"{type(self).__name__}: p must be at least 0 and below 1, got {p}"))
        if isinstance(cell, Dropping):
            raise ArgumentError(with_user_line(f"{type(self).__name__}: it cannot go around a {type(cell).__name__}"))
        if cell.input_size is None:
            raise ArgumentError(with_user_line(f"{type(self).__name__}: {type(cell).__name__} has no input_size"))
        self.p = p
        self.generator = np.random.default_rng() if generator is None else generator

    def drawn(self, *shape: int) -> Tensor:
        """0 with probability p, else 1 / (1 − p)."""
        return drawn_mask(shape, self.p, self).named("mask", role="constant")

    def extra_repr(self) -> str:
        return f"{self.p}"


def drawn_mask(shape: tuple[int, ...], p: float, wrapper: Dropping) -> Tensor:
    """0 with probability p, else 1 / (1 − p)."""
    return dropout_mask(Tensor(np.zeros(shape, wrapper.dtype)), p=p, generator=wrapper.generator)


class DroppingByStep(Dropping):
    """With a new mask of M features at every step: `prepared` draws those of all steps, which ride along with x."""

    features = 0  # M

    def prepared(self, xs: Tensor) -> Tensor:
        """In training, xs (T, B, D) with the masks beside them: (T, B, D + M)."""
        if not self.training or not self.p:
            return xs
        return concatenate([xs, self.drawn(*xs.shape[:2], self.features)], axis=-1)

    def checked_input(self, x: Any) -> Tensor:
        D: Any = self.input_size
        if self.training and isinstance(x, Tensor) and x.shape[-1:] == (D + self.features,):
            return x
        return super().checked_input(x)

    def parted(self, x: Tensor, like: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """x, and the mask for each row in `like`: those beside x, or drawn now."""
        D: Any = self.input_size
        if x.shape[-1] == D:
            return x, [dropout_mask(row, p=self.p, generator=self.generator) for row in like]
        ends = np.cumsum([D, *[row.shape[-1] for row in like]]).tolist()
        return x[..., :D], [x[..., a:b] for a, b in pairwise(ends)]


class Zoneout(DroppingByStep):
    """Zoneout: in training, each unit of each state keeps its old value with probability p (Krueger et al. 2017).

        s = m ⊙ s̃ + (1 − m) ⊙ s′,   m = 0 with probability p, else 1;   in evaluation   s = (1 − p) s̃ + p s′

    s̃ is what the cell makes of s′. An output that is a state follows it. `tg.nn.Recurrent` and `tg.unroll` draw a new
    m at every step; for `tg.scan`, give it ``cell.prepared(xs)``.

    Raises:
        ArgumentError: p is not in [0, 1).
    """

    def __init__(self, cell: Cell, p: float = 0.1, *, generator: np.random.Generator | None = None):
        super().__init__(cell, p, generator)
        self.features = sum(s.shape[-1] for s in flatten(initial_state(cell, None))[0])

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        before, _ = flatten(state)
        kept: list[Any] = [1.0] * len(before)
        if self.training and self.p:
            x, kept = self.parted(x, before)
        output, after = stepped(self.cell, x, state)
        after, rebuild = flatten(after)
        zoned = [
            (old + m * (1 - self.p) * (new - old)).named(new.name or "s", role="state")
            for old, new, m in zip(before, after, kept, strict=True)
        ]
        output = next((z for z, new in zip(zoned, after, strict=True) if new is output), output)
        return output, rebuild(zoned)


class RecurrentDropout(DroppingByStep):
    """Recurrent dropout without memory loss: in training, entries of the candidate are dropped (Semeniuta et al. 2016).

        c = f ⊙ c′ + i ⊙ (m ⊙ c̃),   m = 0 with probability p, else 1 / (1 − p)

    and likewise in every cell of ours that has a candidate; in evaluation nothing is dropped. Masks as in `Zoneout`.

    Raises:
        ArgumentError: p is not in [0, 1).
        DeclarationError: when called, if the cell has no candidate.
    """

    def __init__(self, cell: Cell, p: float = 0.25, *, generator: np.random.Generator | None = None):
        super().__init__(cell, p, generator)
        self.features: int = getattr(self.core, "hidden_size", 0)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        if not self.training or not self.p:
            return stepped(self.cell, x, state)
        one = flatten(state)[0][0]
        like = Tensor(np.zeros((*one.shape[:-1], self.features), self.dtype))
        x, (mask,) = self.parted(x, [like])
        return _step_with(self, x, state, Masks(candidate=mask))


class VariationalDropout(Dropping):
    """Variational dropout: one mask for x and one for h′, the same at every step (Gal & Ghahramani 2016).

        z_k = W_k (m_x ⊙ x) + R_k (m_h ⊙ h′) + b_k,   m = 0 with probability p, else 1 / (1 − p)

    In evaluation nothing is dropped. The masks are part of the state, (state of the cell, m_x, m_h): `initial_state`
    draws them, and a state that is carried on keeps them. Only products with R_k see a masked h′; a GRU's z ⊙ h′ does
    not.

    Args:
        p: of both masks; `recurrent`: of m_h, if it is another.

    Raises:
        ArgumentError: a probability is not in [0, 1).
        DeclarationError: when called, if the cell has no packed recurrent weights.
    """

    def __init__(
        self,
        cell: Cell,
        p: float = 0.25,
        recurrent: float | None = None,
        *,
        generator: np.random.Generator | None = None,
    ):
        super().__init__(cell, p, generator)
        self.recurrent = Dropping(cell, p if recurrent is None else recurrent, self.generator).p

    def initial_state(self, batch: int | None) -> Any:
        """The cell's initial state, and new masks; in evaluation masks of 1.

        Raises:
            DeclarationError: the cell has no packed recurrent weights.
        """
        weight, size = getattr(self.core, "weight_hh", None), self.input_size or 0
        if weight is None or weight.ndim != 2:
            raise DeclarationError(with_user_line(f"VariationalDropout: {self.cell!r} has no packed recurrent weights"))
        rows = () if batch is None else (batch,)
        masks = []
        for p, width in ((self.p, size), (self.recurrent, weight.shape[1])):
            shape = (*rows, width)
            p = p if self.training else 0.0
            mask = drawn_mask(shape, p, self) if p else Tensor(np.ones(shape, self.dtype))
            masks.append(mask.named("mask", role="state"))
        return initial_state(self.cell, batch), *masks

    def checked_state(self, state: Any, x: Tensor) -> Any:
        before = self.generator.bit_generator.state
        with changed(tape=None):
            checked = super().checked_state(state, x)
        if state is not None:  # the masks drawn to compare shapes with were not used
            self.generator.bit_generator.state = before
        return checked

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        inner, m_x, m_h = state
        if not self.training:
            output, after = stepped(self.cell, x, inner)
        else:
            x = x * m_x if self.p else x
            output, after = _step_with(self, x, inner, Masks(state=m_h if self.recurrent else None))
        return output, (after, m_x, m_h)

    def extra_repr(self) -> str:
        return f"{self.p}" + ("" if self.recurrent == self.p else f", recurrent={self.recurrent}")


def _step_with(wrapper: Dropping, x: Tensor, state: Any, masks: Masks) -> tuple[Tensor, Any]:
    """A step of the cell inside with masks on its candidate or on the state that its recurrent weights see."""
    with masked(masks):
        result = stepped(wrapper.cell, x, state)
    for name, what in (("candidate", "no candidate"), ("state", "no packed recurrent weights")):
        if getattr(masks, name) is not None and name not in masks.used:
            raise DeclarationError(with_user_line(f"{type(wrapper).__name__}: {wrapper.core!r} has {what}"))
    return result
