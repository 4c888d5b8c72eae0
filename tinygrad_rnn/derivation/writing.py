"""Terms as text: LaTeX, and plain Unicode."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from ..step.names import clean
from ..step.terms import (
    Applied,
    MatrixProduct,
    Number,
    OverTime,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Term,
    Transpose,
)

# How tightly a term's last sign binds: a looser one inside a tighter one is put in brackets.
_SUM, _PRODUCT, _MATRIX, _POWER, _ATOM = range(5)

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Σ": "Sigma",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ℓ": "ell",
}  # fmt: skip
_ACCENTS = {"\u0303": "tilde", "\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot"}
_ESCAPED = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "^": r"\hat{}", "~": r"\sim ",
}  # fmt: skip
_SUBSCRIPT = str.maketrans("t+-0123456789", "ₜ₊₋₀₁₂₃₄₅₆₇₈₉")


_FIELD = re.compile(r"(?<!{){(\w+)}")


class Notation:
    """How symbols and signs are written; `Latex` and `Plain` differ in nothing else."""

    times = " ⊙ "
    minus = "−"

    def symbol(self, symbol: Symbol) -> str:
        raise NotImplementedError

    def number(self, value: float) -> str:
        text = f"{value:.6g}".replace("-", self.minus)
        return text

    def brackets(self, text: str) -> str:
        return f"({text})"

    def power(self, base: str, exponent: str) -> str:
        raise NotImplementedError

    def transpose(self, of: str) -> str:
        raise NotImplementedError

    def quotient(self, top: str, bottom: str) -> tuple[str, int]:
        raise NotImplementedError

    def applied(self, term: Applied, operands: list[str], wrapped: list[str]) -> tuple[str, int]:
        raise NotImplementedError

    def over_time(self, text: str) -> str:
        raise NotImplementedError

    def square_of(self, term: Applied, operands: list[str], exponent: str) -> str | None:
        """tanh² x, where a power of a function is written so."""
        return None

    def word(self, text: str) -> str:
        """An attribute that is no number."""
        return text

    def filled(self, template: str, term: Applied, operands: list[str], wrapped: list[str]) -> str | None:
        """An op's own template; None where it shows an attribute that is an array."""
        op = term.op
        values = {k: _index(v) if k == "index" else self.attribute(v) for k, v in term.attrs}
        if op.variadic:
            values[op.operands[0]] = "; ".join(operands)
        else:
            enclosed = [_encloses(template, name) for name in op.operands]
            pairs = zip(op.operands, operands, wrapped, enclosed, strict=False)
            values |= {name: plain if inside else own for name, plain, own, inside in pairs}
        return template.format(**values) if values.keys() >= set(_FIELD.findall(template)) else None

    def attribute(self, value: object) -> str:
        return self.number(value) if isinstance(value, (int, float)) else self.word(str(value))

    # -- terms ----------------------------------------------------------------------------------------------------

    def write(self, term: Term) -> str:
        return self._write(term)[0]

    def _inside(self, term: Term, tightness: int) -> str:
        text, own = self._write(term)
        return self.brackets(text) if own < tightness else text

    def _write(self, term: Term) -> tuple[str, int]:
        match term:
            case Symbol():
                return self.symbol(term), _ATOM
            case Number(value):
                return self.number(value), _ATOM if value >= 0 else _SUM
            case Sum(terms):
                return self.sum([(sign, self._inside(t, _PRODUCT)) for sign, t in terms]), _SUM
            case Product(factors):
                return self._product(factors), _PRODUCT
            case MatrixProduct(factors):
                return " ".join(self._inside(f, _MATRIX) for f in factors), _MATRIX
            case Quotient(top, bottom):
                return self.quotient(self.write(top), self._inside(bottom, _POWER))
            case Power(base, exponent):
                power = self.number(exponent)
                if isinstance(base, Applied):
                    text = self.square_of(base, [self.write(x) for x in base.operands], power)
                    if text is not None:
                        return text, _ATOM
                return self.power(self._inside(base, _ATOM), power), _POWER
            case Transpose(of):
                return self.transpose(self._inside(of, _ATOM)), _POWER
            case OverTime(of):
                return self.over_time(self._inside(of, _PRODUCT)), _PRODUCT
            case Applied():
                plain = [self.write(x) for x in term.operands]
                return self.applied(term, plain, [self._inside(x, _ATOM) for x in term.operands])

    def sum(self, terms: list[tuple[int, str]]) -> str:
        text = ""
        for k, (sign, t) in enumerate(terms):
            if k:
                text += f" {self.minus if sign < 0 else '+'} {t}"
            else:
                text = f"{self.minus}{t}" if sign < 0 else t
        return text

    def _product(self, factors: tuple[Term, ...]) -> str:
        number = isinstance(factors[0], Number)
        tightness = _MATRIX if len(factors) - number == 1 else _POWER  # i ⊙ (W x), but 2 W x
        rest = self.times.join(self._inside(f, tightness) for f in factors[number:])
        return f"{self.number(factors[0].value)} {rest}" if isinstance(factors[0], Number) else rest


