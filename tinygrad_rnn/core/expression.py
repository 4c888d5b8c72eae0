"""What an op says of one entry, as text: a small language, parsed once, that every writer prints in its own way.

It is a part of Python's: the names of operands and attributes, numbers, ``+ - * / // % **``, comparisons, ``and``,
``or``, ``not``, ``a if c else b`` and functions, ``"1 / (1 + exp(-x))"``; ``number(c)`` is a boolean as 0 or 1.
Around a name there may be braces, ``"exp({x})"``.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Mapping

from .errors import DeclarationError, with_user_line

_PARTS = (
    *(ast.Load, ast.IfExp, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.USub, ast.Not, ast.And, ast.Or),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)


def parsed(op: str, text: str, names: Iterable[str]) -> ast.expr:
    """The tree of an expression in `names`.

    Raises:
        DeclarationError: it is none of the language.
    """
    try:
        tree = ast.parse(re.sub(r"{(\w+)}", r"\1", text), mode="eval").body
    except SyntaxError:
        raise DeclarationError(with_user_line(f"{op}: {text!r} is not an expression")) from None
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    known = set(names)
    for node in ast.walk(tree):
        if id(node) not in called and not _belongs(node, known):
            what = ast.unparse(node) or type(node).__name__
            raise DeclarationError(
                with_user_line(f"{op}: {what!r} in {text!r} is none of {sorted(known)}, numbers, + - * / // % **, one "
                               "comparison, and, or, not, 'a if c else b' and functions of them")
            )  # fmt: skip
    return tree


def _belongs(node: ast.AST, names: set[str]) -> bool:
    match node:
        case ast.Name(name):
            return name in names
        case ast.Constant(value):
            return isinstance(value, (int, float))
        case ast.Compare():
            return len(node.ops) == 1
        case ast.Call():
            return isinstance(node.func, ast.Name) and not node.keywords
    return isinstance(node, _PARTS)


def functions(tree: ast.expr) -> set[str]:
    """The names of the functions it calls."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {f.id for f in calls if isinstance(f, ast.Name)}


class Filled(ast.NodeTransformer):
    """Copies a tree with values in place of its names. Writers say what else they write in another way."""

    def __init__(self, values: Mapping[str, ast.expr]):
        self.values = values

    def of(self, tree: ast.expr) -> ast.expr:
        return self.visit(copy.deepcopy(tree))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(x) for x in node.args]
        if not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.keywords = [self.visit(k) for k in node.keywords]
        return self.called(node, node.func.id if isinstance(node.func, ast.Name) else None)

    def called(self, node: ast.Call, name: str | None) -> ast.expr:
        """A call with its arguments filled in; `name` is of a function of the language, None for another's."""
        return node
