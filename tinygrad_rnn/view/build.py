"""Graphs to a `Picture`: which node is drawn how, in which time step, and which are repeated as ghosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import replace

from ..core.op import Op
from ..core.tensor import Tensor
from ..step.language import spoken
from ..step.names import clean, plain_name, split_name
from .blocks import Blocks
from .emphasis import Emphasis
from .labels import entry_text, ghost_label, label, time_of
from .picture import Edge, Label, Node, Picture
from .sheet import Sheet
from .theme import LIGHT, POINT, Theme

CROWD = 8  # a leaf read by more nodes than this is repeated: nothing slows and tangles a layout more
_ORDER = {"state": 0, "input": 1, "parameter": 2, "constant": 3}  # equal in every step, so that steps look alike


def build(
    sheet: Sheet, *, show: Set[str], title: str, theme: Theme = LIGHT, across: bool = False, language: str = "en"
) -> Picture:
    """The picture of a sheet. `across`: states run straight from step to step, from left to right."""
    return _Builder(sheet, show, Picture(title, theme=theme, across=across, language=language)).picture


class _Builder:
    def __init__(self, sheet: Sheet, show: Set[str], picture: Picture):
        self.sheet, self.show, self.looks = sheet, show, picture.theme.looks
        self.say = spoken("draw", picture.language)
        self.order, self.operands = sheet.order, sheet.operands
        self.pointed = sheet.emphasis or Emphasis()
        self.ids = {n.number: f"n{k}" for k, n in enumerate(self.order)}
        self.readers = {x.number: node for node in reversed(self.order) for x in self.operands[node.number]}
        self.drawn: dict[tuple[int, int], str] = {}  # (node, block) → id of its node or ghost there
        forward = {n.number for n in self.order} - sheet.backward
        first = {n.number for n in self.order if sheet.moment(n) == "−1"} if picture.across else set()
        self.blocks = Blocks(self.order, self.operands, forward, sheet.flat, first)
        if sheet.frames:
            for block in self.blocks.blocks:
                block.frames = tuple(sheet.frames.get(label, label) for label in block.frames)
        home = self.blocks.home
        leaves = {n.number for n in self.order if not self.operands[n.number]}
        reads = [(x.number, home[n.number]) for n in self.order for x in self.operands[n.number]]
        self.uses = Counter(place for place in reads if place[0] in leaves)
        self.last: dict[tuple[int, int], Tensor] = {}  # the last reader of a leaf in a block
        self.picture = picture
        picture.description, picture.blocks = f"{len(self.order)} nodes", self.blocks.blocks
        self.fill()

    def fill(self) -> None:
        for node in self.order:
            home = self.blocks.home.get(node.number)
            if home is not None and self.role(node) == "saved" and not self.uses[node.number, home]:
                continue  # the gradients of another step read it
            if home is not None:
                self.add(node, home, ghost=False, reader=self.readers.get(node.number))
            elif node.number in self.sheet.outputs:
                self.add(node, 0, ghost=False)
        for node in self.order:
            for x in self.operands[node.number]:
                self.connect(x, node)
        for new, state in self.sheet.loops:
            self.picture.edges.append(Edge(self.ids[new.number], self.ids[state.number], "loop"))
        if self.picture.across:
            self.run_through()
        self.picture.nodes = dict(sorted(self.picture.nodes.items(), key=lambda item: item[1].order))

    def run_through(self) -> None:
        """Mark the way of each state through a step, and where it leaves the last one."""
        nodes, edges = self.picture.nodes, self.picture.edges
        states = {node.id for node in nodes.values() if node.entry and not node.backward}
        stops = {self.ids[n.number] for n in self.order if self.role(n) == "state"}
        for edge in edges:
            if edge.kind == "data" and edge.tail in states:
                edge.kind = "through"
                if edge.head not in stops and nodes[edge.head].look == self.looks["pointwise"]:
                    states.add(edge.head)
        for node in self.order:
            if self.role(node) == "state" and node.number in self.sheet.outputs and self.operands[node.number]:
                tail = nodes[self.ids[node.number]]
                end = Node(f"{tail.id}end", POINT, Label(), tail.block, order=(10, tail.order[1]), leaves=True)
                if not any(e.kind in ("lane", "loop") and e.tail == tail.id for e in edges):
                    nodes[end.id] = end
                    edges.append(Edge(tail.id, end.id, "through"))

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
                lane = self.edge(self.ids[x.number], near, "back_lane" if self.is_backward(x) else kind, x, node)
                lane.cut = self.blocks.times[block] in self.pointed.cuts and not self.is_backward(x)
        kind = "data"
        if self.is_backward(node):
            kind = "gradient" if self.is_backward(x) else "saved"
        self.edge(near, self.ids[node.number], kind, x, node)

    def edge(self, tail: str, head: str, kind: str, x: Tensor, node: Tensor) -> Edge:
        """An edge of the picture, for `node` reading `x`."""
        pair = (x.number, node.number)
        norm = self.pointed.norms.get(pair)
        note = "" if norm is None else f"‖∂L/∂‖ {entry_text(norm)}"
        made = Edge(tail, head, kind, marked=pair in self.pointed.pairs, wide=self.pointed.wide(pair), note=note)
        self.picture.edges.append(made)
        return made

    def add(self, node: Tensor, block: int, ghost: bool, reader: Tensor | None = None) -> str:
        identity = self.ids[node.number]
        if identity in self.picture.nodes:
            identity = f"{identity}b{len(self.picture.nodes)}"
        self.drawn[node.number, block] = identity
        self.picture.ids.setdefault(node.number, []).append(identity)
        role, backward = self.role(node), self.is_backward(node)
        leaf = ghost or not self.operands[node.number]
        kind = self.kind(node, role, backward)
        look = self.looks[kind]
        if node.number in self.sheet.outputs and not look.small:
            look = replace(look, double=True)
        shown = self.show - {"value"} if look.small else self.show
        text = label(
            node, role, shown, details=not ghost, glyph=self.sheet.glyphs.get(node.number),
            step=self.sheet.moment(node), names=self.sheet.names, more_flops=self.sheet.folded.get(node.number, 0),
            gradient=self.sheet.gradients.get(node.number),
        )  # fmt: skip
        text.details += self.sheet.notes.get(node.number, ()) if not ghost else ()
        if ghost:
            text = ghost_label(
                text,
                node,
                reader if backward else None,
                self.sheet.glyphs.get(node.number),
                self.sheet.moments.get(node.number),
            )
            kind = "gradient" if backward else "state" if role == "state" else kind
            look = replace(self.looks[kind], fill=self.picture.theme.paper, double=False)
        if node.number in self.pointed.nodes:
            look = replace(look, line=self.picture.theme.mark, weight=look.weight + 1.2)
        belongs = leaf and (role in ("constant", "parameter") or backward)  # to whoever reads it
        frames = self.blocks.frames(reader if reader is not None and belongs else node, block)
        self.picture.nodes[identity] = Node(
            identity, look, text, block, frames, ghost, backward,
            entry=self.enters(node, block, leaf and role == "state"),
            order=(_ORDER.get(role, 4) if leaf else 9, int(self.ids[node.number][1:])),
            tooltip=self.tooltip(node, role), kind=kind,
        )  # fmt: skip
        return identity

    def enters(self, node: Tensor, block: int, state: bool) -> bool:
        """Whether a node stands for what comes from another block, or from before the first step."""
        if self.role(node) == "saved":
            return False
        if self.sheet.looks.get(node.number) == "delay" and not self.operands[node.number]:
            return True
        return self.blocks.home.get(node.number, block) != block or (state and bool(self.blocks.blocks[block].frames))

    def is_backward(self, node: Tensor) -> bool:
        return node.number in self.sheet.backward

    def role(self, node: Tensor) -> str:
        return self.sheet.roles[node.number]

    def kind(self, node: Tensor, role: str, backward: bool) -> str:
        """The name of a node's look."""
        structure = node.op is not None and role != "saved" and is_structure(node.op)
        if node.number in self.sheet.looks:
            return self.sheet.looks[node.number]
        if role == "constant" or (structure and not node.name):
            return "constant" if role == "constant" else "structure"
        if backward:
            return "gradient"
        if role in ("op", "output") and node.op is not None:
            return "loss" if role == "output" and not node.shape else _op_kind(node.op)
        return role

    def tooltip(self, node: Tensor, role: str) -> str:
        """For a pointer resting on the node: its path and how it was computed."""
        made = self.say(role)
        if node.op is not None and role != "saved":
            operands = [plain_name(*split_name(x.name, time_of(x))) if x.name else "·" for x in node.inputs or ()]
            made = f"{node.op.name}({', '.join(operands)})"
        return self.say("{}: {}, shape {}, {}", clean(node.path), made, node.shape, node.dtype)


def is_structure(op: Op) -> bool:
    """Whether an op only moves entries about: slices, transposes, reshapes, casts."""
    return op.kind in _STRUCTURE


_STRUCTURE = {
    *("broadcast", "cast", "reshape", "transpose", "arrangement"),
    *("slice", "scatter", "lookup", "concatenation", "element"),
}


def _op_kind(op: Op) -> str:
    if op.kind in ("matrix product", "contraction"):
        return "product"
    if op.elementwise:
        return "function" if len(op.operands) == 1 else "pointwise"
    return "structure" if is_structure(op) else "op"
