"""Recurrent layers: cells over whole sequences, compiled (`tg.scan`), stacked and in both directions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import compile as compiler
from ..core.apply import as_operand
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.mode import scope
from ..core.tensor import Tensor, TensorLike
from ..ops import concatenate, dropout, stack
from .cell import Cell
from .cells import GRUCell, LSTMCell, ProjectedLSTMCell, RNNCell
from .init import check_sizes
from .inputs import check_dtype
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "Recurrent"]


class Recurrent(Module):
    """Any cell over a sequence, or several cells, each reading the outputs of the one before.

        y_t, s_t = step(x_t, s_{t−1})

    Called as ``layer(xs, state=None, lengths=None)``; returns (outputs, final state), the states of several cells in a
    tuple. xs and outputs are (T, B, …), or (B, T, …) with `batch_first`; without a batch axis (T, …).

    Args:
        cell: a `Cell`, or several.
        reverse: run from the last time step to the first; outputs stay in the order of time.

    Raises:
        ArgumentError: what is given is no cell.
        ShapeError: there are not as many states as cells.

    >>> layer = tg.nn.Recurrent(tg.nn.GRUCell(3, 4))
    >>> outputs, h = layer(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, h.shape
    ((5, 2, 4), (2, 4))
    """

    def __init__(self, cell: Cell | Sequence[Cell], *, batch_first: bool = False, reverse: bool = False):
        self.cells: list[Any] = list(cell) if isinstance(cell, (list, tuple)) else [cell]
        for c in self.cells:
            if not hasattr(c, "step") or not hasattr(c, "initial_state"):
                raise ArgumentError(with_user_line(f"Recurrent: expected a cell, got {type(c).__name__}"))
        self.several = isinstance(cell, (list, tuple))
        self.batch_first, self.reverse = batch_first, reverse

    def forward(
        self, xs: TensorLike, state: Any = None, lengths: Any = None, checkpoint: int | str | None = None
    ) -> tuple[Any, Any]:
        first = self.cells[0]
        xs, back = _time_first(self, xs, first.input_size, first.dtype, self.batch_first)
        states = state if self.several else [state]
        states = [None] * len(self.cells) if state is None else states
        if len(states) != len(self.cells):
            raise ShapeError(with_user_line(f"Recurrent: {len(self.cells)} cells, but {len(states)} states"))
        finals = []
        for cell, before in zip(self.cells, states, strict=True):
            options: Any = {"reverse": self.reverse, "lengths": lengths, "checkpoint": checkpoint}
            xs = cell.prepared(xs) if hasattr(cell, "prepared") else xs
            xs, final = compiler.scan(cell, xs, back.state(before), **options)
            finals.append(back.final(final))
        return back.outputs(xs), tuple(finals) if self.several else finals[0]


class Layers(Module):
    """What `RNN`, `GRU` and `LSTM` share: layers of cells, in one direction or both, with PyTorch's names."""

    states = 1  # tensors in a cell's state

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        generator: np.random.Generator | None,
        make: Callable[[int], Cell],
        output_size: int,
    ):
        check_sizes(self, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if not 0 <= dropout < 1:
            raise ArgumentError(
                with_user_line(f"{type(self).__name__}: dropout must be at least 0 and below 1, got {dropout}")
            )
        if dropout and num_layers == 1:
            warnings.warn(
                f"{type(self).__name__}: dropout={dropout} acts between layers, and num_layers=1 has none", stacklevel=3
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self.generator = np.random.default_rng() if generator is None else generator
        directions = 2 if bidirectional else 1
        self.cells = _Cells()
        for k in range(num_layers):
            size = input_size if k == 0 else output_size * directions
            self.cells.rows.append([make(size) for _ in range(directions)])
            for cell, suffix in zip(self.cells.rows[-1], ("", "_reverse"), strict=False):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"):
                    if getattr(cell, name, None) is not None:
                        getattr(cell, name).name = f"{name}_l{k}{suffix}"
                        self.cells.homes[f"{name}_l{k}{suffix}"] = (cell, name)
                        setattr(self, f"{name}_l{k}{suffix}", getattr(cell, name))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if "cells" in self.__dict__ and name in self.cells.homes:  # the cell that computes with it has it too
            cell, own = self.cells.homes[name]
            setattr(cell, own, value)

    def forward(
        self, xs: TensorLike, state: Any = None, lengths: Any = None, checkpoint: int | str | None = None
    ) -> tuple[Tensor, Any]:
        """(outputs, final state) of all layers.

        Args:
            xs: (T, B, D), or (B, T, D) with `batch_first`; without a batch (T, D).
            state: the initial state, each tensor (layers·directions, B, H); default: zeros.
            lengths: the length of each sequence. Past its end outputs are 0, and the final state is that of its end.
            checkpoint: "sqrt" or a number of steps: less memory for one more forward pass, see `tg.scan`.

        Raises:
            ShapeError, DTypeError: xs, the state or the lengths do not fit.
        """
        dtype = self.cells.rows[0][0].dtype
        xs, back = _time_first(self, xs, self.input_size, dtype, self.batch_first)
        befores = self._split(state, xs.shape[1], dtype, back.unbatched)
        finals: list[Any] = []
        for k, row in enumerate(self.cells.rows):
            if k and self.dropout and self.training:
                xs = dropout(xs, self.dropout, generator=self.generator)
            outputs = []
            for direction, cell in enumerate(row):
                options: Any = {"reverse": direction == 1, "lengths": lengths, "checkpoint": checkpoint}
                with scope(f"l{k}" + "_reverse" * direction) if len(befores) > 1 else nullcontext():
                    y, final = compiler.scan(cell, xs, befores[len(finals)], **options)
                outputs.append(y)
                finals.append(final)
            xs = outputs[0] if len(outputs) == 1 else concatenate(outputs, axis=2)
        joined = [_stacked([f if self.states == 1 else f[i] for f in finals]) for i in range(self.states)]
        joined = [s[:, 0] for s in joined] if back.unbatched else joined
        return back.outputs(xs), joined[0] if self.states == 1 else tuple(joined)

    def _split(self, state: Any, batch: int, dtype: np.dtype, unbatched: bool) -> list[Any]:
        """The initial state of each cell."""
        cells = [cell for row in self.cells.rows for cell in row]
        if state is None:
            return [None] * len(cells)
        parts = [state] if self.states == 1 else list(state)
        if len(parts) != self.states or (self.states > 1 and isinstance(state, Tensor)):
            raise ShapeError(with_user_line(f"{type(self).__name__}: its state is a tuple (h, c)"))
        zeros = cells[0].initial_state(batch)
        checked = []
        for part, zero in zip(parts, [zeros] if self.states == 1 else zeros, strict=True):
            part = as_operand(part, dtype)
            part = part.reshape((part.shape[0], 1, *part.shape[1:])) if unbatched and part.ndim == 2 else part
            expected = (len(cells), *zero.shape)
            if part.shape != expected:
                name = f"{type(self).__name__}: state {zero.name}"
                raise ShapeError(
                    with_user_line(f"{name} is {part.shape}, expected {expected} (layers·directions, B, H)")
                )
            check_dtype(self, zero.name, part, dtype)
            checked.append(part)
        return [checked[0][k] if self.states == 1 else tuple(p[k] for p in checked) for k in range(len(cells))]

    def extra_repr(self) -> str:
        shown = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        options = [f", {name}={getattr(self, name)}" for name, usual in shown.items() if getattr(self, name) != usual]
        return f"{self.input_size}, {self.hidden_size}" + "".join(options)


class RNN(Layers):
    """Layers of `RNNCell` (Elman 1990), compiled; PyTorch's arguments, names and results.

    >>> layer = tg.nn.RNN(3, 4, num_layers=2)
    >>> outputs, h = layer(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, h.shape
    ((5, 2, 4), (2, 2, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        options = {"dtype": dtype, "generator": generator}
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, generator,
            lambda size: RNNCell(size, hidden_size, bias, nonlinearity, **options), hidden_size,
        )  # fmt: skip


class GRU(Layers):
    """Layers of `GRUCell` (Cho et al. 2014), compiled; PyTorch's arguments, names and results.

    Args:
        reset_after: see `GRUCell`.

    >>> layer = tg.nn.GRU(3, 4, bidirectional=True)
    >>> outputs, h = layer(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, h.shape
    ((5, 2, 8), (2, 2, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        reset_after: bool = True,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        options = {"dtype": dtype, "generator": generator, "reset_after": reset_after}
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, generator,
            lambda size: GRUCell(size, hidden_size, bias, **options), hidden_size,
        )  # fmt: skip


class LSTM(Layers):
    """Layers of `LSTMCell` (Gers et al. 2000), compiled; PyTorch's arguments, names and results.

    Args:
        proj_size: project h to so many units (`ProjectedLSTMCell`); 0: do not.

    Raises:
        ShapeError: proj_size is below 0, or not below hidden_size.

    >>> layer = tg.nn.LSTM(3, 4)
    >>> outputs, (h, c) = layer(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, h.shape, c.shape
    ((5, 2, 4), (1, 2, 4), (1, 2, 4))
    """

    states = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        dtype: Any = np.float32,
        generator: np.random.Generator | None = None,
    ):
        if not 0 <= proj_size < hidden_size:
            raise ShapeError(
                with_user_line(
                    f"LSTM: proj_size must be at least 0 and below hidden_size={hidden_size}, got {proj_size}"
                )
            )
        options = {"dtype": dtype, "generator": generator}

        def make(size: int) -> Cell:
            if proj_size:
                return ProjectedLSTMCell(size, hidden_size, proj_size, bias, **options)
            return LSTMCell(size, hidden_size, bias, **options)

        self.proj_size = proj_size
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, generator,
            make, proj_size or hidden_size,
        )  # fmt: skip


class _Cells:
    """The cells of each layer by direction, out of sight of `Module`: their parameters bear the layer's names."""

    def __init__(self):
        self.rows: list[list[Any]] = []
        self.homes: dict[str, tuple[Any, str]] = {}  # the layer's name of a parameter: its cell, and its name there


class _Back:
    """How to give results the axes that the input had."""

    def __init__(self, batch_first: bool, unbatched: bool):
        self.batch_first, self.unbatched = batch_first, unbatched

    def outputs(self, ys: Any) -> Any:
        if self.unbatched:
            return ys[:, 0]
        return ys.permute(1, 0, *range(2, ys.ndim)) if self.batch_first else ys

    def state(self, state: Any) -> Any:
        """A given initial state with a batch axis."""
        return _each(state, lambda s: s[None]) if self.unbatched and state is not None else state

    def final(self, state: Any) -> Any:
        return _each(state, lambda s: s[0]) if self.unbatched else state


def _each(state: Any, f: Callable[[Any], Any]) -> Any:
    return tuple(f(s) for s in state) if isinstance(state, (tuple, list)) else f(state)


def _time_first(layer: Module, xs: Any, size: int | None, dtype: np.dtype, batch_first: bool) -> tuple[Tensor, _Back]:
    """xs as (T, B, D), and how to undo that."""
    x = as_operand(xs, dtype)
    name, D = type(layer).__name__, "D" if size is None else size
    if x.ndim not in (2, 3):
        shape = f"(B, T, {D})" if batch_first else f"(T, B, {D})"
        raise ShapeError(with_user_line(f"{name}: xs is {x.describe()}, expected {shape} or (T, {D})"))
    if size is not None and x.shape[-1] != size:
        raise ShapeError(with_user_line(f"{name}: xs is {x.describe()}, expected {size} features in its last axis"))
    check_dtype(layer, "xs", x, dtype)
    back = _Back(batch_first, x.ndim == 2)
    if x.ndim == 2:
        return x.reshape((x.shape[0], 1, x.shape[1])), back
    return (x.permute(1, 0, 2) if batch_first else x), back


def _stacked(parts: list[Tensor]) -> Tensor:
    return parts[0].reshape((1, *parts[0].shape)) if len(parts) == 1 else stack(parts, axis=0)
