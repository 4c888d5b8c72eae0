"""What every optimiser shares: the loop over parameters, checked hyperparameters, the state dict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, DeclarationError, GradientError, with_user_line
from ..core.mode import no_grad
from ..core.tape import on_tape
from ..core.tensor import Tensor
from ..nn.loading import checked_arrays

_BELOW_ONE = ("alpha", "betas")


class Optimizer:
    """Changes parameters along their gradients. A subclass writes `update`.

    Hyperparameters are attributes (``optimizer.lr = 1e-4`` acts from the next step on).

    Args:
        parameters: leaf tensors that require gradients, usually ``module.parameters()``.
        hyperparameters: numbers not below 0, booleans, or tuples of such.

    Raises:
        ArgumentError: there are no parameters, or a hyperparameter makes no sense.
        DeclarationError: something given is not a leaf tensor that requires a gradient.
    """

    #: The names of the arrays that `update` keeps for each parameter, as large as it.
    keeps: tuple[str, ...] = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # hyperparameters are attributes

    def __init__(self, parameters: Iterable[Tensor], **hyperparameters: Any):
        self.parameters = list({id(p): p for p in parameters}.values())
        if not self.parameters:
            raise ArgumentError(with_user_line(f"{type(self).__name__}: there are no parameters to optimise"))
        for p in self.parameters:
            if not isinstance(p, Tensor) or p.op is not None or not p.requires_grad:
                what = p.describe() if isinstance(p, Tensor) else repr(p)
                raise DeclarationError(
                    with_user_line(f"{type(self).__name__}: expected leaf tensors that require gradients, got {what}")
                )
        self.hyperparameters = tuple(hyperparameters)
        for name, value in hyperparameters.items():
            setattr(self, name, self._checked(name, value))
        self.memory: list[dict[str, np.ndarray]] = [
            {"step": np.zeros((), np.int64)} | {name: np.zeros(p.shape, p.dtype) for name in self.keeps}
            for p in self.parameters
        ]

    def _checked(self, name: str, value: Any) -> Any:
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        if isinstance(value, (tuple, list)):
            return tuple(self._checked(name, v) for v in value)
        if not 0 <= float(value) < (1 if name in _BELOW_ONE else np.inf):
            allowed = "at least 0 and below 1" if name in _BELOW_ONE else "at least 0 and finite"
            raise ArgumentError(with_user_line(f"{type(self).__name__}: {name} must be {allowed}, got {value}"))
        return float(value)

    def update(self, w: np.ndarray, g: np.ndarray, memory: dict[str, np.ndarray]) -> None:
        """Change the values `w` of one parameter in place, given its gradient `g` and what is kept for it.

        Raises:
            DeclarationError: a subclass does not define it.
        """
        raise DeclarationError(with_user_line(f"{type(self).__name__} does not define update"))

    def update_all(self, moved: list[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]]) -> None:
        """`update` of each (w, g, memory); a subclass may do better than one after the other."""
        for w, g, memory in moved:
            self.update(w, g, memory)

    @on_tape()
    def step(self) -> None:
        """Update every parameter that has a gradient.

        Raises:
            GradientError: none has one.
        """
        if all(p.grad is None for p in self.parameters):
            raise GradientError(
                with_user_line(f"{type(self).__name__}.step: no parameter has a gradient; call backward() first")
            )
        with no_grad():
            moved = []
            for p, memory in zip(self.parameters, self.memory, strict=True):
                if p.grad is not None:
                    memory["step"] += 1
                    moved.append((p.writable(), p.grad.numpy(), memory))
            self.update_all(moved)

    def zero_grad(self) -> None:
        """Forget every parameter's gradient."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the hyperparameters (``lr``) and of all that is kept for parameter k (``k.step``, …)."""
        state = {name: np.array(getattr(self, name)) for name in self.hyperparameters}
        for k, memory in enumerate(self.memory):
            state |= {f"{k}.{name}": array.copy() for name, array in memory.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Raises:
            StateDictError: it does not fit this optimiser and its parameters; nothing was loaded.
        """
        arrays = checked_arrays(type(self).__name__, self.state_dict(), state)
        for name in self.hyperparameters:
            value = arrays[name].tolist()
            setattr(self, name, self._checked(name, value))
        for k, memory in enumerate(self.memory):
            for name in memory:
                memory[name][...] = arrays[f"{k}.{name}"]

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.hyperparameters)
        return f"{type(self).__name__}({facts})"
