"""Scheduling: at which level of a step each row value is computed, by a loop or by a matrix product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..core.tensor import Tensor
from ..step.body import Body, is_entrywise, is_shared, width
from .passes import is_product
from .plan import GIVEN, Loop, MatMul, Place, Work, alias_of, is_lookup, product_terms, source_of


def users_of(nodes: Iterable[Tensor]) -> dict[int, list[Tensor]]:
    """By the number of a node those that read it, once for each reading."""
    users: dict[int, list[Tensor]] = defaultdict(list)
    for n in nodes:
        for x in n.inputs:
            users[x.number].append(n)
    return users


def merged_products(nodes: Sequence[Tensor], places: Mapping[int, list[Place]]) -> set[int]:
    """Products that are only terms of a sum of products."""
    users, merged = users_of(nodes), set()
    for n in nodes:
        outer = [u for u in users[n.number] if is_product(u) and u.op is not None and u.op.adds]
        if is_product(n) and outer and len(outer) == len(users[n.number]) and not places.get(n.number):
            merged.add(n.number)
    return merged


def levels_of(work: Work, places: Mapping[int, list[Place]]) -> dict[int, int]:
    """The level of every node. Loops have even levels, products odd ones; a value is complete as a row above its."""
    level: dict[int, int] = {}
    for n in work.nodes:
        if n.number in work.merged:
            continue
        if is_product(n):
            at = max([_ready(a, work.body, level) for a, _ in product_terms(n)], default=GIVEN) + 1
            level[n.number] = at if at % 2 else at + 1
        elif n.number in work.pieces:
            level[n.number] = max(_ready(x, work.body, level) for x in work.pieces[n.number])
        elif is_lookup(n, work.body):
            level[n.number] = GIVEN
        elif alias_of(n, work.body) is not None:
            level[n.number] = _ready(n.inputs[0], work.body, level)
        else:
            level[n.number] = max([0, *[_level_after(x, n, work, level) for x in n.inputs]])
    _sink(work, level, places)
    return level


def _ready(x: Tensor, body: Body, level: Mapping[int, int]) -> int:
    return GIVEN if x.number in body.given or is_shared(x) else level[x.number]


def _level_after(x: Tensor, n: Tensor, work: Work, level: Mapping[int, int]) -> int:
    """The first loop level at which `n` can read `x`."""
    source, offset = source_of(x, work.body)
    at = _ready(source, work.body, level)
    if at == GIVEN:
        return 0
    if at % 2:
        return at + 1
    assert source.op is not None
    same = offset == 0 and width(source) == width(x) == width(n) and source.op.fold is None
    return at if same and source.number not in work.pieces else at + 2


def _sink(work: Work, level: dict[int, int], places: Mapping[int, list[Place]]) -> None:
    """Compute what needs only given values where it is used, instead of keeping it."""
    users = users_of(work.nodes)
    for n in reversed(work.nodes):
        if not is_entrywise(n) or is_product(n) or places.get(n.number) or n.number in work.merged:
            continue
        loops = [u for u in users[n.number] if is_entrywise(u) and not is_product(u) and width(u) == width(n)]
        if len(loops) < len(users[n.number]) or not loops:
            continue
        later = min(level[u.number] for u in loops)
        ready = [_ready(x, work.body, level) for x in n.inputs]
        if later > level[n.number] and all(at == GIVEN or at % 2 for at in ready):
            level[n.number] = later


def schedule(work: Work, level: Mapping[int, int]) -> list[list[MatMul] | list[Loop]]:
    """The products or the loops of each level, in order; one loop for each width."""
    products: dict[int, list[MatMul] | list[Loop]] = defaultdict(list)
    loops: dict[int, dict[int, Loop]] = defaultdict(dict)
    for n in work.computed():
        assert n.op is not None
        at = level[n.number]
        if is_product(n):
            products[at].append(MatMul(n, product_terms(n)))  # type: ignore[arg-type]
        else:
            w = width(n.inputs[0]) if n.op.fold is not None else width(n)
            loops[at].setdefault(w, Loop(w)).nodes.append(n)
    order = sorted({*products, *loops})
    return [products[k] if k % 2 else [loops[k][w] for w in sorted(loops[k])] for k in order]
