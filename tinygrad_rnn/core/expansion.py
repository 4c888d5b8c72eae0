"""An op as simpler ops, for readers that do not know it: as its expansion says, else as its scalar expression does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from .apply import apply
from .expression import Filled, functions
from .mode import changed
from .op import REGISTRY, Op
from .tensor import Tensor


def expanded(op: Op, xs: Sequence[Tensor], attrs: dict[str, Any]) -> Tensor | None:
    """The value of an op as a graph of simpler ops; None if it says nothing of them."""
    with changed(record="all", scope=None, anomaly=False, origin=None):
        made = None if op.expansion is None else op.expansion(*xs, **attrs)
        if made is None and op.entry is not None:
            made = _of_entry(op.entry, dict(zip(op.operands, xs, strict=True)) | op.attrs | attrs)
    return made if isinstance(made, Tensor) and made.op is not op else None


def function(name: str) -> Op | None:
    """The op that a function of scalar expressions is: the one whose entry is ``name(x)``, or of that name."""
    for op in REGISTRY.values():
        match op.entry:
            case ast.Call(ast.Name(called)) if called == name and len(op.operands) == len(op.entry.args):
                return op
    return op if (op := REGISTRY.get(name)) is not None and op.elementwise else None


def _of_entry(entry: ast.expr, names: dict[str, Any]) -> Any:
    """A scalar expression computed with ops."""
    known: dict[str, Callable[..., Any]] = {}
    for name in functions(entry):
        if (op := function(name)) is None:
            return None
        known[name] = _applies(op)
    known["_where"] = _applies(next(op for op in REGISTRY.values() if isinstance(op.entry, ast.IfExp)))
    tree = ast.fix_missing_locations(ast.Expression(_OnTensors({}).of(entry)))
    return eval(compile(tree, "<scalar expression>", "eval"), {"__builtins__": {}, **known}, names)


def _applies(op: Op) -> Callable[..., Any]:
    return lambda *xs: apply(op, xs, {})


class _OnTensors(Filled):
    """With the operators of tensors for those of truth values."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        first, *rest = map(self.visit, node.values)
        for x in rest:
            first = ast.BinOp(first, ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr(), x)
        return first

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        return ast.UnaryOp(ast.Invert() if isinstance(node.op, ast.Not) else node.op, self.visit(node.operand))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        parts = [self.visit(x) for x in (node.test, node.body, node.orelse)]
        return ast.Call(ast.Name("_where", ast.Load()), parts, [])
