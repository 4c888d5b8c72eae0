"""Slips that any solution can be written with: a factor or a term left out, a transpose, a sign, `=` for `+=`.

They are made from the solution's own syntax tree, so every exercise has them without a line of its own.
"""

from __future__ import annotations

import ast
import copy
import warnings
from collections.abc import Iterator

from .description import Both
from .sentences import both

_AS_IT_STANDS = (ast.Constant, ast.List, ast.Tuple)


def slips(solution: str) -> Iterator[tuple[str, Both]]:
    """Wrong answers made from a solution, one slip in each, and what to say of it."""
    tree = ast.parse(solution)
    if any(isinstance(node, ast.While) for node in ast.walk(tree)):  # a slip might never end
        return
    places = {id(n) for s in ast.walk(tree) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in places:  # t + 1 in h[t + 1] is no sum of the formula
            continue
        for changed, says in _changes(node):
            made = copy.deepcopy(tree)
            _replace(made, place, changed)
            text = ast.unparse(ast.fix_missing_locations(made))
            if _is_code(text):
                yield text, says


def _is_code(text: str) -> bool:
    """Whether Python takes it without a complaint: 1[x] is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(text, "<slip>", "exec")
    except (SyntaxError, SyntaxWarning):
        return False
    return True


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, Both]]:
    """What a node may be by mistake."""
    if isinstance(node, ast.BinOp):
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if isinstance(node.op, ast.Mult):
            yield node.right, both("factor missing", left)
            yield node.left, both("factor missing", right)
        elif isinstance(node.op, (ast.Add, ast.Sub)):
            yield node.left, both("term missing", right)
            if isinstance(node.op, ast.Add):
                yield node.right, both("term missing", left)
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield ast.BinOp(node.left, other, node.right), both("sign of", right)
        elif isinstance(node.op, ast.MatMult):
            for side, text in (("left", left), ("right", right)):
                operand = getattr(node, side)
                if not isinstance(operand, _AS_IT_STANDS) and not _is_transpose(operand):
                    turned = ast.BinOp(node.left, node.op, node.right)
                    setattr(turned, side, ast.Attribute(operand, "T", ast.Load()))
                    yield turned, both("not transposed", text)
            yield ast.BinOp(node.left, ast.Mult(), node.right), both("matrix product", ast.unparse(node))
        elif isinstance(node.op, ast.Pow):
            yield node.left, both("power missing", ast.unparse(node))
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.BinOp):
        yield ast.Subscript(node.value, node.slice.left, node.ctx), both("entry", ast.unparse(node))
    elif _is_transpose(node) and isinstance(node, ast.Attribute):
        yield node.value, both("to transpose", ast.unparse(node.value))
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield ast.Assign([node.target], node.value), both("overwritten", ast.unparse(node.target))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand, both("sign of", ast.unparse(node.operand))
    elif isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = ast.unparse(node.func)
        if name.split(".")[-1] in ("tanh", "sigmoid", "exp", "log", "sqrt"):
            yield node.args[0], both("function missing", name.split(".")[-1], ast.unparse(node.args[0]))


def _is_transpose(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "T"


def _replace(tree: ast.AST, place: int, changed: ast.AST) -> None:
    """Put another node in the place of the one that `ast.walk` comes to at that number."""
    wanted = next(n for k, n in enumerate(ast.walk(tree)) if k == place)
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is wanted:
                setattr(parent, name, copy.deepcopy(changed))
            elif isinstance(value, list):
                value[:] = [copy.deepcopy(changed) if x is wanted else x for x in value]
