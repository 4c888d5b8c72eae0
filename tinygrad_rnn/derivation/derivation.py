"""`derive`: BPTT as a page, read off the graph of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.errors import ArgumentError, with_user_line
from ..core.tensor import Tensor
from ..step.cells import is_cell, one_cell, refuse_class
from ..step.inputs import input_of
from ..step.language import Say, joined, spoken
from ..step.quantities import Step, step_of, step_of_function
from ..step.terms import ZERO, OverTime, Symbol, Term, add, factored, replaced, shifted, symbols
from . import formats
from .adjoints import Adjoints, Contribution
from .formats import Line, Page, Reason, Section
from .numpy_source import NumpyFunction, numpy_function

STYLES = ("bptt", "simplified")
ADJOINT = "δv is ∂L/∂v, the whole gradient of the loss L by v."
LOSS = "L = Σₜ ℓₜ, where ℓₜ is what the loss says of step t itself; ∂ℓ/∂v is that part of δv."
CHAIN = (
    "From the last quantity to the first: each gets, from every equation that uses it, δ of the left side times the "
    "derivative:"
)
SIMPLIFIED = "Where only one line uses a δ, it is written out there."
IN_TIME = "For t = T − 1, …, 0; what stands with t + 1 is 0 in the last step, unless the loss sees the final state:"
TOTALS = "A parameter is used at every step, so its gradient is a sum over the steps:"
ARGUMENTS = "With respect to the arguments:"
AT_START = "at t = 0 this is the gradient of the initial state"
_SHORT = 6  # symbols of what is put in where it is read


@dataclass
class Derivation(Page):
    """Forward equations, the chain rule line by line, recurrences through time, weight gradients. Print it."""

    step: Step = field(repr=False)
    adjoints: Adjoints = field(repr=False)

    def to_text(self) -> str:
        """Plain text, in Unicode."""
        return formats.to_text(self)

    def to_latex(self, document: bool = False) -> str:
        """LaTeX for a paper (needs amsmath), or with `document` a whole one."""
        return formats.to_latex(self, document)

    def to_markdown(self) -> str:
        """Markdown with LaTeX between dollar signs, as GitHub and notebooks show it."""
        return formats.to_markdown(self)

    def to_html(self) -> str:
        """A page with MathML: no script, no network."""
        return formats.to_html(self)

    def to_numpy(self) -> NumpyFunction:
        """The same as a plain NumPy function: forward and backward through time, its text in `.source`.

        Raises:
            ArgumentError: this derives a function rather than a cell, or an op has no NumPy form.
        """
        return self._numpy

    @cached_property
    def _numpy(self) -> NumpyFunction:
        return numpy_function(self.step, self.adjoints)

    def save(self, path: str | Path) -> Path:
        """Write it as the file's ending says: .tex, .md, .html, .txt, or .py for the NumPy function.

        Raises:
            ArgumentError: another ending.
            OSError: the file cannot be written.
        """
        path = Path(path)
        text: dict[str, Callable[[], str]] = {
            ".tex": lambda: self.to_latex(document=True), ".md": self.to_markdown, ".html": self.to_html,
            ".txt": self.to_text, ".py": lambda: self.to_numpy().source,
        }  # fmt: skip
        make = text.get(path.suffix.lower())
        if make is None:
            raise ArgumentError(with_user_line(f"derive: a file ends in {', '.join(text)}, not {path.name!r}"))
        path.write_text(make(), encoding="utf-8")
        return path

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<derivation of {self.title}: {sum(len(s.lines) for s in self.sections)} lines; print it>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        style = ".derivation ol { list-style: none; padding: 0; } .derivation .why { display: block; opacity: .75; }"
        html = f'<div class="derivation"><style>{style}</style>{formats.to_fragment(self)}</div>'
        return {"text/plain": self.to_text(), "text/markdown": self.to_markdown(), "text/html": html}


def derive(
    thing: Any,
    *specs: Any,
    input: Any = None,
    wrt: Sequence[str] | None = None,
    style: str = "bptt",
    language: str = "en",
) -> Derivation:
    """What the engine does to differentiate something, as equations read off its graph.

    Args:
        thing: a cell (see `tg.nn.Cell`), a layer of one cell, or a function of tensors.
        specs: for a function, the shape of each argument, as for `tg.trace`.
        input: for a cell that does not say its input_size, the shape of its input, (B, D), or an array of it.
        wrt: names of what to give the gradient of, such as "weight_ih", "W_i" or "x"; default: all.
        style: "bptt", every line of the chain rule with its reason, then the simplified form; "simplified", only that.
        language: of the words, "en" or "zh".

    Raises:
        ArgumentError: an argument makes no sense, or the cell's step is not row by row.

    Vectors are columns, δv is ∂L/∂v, all of it, and ∂ℓ/∂v the part that the loss ℓ_t of step t itself gives; L = Σ ℓ_t.
    With several samples, sums over t are over them too.

    >>> print(tg.derive(tg.nn.RNNCell(3, 4), style="simplified"))  # doctest: +ELLIPSIS
    RNNCell
    ...
      δhₜ = ∂ℓ/∂hₜ + Rᵀ δzₜ₊₁
      δzₜ = δhₜ ⊙ (1 − hₜ²)
    ...
    """
    if style not in STYLES:
        raise ArgumentError(with_user_line(f"derive: style is one of {', '.join(STYLES)}, not {style!r}"))
    refuse_class("derive", thing)
    if is_cell(thing) or (hasattr(thing, "cells") and not specs):
        if specs:
            raise ArgumentError(with_user_line("derive: specs are for functions; give a cell's input as input=(B, D)"))
        cell = one_cell("derive", thing)
        step = step_of("derive", cell, input_of("derive", cell, input))
    elif callable(thing):
        if not specs and input is None:
            raise ArgumentError(with_user_line("derive: give the shape of each argument: derive(f, (2, 3), (3,))"))
        step = step_of_function(thing, specs or (input,))
    else:
        raise ArgumentError(
            with_user_line(f"derive: expected a cell, a function or a layer of one cell, got {type(thing).__name__}")
        )
    return _Author(step, wrt, spoken("derive", language)).derivation(style, language)


class _Author:
    def __init__(self, step: Step, wrt: Sequence[str] | None, say: Say):
        self.say = say
        self.step = step
        self.adjoints = Adjoints(step)
        self.wanted = None if wrt is None else set([wrt] if isinstance(wrt, str) else wrt)
        self.recurrent = bool(step.states)
        self.timed = any(s.lag is not None for s in step.symbols.values())

    def derivation(self, style: str, language: str) -> Derivation:
        forward, chain, gradients = self.forward(), self.chain(), self.gradients()
        simplified = self.simplified(chain)
        say, loss = self.say, LOSS if self.timed else ""
        one = say("One step, for t = 0, …, T − 1:") if self.timed else ""
        sections = [Section(say("Forward"), one, tuple(forward))]
        if style == "bptt":
            text = joined(say, ADJOINT, loss, CHAIN)
            sections.append(Section(say("Backward, by the chain rule"), text, tuple(chain)))
        first = ("",) if style == "bptt" else (ADJOINT, loss)
        text = joined(say, *first, SIMPLIFIED, IN_TIME if self.recurrent else "")
        sections.append(Section(say("Backward, simplified"), text, tuple(simplified)))
        sections.append(Section(say("Gradients"), say(TOTALS if self.timed else ARGUMENTS), tuple(gradients)))
        names = {name: self.meaning(*found) for name, found in self.step.blocks.items() if name != found[0] or found[1]}
        return Derivation(self.step.title, sections, names, language, self.step, self.adjoints)

    def forward(self) -> list[Line]:
        return [Line(q.symbol, q.term, (), (q.node.name or q.symbol.name,)) for q in self.step.quantities]

    def chain(self) -> list[Line]:
        lines = []
        for q in reversed(self.step.quantities):
            terms = self.adjoints.of_quantity(q.node.number)
            right: Term = Symbol(q.symbol.name, q.symbol.lag, "ℓ") if q.node.number in self.step.outputs else ZERO
            for term, _ in terms:
                right = add(right, OverTime(term) if q.symbol.lag is None and self.timed and _has_time(term) else term)
            reasons = tuple(dict.fromkeys(self.because(c) for _, c in terms))
            lines.append(Line(replace(q.symbol, mark="δ"), right, reasons, (q.node.name or q.symbol.name,)))
        return lines

    def because(self, c: Contribution) -> Reason:
        """The equation that reads it, at its step, and the rules of the ops on the way."""
        lag = next((lag for s, _, lag in self.step.states if s.number == c.target.number), 0)
        rules = "; ".join(self.say(rule) for rule in c.rules) or self.say("+, which passes it on")
        return Reason(
            self.say("from {}, by {}", "{}", rules), (shifted(c.source.symbol, lag), shifted(c.source.term, lag))
        )

    def meaning(self, path: str, span: tuple[int, int] | None) -> str:
        return path if span is None else self.say("rows {} to {} of {}", span[0], span[1] - 1, path)

    def simplified(self, chain: list[Line]) -> list[Line]:
        """Without the adjoints that one other reads, put in where they are read."""
        uses: dict[str, int] = {}
        for c in self.adjoints.all:
            uses[c.source.symbol.name] = uses.get(c.source.symbol.name, 0) + 1
        kept = {q.symbol.name for q in self.step.quantities if q.node.number in self.step.outputs}
        kept |= {s.name for s in (self.step.symbols[x.number] for x, _, _ in self.step.states)}
        known: dict[str, Term] = {}
        lines = []
        for line in chain:
            assert isinstance(line.left, Symbol)
            right = factored(replaced(line.right, lambda s: known.get(s.name, s) if s.mark == "δ" else s))
            name = line.left.name
            read = sum(s.name == name and s.mark == "δ" for other in chain for s in symbols(other.right))
            if name not in kept and uses.get(name) == read == 1 and len(symbols(right)) <= _SHORT:
                known[name] = right
            else:
                lines.append(replace(line, right=right, reasons=()))
        return lines

    def gradients(self) -> list[Line]:
        lines = []
        for x in self.step.inputs:
            lines.append(self.gradient(x, "δ", [c.term for c in self.adjoints.to_input[x.number]]))
        for state, _, lag in self.step.states:
            own = self.step.symbols[state.number]
            if lag == 1:
                terms = [c.term for c in self.adjoints.to_state[state.number]]
                at_start = replaced(_sum(terms), lambda s: s)
                lines.append(Line(replace(own, mark="δ"), at_start, (Reason(self.say(AT_START)),), (own.name,)))
        for p in self.step.parameters:
            found = self.adjoints.to_parameter[p.number]
            lines.append(self.gradient(p, "δ", [OverTime(c.term) if _has_time(c.term) else c.term for c in found]))
        shown = [line for line in lines if line.right != ZERO and self.is_wanted(line)]
        if self.wanted is not None and not shown:
            names = ", ".join(str(line.nodes[0]) for line in lines)
            wrong = ", ".join(sorted(self.wanted))
            raise ArgumentError(with_user_line(f"derive: there is no gradient of {wrong}; there are {names}"))
        return shown

    def is_wanted(self, line: Line) -> bool:
        return self.wanted is None or bool(self.wanted & set(line.nodes))

    def gradient(self, x: Tensor, mark: str, terms: list[Term]) -> Line:
        symbol = self.step.symbols[x.number]
        parameter = self.step.blocks.get(symbol.name, (symbol.name, None))[0]
        right = _joined(terms)
        return Line(replace(symbol, mark=mark), right, (), tuple(dict.fromkeys((symbol.name, parameter))))


def _has_time(term: Term) -> bool:
    return any(s.lag is not None for s in symbols(term))


def _sum(terms: Sequence[Term]) -> Term:
    made: Term = ZERO
    for term in terms:
        made = add(made, term)
    return made


def _joined(terms: Sequence[Term]) -> Term:
    """Sums over time as one."""
    timed = [t.of for t in terms if isinstance(t, OverTime)]
    rest = [t for t in terms if not isinstance(t, OverTime)]
    return _sum([*([OverTime(_sum(timed))] if timed else []), *rest])
