"""Mathematical terms, as a page writes them: built from nodes of a graph, with what is trivial left out.

A term is in column convention: a row of a batch becomes a column vector, so ``x @ W.mT`` is W x, and the sum over the
batch and all steps that a weight's gradient is, ``g.mT @ x``, is written by whoever asks for it as Σ δ xᵀ.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.expansion import expanded
from ..core.graph import Graph
from ..core.op import Op
from ..core.tensor import Tensor
from ..step.body import BATCH


@dataclass(frozen=True)
class Symbol:
    """A quantity by name; `lag` is its step minus t, None for what has no time; `mark` says δ or ∂ℓ/∂ of it."""

    name: str
    lag: int | None = None
    mark: str = ""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Term], ...]


@dataclass(frozen=True)
class Product:
    """An entrywise product (numbers included)."""

    factors: tuple[Term, ...]


@dataclass(frozen=True)
class MatrixProduct:
    factors: tuple[Term, ...]


@dataclass(frozen=True)
class Quotient:
    top: Term
    bottom: Term


@dataclass(frozen=True)
class Power:
    base: Term
    exponent: float


@dataclass(frozen=True)
class Transpose:
    of: Term


@dataclass(frozen=True)
class OverTime:
    """The sum over all steps (and samples)."""

    of: Term


@dataclass(frozen=True)
class Applied:
    """Any other op on its operands."""

    op: Op
    operands: tuple[Term, ...]
    attrs: tuple[tuple[str, Any], ...] = ()


Term = Symbol | Number | Sum | Product | MatrixProduct | Quotient | Power | Transpose | OverTime | Applied
ZERO, ONE = Number(0.0), Number(1.0)


def add(a: Term, b: Term, sign: int = 1) -> Term:
    """a + b, or with ``sign=-1`` a − b. Like terms are one: y + 0.5 y is 1.5 y."""
    amounts: dict[Term, float] = {}
    for s, t in (*_signed(a), *[(sign * s, t) for s, t in _signed(b)]):
        number, core = _amount(t)
        amounts[core] = amounts.get(core, 0.0) + s * number
    terms = []
    for core, amount in amounts.items():
        if amount != 0:
            terms.append((1 if amount > 0 else -1, multiply(Number(abs(amount)), core)))
    return total(terms)


def _amount(term: Term) -> tuple[float, Term]:
    """The number in front of a term, and the rest."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Product) and isinstance(term.factors[0], Number):
        rest = term.factors[1:]
        return term.factors[0].value, rest[0] if len(rest) == 1 else Product(rest)
    return 1.0, term


def total(terms: Sequence[tuple[int, Term]]) -> Term:
    if not terms:
        return ZERO
    return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else Sum(tuple(terms))


def _signed(term: Term) -> tuple[tuple[int, Term], ...]:
    if isinstance(term, Sum):
        return term.terms
    if isinstance(term, Number) and term.value < 0:
        return ((-1, Number(-term.value)),)
    return ((1, term),)


def negative(term: Term) -> Term:
    return total(tuple((-s, t) for s, t in _signed(term)))


def multiply(*terms: Term) -> Term:
    """The entrywise product: signs and numbers in front, then what derivatives of the loss there are, then the rest."""
    sign, number, factors = 1, 1.0, []
    for term in terms:
        for factor in term.factors if isinstance(term, Product) else (term,):
            if isinstance(factor, Sum) and len(factor.terms) == 1:
                s, factor = factor.terms[0]
                sign *= s
            if isinstance(factor, Number):
                number *= factor.value
            else:
                factors.extend(factor.factors if isinstance(factor, Product) else (factor,))
    if number == 0:
        return ZERO
    if any(mentions_adjoint(f) for f in factors):  # what is derived comes in one order, what was written in its own
        factors.sort(key=_place)
    factors = _powers(factors)
    sign, number = (-sign, -number) if number < 0 else (sign, number)
    if number != 1 or not factors:
        factors.insert(0, Number(number))
    made = factors[0] if len(factors) == 1 else Product(tuple(factors))
    return made if sign == 1 else Sum(((-1, made),))


