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

from ..core.broadcasting import summed_axes
from ..core.errors import ArgumentError, with_user_line
from ..core.graph import Graph
from ..core.op import Op
from ..core.tensor import Tensor
from ..step.body import BATCH

# Sign and how tightly it binds.
_INFIX = {"add": ("+", 1), "subtract": ("-", 1), "multiply": ("*", 2), "divide": ("/", 2), "matmul": ("@", 2),
          "power": ("**", 4), "general_power": ("**", 4)}  # fmt: skip
_ATOM = 9
#: Ops whose value is computed by kernels or checks its arguments first, in NumPy's own words.
_WORDS = {
    "sigmoid": "0.5 * (1 + np.tanh(0.5 * {x}))",
    "silu": "{x} * (0.5 * (1 + np.tanh(0.5 * {x})))",
    "softplus": "np.logaddexp(0, {x})",
    "clip": "np.clip({x}, {low}, {high})",
    "softmax": "_softmax({x}, {axis})",
    "log_softmax": "np.log(_softmax({x}, {axis}))",
    "logsumexp": "np.logaddexp.reduce({x}, axis={axis}, keepdims={keepdims})",
    "var": "{x}.var(axis={axis}, ddof={ddof}, keepdims={keepdims})",
    "std": "{x}.std(axis={axis}, ddof={ddof}, keepdims={keepdims})",
    "norm": "np.sqrt(({x} * {x}).sum(axis={axis}, keepdims={keepdims}))",
    "logical_and": "np.logical_and({a}, {b})",
    "logical_or": "np.logical_or({a}, {b})",
    "logical_not": "np.logical_not({x})",
    "erf": "_erf({x})",
    "gelu": "0.5 * {x} * (1 + _erf({x} / np.sqrt(2)))",
    "take": "np.take({x}, {indices}, axis={axis})",
}  # fmt: skip
#: What some of those words need.
HELPERS = {
    "_softmax": """def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
""",
    "_erf": """def _erf(x):
    return np.vectorize(math.erf, otypes=[x.dtype])(x)
""",
    "_put": """def _put(x, shape, index):
    whole = np.zeros(shape, x.dtype)
    np.add.at(whole, index, x)
    return whole
""",
    "_sum_to": """def _sum_to(x, shape):
    lead = x.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and x.shape[lead + i] != 1)
    return x.sum(axis=axes, keepdims=True).reshape(shape)
""",
}


