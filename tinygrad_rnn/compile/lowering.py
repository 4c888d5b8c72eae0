"""Lowering: from a body to the plan of a program, in steps that are functions: check, place, level, schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..core.apply import apply
from ..core.mode import changed
from ..core.tensor import Tensor
from ..kernels.tile import padded
from ..step.body import Body, NotRowWise, is_entrywise, is_row, is_shared, width
from .passes import is_product
from .placing import (
    Places,
    overwrite_saved,
    place_lookups,
    place_operands,
    place_pieces,
    place_results,
    place_scratch,
    place_states,
)
from .plan import (
    COPY,
    MatMul,
    Plan,
    Work,
    alias_of,
    contractions_of,
    is_lookup,
    product_terms,
    shape_text,
    shared_base,
    source_of,
    unknown_functions,
    weight_name,
)
from .schedule import levels_of, merged_products, schedule


def lower(body: Body, saved_in: Sequence[Tensor] = (), saved_out: int = 0) -> Plan:
    """The plan of a body. `saved_in` of its sequences come in, or the last `saved_out` outputs go out, in `SAVED`.

    Raises:
        NotRowWise: there is no code for one of its ops.
    """
    with changed(record="all"):
        contractions = [
            replace(c, left=None if c.left is None else _own(c.left, body), right=_own(c.right, body))
            for c in contractions_of(body)
        ]
        body = _with_own_results(body, saved_out)
        summed = [n for c in contractions for n in (c.left, c.right) if n is not None]
        saved = saved_in or body.outputs[len(body.outputs) - saved_out :]
        comes_in = {x.number for x in saved_in}

        places = Places()
        given = place_operands(body, saved, comes_in, places)
        states = place_states(body, places)
        body, deferred = _deferred(body, summed, places)
        late = {d.out.number for d in deferred}
        wanted = [n for n in (*body.outputs, *summed) if n.number not in late]
        wanted += [rows for d in deferred for rows, _ in d.terms]
        outlive = any(n.number in comes_in for n in wanted)  # saved rows that are read after the last step
        results = place_results(wanted, [d.out for d in deferred], places)

        nodes = _needed([*wanted, *body.new_states], body)
        for node in nodes:
            check(node, body)
        nodes, pieces = place_pieces(nodes, body, places)
        tables = place_lookups(nodes, body, places)
        work = Work(body, nodes, pieces, merged_products(nodes, places))
        level = levels_of(work, places)
        visible = {n.number for n in body.outputs}
        inner = [result for result in results if result.node.number not in visible]
        gone = None if outlive else overwrite_saved(work, level, inner, comes_in, places)
        place_scratch(work, level, places)
        shared, weights = _constants([n for n in nodes if not is_lookup(n, body)], deferred, places)
    return Plan(
        body, schedule(work, level), dict(places), [result for result in results if result is not gone], states, given,
        tables | shared, weights, contractions, deferred, sum(map(width, saved)), gone is not None,
    )  # fmt: skip


def _own(n: Tensor, body: Body, fresh: bool = False) -> Tensor:
    """`n`, or a copy of it where it has no loop of its own to be written from."""
    if not is_row(n):
        raise NotRowWise(f"a step must return one row per sample, (batch, features), not {shape_text(n)}")
    passed_on = n.number in body.given or is_shared(n)
    if passed_on and not fresh:
        return n if n.number in body.given else apply(COPY, (n,), {})
    if passed_on or alias_of(n, body) is not None or is_lookup(n, body):
        return apply(COPY, (n,), {}).named(n.name or "")
    if fresh and is_product(n) and padded(width(n), n.dtype) != width(n):
        return apply(COPY, (n,), {}).named(n.name or "")
    return n


def _with_own_results(body: Body, saved_out: int) -> Body:
    """The body with outputs and new states that loops write, each state's its own."""
    outputs = [_own(n, body) for n in body.outputs]
    for k in range(len(outputs) - saved_out, len(outputs)):
        if is_product(outputs[k]):  # it would write beyond its place
            outputs[k] = apply(COPY, (outputs[k],), {})
    new_states: list[Tensor] = []
    for n in [_own(n, body, fresh=True) for n in body.new_states]:
        twice = any(n is other for other in new_states)  # each has slots of its own
        new_states.append(apply(COPY, (n,), {}) if twice else n)
    return replace(body, outputs=outputs, new_states=new_states)


