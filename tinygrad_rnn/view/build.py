"""Graphs to a `Picture`: which node is drawn how, in which time step, and which are repeated as ghosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import replace

from ..core.graph import Graph
from ..core.op import Op
from ..core.tensor import Tensor
from .blocks import Blocks
from .labels import ghost_label, label, step_of
from .picture import Edge, Node, Picture
from .text import clean, plain_name, split_name
from .theme import LOOKS, Look

_PRODUCTS = ("MatMul", "Gemm", "Einsum")
CROWD = 8  # a leaf read by more nodes than this is repeated: nothing slows and tangles a layout more
_ORDER = {"state": 0, "input": 1, "parameter": 2, "constant": 3}  # equal in every step, so that steps look alike


def build(forward: Graph, backward: Graph | None, *, direction: str, show: Set[str], title: str) -> Picture:
    """The picture of a forward graph, of its backward graph, or of both on one canvas."""
    graphs = [g for g in (forward if direction != "backward" else None, backward) if g is not None]
    return _Builder(graphs, forward, backward, show, title).picture


class _Builder:
    def __init__(self, graphs: list[Graph], forward: Graph, backward: Graph | None, show: Set[str], title: str):
        self.forward, self.backward, self.show = forward, backward, show
        self.known = {n.number for n in forward.nodes}
        self.operands: dict[int, tuple[Tensor, ...]] = {}
        nodes: dict[int, Tensor] = {}
        for graph in graphs:
            for node in graph.nodes:
                if node.number not in nodes or not graph.is_leaf(node):
                    nodes[node.number] = node
                    self.operands[node.number] = graph.operands(node)
        self.order = [nodes[number] for number in sorted(nodes)]
        self.ids = {n.number: f"n{k}" for k, n in enumerate(self.order)}
        self.outputs = {out.number for graph in graphs for out in graph.outputs}
        self.readers = {x.number: node for node in reversed(self.order) for x in self.operands[node.number]}
        self.drawn: dict[tuple[int, int], str] = {}  # (node, block) → id of its node or ghost there
        self.blocks = Blocks(self.order, self.operands, self.known)
        home = self.blocks.home
        leaves = {n.number for n in self.order if not self.operands[n.number]}
        reads = [(x.number, home[n.number]) for n in self.order for x in self.operands[n.number]]
        self.uses = Counter(place for place in reads if place[0] in leaves)
        self.last: dict[tuple[int, int], Tensor] = {}  # the last reader of a leaf in a block
        self.picture = Picture(title, f"{len(self.order)} nodes", blocks=self.blocks.blocks)
        self.fill()

    def fill(self) -> None:
        for node in self.order:
            home = self.blocks.home.get(node.number)
            if home is not None and self.role(node) == "saved" and not self.uses[node.number, home]:
                continue  # the gradients of another step read it
            if home is not None:
                self.add(node, home, ghost=False, reader=self.readers.get(node.number))
            elif node.number in self.outputs:
                self.add(node, 0, ghost=False)
        for node in self.order:
            for x in self.operands[node.number]:
                self.connect(x, node)
        self.picture.nodes = dict(sorted(self.picture.nodes.items(), key=lambda item: item[1].order))

    def connect(self, x: Tensor, node: Tensor) -> None:
        """The edge from operand `x`; across blocks it runs through a ghost of `x` beside its reader."""
        block = self.blocks.home[node.number]
        place = (x.number, block)
        near = self.drawn.get(place)
        if near is not None and self.uses[place] > CROWD and self.last.get(place, node) is not node:
            near = None
        self.last[place] = node
        if near is None:
            home = self.blocks.home.get(x.number)
            solid = home is None and self.ids[x.number] not in self.picture.nodes
            near = self.add(x, block, ghost=not solid and self.role(x) != "constant", reader=node)
            if home not in (None, block) and self.role(x) != "saved":
                kind = "lane" if self.role(x) == "state" and self.blocks.blocks[block].frames else "link"
                self.picture.edges.append(Edge(self.ids[x.number], near, "back_lane" if self.is_backward(x) else kind))
        kind = "data"
        if self.is_backward(node):
            kind = "gradient" if self.is_backward(x) else "saved"
        self.picture.edges.append(Edge(near, self.ids[node.number], kind))

    def add(self, node: Tensor, block: int, ghost: bool, reader: Tensor | None = None) -> str:
        identity = self.ids[node.number]
        if identity in self.picture.nodes:
            identity = f"{identity}b{len(self.picture.nodes)}"
        self.drawn[node.number, block] = identity
        role, backward = self.role(node), self.is_backward(node)
        leaf = ghost or not self.operands[node.number]
        look = self.look(node, role, backward)
        text = label(node, role, self.show - {"value"} if look.small else self.show, details=not ghost)
        if ghost:
            text = ghost_label(text, node, reader if backward else None)
            look = LOOKS["gradient"] if backward else look
            look = replace(look, fill="#ffffff", double=False)
        belongs = leaf and (role in ("constant", "parameter") or backward)  # to whoever reads it
        frames = self.blocks.frames(reader if reader is not None and belongs else node, block)
        self.picture.nodes[identity] = Node(
            identity, look, text, block, frames, ghost, backward,
            entry=self.enters(node, block, leaf and role == "state"),
            order=(_ORDER.get(role, 4) if leaf else 9, int(self.ids[node.number][1:])),
            tooltip=self.tooltip(node, role),
        )  # fmt: skip
        return identity

    def enters(self, node: Tensor, block: int, state: bool) -> bool:
        """Whether a node stands for what comes from another block, or from before the first step."""
        if self.role(node) == "saved":
            return False
        return self.blocks.home.get(node.number, block) != block or (state and bool(self.blocks.blocks[block].frames))

    def is_backward(self, node: Tensor) -> bool:
        return node.number not in self.known

    def role(self, node: Tensor) -> str:
        if self.backward is not None and self.is_backward(node):
            return self.backward.role(node)
        if node.op is not None and not self.operands[node.number]:
            return "saved"
        return self.forward.role(node)

    def look(self, node: Tensor, role: str, backward: bool) -> Look:
        structure = node.op is not None and role != "saved" and is_structure(node.op)
        if role == "constant" or (structure and not node.name):
            return LOOKS["constant" if role == "constant" else "structure"]
        if backward:
            look = LOOKS["gradient"]
        elif role in ("op", "output") and node.op is not None:
            look = LOOKS["loss" if role == "output" and not node.shape else _op_kind(node.op)]
        else:
            look = LOOKS[role]
        return replace(look, double=True) if node.number in self.outputs and not look.small else look

    def tooltip(self, node: Tensor, role: str) -> str:
        """For a pointer resting on the node: its path and how it was computed."""
        made = role
        if node.op is not None and role != "saved":
            operands = [plain_name(*split_name(x.name, step_of(x))) if x.name else "·" for x in node.inputs or ()]
            made = f"{node.op.name}({', '.join(operands)})"
        return f"{clean(node.path)}: {made}, shape {node.shape}, {node.dtype}"


def is_structure(op: Op) -> bool:
    """Whether an op only moves entries about: slices, transposes, reshapes, casts."""
    return op.cost is None and op.linear is not None and not op.elementwise and op.onnx not in _PRODUCTS


def _op_kind(op: Op) -> str:
    if op.onnx in _PRODUCTS:
        return "product"
    if op.elementwise:
        return "function" if len(op.operands) == 1 else "pointwise"
    return "structure" if is_structure(op) else "op"