class Plain(Notation):
    """Unicode: δcₜ = δhₜ ⊙ oₜ ⊙ (1 − tanh²(cₜ))."""

    def symbol(self, symbol: Symbol) -> str:
        name = clean(symbol.name)
        if symbol.lag is not None:
            name += _time(symbol.lag).translate(_SUBSCRIPT)
        if symbol.mark == "ℓ":
            return f"∂ℓ/∂{name}"
        return symbol.mark + name

    def power(self, base: str, exponent: str) -> str:
        return base + exponent.translate(str.maketrans("−-0123456789.", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹·"))

    def transpose(self, of: str) -> str:
        return of + "ᵀ"

    def quotient(self, top: str, bottom: str) -> tuple[str, int]:
        return f"{self.brackets(top) if ' ' in top else top} / {bottom}", _PRODUCT

    def over_time(self, text: str) -> str:
        return f"Σₜ {text}"

    def square_of(self, term: Applied, operands: list[str], exponent: str) -> str | None:
        glyph = term.op.glyph or term.op.name
        if len(operands) != 1 or term.op.plain is not None or not glyph[0].isalpha():
            return None
        return self.power(glyph, exponent) + self.brackets(operands[0])

    def applied(self, term: Applied, operands: list[str], wrapped: list[str]) -> tuple[str, int]:
        op = term.op
        if op.plain is not None and (text := self.filled(op.plain, term, operands, wrapped)) is not None:
            return text, _ATOM
        glyph = op.glyph or ""
        if len(operands) == 2 and op.elementwise and len(glyph) == 1:
            return f"{wrapped[0]} {glyph} {wrapped[1]}", _SUM
        return f"{_name(term)}({', '.join(operands)})", _ATOM


class Latex(Notation):
    """LaTeX mathematics, to stand between dollar signs or in an align environment (needs amsmath)."""

    times = r" \odot "
    minus = "-"

    def symbol(self, symbol: Symbol) -> str:
        base, index = _split(clean(symbol.name))
        below = [_letters(index)] if index else []
        if symbol.lag is not None:
            below.append(_time(symbol.lag))
        text = _letters(base) + (f"_{{{','.join(below)}}}" if below else "")
        if symbol.mark == "ℓ":
            return rf"\frac{{\partial \ell}}{{\partial {text}}}"
        if symbol.mark == "∂L/∂":
            return rf"\frac{{\partial L}}{{\partial {text}}}"
        return (r"\delta " if symbol.mark == "δ" else "") + text

    def name(self, name: str) -> str:
        """A symbol's name alone."""
        return self.symbol(Symbol(name))

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def power(self, base: str, exponent: str) -> str:
        return f"{_raisable(base)}^{{{exponent}}}"

    def transpose(self, of: str) -> str:
        return rf"{_raisable(of)}^{{\top}}"

    def quotient(self, top: str, bottom: str) -> tuple[str, int]:
        return rf"\frac{{{top}}}{{{bottom}}}", _ATOM

    def over_time(self, text: str) -> str:
        return rf"\sum_{{t=0}}^{{T-1}} {text}"

    def square_of(self, term: Applied, operands: list[str], exponent: str) -> str | None:
        text = term.op.latex or ""
        head, found, _ = text.partition("({x})")
        if not found or not head.startswith("\\"):
            return None
        return f"{head.format()}^{{{exponent}}}" + self.brackets(operands[0])

    def applied(self, term: Applied, operands: list[str], wrapped: list[str]) -> tuple[str, int]:
        op = term.op
        text = None if op.latex is None else self.filled(op.latex, term, operands, wrapped)
        if text is None:
            return rf"\operatorname{{{_letters(_name(term), plain=True)}}}{self.brackets(', '.join(operands))}", _ATOM
        return text, _ATOM if "(" in op.latex or "[" in op.latex else _MATRIX  # type: ignore[operator]

    def word(self, text: str) -> str:
        return _letters(text, plain=True)


def _raisable(base: str) -> str:
    """A base for an exponent: W_{i}, but {b'} where there is one already."""
    return f"{{{base}}}" if "'" in base or "^" in base else base


def _name(term: Applied) -> str:
    glyph = term.op.glyph
    return clean(glyph if glyph and glyph[0].isalpha() else term.op.name)


def _time(lag: int) -> str:
    return "t" + (f"{lag:+d}" if lag else "")


def _index(index: Any) -> str:
    texts = []
    for part in index:
        if part is Ellipsis or part == ("slice", None, None, None):
            continue  # of columns, not rows: the batch is not shown
        if isinstance(part, tuple) and part[:1] == ("slice",):
            texts.append(":".join("" if v is None else str(v) for v in part[1:3]))
        else:
            texts.append(clean(str(part)))
    return ", ".join(texts)


def _encloses(template: str, name: str) -> bool:
    """Whether a LaTeX template puts brackets or braces of its own around an operand."""
    place = template.find(f"{{{name}}}")
    before, after = template[place - 1 : place], template[place + len(name) + 2 :][:1]
    return (before, after) in {("(", ")"), ("{", "}"), ("[", "]"), ("|", "\\"), ("|", "|"), ("‖", "‖")}


def _split(name: str) -> tuple[str, str]:
    """z_i → z, i. A word keeps its underscores."""
    base, _, index = name.partition("_")
    letters = sum(not unicodedata.combining(c) for c in base)
    return (base, index) if 1 <= letters <= 2 and index else (name, "")


def _letters(name: str, plain: bool = False) -> str:
    """A name in LaTeX, whatever its characters: c̃ → \\tilde{c}, a word in upright letters."""
    out: list[str] = []
    primes = 0
    for c in unicodedata.normalize("NFD", name):
        if c in _ACCENTS and out:
            out[-1] = rf"\{_ACCENTS[c]}{{{out[-1].strip()}}}"
        elif c == "′" or c == "'":
            primes += 1
        elif c in _GREEK:
            out.append(rf"\{_GREEK[c]} ")
        elif c in _ESCAPED:
            out.append(_ESCAPED[c])
        elif c == " ":
            out.append(r"\ ")
        elif not unicodedata.combining(c):
            out.append(c)
    text = "".join(out).strip()
    if len(out) > 1 and not plain:
        text = rf"\mathrm{{{text}}}"
    return text + "'" * primes


def latex_text(text: str) -> str:
    """Ordinary text in LaTeX: symbols in it as mathematics, everything else escaped."""
    out = []
    for c in text:
        if c in _GREEK:
            out.append(rf"$\{_GREEK[c]}$")
        else:
            out.append({"∂": r"$\partial$", "−": "$-$", "…": r"\dots{}"}.get(c) or _TEXT.get(c, c))
    return "".join(out)


_TEXT = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip

PLAIN, LATEX = Plain(), Latex()
