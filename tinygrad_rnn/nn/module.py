"""`Module`: something with parameters. It finds them in its attributes; there is nothing to register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core.errors import DeclarationError, with_user_line
from ..core.mode import no_grad, scope
from .loading import checked_arrays
from .parameter import Parameter

#: What most attributes are, besides parameters and modules.
_PLAIN = {int, float, bool, str, type(None)}


def _members(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Parameter | Module]]:
    """The parameters and modules among some attributes, also inside lists, tuples and dicts (``layers.0``)."""
    stack = [item for item in attributes.items() if item[1].__class__ not in _PLAIN][::-1]
    while stack:
        name, value = stack.pop()
        if isinstance(value, (Parameter, Module)):
            yield name, value
        elif isinstance(value, (list, tuple)):
            stack.extend((f"{name}.{i}", value[i]) for i in reversed(range(len(value))))
        elif isinstance(value, dict):
            stack.extend((f"{name}.{key}", value[key]) for key in reversed(value))


class Module:
    """Something with parameters: a cell, a layer, a model. Write `forward`; call the module.

    Parameters and modules are whatever `Parameter` and `Module` objects its attributes hold, directly or in lists,
    tuples and dicts, in order of assignment. Each is named after its attribute. A parameter held under two names
    (tied weights) is one parameter with two names in the state dict, as in PyTorch.

    >>> class Reader(tg.nn.Module):
    ...     def __init__(self):
    ...         self.cell = tg.nn.GRUCell(3, 4)
    ...         self.head = tg.nn.Linear(4, 1)
    ...     def forward(self, xs):
    ...         return self.head(tg.unroll(self.cell, xs)[0])
    >>> reader = Reader()
    >>> reader
    Reader()
      cell: GRUCell(3, 4)
      head: Linear(4, 1)
    >>> reader(np.ones((5, 2, 3), np.float32)).shape
    (5, 2, 1)
    """

    training: bool = True
    _label: str | None = None  # the attribute it was first stored in

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(self.__dict__.get(name), Parameter) and not (value is None or isinstance(value, Parameter)):
            raise DeclarationError(
                with_user_line(
                    f"{type(self).__name__}.{name} is a parameter and cannot become a {type(value).__name__}: "
                    f"write its values with assign_ under no_grad(), or store a Parameter"
                )
            )
        object.__setattr__(self, name, value)
        for label, member in _members({name: value}):
            if isinstance(member, Parameter):
                member.name = member.name or label
            elif member._label is None:
                object.__setattr__(member, "_label", label)

    # -- calling ------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """What drawings call it: the attribute that holds it, or its class."""
        return self._label or type(self).__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` inside a scope of its own, so that drawings show the module as one cluster."""
        with scope(self.label):
            return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes.

        Raises:
            DeclarationError: a subclass does not define it.
        """
        raise DeclarationError(with_user_line(f"{type(self).__name__} does not define forward"))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """In a notebook: its text, and its picture if the size of its input is known."""
        from ..view.notebook import mimebundle

        return mimebundle(self)

    # -- its parts ----------------------------------------------------------------------------

    def _places(self) -> Iterator[tuple[str, Module, int]]:
        """Every module inside, itself first, as (name, module, depth); once per name it has."""
        stack: list[tuple[str, Module, tuple[Module, ...]]] = [("", self, ())]
        while stack:
            path, module, above = stack.pop()
            yield path, module, len(above)
            inside = [(n, m) for n, m in _members(vars(module)) if isinstance(m, Module)]
            if not inside:
                continue
            above = (*above, module)
            stack.extend((_join(path, n), m, above) for n, m in reversed(inside) if not any(m is a for a in above))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Every module inside with its name, itself first under the empty name; each once."""
        seen: set[int] = set()
        for path, module, _ in self._places():
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module

    def modules(self) -> list[Module]:
        """Itself and every module inside, each once."""
        return [module for _, module in self.named_modules()]

    def children(self) -> list[Module]:
        """The modules it holds directly."""
        return list({id(m): m for _, m in _members(vars(self)) if isinstance(m, Module)}.values())

    def _all_names(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter under every name it has."""
        for path, module, _ in self._places():
            for name, member in _members(vars(module)):
                if isinstance(member, Parameter):
                    yield _join(path, name), member

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its name, ``encoder.weight_ih``; each once, under its first name."""
        seen: set[int] = set()
        for name, parameter in self._all_names():
            if parameter.number not in seen:
                seen.add(parameter.number)
                yield name, parameter

    def parameters(self) -> list[Parameter]:
        """Every parameter, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    # -- its values ---------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of every parameter's values by name: PyTorch's names and layouts, as NumPy arrays."""
        return {name: np.array(parameter.numpy()) for name, parameter in self._all_names()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Overwrite every parameter with the array of its name, cast to the parameter's dtype.

        Values may be anything NumPy reads, PyTorch tensors included.

        Raises:
            StateDictError: names are missing or unexpected, or arrays do not fit. It lists them all, and nothing
                was loaded.
        """
        parameters = dict(self._all_names())
        arrays = checked_arrays(type(self).__name__, parameters, state)
        with no_grad():
            for name, parameter in parameters.items():
                parameter.assign_(arrays[name])

    def zero_grad(self) -> None:
        """Forget every parameter's gradient."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, training: bool = True) -> Module:
        """Switch it and everything inside to training: dropout drops. Returns itself."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Module:
        """Switch it and everything inside to evaluation: dropout does nothing. Returns itself."""
        return self.train(False)

    # -- looking at it ------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The arguments shown in its `repr`."""
        return ""

    def __repr__(self) -> str:
        """One line for itself and one for each module inside, indented, with its name."""
        return "\n".join(
            f"{'  ' * depth}{path and path + ': '}{type(module).__name__}({module.extra_repr()})"
            for path, module, depth in self._places()
        )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
