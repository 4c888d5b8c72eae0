"""Nodes of a graph as NumPy source: every op by the text of its own declaration."""

from __future__ import annotations

import ast
import inspect
import keyword
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line
from ..core.expansion import expanded, function
from ..core.expression import Filled
from ..core.graph import Graph
from ..core.op import Op
from ..core.tensor import Tensor
from ..step.body import BATCH

#: What NumPy source calls beside NumPy; any other function is an op.
_BUILTIN = {"len", "abs", "min", "max"}


def identifier(name: str) -> str:
    """A name as Python writes it: c̃ → c_tilde, b_R → b_prime."""
    words = {"′": "_prime", "\u0303": "_tilde", "\u0302": "_hat", "\u0304": "_bar", "'": "_prime"}
    text = ""
    for c in unicodedata.normalize("NFD", name):
        if c.isascii() and (c.isalnum() or c == "_"):
            text += c
        elif c in words:
            text += words[c]
        elif c.isalpha():
            text += unicodedata.name(c, "x").split()[-1].lower()
        else:
            text += "_"
    text = text if text and not text[0].isdigit() else f"v_{text}"
    return text + "_" if text in _RESERVED or keyword.iskeyword(text) else text


#: Names that the function has already.
_RESERVED = {"np", "math", "T", "B", "t"}


class Writer:
    """Statements for nodes, given what is called how already.

    Attributes:
        helpers: functions that the statements call, their source by name.
        constants: arrays that they read, by name.
    """

    def __init__(self) -> None:
        self.helpers: dict[str, str] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.before: list[str] = []
        self.temporary = 0

    def statements(self, node: Tensor, names: Mapping[int, str]) -> tuple[list[str], str]:
        """What has to be computed before, and then the expression; `names` are Python's of nodes, by number."""
        self.before = []
        text = ast.unparse(self._written(node, {number: ast.Name(name) for number, name in names.items()}))
        return self.before, text

    def _written(self, node: Tensor, known: Mapping[int, ast.expr]) -> ast.expr:
        boundary = [n for n in Graph(node).nodes if n.number in known]
        graph = Graph(node, boundary=boundary)
        uses = Counter(e.source.number for e in graph.edges)
        found = {n.number: self._named(e) if uses[n.number] > 1 else e for n in boundary for e in [known[n.number]]}
        for n in graph.nodes:
            if n.number not in found:
                made = self._leaf(n) if n.op is None else self._node(n, [found[x.number] for x in n.inputs])
                found[n.number] = self._named(made) if uses[n.number] > 1 else made
        return found[node.number]

    def _named(self, made: ast.expr) -> ast.expr:
        """What is read twice is computed once."""
        inner = made.value if isinstance(made, (ast.Attribute, ast.Subscript)) else made
        if isinstance(inner, (ast.Name, ast.Constant)) or _number(inner):
            return made
        self.temporary += 1
        self.before.append(f"v{self.temporary} = {ast.unparse(made)}")
        return ast.Name(f"v{self.temporary}")

    def _leaf(self, n: Tensor) -> ast.expr:
        array = n.numpy()
        if array.size == 1 or (array.size and (array == array.reshape(-1)[0]).all() and n.ndim < 2):
            return _parsed(_value(array.reshape(-1)[0].item()))
        name = next((name for name, known in self.constants.items() if known is array), None)
        if name is None:
            name = f"constant_{len(self.constants) + 1}"
            self.constants[name] = array
        return ast.Name(name)

    def _node(self, n: Tensor, xs: list[ast.expr]) -> ast.expr:
        assert n.op is not None
        attrs = n.attrs or {}
        if n.op.kind == "transpose" and n.ndim == 2 and [a % 2 for a in attrs.get("axes", ())] == [1, 0]:
            match xs[0]:
                case ast.BinOp(a, ast.MatMult(), b):  # (aᵀ b)ᵀ = bᵀ a
                    return ast.BinOp(_transposed(b), ast.MatMult(), _transposed(a))
            return _transposed(xs[0])
        if (made := self.spelled(n.op, xs, n.op.attrs | attrs)) is not None:
            return made
        simpler = expanded(n.op, n.inputs, attrs)
        if simpler is None:
            raise ArgumentError(with_user_line(f"to_numpy: op {n.op.name} is not written with NumPy alone"))
        return self._written(simpler, {x.number: e for x, e in zip(n.inputs, xs, strict=True)})

    def spelled(self, op: Op, xs: list[ast.expr], attrs: dict[str, Any]) -> ast.expr | None:
        """An op in the words of its declaration; None if it has none."""
        text = op.numpy or _one_expression(op)
        if text is None:
            return None
        if not isinstance(text, str):
            self.helpers[text.__name__] = textwrap.dedent(inspect.getsource(text))
            given = [ast.keyword(k, _parsed(_value(v))) for k, v in attrs.items()]
            return ast.Call(ast.Name(text.__name__), xs, given)
        tree = _parsed(text)
        counts = Counter(x.id for x in ast.walk(tree) if isinstance(x, ast.Name))
        values: dict[str, ast.expr]
        if op.variadic:
            values = {op.operands[0]: ast.List(xs)}
        else:
            pairs = zip(op.operands, xs, strict=True)
            values = {name: self._named(x) if counts[name] > 1 else x for name, x in pairs}
        return _InNumpy(self, values, attrs).of(tree)