def identifier(name: str) -> str:
    """A name as Python writes it: c̃ → c_tilde, b′ → b_prime."""
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

    Args:
        names: Python's names of nodes, by number. `state` is extended by temporary ones.
    """

    def __init__(self) -> None:
        self.helpers: set[str] = set()
        self.constants: dict[str, np.ndarray] = {}
        self.temporary = 0

    def statements(self, node: Tensor, names: Mapping[int, str]) -> tuple[list[str], str]:
        """What has to be computed before, and then the expression."""
        boundary = [n for n in Graph(node).nodes if n.number in names]
        graph = Graph(node, boundary=boundary)
        uses = Counter(e.source.number for e in graph.edges)
        texts: dict[int, tuple[str, int]] = {n.number: (names[n.number], _ATOM) for n in boundary}
        before: list[str] = []
        for n in graph.nodes:
            if n.number in texts:
                continue
            texts[n.number] = self._leaf(n) if n.op is None else self._text(n, texts)
            if uses[n.number] > 1 and texts[n.number][1] < _ATOM and n.op is not None:
                self.temporary += 1
                name = f"v{self.temporary}"
                before.append(f"{name} = {texts[n.number][0]}")
                texts[n.number] = (name, _ATOM)
        return before, texts[node.number][0]

    def _leaf(self, n: Tensor) -> tuple[str, int]:
        array = n.numpy()
        if array.size == 1 or (array.size and (array == array.reshape(-1)[0]).all() and n.ndim < 2):
            value = array.reshape(-1)[0].item()
            text = repr(value)
            return (text if np.isfinite(value) or array.dtype.kind != "f" else f"float('{text}')"), _ATOM
        for name, known in self.constants.items():
            if known is array:
                return name, _ATOM
        name = f"constant_{len(self.constants) + 1}"
        self.constants[name] = array
        return name, _ATOM

    def _text(self, n: Tensor, texts: Mapping[int, tuple[str, int]]) -> tuple[str, int]:
        op, attrs, xs = n.op, n.attrs or {}, [texts[x.number] for x in n.inputs]
        assert op is not None
        plain = [text for text, _ in xs]
        tight = [text if own == _ATOM else f"({text})" for text, own in xs]
        match op.name:
            case "power":
                return f"{tight[0]} ** {_value(attrs['exponent'])}", 4
            case "negative":
                return f"-{tight[0]}", 3
            case "permute" if n.ndim == 2:
                (x,) = n.inputs
                if x.op is not None and x.op.name == "matmul" and texts[x.number][1] < _ATOM:  # (aᵀ b)ᵀ = bᵀ a
                    a, b = (texts[y.number] for y in x.inputs)
                    return f"{_transposed(b)} @ {_transposed(a)}", 2
                return _transposed(xs[0]), _ATOM
            case "permute":
                return f"{tight[0]}.transpose({_value(attrs['axes'])})", _ATOM
            case "sum_to":
                return self._sum_to(n, tight[0])
            case "broadcast_to":
                return f"np.broadcast_to({plain[0]}, {_shape(n.shape)})", _ATOM
            case "reshape":
                return f"{tight[0]}.reshape({_shape(n.shape)})", _ATOM
            case "cast":
                return f"{tight[0]}.astype(np.{np.dtype(attrs['dtype']).name})", _ATOM
            case "alias":
                return xs[0]
            case "getitem":
                return f"{tight[0]}[{_index(attrs['index'])}]", _ATOM
            case "put":
                self.helpers.add("_put")
                return f"_put({plain[0]}, {_shape(n.shape)}, np.s_[{_index(attrs['index'])}])", _ATOM
            case name if name in _INFIX:
                sign, tightness = _INFIX[name]
                a = xs[0][0] if xs[0][1] >= tightness else tight[0]
                b = xs[1][0] if xs[1][1] > tightness else tight[1]
                return f"{a} {sign} {b}", tightness
        template = _WORDS.get(op.name) or _declared(op)
        if template is None:
            raise ArgumentError(with_user_line(f"to_numpy: op {op.name} is not written with NumPy alone"))
        for helper in HELPERS:
            if helper in template:
                self.helpers.add(helper)
        values = {k: _value(v) for k, v in (op.attrs | attrs).items()}
        if op.variadic:
            values[op.operands[0]] = f"[{', '.join(plain)}]"
        else:
            enclosed = zip(op.operands, plain, tight, strict=False)
            values |= {k: p if f"({{{k}}}" in template or f", {{{k}}}" in template else t for k, p, t in enclosed}
        text = template.format(**values)
        return text, _ATOM if text.endswith(")") and text.startswith(("np.", "_")) else 0

    def _sum_to(self, n: Tensor, text: str) -> tuple[str, int]:
        shape = n.inputs[0].shape
        axes = summed_axes(shape, n.shape)
        if not axes:
            return text if shape == n.shape else f"{text}.reshape({_shape(n.shape)})", _ATOM
        if len(shape) - len(axes) == n.ndim:
            return f"{text}.sum(axis={_value(axes[0] if len(axes) == 1 else axes)})", _ATOM
        if n.ndim == len(shape):
            return f"{text}.sum(axis={_value(axes[0] if len(axes) == 1 else axes)}, keepdims=True)", _ATOM
        self.helpers.add("_sum_to")
        return f"_sum_to({text}, {_shape(n.shape)})", _ATOM


def _transposed(text: tuple[str, int]) -> str:
    if text[1] == _ATOM:
        return text[0].removesuffix(".T") if text[0].endswith(".T") else f"{text[0]}.T"
    return f"({text[0]}).T"


@cache
def _declared(op: Op) -> str | None:
    """The text of an op's value, where it is one expression of NumPy and the operands."""
    try:
        function = ast.parse(textwrap.dedent(inspect.getsource(op.evaluate))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    if not isinstance(function, ast.FunctionDef):
        return None
    statements = [s for s in function.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(statements) != 1 or not isinstance(statements[0], ast.Return) or statements[0].value is None:
        return None
    value = statements[0].value
    known = {*op.operands, *op.attrs}
    names = [x for x in ast.walk(value) if isinstance(x, ast.Name)]
    if any(x.id not in known | {"np", "len", "abs", "min", "max"} for x in names):
        return None
    if any(isinstance(x, (ast.Dict, ast.Set, ast.JoinedStr, ast.Lambda, ast.comprehension)) for x in ast.walk(value)):
        return None
    for x in names:
        if x.id in known:
            x.id = f"__{x.id}__"
    text = ast.unparse(value)
    for name in known:
        text = text.replace(f"*__{name}__", f"*{{{name}}}").replace(f"__{name}__", f"{{{name}}}")
    return text


def _shape(shape: Sequence[int]) -> str:
    texts = ["B" if n == BATCH else str(n) for n in shape]
    return f"({', '.join(texts)}{',' * (len(texts) == 1)})"


def _value(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()!r})"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(_value(v) for v in value)}{',' * (len(value) == 1)})"
    if value is not None and not isinstance(value, (int, float, str, bool)):
        raise ArgumentError(with_user_line(f"to_numpy: an attribute {value!r} has no text"))
    return repr(value)


def _index(index: Any) -> str:
    texts = []
    for part in index:
        if isinstance(part, slice):
            ends = ["" if v is None else str(v) for v in (part.start, part.stop, part.step)]
            texts.append(":".join(ends if ends[2] else ends[:2]))
        else:
            texts.append("..." if part is Ellipsis else _value(part))
    return ", ".join(texts)