def _place(factor: Term) -> int:
    """Adjoints, then their products with matrices, then symbols, then the rest."""
    if isinstance(factor, Symbol):
        return 0 if factor.mark else 2
    return 1 if mentions_adjoint(factor) else 3


def _powers(factors: list[Term]) -> list[Term]:
    """y ⊙ y is y²."""
    counts: dict[Term, float] = {}
    for f in factors:
        base, n = (f.base, f.exponent) if isinstance(f, Power) else (f, 1.0)
        counts[base] = counts.get(base, 0.0) + n
    return [base if n == 1 else Power(base, n) for base, n in counts.items() if n != 0]


def matrix_product(a: Term, b: Term) -> Term:
    """a b, numbers and signs in front."""
    sign, numbers, factors = 1, [], []
    for term in (a, b):
        if isinstance(term, Sum) and len(term.terms) == 1:
            s, term = term.terms[0]
            sign *= s
        if isinstance(term, Product) and isinstance(term.factors[0], Number):
            numbers.append(term.factors[0])
            term = multiply(*term.factors[1:])
        factors.extend(term.factors if isinstance(term, MatrixProduct) else (term,))
    made = multiply(*numbers, MatrixProduct(tuple(factors)))
    return made if sign == 1 else negative(made)


def transpose(term: Term) -> Term:
    if isinstance(term, Transpose):
        return term.of
    if isinstance(term, MatrixProduct):
        return MatrixProduct(tuple(transpose(f) for f in reversed(term.factors)))
    if isinstance(term, Sum):
        return Sum(tuple((s, transpose(t)) for s, t in term.terms))
    if isinstance(term, Product):
        return Product(tuple(f if isinstance(f, Number) else transpose(f) for f in term.factors))
    return term if isinstance(term, Number) else Transpose(term)


def parts(term: Term) -> tuple[Term, ...]:
    """The terms directly inside."""
    match term:
        case Sum(terms):
            return tuple(t for _, t in terms)
        case Product(factors) | MatrixProduct(factors):
            return factors
        case Quotient(top, bottom):
            return (top, bottom)
        case Power(base, _):
            return (base,)
        case Transpose(of) | OverTime(of):
            return (of,)
        case Applied(_, operands, _):
            return operands
    return ()


def symbols(term: Term) -> list[Symbol]:
    """Every symbol in it, as often as it occurs."""
    found, stack = [], [term]
    while stack:
        t = stack.pop()
        if isinstance(t, Symbol):
            found.append(t)
        stack.extend(reversed(parts(t)))
    return found


def mentions_adjoint(term: Term) -> bool:
    return any(s.mark for s in symbols(term))


def replaced(term: Term, rule: Callable[[Symbol], Term]) -> Term:
    """With other terms for its symbols, simplified again. As deep as a written formula, so recursion is safe."""
    match term:
        case Symbol():
            return rule(term)
        case Number():
            return term
        case Sum(terms):
            made: Term = ZERO
            for sign, t in terms:
                made = add(made, replaced(t, rule), sign)
            return made
        case Product(factors):
            return multiply(*[replaced(f, rule) for f in factors])
        case MatrixProduct(factors):
            made = replaced(factors[0], rule)
            for f in factors[1:]:
                made = matrix_product(made, replaced(f, rule))
            return made
        case Quotient(top, bottom):
            return Quotient(replaced(top, rule), replaced(bottom, rule))
        case Power(base, exponent):
            return Power(replaced(base, rule), exponent)
        case Transpose(of):
            return transpose(replaced(of, rule))
        case OverTime(of):
            return OverTime(replaced(of, rule))
        case Applied():
            return replace(term, operands=tuple(replaced(t, rule) for t in term.operands))


