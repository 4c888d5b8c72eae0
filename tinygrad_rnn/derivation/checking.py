"""`check_backward`: which quantity of a hand-written backward pass is the first that is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import ArgumentError, GradientCheckError, with_user_line
from ..core.graph import Graph
from ..core.operands import array_of
from ..core.tensor import Tensor
from ..core.trees import flatten
from ..step.body import BATCH
from ..step.cells import initial_state, one_cell
from ..step.inputs import input_of
from ..step.terms import Symbol
from .derivation import Derivation, derive
from .formats import Line
from .numpy_text import identifier
from .writing import PLAIN

Gradients = Mapping[str, Any]


class _Expected(NamedTuple):
    """A gradient to compare with: what it is called, of which step, its value and the line that says why."""

    name: str
    step: int | None
    value: np.ndarray
    line: Line | None


def check_backward(
    cell: Any,
    backward: Callable[..., Gradients] | Gradients,
    *,
    input: Any = None,
    steps: int = 4,
    batch: int = 2,
    seed: int = 0,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> list[str]:
    """Compare a backward pass written by hand with the derived one, quantity by quantity.

    Args:
        cell: the cell, or layer of one cell, that it is the backward pass of (see `tg.derive`).
        backward: a function of NumPy arrays, which are given by the names of its arguments: ``xs`` (T, B, D), the
            initial states ``h_0``, …; the values of all steps, (T, B, width), of every quantity that `derive` names
            (``i``, ``c_tilde``, ``z_i``, ``h``); parameters (``weight_hh``) and their blocks (``R_i``); and
            ``d_outputs``, ∂ℓ_t/∂output. It returns a dict of gradients by such names, of all or of some: values'
            gradients are (T, B, width). Or that dict itself, if it was computed from `backward_inputs` of the cell.
        input: an array (T, B, D) to use as ``xs``, or the shape, (B, D) or (T, B, D), of a random one.
        steps, batch, seed: of the random numbers it is given, in float64; the cell's parameters are used as they are.
        rtol, atol: numbers agree if ``|a − b| ≤ atol + rtol·|b|``.

    Returns:
        The names that were compared, in the order of the derivation.

    Raises:
        GradientCheckError: the first quantity that is wrong (last step first), with the formula it should follow, the
            entry, both numbers, and if the sum lacks exactly one of its terms, which.
        ArgumentError: an argument or a returned name is not known, or no gradient was returned.
    """
    page, inputs, expected = _expected("check_backward", cell, input, steps, batch, seed)
    steps = len(inputs["xs"])
    given = _called(backward, inputs) if callable(backward) else dict(backward)
    found: dict[str, np.ndarray] = {}
    names = {alias: e.name for e in expected for alias in _aliases(e.name)}
    for key, value in given.items():
        if key not in names:
            known = ", ".join(dict.fromkeys(e.name for e in expected))
            raise ArgumentError(with_user_line(f"check_backward: there is no gradient of {key!r}; there are {known}"))
        found[names[key]] = array_of(value, np.float64)
    if not found:
        raise ArgumentError(with_user_line("check_backward: the function returned no gradient"))
    for e in expected:
        if e.name in found:
            got = found[e.name]
            whole = (steps, *e.value.shape) if e.step is not None else e.value.shape
            if got.shape != whole:
                raise GradientCheckError(
                    with_user_line(f"check_backward: δ{e.name} has shape {got.shape}, expected {whole}")
                )
            _compare(page, e, got if e.step is None else got[e.step], rtol, atol, inputs, expected)
    return [name for name in dict.fromkeys(e.name for e in expected) if name in found]


def backward_inputs(
    cell: Any, *, input: Any = None, steps: int = 4, batch: int = 2, seed: int = 0
) -> dict[str, np.ndarray]:
    """What `check_backward` gives a function: random input, the values of all steps, parameters, ∂ℓ/∂outputs."""
    return _expected("backward_inputs", cell, input, steps, batch, seed)[1]


def _expected(
    reader: str, thing: Any, input: Any, steps: int, batch: int, seed: int
) -> tuple[Derivation, dict[str, np.ndarray], list[_Expected]]:
    cell, random = one_cell(reader, thing), np.random.default_rng(seed)
    xs = input_of(reader, cell, input, steps=steps, batch=batch).sequence(reader, steps, random, np.float64)
    steps, batch = xs.shape[:2]
    page = derive(cell, input=xs)
    function = page.to_numpy()
    arrays: dict[str, np.ndarray] = {"xs": xs}
    starts = function.arguments[1 : 1 + len(page.step.states)]
    for name, state in zip(starts, flatten(initial_state(cell, batch))[0], strict=True):
        arrays[name] = random.normal(size=state.shape)
    values = {path: p.numpy() for path, p in page.step.whole().items()}
    for name, path in function.parameters.items():
        arrays[name] = values[path].astype(np.float64)
    output = page.step.body.outputs[0]
    arrays["d_outputs"] = random.normal(size=(steps, batch, *output.shape[1:]))
    _, gradients, per_step = function(**arrays)
    for name in per_step[0] if steps else ():
        arrays[identifier(name)] = np.stack([step[name][0] for step in per_step])
    for symbol, (path, span) in page.step.blocks.items():
        if span is not None and path in values:
            arrays[identifier(symbol)] = values[path].astype(np.float64)[slice(*span)]
    lines = {line.left.name: line for line in page.sections[1].lines if isinstance(line.left, Symbol)}
    order = [line.left.name for line in page.sections[1].lines if isinstance(line.left, Symbol)]
    found = [
        _Expected(n, t, per_step[t][n][1], lines[n]) for t in reversed(range(steps)) for n in order if n in per_step[t]
    ]
    last = {line.left.name: line for line in page.sections[-1].lines if isinstance(line.left, Symbol)}
    for name, value in gradients.items():
        found.append(_Expected(name, None, value, last.get(name)))
    for symbol, (path, span) in page.step.blocks.items():
        if span is not None and path in gradients:
            found.append(_Expected(symbol, None, gradients[path][slice(*span)], last.get(symbol)))
    return page, arrays, found


def _aliases(name: str) -> Iterator[str]:
    for base in (name, identifier(name), *(("xs",) if name == "x" else ())):
        for before in ("", "d_", "d", "δ", "∂"):
            yield before + base


def _called(function: Callable[..., Gradients], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    given = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= {n: a for n, a in arrays.items() if n not in given}
        elif name in arrays:
            given[name] = arrays[name]
        elif parameter.default is parameter.empty:
            raise ArgumentError(with_user_line(f"check_backward: there is no {name!r}; there are {', '.join(arrays)}"))
    result = function(**{name: np.array(a) for name, a in given.items()})
    if not isinstance(result, Mapping):
        raise ArgumentError(
            with_user_line(f"check_backward: expected a dict of gradients by name, got {type(result).__name__}")
        )
    return dict(result)


def _compare(
    page: Derivation, e: _Expected, got: np.ndarray, rtol: float, atol: float, arrays: dict[str, np.ndarray],
    expected: list[_Expected],
) -> None:  # fmt: skip
    wrong = ~(np.abs(got - e.value) <= atol + rtol * np.abs(e.value))
    if not wrong.any():
        return
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f" at t = {e.step}" if e.step is not None else ""
    mark = "δ" if e.step is not None or e.line is None or not isinstance(e.line.left, Symbol) else e.line.left.mark
    numbers = f"entry {place} is {got[place]:.6g}, expected {e.value[place]:.6g}"
    text = f"check_backward: {mark}{e.name}{where} is wrong: {numbers}"
    if e.line is not None:
        text += f"\n  {PLAIN.write(e.line.left)} = {PLAIN.write(e.line.right)}"
        text += "".join(f"\n  {reason}" for reason in e.line.reasons)
    if np.allclose(got, -e.value, rtol, atol):
        text += "\n  Yours has the opposite sign."
    for term, value in _terms(page, e, arrays, expected):
        if np.allclose(got + value, e.value, rtol, atol):
            text += f"\n  Yours lacks the term {term}."
    raise GradientCheckError(with_user_line(text))


def _terms(
    page: Derivation, e: _Expected, arrays: dict[str, np.ndarray], expected: list[_Expected]
) -> Iterator[tuple[str, np.ndarray]]:
    """The terms of δq at its step, with their values."""
    numbers = {q.symbol.name: q.node.number for q in page.step.quantities}
    if e.step is None or e.name not in numbers:
        return
    if numbers[e.name] in page.step.outputs:
        yield PLAIN.write(Symbol(e.name, 0, "ℓ")), arrays["d_outputs"][e.step]
    adjoint = {(x.name, x.step): x.value for x in expected}
    for term, c in page.adjoints.of_quantity(numbers[e.name]):
        lag = next((lag for s, _, lag in page.step.states if s.number == c.target.number), 0)
        t = e.step + lag
        if t < len(arrays["xs"]):
            leaves = dict(_values(page, arrays, adjoint, t))
            yield PLAIN.write(term), _evaluated(c.gradient, leaves, arrays["xs"].shape[1])


def _values(
    page: Derivation, arrays: dict[str, np.ndarray], adjoint: dict[tuple[str, int | None], np.ndarray], t: int
) -> Iterator[tuple[int, np.ndarray]]:
    """What the leaves of a contribution are at step t, by number."""
    step = page.step
    starts = page.to_numpy().arguments[1 : 1 + len(step.states)]
    for x in step.inputs:
        yield x.number, arrays["xs"][t]
    for (s, _, lag), start in zip(step.states, starts, strict=True):
        name = identifier(step.symbols[s.number].name)
        yield s.number, arrays[name][t - lag] if t >= lag and name in arrays else arrays[start]
    for q in step.quantities:
        name = identifier(q.symbol.name)
        if name in arrays:
            value = arrays[name][t] if q.symbol.lag is not None else arrays[name]
            yield step.stand_ins[q.node.number].number, value
            yield page.adjoints.seeds[q.node.number].number, adjoint[q.symbol.name, t]
    whole = {path: arrays[name] for name, path in page.to_numpy().parameters.items()}
    for p in step.parameters:
        path, span = step.blocks[step.symbols[p.number].name]
        yield p.number, whole[path] if span is None else whole[path][slice(*span)]


def _evaluated(node: Tensor, leaves: dict[int, np.ndarray], batch: int) -> np.ndarray:
    """The value of a node traced with the stand-in batch, for another one."""
    graph = Graph(node, boundary=[n for n in Graph(node).nodes if n.number in leaves])
    found = dict(leaves)
    for n in graph.nodes:
        if n.number in found:
            continue
        if n.op is None:
            found[n.number] = n.numpy()
            continue
        attrs = dict(n.attrs or {})
        if "shape" in attrs:
            attrs["shape"] = tuple(batch if size == BATCH else size for size in attrs["shape"])
        found[n.number] = n.op.evaluate(*[found[x.number] for x in n.inputs], **attrs)
    return found[node.number]