class _InNumpy(Filled):
    """Fills operands and attributes into the NumPy source of an op."""

    def __init__(self, writer: Writer, values: Mapping[str, ast.expr], attrs: Mapping[str, Any]):
        super().__init__({**{k: _parsed(_value(v)) for k, v in attrs.items()}, **values})
        self.writer, self.attrs = writer, attrs

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.slice, ast.Name) and node.slice.id in self.attrs:
            return ast.Subscript(self.visit(node.value), _index(self.attrs[node.slice.id]))
        return self.generic_visit(node)  # type: ignore[return-value]

    def called(self, node: ast.Call, name: str | None) -> ast.expr:
        """Keywords that say what NumPy does anyway are left out; functions of ours are written as their ops."""
        node.keywords = [k for k in node.keywords if not _is_default(k.value)]
        if name is None or name in _BUILTIN:
            return node
        op = function(name)
        made = None if op is None else self.writer.spelled(op, node.args, op.attrs)
        if made is None:
            raise ArgumentError(with_user_line(f"to_numpy: {name} is not written with NumPy alone"))
        return made


def _transposed(x: ast.expr) -> ast.expr:
    return x.value if isinstance(x, ast.Attribute) and x.attr == "T" else ast.Attribute(x, "T")


def _is_default(x: ast.expr) -> bool:
    return isinstance(x, ast.Constant) and (x.value is None or x.value is False)


def _number(x: ast.expr) -> bool:
    return isinstance(x, ast.UnaryOp) and isinstance(x.operand, ast.Constant)


@cache
def _one_expression(op: Op) -> str | None:
    """The text of an op's value, where it is one expression of NumPy and the operands."""
    try:
        definition = ast.parse(textwrap.dedent(inspect.getsource(op.evaluate))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    if not isinstance(definition, ast.FunctionDef):
        return None
    statements = [s for s in definition.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(statements) != 1 or not isinstance(statements[0], ast.Return) or statements[0].value is None:
        return None
    value = statements[0].value
    known = {*op.operands, *op.attrs, "np", *_BUILTIN}
    if any(isinstance(x, ast.Name) and x.id not in known for x in ast.walk(value)):
        return None
    if any(isinstance(x, (ast.Dict, ast.Set, ast.JoinedStr, ast.Lambda, ast.comprehension)) for x in ast.walk(value)):
        return None
    return ast.unparse(value)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _value(value: Any) -> str:
    """An attribute as Python writes it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()!r})"
    if isinstance(value, (tuple, list)):
        if any(isinstance(v, slice) or v is Ellipsis for v in value):
            return f"np.s_[{_index_text(value)}]"
        return f"({', '.join(_value(v) for v in value)}{',' * (len(value) == 1)})"
    if isinstance(value, (type, np.dtype)):
        return f"np.{np.dtype(value).name}"
    if isinstance(value, float) and not np.isfinite(value):
        return f"{'-' if value < 0 else ''}np.{'nan' if value != value else 'inf'}"
    if value is not None and not isinstance(value, (int, float, str, bool)):
        raise ArgumentError(with_user_line(f"to_numpy: an attribute {value!r} has no text"))
    return "B" if value == BATCH else repr(value)


def _index(index: Sequence[Any]) -> ast.expr:
    """What stands in square brackets."""
    made = _parsed(f"_[{_index_text(index)}]")
    assert isinstance(made, ast.Subscript)
    return made.slice


def _index_text(index: Sequence[Any]) -> str:
    texts = []
    for part in index:
        if isinstance(part, slice):
            ends = ["" if v is None else str(v) for v in (part.start, part.stop, part.step)]
            texts.append(":".join(ends if ends[2] else ends[:2]))
        else:
            texts.append("..." if part is Ellipsis else _value(part))
    return ", ".join(texts) or "()"
