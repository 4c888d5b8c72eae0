"""What a drawing points out: a path, all uses of a weight, where gradients are cut off, and how large they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, TinygradError, with_user_line
from ..core.steps import backprop_steps
from ..core.tensor import Tensor
from .sheet import Emphasis, Sheet

Highlight = Any  # a name, a tensor, several, or a pair (from, to) of either


def emphasis(sheet: Sheet, highlight: Highlight, cuts: int | Iterable[int] | None) -> Emphasis:
    """What is pointed out on a sheet.

    Raises:
        ArgumentError: a name or tensor is not there, or there is no path; a cut is no positive number.
    """
    found = Emphasis()
    if highlight is not None:
        pair = isinstance(highlight, tuple)
        if pair and len(highlight) != 2:
            raise ArgumentError(with_user_line("draw: highlight takes a name, a list of names, or a pair (from, to)"))
        things = highlight if isinstance(highlight, (list, tuple)) else [highlight]
        numbers = [_numbers(sheet, thing) for thing in things]
        if pair:
            _path(sheet, numbers[0], numbers[1], found)
            if not found.pairs:
                raise ArgumentError(
                    with_user_line(f"draw: nothing leads from {_called(things[0])} to {_called(things[1])}")
                )
        else:
            found.nodes = set().union(*numbers)
            found.pairs = {
                (x.number, n.number) for n in sheet.order for x in sheet.operands[n.number] if x.number in found.nodes
            }
    if cuts is not None:
        found.cuts = _cuts(sheet, cuts)
    return found


def gradients(thing: Tensor) -> dict[int, np.ndarray]:
    """The gradient of a scalar by every node it was computed from; none of what is no such scalar."""
    if thing.is_abstract or thing.size != 1 or not thing.requires_grad or thing.op is None:
        return {}
    found: dict[int, np.ndarray] = {}
    for step in backprop_steps(thing):
        found[step.node.number] = step.gradient
        found |= {c.operand.number: c.accumulated for c in step.contributions}
    return found


def norms(sheet: Sheet, thing: Any) -> dict[tuple[int, int], float]:
    """The norm of what comes back along every edge that is drawn of the graph of a loss.

    Raises:
        ArgumentError: it is no scalar with values that requires a gradient.
    """
    try:
        if not isinstance(thing, Tensor) or thing.is_abstract:
            raise ArgumentError("it is no tensor with a value")
        found: dict[tuple[int, int], float] = {}
        for step in backprop_steps(thing):
            for c in step.contributions:
                pair = (c.operand.number, step.node.number)
                found[pair] = float(np.hypot(found.get(pair, 0.0), np.linalg.norm(c.gradient)))
    except TinygradError as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(with_user_line(f"draw: show='flow' needs a loss to differentiate: {reason}")) from None
    drawn = {n.number for n in sheet.order}
    for node in sheet.order:
        for x in sheet.operands[node.number]:
            pair = (x.number, node.number)
            if pair not in found and (parts := [p for p in _through(node, x, drawn) if p in found]):
                found[pair] = float(np.hypot.reduce([found[p] for p in parts]))
    return found


def _through(node: Tensor, x: Tensor, drawn: set[int]) -> list[tuple[int, int]]:
    """The edges by which x is read within what a drawn node stands for, such as a gate with its products."""
    inside, edges = [node], []
    for n in inside:
        for y in n.inputs or ():
            if y.number == x.number:
                edges.append((x.number, n.number))
            elif y.number not in drawn and all(y is not m for m in inside):
                inside.append(y)
    return edges


def _numbers(sheet: Sheet, thing: Any) -> set[int]:
    if isinstance(thing, Tensor):
        found = {n.number for n in sheet.order if n.number == thing.number or sheet.parts.get(n.number) is thing}
    else:
        found = {
            n.number
            for n in sheet.order
            for x in (n, sheet.parts.get(n.number))
            if x is not None and x.name is not None and thing in (x.name, sheet.names.get(x.name), x.path)
        }
    if not found:
        names = dict.fromkeys(n.name for n in sheet.order if n.name)
        raise ArgumentError(
            with_user_line(f"draw: there is no {_called(thing)} to highlight; there are {', '.join(names)}")
        )
    return found


def _called(thing: Any) -> str:
    return thing.path if isinstance(thing, Tensor) else repr(thing)


def _path(sheet: Sheet, start: set[int], end: set[int], found: Emphasis) -> None:
    """Everything on a path from one to the other: what the start reaches, and what reaches the end."""
    ahead = set(start)
    for n in sheet.order:
        if any(x.number in ahead for x in sheet.operands[n.number]):
            ahead.add(n.number)
    behind = set(end)
    for n in reversed(sheet.order):
        if n.number in behind:
            behind |= {x.number for x in sheet.operands[n.number]}
    found.nodes = ahead & behind
    reads = [(x.number, n.number) for n in sheet.order for x in sheet.operands[n.number]]
    found.pairs = {(x, n) for x, n in reads if x in found.nodes and n in found.nodes}
    if not (found.nodes & start and found.nodes & end):
        found.nodes, found.pairs = set(), set()


def _cuts(sheet: Sheet, cuts: int | Iterable[int]) -> set[float]:
    steps = [n.scope.step for n in sheet.order if n.scope is not None and n.scope.step is not None]
    last = max(steps, default=-1)
    if isinstance(cuts, int):
        if cuts < 1:
            raise ArgumentError(with_user_line(f"draw: cuts is every how many steps, at least 1, not {cuts}"))
        return {float(t) for t in range(cuts, last + 1, cuts)}
    wrong = [t for t in cuts if not 0 < t <= last]
    if wrong:
        raise ArgumentError(with_user_line(f"draw: cuts are before steps 1 to {last}, not {wrong[0]}"))
    return {float(t) for t in cuts}