def _deferred(body: Body, summed: Sequence[Tensor], places: Places) -> tuple[Body, list[MatMul]]:
    """The products that no step reads: computed for all steps at once, after the last."""
    roots = [n for n in body.outputs if not is_product(n)]
    inside = {n.number for n in _needed([*roots, *body.new_states, *summed], body)}
    outputs, found = list(body.outputs), {}
    for k, n in enumerate(outputs):
        if not is_product(n) or n.number in found or places[n.number]:
            continue
        if n.number in inside:
            outputs[k] = apply(COPY, (n,), {})
        else:
            found[n.number] = MatMul(n, [(_own(rows, body), weights) for rows, weights in product_terms(n)])
    return replace(body, outputs=outputs), list(found.values())


def _needed(roots: Iterable[Tensor], body: Body) -> list[Tensor]:
    """What a step computes for the roots, in order."""
    stack, seen = list(roots), {}
    while stack:
        n = stack.pop()
        if n.number in seen or n.number in body.given or is_shared(n):
            continue
        seen[n.number] = n
        stack.extend(n.inputs)
    return [seen[k] for k in sorted(seen)]


def check(n: Tensor, body: Body) -> None:
    """Raises NotRowWise: there is no code for this op on rows."""
    assert n.op is not None
    op, name, dtype = n.op, n.op.name, (body.outputs or body.new_states)[0].dtype
    if not is_row(n):
        raise NotRowWise(f"{name} makes {shape_text(n)} from the rows of the batch")
    for x in n.inputs:
        if not is_row(x) and not is_shared(x):
            raise NotRowWise(f"{name} takes {shape_text(x)}, which is not one row per sample")
        if x.dtype.kind == "f" and x.dtype != dtype:
            raise NotRowWise(f"{name} takes {x.dtype} where the step computes in {dtype}")
    if is_entrywise(n):
        if op.entry is None:
            raise NotRowWise(f"op {name} gives no scalar expression")
        if missing := unknown_functions(op.entry):
            raise NotRowWise(f"op {name}: there is no scalar function {missing[0]}")
        if n.dtype.kind not in "fb":
            raise NotRowWise(f"{name} makes {n.dtype} rows")
        return
    if is_product(n) and any(is_lookup(source_of(rows, body)[0], body) for rows, _ in product_terms(n)):
        raise NotRowWise("rows of a table are multiplied, and have no place of their own")
    supported = (
        is_lookup(n, body)
        or (is_product(n) and n.inputs[1].ndim == 2)
        or alias_of(n, body) is not None
        or (op.kind == "concatenation" and all(is_row(x) and x.ndim == n.ndim == 2 for x in n.inputs))
        or (op.fold is not None and n.inputs[0].ndim == 2 and width(n) == 1)
    )
    if not supported:
        raise NotRowWise(f"there is no row-wise code for {name}: {shape_text(n.inputs[0])} → {shape_text(n)}")


Named = dict[int, tuple[str, Tensor]]


def _constants(nodes: Sequence[Tensor], deferred: Sequence[MatMul], places: Places) -> tuple[Named, Named]:
    """Names of what is the same at every step: vectors and numbers that loops read, and matrices."""
    shared: Named = {}
    weights: Named = {}

    def matrices(terms: list[tuple[Tensor, Tensor]]) -> None:
        for _, w in terms:
            if w.number not in weights:
                weights[w.number] = (places.name(weight_name(w), "W"), w)

    for n in nodes:
        if is_product(n):
            matrices(product_terms(n))
            continue
        for x in n.inputs:
            if is_shared(x) and (x.role != "constant" or x.size > 1):
                x, _ = shared_base(x)
                if x.number in shared:
                    continue
                if x.size not in (1, x.shape[-1] if x.shape else 1):
                    raise NotRowWise(f"{n.op.name} reads a shared array of shape {x.shape}")  # type: ignore[union-attr]
                shared[x.number] = (places.name(weight_name(x), "b"), x)
    for d in deferred:
        matrices(d.terms)
    return shared, weights
