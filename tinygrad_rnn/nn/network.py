"""`Network`: numbers or symbols in, cells over the whole sequence, a readout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import compile as compiler
from ..core.apply import as_operand
from ..core.errors import ArgumentError, ShapeError, with_user_line
from ..core.mode import no_grad
from ..core.tensor import Tensor, TensorLike
from ..core.trees import flatten
from ..ops import dropout, take
from ..step.cells import initial_state, stepped
from .basic import Embedding, Linear
from .cell import Cell
from .inputs import check_dtype
from .module import Module


class Network(Module):
    """A recurrent network: layers of cells between what comes in and what is said about it.

        x⁰_t = input, or the row of a table that stands for the symbol;   xᵏ_t, sᵏ_t = cell_k(xᵏ⁻¹_t, sᵏ_{t−1})
        y_t = W x_t + b of the last layer;   with `at_end` only y of each sequence's last step

    Called as ``network(inputs, state=None, lengths=None)``; returns (outputs, final state, a tuple with that of each
    cell). `step` is the same network one time step at a time, so it can be drawn, derived and run like a cell.

    Shapes: inputs (T, B, D) numbers, or (T, B) symbols; outputs (T, B, outputs), with `at_end` (B, outputs).

    Args:
        cells: a cell, or one for each layer, each reading the outputs of the one below.
        outputs: how many numbers, or logits of classes, are said.
        symbols: the size of the vocabulary, if inputs are symbols; else None.
        at_end: whether something is said only once, after a sequence has been read.
        dropout: in training, entries between layers and before the readout become 0 with this probability.
        generator: of the table, the readout and what is dropped.

    Raises:
        ArgumentError: something given is no cell, or a cell cannot read what the one below says.

    >>> network = tg.nn.Network([tg.nn.GRUCell(8, 16), tg.nn.GRUCell(16, 16)], outputs=5, symbols=5)
    >>> outputs, state = network(np.array([[0, 1], [2, 3], [4, 0]]))
    >>> outputs.shape
    (3, 2, 5)
    """

    def __init__(
        self,
        cells: Cell | Sequence[Cell],
        outputs: int,
        *,
        symbols: int | None = None,
        at_end: bool = False,
        dropout: float = 0.0,
        generator: np.random.Generator | None = None,
    ):
        given: list[Any] = list(cells) if isinstance(cells, (list, tuple)) else [cells]
        if not given:
            raise ArgumentError(with_user_line("Network: expected at least one cell"))
        if not 0 <= dropout < 1:
            raise ArgumentError(with_user_line(f"Network: dropout must be at least 0 and below 1, got {dropout}"))
        widths = [output_size(cell, k) for k, cell in enumerate(given)]
        for k in range(1, len(given)):
            if given[k].input_size not in (None, widths[k - 1]):
                reads = f"cell {k} reads {given[k].input_size} features, but cell {k - 1} gives {widths[k - 1]}"
                raise ArgumentError(with_user_line(f"Network: {reads}"))
        options: Any = {"dtype": given[0].dtype, "generator": generator}
        self.symbols = symbols
        self.embedding = None if symbols is None else Embedding(symbols, given[0].input_size, **options)
        self.cells = given
        self.readout = Linear(widths[-1], outputs, **options)
        self.last = _Saying(given[-1], self.readout)
        self.at_end, self.dropout = at_end, dropout
        self.generator = np.random.default_rng() if generator is None else generator

    @property
    def dtype(self) -> np.dtype:
        """The dtype it computes in."""
        return self.cells[0].dtype

    @property
    def input_size(self) -> int | None:
        """D; None if inputs are symbols."""
        return self.cells[0].input_size if self.embedding is None else None

    def initial_state(self, batch: int | None) -> tuple[Any, ...]:
        """The states of all cells before the first step."""
        return tuple(initial_state(cell, batch) for cell in self.cells)

    def forward(
        self,
        inputs: TensorLike,
        state: Any = None,
        lengths: Any = None,
        checkpoint: int | str | None = None,
        at_end: bool | None = None,
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """(outputs, final state); `at_end` instead of the network's own, if given.

        Raises:
            ShapeError, DTypeError: the inputs, state or lengths do not fit.
            ArgumentError: `at_end` of sequences without a step.
        """
        xs = self._read(inputs, 2)
        states = [None] * len(self.cells) if state is None else state
        if len(states) != len(self.cells):
            raise ShapeError(with_user_line(f"Network: {len(self.cells)} cells, but {len(states)} states"))
        finals = []
        at_end = self.at_end if at_end is None else at_end
        says_at_once = not (at_end or (self.training and self.dropout))
        for k, (cell, before) in enumerate(zip(self.cells, states, strict=True)):
            xs = cell.prepared(self._dropped(xs) if k else xs)
            reader = self.last if says_at_once and k == len(self.cells) - 1 else cell
            xs, final = compiler.scan(reader, xs, before, lengths=lengths, checkpoint=checkpoint)
            finals.append(final)
        if not says_at_once:
            xs = self.readout(self._dropped(self._last(xs, lengths) if at_end else xs))
        return xs, tuple(finals)

    def step(self, x: TensorLike, state: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """One time step: (output, new state). x: (B, D), or (B,) symbols; output: (B, outputs)."""
        x = self._read(x, 1)
        afters = []
        for k, (cell, before) in enumerate(zip(self.cells, state, strict=True)):
            x, after = stepped(cell, self._dropped(x) if k else x, before)
            afters.append(after)
        return self.readout(self._dropped(x)), tuple(afters)

    def _read(self, inputs: TensorLike, axes: int) -> Tensor:
        """Inputs as rows of numbers; `axes` of them come before the features."""
        if self.embedding is not None:
            return self.embedding(inputs)
        xs = as_operand(inputs, self.dtype)
        if xs.ndim != axes + 1:
            expected = "(T, B, D)" if axes == 2 else "(B, D)"
            raise ShapeError(with_user_line(f"Network: inputs are {xs.describe()}, expected {expected}"))
        check_dtype(self, "x", xs, self.dtype)
        return xs

    def _dropped(self, xs: Tensor) -> Tensor:
        return dropout(xs, self.dropout, generator=self.generator) if self.training and self.dropout else xs

    def _last(self, xs: Tensor, lengths: Any) -> Tensor:
        T, B = xs.shape[:2]
        if T and isinstance(lengths, Tensor) and lengths.is_abstract:  # of a step that is traced
            return take(xs.reshape(T * B, *xs.shape[2:]), (lengths - 1) * B + np.arange(B), axis=0)
        if not T or (lengths is not None and not np.all(np.asarray(lengths) > 0)):
            raise ArgumentError(with_user_line("Network: at_end needs at least one step of every sequence"))
        return xs[-1] if lengths is None else xs[np.asarray(lengths) - 1, np.arange(B)]

    def extra_repr(self) -> str:
        return ", ".join(["at_end"] * self.at_end + [f"dropout={self.dropout}"] * bool(self.dropout))


class _Saying:
    """The last cell and the readout in one step, so that one compiled loop over time holds both."""

    def __init__(self, cell: Any, readout: Linear):
        self.cell, self.readout = cell, readout
        self.initial_state, self.checked_input, self.checked_state = (
            cell.initial_state, cell.checked_input, cell.checked_state,
        )  # fmt: skip

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, state = stepped(self.cell, x, state)
        return self.readout(h).named("y"), state


def output_size(cell: Any, k: int = 0) -> int:
    """How many features a cell gives out: one step on zeros tells. `k` is its place, for an error to name.

    Raises:
        ArgumentError: it is no cell, does not say its input_size, or gives several outputs.
    """
    if not isinstance(cell, Cell) or cell.input_size is None:
        what = f"{type(cell).__name__} has no input_size" if isinstance(cell, Cell) else f"got {type(cell).__name__}"
        raise ArgumentError(with_user_line(f"Network: expected cells that say their input_size; cell {k}: {what}"))
    with no_grad():
        output, _ = stepped(cell, Tensor(np.zeros((1, cell.input_size), cell.dtype)), initial_state(cell, 1))
    leaves, _ = flatten(output)
    if len(leaves) != 1:
        raise ArgumentError(with_user_line(f"Network: cell {k}, {type(cell).__name__}, gives {len(leaves)} outputs"))
    return leaves[0].shape[-1]
