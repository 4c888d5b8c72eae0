"""Scalar expressions of ops as JavaScript: one writer more of what an op says of one entry."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from ..core.op import Op

#: Functions of scalar expressions; ``live.js`` defines those that are not Math's, and the operators that differ.
_MATH = {
    "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt", "abs", "floor", "ceil",
    "trunc", "hypot",
}  # fmt: skip
_RENAMED = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "arctan2": "atan2",
}  # fmt: skip
_OWN = {"sigmoid", "softplus", "silu", "gelu", "erf", "rint"}
_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Eq: "===", ast.NotEq: "!==", ast.Lt: "<",
    ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.And: "&&", ast.Or: "||",
}  # fmt: skip
_CALLS: dict[type[ast.AST], str] = {ast.Pow: "pow", ast.Mod: "mod", ast.FloorDiv: "floorDivide"}


class NoJavaScript(Exception):
    """There is no JavaScript for it; the message is the op's name."""


def scalar_function(op: Op, attrs: Mapping[str, Any]) -> str:
    """An entry of the op's result as a JavaScript function of entries of its operands, attributes as numbers.

    Raises:
        NoJavaScript: the op has no scalar expression, or one in functions that JavaScript lacks.
    """
    if op.entry is None:
        raise NoJavaScript(op.name)
    numbers = {name: attrs.get(name, default) for name, default in op.attrs.items()}
    return f"({', '.join(op.operands)}) => {_Printer(op.name, numbers).of(op.entry)}"


def folding_function(op: Op) -> str:
    """How a reduction takes in one more entry: a JavaScript function of the total and the entry."""
    if op.step is None:
        raise NoJavaScript(op.name)
    return f"(total, x) => {_Printer(op.name, {}).of(op.step)}"


def literal(value: Any) -> str:
    """A number, finite or not, as JavaScript writes it."""
    text = repr(float(value))
    return {"inf": "Infinity", "-inf": "(-Infinity)", "nan": "NaN"}.get(text, f"({text})" if text[0] == "-" else text)


class _Printer:
    def __init__(self, op: str, numbers: Mapping[str, Any]):
        self.op, self.numbers = op, numbers

    def of(self, tree: ast.expr) -> str:
        """As deep as a formula is written, so recursion is safe."""
        match tree:
            case ast.Name(name):
                return literal(self.number(name)) if name in self.numbers else name
            case ast.Constant(value):
                return literal(value)
            case ast.UnaryOp(ast.USub(), x):
                return f"(-{self.of(x)})"
            case ast.UnaryOp(ast.Not(), x):
                return f"(!{self.of(x)})"
            case ast.BinOp(a, sign, b) if type(sign) in _CALLS:
                return f"{_CALLS[type(sign)]}({self.of(a)}, {self.of(b)})"
            case ast.BinOp(a, sign, b):
                return f"({self.of(a)} {_SIGNS[type(sign)]} {self.of(b)})"
            case ast.BoolOp(sign, values):
                return f"({f' {_SIGNS[type(sign)]} '.join(map(self.of, values))})"
            case ast.Compare(a, [sign], [b]):
                return f"({self.of(a)} {_SIGNS[type(sign)]} {self.of(b)})"
            case ast.IfExp(test, a, b):
                return f"({self.of(test)} ? {self.of(a)} : {self.of(b)})"
            case ast.Call(ast.Name(name), args):
                return f"{self.function(name)}({', '.join(map(self.of, args))})"
        raise NoJavaScript(self.op)

    def number(self, name: str) -> float:
        value = self.numbers[name]
        if not isinstance(value, (int, float)):
            raise NoJavaScript(self.op)
        return value

    def function(self, name: str) -> str:
        if name == "number":
            return "Number"
        if name in _OWN:
            return name
        if name in _MATH or name in _RENAMED:
            return f"Math.{_RENAMED.get(name, name)}"
        raise NoJavaScript(self.op)
