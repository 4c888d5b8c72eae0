"""`Sheet`: what is to be drawn, as nodes and who reads whom. Levels, folding and shortening change a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..core.graph import Graph
from ..core.mode import Scope
from ..core.tensor import Tensor, abstract

Operands = dict[int, tuple[Tensor, ...]]


@dataclass
class Emphasis:
    """By numbers of nodes.

    Attributes:
        nodes, pairs: what is highlighted: nodes, and (operand, reader).
        cuts: time steps that no gradient flows back from into the step before.
        norms: ‖contribution to ∂L/∂operand‖ by (operand, reader), if edges are as wide as it is large.
    """

    nodes: set[int] = field(default_factory=set)
    pairs: set[tuple[int, int]] = field(default_factory=set)
    cuts: set[float] = field(default_factory=set)
    norms: dict[tuple[int, int], float] = field(default_factory=dict)

    def wide(self, pair: tuple[int, int]) -> float | None:
        """The width of an edge, from 0.5 to 5: it grows with the logarithm of the norm; None: as always."""
        norm = self.norms.get(pair)
        if norm is None:
            return None
        top = max(self.norms.values())
        return 0.5 if norm <= 0 or top <= 0 else max(0.5, 5.0 + np.log10(norm / top))


@dataclass
class Sheet:
    """Nodes in an order in which each comes after its operands.

    Attributes:
        roles: by node number; as `Graph.role`.
        outputs, backward: the numbers of results, and of gradients.
        looks, glyphs: where a node stands for more than its own op: a look by its name in `theme`, and a sign.
        notes: small lines below what a node says.
        loops: (new state, state): what a step hands to the next one, where one step stands for all.
        moments: by node number, the time step as its name has it, where it is another than its scope's: t, t−1.
        flat: time steps and scopes are not told apart.
        frames: other words for the labels of some scopes.
        names: what to call some names.
        folded: FLOPs of what a node stands for besides its own op, by its number.
        gradients: by number of a node that keeps none itself, if they are to be shown.
        parts: of what parameter a leaf is, or is rows of, by the leaf's number.
        emphasis: what is pointed out.
    """

    order: list[Tensor]
    operands: Operands
    roles: dict[int, str]
    outputs: set[int] = field(default_factory=set)
    backward: set[int] = field(default_factory=set)
    looks: dict[int, str] = field(default_factory=dict)
    glyphs: dict[int, str] = field(default_factory=dict)
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    loops: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    moments: dict[int, int | str | None] = field(default_factory=dict)
    flat: bool = False
    frames: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    folded: dict[int, int] = field(default_factory=dict)
    gradients: dict[int, np.ndarray] = field(default_factory=dict)
    parts: dict[int, Tensor] = field(default_factory=dict)
    emphasis: Emphasis | None = None

    @classmethod
    def of(cls, forward: Graph, backward: Graph | None, direction: str) -> Sheet:
        """The nodes of a forward graph, of its backward graph, or of both."""
        graphs = [g for g in (forward if direction != "backward" else None, backward) if g is not None]
        known = {n.number for n in forward.nodes}
        operands: Operands = {}
        nodes: dict[int, Tensor] = {}
        for graph in graphs:
            for node in graph.nodes:
                if node.number not in nodes or not graph.is_leaf(node):
                    nodes[node.number] = node
                    operands[node.number] = graph.operands(node)
        sheet = cls([nodes[number] for number in sorted(nodes)], operands, {})
        sheet.backward = set(nodes) - known
        sheet.outputs = {out.number for graph in graphs for out in graph.outputs}
        for n in sheet.order:
            leaf = n.op is not None and not operands[n.number] and n.number not in sheet.backward
            owner = backward if n.number in sheet.backward and backward is not None else forward
            sheet.roles[n.number] = "saved" if leaf else owner.role(n)
        return sheet

    @property
    def ends(self) -> set[int]:
        """The numbers of what is wanted for itself: results, and states handed to the next step."""
        return self.outputs | {new.number for new, _ in self.loops}

    def moment(self, node: Tensor) -> int | str | None:
        """The time step of a node, as its name has it."""
        return self.moments.get(node.number, node.scope.step if node.scope is not None else None)

    def add(self, node: Tensor, operands: Iterable[Tensor], role: str, look: str = "", glyph: str = "") -> Tensor:
        """Put a node that is in no graph on the sheet, at the end; `arranged` brings it to its place."""
        self.order.append(node)
        self.operands[node.number], self.roles[node.number] = tuple(operands), role
        if look:
            self.looks[node.number] = look
        if glyph:
            self.glyphs[node.number] = glyph
        return node

    def kept(self, operands: Mapping[int, tuple[Tensor, ...]], wanted: Iterable[Tensor]) -> None:
        """Keep `wanted` and all they are computed from by `operands`, in an order that operands come first in."""
        place = {n.number: k for k, n in enumerate(self.order)}
        found: dict[int, Tensor] = {}
        state: dict[int, bool] = {}  # False: its operands are being listed; True: done
        stack = sorted(wanted, key=lambda n: -place[n.number])
        while stack:
            node = stack[-1]
            if node.number not in state:
                state[node.number] = False
                reads = operands.get(node.number, ())
                stack += [x for x in sorted(reads, key=lambda n: -place[n.number]) if x.number not in state]
            else:
                stack.pop()
                if not state[node.number]:
                    state[node.number] = True
                    found[node.number] = node
        self.order = list(found.values())
        self.operands = {number: tuple(operands.get(number, ())) for number in found}
        self.roles = {number: self.roles[number] for number in found}


def stand_in(like: Tensor, name: str | None, scope: Scope | None = None, shape: Sequence[int] | None = None) -> Tensor:
    """A node without a value that is in no graph: like another, but for its name, scope and shape."""
    node = abstract(like.shape if shape is None else tuple(shape), like.dtype)
    node.name, node.scope = name, like.scope if scope is None else scope
    return node
