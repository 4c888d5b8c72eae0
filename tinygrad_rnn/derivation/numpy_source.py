"""A derivation as a plain NumPy function: forward and backward through time, readable, needing nothing of ours."""

from __future__ import annotations

import linecache
from textwrap import indent
from typing import Any

from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor
from ..step.quantities import Quantity, Step
from .adjoints import Adjoints, Contribution
from .numpy_text import Writer, identifier

_DOC = '''"""Forward and backward through time.

xs: (T, B, {width}); the states before the first step, {starts}: (B, width); d_outputs: ∂L/∂outputs, and {finals}: ∂L/∂
of the states after the last. Returns the outputs of all steps; ∂L/∂ of the input, the states before the first step and
the parameters, by name; and for every step a dictionary of its values, name → (value, ∂L/∂value).
"""'''


class NumpyFunction:
    """A function of arrays, made of `source`, which stands for itself: copy it, run it, change it.

    ``f(xs, *initial states, *parameters, d_outputs, …) -> (outputs, gradients, values)``; its docstring says which.

    Attributes:
        source: the text of a module with the function in it.
        function: the function.
        arguments: the names of its arguments.
        parameters: argument → the cell's own name of a parameter.
    """

    def __init__(self, name: str, source: str, arguments: list[str], parameters: dict[str, str]):
        self.source, self.arguments, self.parameters = source, arguments, parameters
        self.__name__ = name
        file = f"<{name} derived>"
        space: dict[str, Any] = {"__name__": name}
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        exec(compile(source, file, "exec"), space)  # our own text: names in it are letters, digits and underscores
        self.function: Any = space[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<NumPy function {self.__name__}({', '.join(self.arguments)}); its text is in .source>"


def numpy_function(step: Step, adjoints: Adjoints) -> NumpyFunction:
    """The function of a step.

    Raises:
        ArgumentError: it has no time steps, or an op has no NumPy form.
    """
    if not step.states:
        raise ArgumentError(with_user_line(f"to_numpy: {step.title} is no recurrent cell"))
    return _Source(step, adjoints).function()


class _Source:
    """Names for everything first; then the text, part by part."""

    def __init__(self, step: Step, adjoints: Adjoints):
        self.step, self.adjoints = step, adjoints
        self.writer = Writer()
        self.taken = {"xs", "outputs", "steps", "values", "gradients"}
        self.names: dict[int, str] = {}  # Python's names of inputs, states, parameters, stand-ins and seeds, by number
        self.x = self.named(step.inputs[0].number, "x")
        self.whole: dict[int, Tensor] = {}  # parameters, by number
        for p in step.parameters:
            leaf = p if p.op is None else p.inputs[0]
            if leaf.number not in self.whole:
                self.whole[leaf.number] = leaf
                self.named(leaf.number, identifier(step.path(leaf).replace(".", "_")))
        self.blocks: list[tuple[str, str, str]] = []  # name, parameter, rows
        for p in step.parameters:
            name, span = step.symbols[p.number].name, step.blocks[step.symbols[p.number].name][1]
            if p.op is not None and span is not None:
                own = self.named(p.number, identifier(name))
                self.blocks.append((own, self.names[p.inputs[0].number], f"{span[0]}:{span[1]}"))
        self.quantity: dict[int, str] = {}  # names of quantities, by their node's number
        for q in step.quantities:
            number = q.node.number
            self.quantity[number] = self.named(step.stand_ins[number].number, identifier(q.symbol.name))
            self.names[adjoints.seeds[number].number] = f"d_{self.quantity[number]}"
        befores = [identifier(step.symbols[s.number].name) for s, _, _ in step.states]
        lags = [lag for _, _, lag in step.states]
        self.states = [
            self.named(s.number, f"{b}_before" + (f"_{lag}" if lag > 1 else ""))
            for (s, _, _), b, lag in zip(step.states, befores, lags, strict=True)
        ]
        self.starts = [self.unique(f"{s.replace('_before', '')}_0") for s in self.states]
        self.finals = [self.unique(f"d_{s.replace('_before', '')}_last") for s in self.states]
        self.held: dict[int, list[str]] = {}  # states that hold a node after the step, by its number
        for n, s in zip(step.body.new_states, self.states, strict=True):
            self.held.setdefault(n.number, []).append(s)
        self.shared = [q for q in step.quantities if q.symbol.lag is None]
        self.timed = [q for q in step.quantities if q.symbol.lag is not None]
        self.output = step.body.outputs[0]

    def unique(self, name: str) -> str:
        made, k = name, 1
        while made in self.taken:
            k += 1
            made = f"{name}_{k}"
        self.taken |= {made, f"d_{made}"}
        return made

    def named(self, number: int, name: str) -> str:
        self.names[number] = self.unique(name)
        return self.names[number]

    # -- the text -------------------------------------------------------------------------------------------------

    def function(self) -> NumpyFunction:
        name = identifier(self.step.title)
        parameters = {self.names[n]: self.step.path(leaf) for n, leaf in self.whole.items()}
        arguments = ["xs", *self.starts, *parameters, "d_outputs", *self.finals]
        given = [*arguments[: -len(self.finals)], *[f"{f}=0" for f in self.finals]]
        doc = _DOC.format(
            width=self.step.inputs[0].shape[-1], starts=", ".join(self.starts), finals=", ".join(self.finals)
        )
        lines = [*doc.splitlines(), "T, B = xs.shape[:2]", *self.forward(), "", *self.backward()]
        body = indent("\n".join(lines), "    ")
        head = ["import math", ""] if any("math." in text for text in self.writer.helpers.values()) else []
        head += ["import numpy as np", ""]
        head += [f"{n} = np.array({a.tolist()!r}, np.{a.dtype.name})" for n, a in self.writer.constants.items()]
        head += [f"\n{text}" for text in self.writer.helpers.values()]
        source = "\n".join([*head, "", f"def {name}({', '.join(given)}):", body, ""])
        return NumpyFunction(name, source, arguments, parameters)

    def forward(self) -> list[str]:
        lines = [f"{name} = {parameter}[{span}]" for name, parameter, span in self.blocks]
        for q in self.shared:
            lines += self.assignment(q)
        lines += [f"{s} = {start}" for s, start in zip(self.states, self.starts, strict=True)]
        lines += ["outputs, steps = [], []", "for t in range(T):", f"    {self.x} = xs[t]"]
        for q in self.timed:
            lines += indented(self.assignment(q))
        news = ", ".join(self.value_of(n) for n in self.step.body.new_states)
        lines += indented([f"outputs.append({self.value_of(self.output)})", f"steps.append(({self.kept()}))"])
        return [*lines, f"    {', '.join(self.states)} = {news}"]

    def kept(self) -> str:
        return ", ".join([self.x, *self.states, *[self.quantity[q.node.number] for q in self.timed]])

    def assignment(self, q: Quantity) -> list[str]:
        before, text = self.writer.statements(q.value, self.names)
        return [*before, f"{self.quantity[q.node.number]} = {text}"]

    def value_of(self, node: Tensor) -> str:
        return self.quantity.get(node.number) or self.names[node.number]

    def backward(self) -> list[str]:
        shared = [self.quantity[q.node.number] for q in self.shared]
        lines = [f"d_{name} = np.zeros_like({name})" for name in [*map(self.names.__getitem__, self.whole), *shared]]
        lines += [f"d_{name} = d_{parameter}[{span}]" for name, parameter, span in self.blocks]
        for state, start, final in zip(self.states, self.starts, self.finals, strict=True):
            lines.append(f"d_{state} = np.zeros_like({start}) + {final}")
        lines += ["d_xs, values = np.zeros_like(xs), [None] * T", "for t in reversed(range(T)):"]
        lines += indented([f"{self.kept()} = steps[t]", *self.step_back()])
        for q in reversed(self.shared):
            lines += self.accumulations([c for c in self.adjoints.all if c.source is q])
        lines += ["gradients = {", '    "x": d_xs,']
        lines += [f'    "{start}": d_{s},' for s, start in zip(self.states, self.starts, strict=True)]
        lines += [f"    {quoted(self.step.path(leaf))}: d_{self.names[n]}," for n, leaf in self.whole.items()]
        return [*lines, "}", "return np.stack(outputs) if T else np.zeros_like(d_outputs), gradients, values"]

    def step_back(self) -> list[str]:
        """One step against time: d_… of every quantity, of the input, of parameters, and of the states before."""
        lines: list[str] = []
        for q in reversed(self.timed):
            name = self.quantity[q.node.number]
            before, terms = self.terms(q.node.number, self.adjoints.to_quantity[q.node.number])
            lines += [*before, f"d_{name} = {joined(terms) or f'np.zeros_like({name})'}"]
        number = self.step.inputs[0].number
        before, terms = self.terms(number, self.adjoints.to_input[number])
        lines += [*before, *([f"d_xs[t] = {joined(terms)}"] if terms else [])]
        steady = {q.node.number for q in self.shared}
        late = [c for p in self.step.parameters for c in self.adjoints.to_parameter[p.number]]
        late += [c for number in steady for c in self.adjoints.to_quantity[number]]
        lines += self.accumulations([c for c in late if c.source.symbol.lag is not None])
        befores = []
        for (s, _, _), name in zip(self.step.states, self.states, strict=True):
            before, terms = self.terms(s.number, self.adjoints.to_state[s.number])
            lines += before
            befores.append(joined(terms) or f"np.zeros_like({name})")
        lines.append(f"{', '.join(f'd_{s}' for s in self.states)} = {', '.join(befores)}")
        known = [(q.symbol.name, self.quantity[q.node.number]) for q in self.timed]
        return [*lines, "values[t] = {", *[f"    {quoted(n)}: ({own}, d_{own})," for n, own in known], "}"]

    def terms(self, number: int, contributions: list[Contribution]) -> tuple[list[str], list[str]]:
        """The terms of one adjoint: of the loss, of states that hold it, of what read it; and what comes before."""
        texts = ["d_outputs[t]"] if number == self.output.number else []
        texts += [f"d_{s}" for s in self.held.get(number, [])]
        before: list[str] = []
        for c in contributions:
            first, text = self.passed_back(c)
            before += first
            texts.append(text)
        return before, texts

    def accumulations(self, contributions: list[Contribution]) -> list[str]:
        lines: list[str] = []
        for c in contributions:
            before, text = self.passed_back(c)
            lines += [*before, f"d_{self.names[c.target.number]} += {text}"]
        return lines

    def passed_back(self, c: Contribution) -> tuple[list[str], str]:
        """A contribution's text; the value of its source has a name already."""
        own = {c.source.value.number: self.quantity[c.source.node.number]}
        return self.writer.statements(c.gradient, self.names | own)


def quoted(name: str) -> str:
    return f'"{name}"' if name.isidentifier() else repr(name)


def joined(texts: list[str]) -> str:
    return " + ".join(texts).replace("+ -", "- ")


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
