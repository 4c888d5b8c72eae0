"""`Cell`: one time step of a recurrent network, written node by node, and the checks of what is put into it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import as_operand
from ..core.errors import DeclarationError, ShapeError, with_user_line
from ..core.mode import current
from ..core.tensor import Tensor, TensorLike
from ..core.trees import arranged, flatten
from ..step.cells import initial_state, stepped
from .inputs import check_dtype
from .module import Module


class Cell(Module):
    """One time step of a recurrent network.

    A subclass holds `Parameter` attributes (or modules) and writes

    * ``initial_state(batch)``: a tensor or array, or a tuple of such; `zeros` makes one;
    * ``step(x, state) -> (output, new_state)``: ops on tensors, with the results worth seeing ``.named("c")``;
    * if x has one fixed number of features, the attribute ``input_size``; else whatever reads the cell without a
      sequence (`tg.draw`, `tg.derive`, …) asks for ``input=(B, D)``.

    That is all a cell needs to run, be differentiated, drawn and unrolled over a sequence (`tg.unroll`).

    >>> class Leaky(tg.nn.Cell):
    ...     def __init__(self, size):
    ...         self.W = tg.nn.Parameter(np.eye(size))
    ...     def initial_state(self, batch):
    ...         return self.zeros(batch, len(self.W))
    ...     def step(self, x, h):
    ...         h = (0.9 * h + (x @ self.W).tanh()).named("h", role="state")
    ...         return h, h
    >>> outputs, h = tg.unroll(Leaky(3), np.ones((5, 2, 3)))
    >>> h.path
    'Leaky/t=4/h'
    """

    input_size: int | None = None

    def initial_state(self, batch: int | None) -> Any:
        """The state before the first step; without a batch axis if `batch` is None.

        Raises:
            DeclarationError: a subclass does not define it.
        """
        raise DeclarationError(with_user_line(f"{type(self).__name__} does not define initial_state(batch)"))

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One time step: (output, new state) from the input and the state before.

        Raises:
            DeclarationError: a subclass does not define it.
        """
        raise DeclarationError(with_user_line(f"{type(self).__name__} does not define step(x, state)"))

    def prepared(self, xs: Tensor) -> Tensor:
        """What `Recurrent` runs the cell over, for a sequence xs (T, B, D): with what changes from call to call (masks
        of dropout) beside it, so that it is no part of a compiled step. Here: xs itself."""
        return xs

    def forward(self, x: TensorLike, state: Any = None) -> Any:
        """The new state after one step, as PyTorch's cells return it.

        Args:
            x: (B, D), or (D,) without a batch.
            state: the state before; default: `initial_state`.

        Raises:
            ShapeError, DTypeError: x or the state does not fit the cell.
        """
        x = self.checked_input(x)
        return stepped(self, x, self.checked_state(state, x))[1]

    @property
    def dtype(self) -> np.dtype:
        """The dtype it computes in: its parameters', or that of tensors put in their place."""
        own = (x.dtype for x in vars(self).values() if isinstance(x, Tensor) and x.dtype.kind == "f")
        return next(own, None) or next((p.dtype for _, p in self._all_names()), np.dtype(np.float32))

    def zeros(self, batch: int | None, size: int, name: str = "h") -> Tensor:
        """A state of zeros, (batch, size) or (size,); called `name`."""
        state = Tensor(np.zeros((size,) if batch is None else (batch, size), self.dtype))
        return state.named(name, role="state")

    def checked_input(self, x: TensorLike) -> Tensor:
        """x as a tensor the cell can compute with.

        Raises:
            ShapeError: it is neither (B, D) nor (D,).
            DTypeError: its dtype is not the cell's.
        """
        x = self._lifted(x)
        if x.op is None and x.name is None:
            x.named("x", role=x.role or "input")
        size = self.input_size
        if x.ndim not in (1, 2):
            D = "D" if size is None else size
            raise ShapeError(self._complaint("x", x, f"(B, {D}) or ({D},)"))
        if size is not None and x.shape[-1] != size:
            raise ShapeError(self._complaint("x", x, f"{size} features in its last axis (input_size={size})"))
        check_dtype(self, "x", x, self.dtype)
        return x

    def checked_state(self, state: Any, x: Tensor) -> Any:
        """The state to step from: `state` if it has the structure of `initial_state`, which is the default.

        Raises:
            ShapeError: it has another structure, or another batch than x.
            DTypeError: its dtype is not the cell's.
        """
        initial = initial_state(self, x.shape[0] if x.ndim == 2 else None)
        if state is None:
            return initial
        expected, rebuild = flatten(initial)
        try:
            given = [self._lifted(s) for s in flatten(arranged(state, initial))[0]]
        except ValueError:
            names = ", ".join(s.name or "state" for s in expected)
            wanted = f"one tensor {names}"
            if not isinstance(initial, Tensor):
                wanted = f"a {type(initial).__name__} of {len(expected)} tensors ({names})"
            nested = isinstance(state, (tuple, list, dict))
            got = f"a {type(state).__name__} of {len(state)}" if nested else "one tensor"
            raise ShapeError(with_user_line(f"{type(self).__name__}: its state is {wanted}, got {got}")) from None
        for s, e in zip(given, expected, strict=True):
            if s.op is None and s.name is None:
                s.named(e.name or "state", role=s.role or "state")
            if s.shape != e.shape:
                raise ShapeError(self._complaint(e.name or "state", s, f"{e.shape}, as x is {x.describe()}"))
            check_dtype(self, e.name or "state", s, e.dtype)
        return rebuild(given)

    def _lifted(self, x: TensorLike) -> Tensor:
        """Arrays keep their dtype; Python numbers take the cell's."""
        lifted = as_operand(x, self.dtype)
        if lifted is not x and lifted.op is None:
            lifted.scope = current().scope
        return lifted

    def _complaint(self, what: str, x: Tensor, expected: str) -> str:
        return with_user_line(f"{type(self).__name__}: {what} is {x.describe()}, expected {expected}")