def factored(term: Term) -> Term:
    """With what all terms of a sum have in common in front of it."""
    if not isinstance(term, Sum) or len(term.terms) < 2:
        return term
    lists: list[list[Term]] = [list(t.factors) if isinstance(t, Product) else [t] for _, t in term.terms]
    common = [f for f in lists[0] if not isinstance(f, Number) and all(f in others for others in lists[1:])]
    if not common:
        return term
    rest: Term = ZERO
    for (sign, _), factors in zip(term.terms, lists, strict=True):
        for f in common:
            factors.remove(f)
        rest = add(rest, multiply(*factors) if factors else ONE, sign)
    return multiply(*common, rest)


def shifted(term: Term, steps: int) -> Term:
    """The same, so many steps later."""
    return replaced(term, lambda s: s if s.lag is None else replace(s, lag=s.lag + steps))


# -- from graphs ------------------------------------------------------------------------------------------------------


def term_of(node: Tensor, known: Mapping[int, Term]) -> Term:
    """What a node computes, in terms of the nodes that are `known`."""
    return terms_of([node], known)[0]


def terms_of(nodes: Sequence[Tensor], known: Mapping[int, Term]) -> list[Term]:
    boundary = [n for n in Graph(list(nodes)).nodes if n.number in known]
    found: dict[int, Term] = dict(known)
    for n in Graph(list(nodes), boundary=boundary).nodes:
        if n.number not in found:
            found[n.number] = _leaf(n) if n.op is None else _applied(n, [found[x.number] for x in n.inputs])
    return [found[n.number] for n in nodes]


def _leaf(node: Tensor) -> Term:
    array = node._array
    if array is not None and array.size and (array == array.reshape(-1)[0]).all():
        return Number(float(array.reshape(-1)[0]))
    return Symbol(node.name or "k")


def _applied(node: Tensor, xs: list[Term]) -> Term:
    op, attrs = node.op, node.attrs or {}
    assert op is not None
    if op.arranges or (op.sums and node.shape == node.inputs[0].shape):
        return xs[0]
    if op.sums and BATCH in node.inputs[0].shape and BATCH not in node.shape:
        return xs[0]  # the sum over the batch, which Σ stands for
    if op.kind == "matrix product":
        rows = [BATCH in x.shape[:1] for x in node.inputs]
        if rows[0] and not rows[1]:
            return matrix_product(transpose(xs[1]), xs[0])  # a row times a matrix, as columns
        if node.inputs[0].shape[-1:] == (BATCH,) and rows[1]:
            return matrix_product(transpose(xs[0]), transpose(xs[1]))  # Σ a bᵀ
        return matrix_product(*xs)
    if op.kind == "transpose" and node.ndim == 2:
        return transpose(xs[0])
    if op.kind == "scatter" and all(x == ZERO for x in xs):
        return ZERO
    numbers = {k: Number(float(v)) for k, v in attrs.items() if isinstance(v, (int, float))}
    if (made := _calculated(op, dict(zip(op.operands, xs, strict=False)) | numbers)) is not None:
        return made
    if op.latex is None and (simpler := expanded(op, node.inputs, attrs)) is not None:
        return term_of(simpler, {x.number: term for x, term in zip(node.inputs, xs, strict=True)})
    plain = {k: v for k, v in attrs.items() if not (isinstance(v, np.ndarray) and v.size > 1)}
    return Applied(op, tuple(xs), tuple((k, _hashable(v)) for k, v in plain.items()))


def _calculated(op: Op, values: Mapping[str, Term]) -> Term | None:
    """The term of an op whose scalar expression is one operation."""
    match op.entry:
        case ast.UnaryOp(ast.USub(), ast.Name(x)):
            return negative(values[x])
        case ast.BinOp(ast.Name(a), sign, ast.Name(b)):
            a, b = values[a], values[b]
            match sign:
                case ast.Add():
                    return add(a, b)
                case ast.Sub():
                    return add(a, b, -1)
                case ast.Mult():
                    return multiply(a, b)
                case ast.Div():
                    return Quotient(a, b) if b != ONE else a
                case ast.Pow() if isinstance(b, Number):
                    return Power(a, b.value)
    return None


def _hashable(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(v) for v in value)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
