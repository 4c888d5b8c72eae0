"""Lowering: which loop computes each row value, where it is kept, and what is left for after the last step."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.apply import apply
from ..core.mode import changed
from ..core.tensor import Tensor
from ..kernels.tile import padded
from ..step.body import Body, NotRowWise, is_entrywise, is_row, is_shared, width
from .passes import is_product
from .plan import (
    COPY,
    RESERVED,
    SAVED,
    Contraction,
    Deferred,
    Loop,
    Place,
    Product,
    Rows,
    alias_of,
    contractions_of,
    product_terms,
    shape_text,
    shared_base,
    unknown_functions,
    weight_name,
)


def lowered(body: Body, saved_in: Sequence[Tensor] = (), saved_out: int = 0) -> Rows:
    """Lower a body. `saved_in` of its sequences come in, or the last `saved_out` outputs go out, in `SAVED`."""
    with changed(record="all"):
        return _Lowering(body, saved_in, saved_out).result()


class _Lowering:
    def __init__(self, body: Body, saved_in: Sequence[Tensor], saved_out: int):
        self.body = body
        self.saved_in, self.saved_out = list(saved_in), saved_out
        self.names: set[str] = {SAVED}
        self.places: dict[int, list[Place]] = defaultdict(list)
        self.level: dict[int, int] = {}
        self.arrays: dict[int, str] = {}

    def name(self, wish: str | None, default: str = "v") -> str:
        base = re.sub(r"\W+", "", (wish or default).replace("δ", "d_").replace("∂", "d_"), flags=re.ASCII) or default
        base = f"v{base}" if base[0].isdigit() else base
        base = base if base not in RESERVED else f"{base}_"
        name, k = base, 1
        while name in self.names:
            k += 1
            name = f"{base}{k}"
        self.names.add(name)
        return name

    def result(self) -> Rows:
        body = self.body
        contractions = self.contractions()
        outputs = [self.own(n) for n in body.outputs]
        for k in range(len(outputs) - self.saved_out, len(outputs)):
            if is_product(outputs[k]):  # it would write beyond its place
                outputs[k] = apply(COPY, (outputs[k],), {})
        new_states = [self.own(n, fresh=True) for n in body.new_states]
        seen: set[int] = set()
        for k, n in enumerate(new_states):  # two states may not share one node: each has slots of its own
            if n.number in seen:
                new_states[k] = apply(COPY, (n,), {})
            seen.add(new_states[k].number)

        comes_in = {x.number for x in self.saved_in}
        saved = self.saved_in or outputs[len(outputs) - self.saved_out :]
        saved_width = sum(width(x) for x in saved)
        given = []
        for x in body.sequences:
            if x.number not in comes_in:
                array = self.name(f"all_{x.name or 'x'}")
                given.append((array, width(x)))
                self.places[x.number].append(Place("sequence", array, width(x)))
        start = 0
        for x in saved:
            self.places[x.number].insert(0, Place("sequence", SAVED, saved_width, start))
            start += width(x)
        states = []
        for before, after in zip(body.states, new_states, strict=True):
            array = self.name(f"all_{after.name or 's'}")
            states.append((array, width(before)))
            self.places[before.number].append(Place("before", array, width(before)))
            self.places[after.number].append(Place("after", array, width(before)))

        sequences_out: list[tuple[Tensor, str, int]] = []
        deferred = self.deferred(outputs, new_states, contractions)
        skipped = {d.out.number for d in deferred}
        wanted = [*outputs, *[n for c in contractions for n in (c.left, c.right) if n is not None]]
        wanted += [rows for d in deferred for rows, _ in d.terms]
        for n in wanted:
            if n.number in skipped or self.places[n.number]:
                continue
            array = self.name(f"all_{n.name or 'y'}")
            self.places[n.number].append(Place("sequence", array, width(n)))
            sequences_out.append((n, array, width(n)))
        for d in deferred:
            array = self.name(f"all_{d.out.name or 'y'}")
            self.places[d.out.number].append(Place("sequence", array, width(d.out)))
            sequences_out.append((d.out, array, width(d.out)))

        roots = [n for n in wanted if n.number not in skipped] + new_states
        nodes = self.needed(roots)
        for node in nodes:
            self.check(node)
        nodes = self.with_parts(nodes)
        self.set_levels(nodes)
        visible = {n.number for n in outputs}
        inner_only = [entry for entry in sequences_out if entry[0].number not in visible]
        overwritten = self.overwritten(nodes, inner_only, comes_in, saved_width)
        if overwritten is not None:
            sequences_out = [entry for entry in sequences_out if entry[1] != overwritten[1]]
        levels = self.scheduled(nodes)
        shared, weights = self.constants(nodes, deferred)
        self.body = Body(body.sequences, body.states, outputs, new_states, body.totals)
        places = dict(self.places)
        return Rows(
            self.body, levels, places, sequences_out, states, given, shared, weights, contractions, deferred,
            saved_width, overwritten is not None,
        )  # fmt: skip

    # -- what has to be computed --------------------------------------------------------------

    def own(self, n: Tensor, fresh: bool = False) -> Tensor:
        """`n`, or a copy of it where it has no loop of its own to be written from."""
        if not is_row(n):
            raise NotRowWise(f"a step must return one row per sample, (batch, features), not {shape_text(n)}")
        passed_on = n.number in self.body.given or is_shared(n)
        if passed_on and not fresh:
            return n if n.number in self.body.given else apply(COPY, (n,), {})
        if passed_on or alias_of(n, self.body) is not None:
            return apply(COPY, (n,), {}).named(n.name or "")
        if fresh and is_product(n) and padded(width(n), n.dtype) != width(n):
            return apply(COPY, (n,), {}).named(n.name or "")
        return n

    def contractions(self) -> list[Contraction]:
        found = contractions_of(self.body)
        return [Contraction(c.total, None if c.left is None else self.own(c.left), self.own(c.right)) for c in found]

    def deferred(self, outputs: list[Tensor], states: list[Tensor], contractions: list[Contraction]) -> list[Deferred]:
        roots = [n for n in outputs if not is_product(n)]
        roots += [*states, *[n for c in contractions for n in (c.left, c.right) if n is not None]]
        inside = {n.number for n in self.needed(roots)}
        found: dict[int, Deferred] = {}
        for k, n in enumerate(outputs):
            if not is_product(n) or n.number in found or self.places[n.number]:
                continue
            if n.number in inside:
                outputs[k] = apply(COPY, (n,), {})
            else:
                found[n.number] = Deferred(n, [(self.own(rows), weights) for rows, weights in product_terms(n)])
        return list(found.values())

    def needed(self, roots: Iterable[Tensor]) -> list[Tensor]:
        stack, seen = list(roots), {}
        while stack:
            n = stack.pop()
            if n.number in seen or n.number in self.body.given or is_shared(n):
                continue
            seen[n.number] = n
            stack.extend(n.inputs)
        return [seen[k] for k in sorted(seen)]

    def check(self, n: Tensor) -> None:
        """Raise unless there is code for this op on rows."""
        assert n.op is not None
        op, name = n.op, n.op.name
        if not is_row(n):
            raise NotRowWise(f"{name} makes {shape_text(n)} from the rows of the batch")
        for x in n.inputs:
            if not is_row(x) and not is_shared(x):
                raise NotRowWise(f"{name} takes {shape_text(x)}, which is not one row per sample")
            if x.dtype.kind == "f" and x.dtype != self.body.graph.outputs[0].dtype:
                raise NotRowWise(
                    f"{name} takes {x.dtype} where the step computes in {self.body.graph.outputs[0].dtype}"
                )
        if is_entrywise(n):
            if op.entry is None:
                raise NotRowWise(f"op {name} gives no scalar expression")
            if missing := unknown_functions(op.entry):
                raise NotRowWise(f"op {name}: there is no scalar function {missing[0]}")
            if n.dtype.kind not in "fb":
                raise NotRowWise(f"{name} makes {n.dtype} rows")
            return
        supported = (
            (is_product(n) and n.inputs[1].ndim == 2)
            or alias_of(n, self.body) is not None
            or (op.kind == "concatenation" and all(is_row(x) and x.ndim == n.ndim == 2 for x in n.inputs))
            or (op.fold is not None and n.inputs[0].ndim == 2 and width(n) == 1)
        )
        if not supported:
            raise NotRowWise(f"there is no row-wise code for {name}: {shape_text(n.inputs[0])} → {shape_text(n)}")

    def with_parts(self, nodes: list[Tensor]) -> list[Tensor]:
        """Give each part of a concatenation a loop that writes it to its place, before the concatenation."""
        ordered: list[Tensor] = []
        self.parts: dict[int, list[Tensor]] = {}
        for n in nodes:
            if n.op.kind == "concatenation":  # type: ignore[union-attr]
                if not self.places[n.number]:
                    name = self.name(f"{n.name or 'joined'}_rows")
                    self.places[n.number].append(Place("scratch", name, n.shape[1]))
                parts, start = [], 0
                for x in n.inputs:
                    part = x if self.has_loop(x) else apply(COPY, (x,), {})
                    for place in self.places[n.number]:
                        self.places[part.number].append(
                            Place(place.kind, place.array, place.length, place.offset + start)
                        )
                    start += width(x)
                    parts.append(part)
                    if part is not x:
                        ordered.append(part)
                self.parts[n.number] = parts
            ordered.append(n)
        return ordered

    def has_loop(self, x: Tensor) -> bool:
        """Whether a loop computes it, and can write it wherever it is wanted."""
        if x.number in self.body.given or is_shared(x) or x.op is None or is_product(x):
            return False
        return is_entrywise(x) or x.op.fold is not None

    # -- when ---------------------------------------------------------------------------------

    def set_levels(self, nodes: list[Tensor]) -> None:
        """Loops have even levels, products odd ones; a value is complete as a row above its level."""
        merged = self.merged_products(nodes)
        for n in nodes:
            if n.number in merged:
                continue
            if is_product(n):
                rows = [a for a, _ in product_terms(n)]
                at = max([self.ready(a) for a in rows], default=-2) + 1
                self.level[n.number] = at if at % 2 else at + 1
            elif n.op.kind == "concatenation":  # type: ignore[union-attr]
                self.level[n.number] = max(self.ready(x) for x in self.parts[n.number])
            elif alias_of(n, self.body) is not None:
                self.level[n.number] = self.ready(n.inputs[0])
            else:
                self.level[n.number] = max([0, *[self.level_after(x, n) for x in n.inputs]])
        self.sink(nodes)

    def merged_products(self, nodes: list[Tensor]) -> set[int]:
        """Products that are only terms of a sum of products."""
        uses: dict[int, list[Tensor]] = defaultdict(list)
        for n in nodes:
            for x in n.inputs:
                uses[x.number].append(n)
        inner = set()
        for n in reversed(nodes):
            outer = [u for u in uses[n.number] if is_product(u) and u.op.adds]  # type: ignore[union-attr]
            if is_product(n) and outer and len(outer) == len(uses[n.number]) and not self.places[n.number]:
                inner.add(n.number)
        self.inner = inner
        return inner

    def ready(self, x: Tensor) -> int:
        if x.number in self.body.given or is_shared(x):
            return -2
        return self.level[x.number]

    def level_after(self, x: Tensor, n: Tensor) -> int:
        """The first loop level at which `n` can read `x`."""
        source, aligned = x, True
        while (alias := alias_of(source, self.body)) is not None:
            source, offset = alias
            aligned = aligned and offset == 0
        level = self.ready(source)
        if level == -2:
            return 0
        if level % 2:
            return level + 1
        op = source.op
        assert op is not None
        same = aligned and width(source) == width(x) == width(n) and op.fold is None
        return level if same and op.kind != "concatenation" else level + 2

    def sink(self, nodes: list[Tensor]) -> None:
        """Compute what needs only given values where it is used, instead of keeping it."""
        users: dict[int, list[Tensor]] = defaultdict(list)
        for n in nodes:
            for x in n.inputs:
                users[x.number].append(n)
        for n in reversed(nodes):
            op = n.op
            assert op is not None
            if not is_entrywise(n) or is_product(n) or self.places[n.number] or n.number in self.inner:
                continue
            loops = [u for u in users[n.number] if is_entrywise(u) and not is_product(u) and width(u) == width(n)]
            if len(loops) < len(users[n.number]) or not loops:
                continue
            later = min(self.level[u.number] for u in loops)
            fixed = all(self.ready(x) == -2 or self.ready(x) % 2 for x in n.inputs)
            if fixed and later > self.level[n.number]:
                self.level[n.number] = later

    def overwritten(self, nodes: list[Tensor], out: list[Any], comes_in: set[int], saved_width: int) -> Any:
        """The widest result that can take the place of the saved values: they are read for the last time when, or
        before, the result's parts are written, in loops of the parts' width. Returns its entry of `out`."""
        reads: list[tuple[int, int, bool]] = []
        for n in nodes:
            for x in n.inputs:
                source, offset = x, 0
                while (alias := alias_of(source, self.body)) is not None:
                    source, offset = alias[0], offset + alias[1]
                if source.number in comes_in and n.number not in self.inner:
                    steps = (self.places[source.number][0].offset + offset) % max(width(n), 1) == 0
                    reads.append((self.level[n.number], width(n), steps and is_entrywise(n) and width(n) == width(x)))
        for entry in sorted(out, key=lambda entry: -entry[2]):
            node, _, length = entry
            parts = self.parts.get(node.number)
            if parts is None or length > saved_width or not reads:
                continue
            first = min(self.level[part.number] for part in parts)
            w = width(parts[0])
            even = all(width(part) == w and is_entrywise(part) for part in parts)
            if even and all(level < first or (level == first and wide == w and good) for level, wide, good in reads):
                for n, start in [(node, 0), *zip(parts, range(0, length, w), strict=True)]:
                    old = next(p for p in self.places[n.number] if p.array == entry[1])
                    old.array, old.length, old.offset = SAVED, saved_width, start
                return entry
        return None

    def scheduled(self, nodes: list[Tensor]) -> list[list[Product] | list[Loop]]:
        products: dict[int, list[Product]] = defaultdict(list)
        loops: dict[int, dict[int, Loop]] = defaultdict(dict)
        for n in nodes:
            if n.number in self.inner or alias_of(n, self.body) is not None or n.op.kind == "concatenation":  # type: ignore[union-attr]
                continue
            level = self.level[n.number]
            if is_product(n):
                if not self.places[n.number]:
                    self.places[n.number].append(Place("scratch", self.name(f"{n.name or 'z'}_rows"), -1))
                products[level].append(Product(n, product_terms(n)))
            else:
                w = width(n.inputs[0]) if n.op.fold is not None else width(n)  # type: ignore[union-attr]
                loops[level].setdefault(w, Loop(w)).nodes.append(n)
        self.keep_across_loops(nodes)
        order = sorted({*products, *loops})
        return [products[k] if k % 2 else [loops[k][w] for w in sorted(loops[k])] for k in order]  # type: ignore[misc]

    def keep_across_loops(self, nodes: list[Tensor]) -> None:
        """A value read outside the loop that computes it needs a scratch row."""
        for n in nodes:
            for x in n.inputs:
                source = x
                while (alias := alias_of(source, self.body)) is not None:
                    source = alias[0]
                if source.number in self.body.given or is_shared(source) or self.places[source.number]:
                    continue
                if source.number in self.inner:
                    continue
                same = self.level.get(n.number) == self.level[source.number] and not is_product(n)
                if same and n.op.kind != "concatenation":  # type: ignore[union-attr]
                    continue
                name = self.name(f"{source.name or 'v'}_rows")
                self.places[source.number].append(Place("scratch", name, width(source)))

    def constants(self, nodes: list[Tensor], deferred: list[Deferred]) -> tuple[dict, dict]:
        shared: dict[int, tuple[str, Tensor]] = {}
        weights: dict[int, tuple[str, Tensor]] = {}
        for n in nodes:
            if is_product(n):
                for _, w in product_terms(n):
                    if w.number not in weights:
                        weights[w.number] = (self.name(weight_name(w), "W"), w)
                continue
            for x in n.inputs:
                if (is_shared(x) and x.role != "constant") or (is_shared(x) and x.size > 1):
                    x, _ = shared_base(x)
                    if x.number in shared:
                        continue
                    if x.size not in (1, x.shape[-1] if x.shape else 1):
                        raise NotRowWise(f"{n.op.name} reads a shared array of shape {x.shape}")  # type: ignore[union-attr]
                    shared[x.number] = (self.name(weight_name(x), "b"), x)
        for d in deferred:
            for _, w in d.terms:
                if w.number not in weights:
                    weights[w.number] = (self.name(weight_name(w), "W"), w)
        return shared, weights
