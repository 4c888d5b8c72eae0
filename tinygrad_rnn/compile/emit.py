"""Readable Python for Numba: a loop over time steps, in it products of packed weights and loops over rows."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.expression import Filled, functions
from ..core.tensor import Tensor
from ..kernels.tile import padded
from ..step.body import is_shared, width
from .plan import BUILTIN, RESERVED, SAVED, Loop, MatMul, Place, Plan, alias_of, shared_base, source_of


@dataclass
class Source:
    """Generated text, and the arrays it takes, in order."""

    text: str
    arrays: list[str]
    packed: set[int]  # the weights that loops multiply by


class _Loop(Filled):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Name(_number(node.value))

    def called(self, node: ast.Call, name: str | None) -> ast.expr:
        return ast.Call(ast.Name("F"), node.args, []) if name == "number" else node


def _number(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and not np.isfinite(value):
        return f"F({'-' if value < 0 else ''}np.{'nan' if value != value else 'inf'})"
    return f"F({value!r})"


def emitted(plan: Plan, dtype: np.dtype) -> Source:
    return _Writer(plan, dtype).source()


class _Writer:
    def __init__(self, plan: Plan, dtype: np.dtype):
        self.plan, self.dtype = plan, dtype
        self.lines: list[str] = []
        self.functions: set[str] = set()
        self.scratch: dict[str, int] = {}
        self.locals: dict[int, str] = {}
        self.row_names: dict[tuple[str, str], str] = {}
        self.taken = {p.array for places in plan.places.values() for p in places}
        self.taken |= {f"{prefix}_{name}" for name, _ in plan.states for prefix in ("slots", "before", "after")}
        self.taken |= {name for name, _ in [*plan.shared.values(), *plan.weights.values()]}

    def source(self) -> Source:
        plan = self.plan
        body: list[str] = []
        for nest in self.nests():
            body += self.products(nest) if isinstance(nest[0], MatMul) else self.row_loop(nest)  # type: ignore[arg-type]
        states = [name for name, _ in plan.states]
        arrays = [
            *[name for name, _ in plan.given],
            *([SAVED] if plan.saved_width else []),
            *states,
            *[name for _, name, _ in plan.results if name not in self.deferred_arrays()],
            *[name for name, _ in plan.shared.values()],
            *[name for number, (name, _) in plan.weights.items() if number in self.weights_used()],
        ]
        counts = [f"slots_{name}" for name in states]
        parameters = ", ".join(["first", "last", "T", "B", "start", "stride", "lag", "multiply", *counts, *arrays])
        head = [f"    {name} = np.empty((last - first) * {n}, F)" for name, n in self.scratch.items()]
        head += ["    for step in range(T):", "        t = start + step * stride"]
        for name in states:
            head.append(f"        before_{name} = (t + lag) % slots_{name} * B")
            head.append(f"        after_{name} = (t + 1 - lag) % slots_{name} * B")
        offset = 7 + len(counts)
        kinds = {plan.places[x.number][0].array: x.dtype.name for x in plan.body.sequences if x.dtype.kind == "i"}
        unpacked = ", ".join(f"{kinds.get(x, self.dtype.name)}s(a[{offset + k}])" for k, x in enumerate(arrays))
        imported = ", ".join(["at", "compiled", *sorted({f"{kind}s" for kind in (self.dtype.name, *kinds.values())})])
        numbers = ", ".join(f"a[{k}]" for k in range(1, offset))
        functions = ", ".join(sorted(self.functions))
        text = "\n".join(
            [
                "import numpy as np",
                "from numba import carray",
                "",
                f"from tinygrad_rnn.kernels.generated import {imported}, plus, product",
                *([f"from tinygrad_rnn.kernels.scalars import {functions}"] if functions else []),
                "",
                f"F = np.{self.dtype.name}",
                "",
                "",
                "@compiled",
                f"def rows({parameters}):",
                *head,
                *[f"        {line}" for line in body],
                "",
                "",
                "def block(arguments, number):",
                f"    a = carray(arguments, ({offset + len(arrays)},))",
                "    first = number * a[0]",
                f"    rows(first, min(first + a[0], a[2]), {numbers}, {unpacked})",
                "",
            ]
        )
        return Source(text, arrays, self.weights_used())

    def deferred_arrays(self) -> set[str]:
        return {self.plan.places[d.out.number][0].array for d in self.plan.deferred}

    def weights_used(self) -> set[int]:
        used = set()
        for level in self.plan.levels:
            for item in level:
                if isinstance(item, MatMul):
                    used |= {w.number for _, w in item.terms}
        return used

    def nests(self) -> list[list[MatMul] | list[Loop]]:
        """Levels, with consecutive loop levels in one loop over rows."""
        nests: list[list] = []
        for level in self.plan.levels:
            if nests and isinstance(nests[-1][0], Loop) and isinstance(level[0], Loop):
                nests[-1].extend(level)
            else:
                nests.append(list(level))
        return nests

    # -- products -----------------------------------------------------------------------------

    def products(self, nest: list[MatMul]) -> list[str]:
        lines = []
        for p in nest:
            place = self.plan.places[p.out.number][0]
            N = width(p.out)
            if place.kind == "scratch":
                self.scratch[place.array] = place.length = padded(N, self.dtype)
            for k, (a, w) in enumerate(p.terms):
                K = w.shape[0]
                address, stride = self.row_address(a)
                weights = self.plan.weights[w.number][0]
                target, length = self.row_address(p.out)
                lines.append(
                    f"product(multiply, last - first, {K}, {address}, {stride}, at({weights}, 0), {N}, "
                    f"{target}, {length}, {k > 0})"
                )
        return lines

    def row_address(self, a: Tensor) -> tuple[str, int]:
        """Where the block's rows of `a` begin, and how far apart they are."""
        a, offset = source_of(a, self.plan.body)
        place = self.plan.places[a.number][0]
        if place.kind == "scratch":
            self.scratch.setdefault(place.array, place.length)
        first = {
            "sequence": f"(t * B + first) * {place.length}",
            "before": f"(before_{place.array} + first) * {place.length}",
            "after": f"(after_{place.array} + first) * {place.length}",
            "scratch": "0",
        }[place.kind]
        offset += place.offset
        return f"at({place.array}, {first}{f' + {offset}' if offset else ''})", place.length

    # -- loops --------------------------------------------------------------------------------

    def row_loop(self, nest: list[Loop]) -> list[str]:
        self.bases: dict[str, str] = {}
        lines: list[str] = []
        for loop in nest:
            lines += self.loop(loop)
        bases = [f"    {name} = {value}" for name, value in self.bases.items()]
        return ["for r in range(first, last):", *bases, *[f"    {line}" for line in lines]]

    def loop(self, loop: Loop) -> list[str]:
        self.locals = {}
        self.early: dict[str, str] = {}
        inside = {n.number for n in loop.nodes}
        uses: dict[int, int] = {}
        for n in loop.nodes:
            for x in n.inputs:
                uses[x.number] = uses.get(x.number, 0) + 1
        before, lines, after = [], [], []
        for n in loop.nodes:
            assert n.op is not None
            if n.op.fold is not None and n.op.step is not None:
                total = self.variable(n)
                value = self.value(n.inputs[0], inside)
                step = self.written(n.op.step, {"total": total, "x": value})
                before.append(f"{total} = {_number(n.op.fold[0])}")
                lines.append(f"{total} = {f'plus({total}, {value})' if n.op.sums else step}")
                after += [f"{self.entry(p, None)} = {total}" for p in self.plan.places.get(n.number, ())]
                continue
            text = self.expression(n, inside)
            places = self.plan.places.get(n.number, ())
            if not places and n.name is None and uses.get(n.number, 0) == 1 and len(text) < 60:
                self.locals[n.number] = f"({text})"
                continue
            if len(places) == 1 and uses.get(n.number, 0) == 0:
                lines.append(f"{self.entry(places[0], 0)} = {text}")
                continue
            variable = self.variable(n)
            lines.append(f"{variable} = {text}")
            self.locals[n.number] = variable
            lines += [f"{self.entry(p, 0)} = {variable}" for p in places]
        lines = [*[f"{name} = {entry}" for entry, name in self.early.items()], *lines]
        if loop.width == 1:
            one = [line.replace(" + j]", "]").replace("[j]", "[0]") for line in lines]
            return [*before, *one, *after]
        return [*before, f"for j in range({loop.width}):", *[f"    {line}" for line in lines], *after]

    def variable(self, n: Tensor) -> str:
        base = re.sub(r"\W+", "", (n.name or "v").replace("∂", "d_").replace("δ", "d_"), flags=re.ASCII) or "v"
        base = f"v{base}" if base[0].isdigit() else base
        return self.unique(base)

    def unique(self, wish: str) -> str:
        name, k = wish, 1
        while name in self.taken or name in RESERVED:
            k += 1
            name = f"{wish}{k}"
        self.taken.add(name)
        return name

    def expression(self, n: Tensor, inside: set[int]) -> str:
        op = n.op
        assert op is not None
        assert op.entry is not None
        values = {name: self.value(x, inside) for name, x in zip(op.operands, n.inputs, strict=True)}
        return self.written(op.entry, values | {k: _number(v) for k, v in (n.attrs or {}).items()})

    def written(self, tree: ast.expr, values: dict[str, str]) -> str:
        """An expression in names that the loop has, its numbers in the loop's dtype."""
        self.functions |= functions(tree) - BUILTIN
        return ast.unparse(_Loop({name: ast.Name(text) for name, text in values.items()}).of(tree))

    def value(self, x: Tensor, inside: set[int]) -> str:
        """The entry of x at this row and feature j."""
        if is_shared(x):
            return self.shared_value(x)
        offset, source = 0, x
        while source.number not in self.locals and (alias := alias_of(source, self.plan.body)) is not None:
            source, more = alias
            offset += more
        if source.number in self.locals:
            return self.locals[source.number]
        place = self.plan.places[source.number][0]
        entry = self.entry(place, offset, scalar=width(x) == 1 or width(source) == 1)
        if place.array != SAVED or not self.plan.overwrites or source.number not in self.plan.body.given:
            return entry
        if entry not in self.early:  # read before anything is written over it
            self.early[entry] = self.variable(source)
        return self.early[entry]

    def shared_value(self, x: Tensor) -> str:
        if x.op is None and x.role == "constant" and x.size == 1:
            value = x.numpy().reshape(()).item()
            if x.dtype.kind != "f":
                return repr(value)
            return _number(value)
        base, offset = shared_base(x)
        name = self.plan.shared[base.number][0]
        if base.size == 1:
            return f"{name}[0]"
        return f"{name}[{f'{offset} + ' if offset else ''}j]"

    def entry(self, place: Place, offset: int | None, scalar: bool = False) -> str:
        kind, array, length = place.kind, place.array, place.length
        if kind == "scratch":
            self.scratch.setdefault(array, length)
        row = self.row_name(array, kind)
        start = {
            "sequence": f"(t * B + r) * {length}",
            "scratch": f"(r - first) * {length}",
            "before": f"(before_{array} + r) * {length}",
            "after": f"(after_{array} + r) * {length}",
            "table": f"{place.by}[t * B + r] * {length}",
        }[kind]
        self.bases[row] = f"at({array}, {start})"
        shift = place.offset + (offset or 0)
        if scalar or offset is None:
            return f"{row}[{shift}]"
        return f"{row}[{f'{shift} + ' if shift else ''}j]"

    def row_name(self, array: str, kind: str) -> str:
        """The variable that points to the row of an array."""
        if (array, kind) not in self.row_names:
            name = array.removeprefix("all_").removesuffix("_rows")
            wish = f"{name}_{kind if kind in ('before', 'after') else 'row'}"
            self.row_names[array, kind] = self.unique(wish)
        return self.row_names[array, kind]
