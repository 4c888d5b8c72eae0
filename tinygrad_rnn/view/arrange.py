"""Arranging a picture: each block is laid out by the engine, blocks stand side by side in order of time, and lanes join
them.

Equal blocks are laid out once, so that a long unrolled sequence costs little more than one step. A lane leaves a block
at its foot, climbs the gap between two blocks and enters the next at its head; gradients take the opposite way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .dot import block_dot, exit_id, frame_label
from .lanes import Tracks, rounded
from .layout import Point, Positions, lay_out, started
from .marks import meeting
from .picture import Edge, Frame, Node, Picture
from .text import width
from .theme import FRAME_SIZE, POINT

PAD, HEAD, TRACK, GAP, LIFT = 10.0, 17.0, 6.0, 16.0, 5.0
LANES = ("lane", "link", "back_lane", "loop")
FAR_LANES = 8  # up to this many lanes between blocks that are not neighbours are drawn; more would be a thicket


@dataclass
class _Column:
    """A block being placed: its layout, and where its top left corner is."""

    index: int
    row: int
    frames: tuple[str, ...]
    positions: Positions
    ids: dict[str, str]
    clusters: dict[str, tuple[str, ...]]
    x: float = 0.0
    y: float = 0.0
    wide: float = 0.0
    high: float = 0.0
    lanes: list[Edge] = field(default_factory=list)  # those in the gap to its left
    returns: int = 0  # loops that come round its right side

    @property
    def beyond(self) -> float:
        """The room that loops take on its right side."""
        return GAP / 2 + TRACK * self.returns if self.returns else 0.0

    @property
    def origin(self) -> Point:
        return (self.x + PAD, self.y + PAD + HEAD) if self.frames else (self.x, self.y)

    def at(self, p: Point) -> Point:
        return p[0] + self.origin[0], p[1] + self.origin[1]

    def node(self, name: str) -> Point:
        return self.at(self.positions.nodes[self.ids[name]])


def arrange(picture: Picture, *, engine: str, time_limit: float) -> Picture:
    """Give every node a position, every edge a path, every scope a frame. Changes and returns the picture."""
    lanes = _lanes(picture)
    for lane in lanes:
        if picture.across and lane.kind == "lane":  # the lane itself runs on
            picture.nodes[lane.head].look, lane.runs_on = POINT, True
    columns = _columns(picture, engine, time_limit)
    rows = [_Row([c for c in columns if c.row == r]) for r in sorted({c.row for c in columns})]
    plans = [_Plan(e, *_ends(e, picture, columns), across=picture.across) for e in lanes]
    for plan in plans:
        if plan.climbs is not None and not plan.straight:
            plan.climbs.lanes.append(plan.edge)
            if plan.across and plan.edge.kind == "loop":
                plan.tail.returns += 1
    for row in rows:
        row.place_across()
    for plan in plans:
        if not plan.straight:
            plan.take_tracks(rows[plan.tail.row])
    top = 0.0
    for row in rows:
        top = row.place_down(top)
    for plan in plans:
        plan.edge.path = plan.path(rows[plan.tail.row], picture.nodes[plan.edge.head])
    _place_contents(picture, columns)
    picture.frames = sorted(_frames(rows, _crossings(plans)), key=lambda frame: frame.depth)
    ends = [p for e in picture.edges for p in e.path] + [(f.x + f.wide, f.y + f.high) for f in picture.frames]
    ends += [(c.x + c.wide, c.y + c.high) for c in columns]
    picture.wide, picture.high = max(x for x, _ in ends), max(y for _, y in ends)
    return picture


def _lanes(picture: Picture) -> list[Edge]:
    """The lanes worth drawing; the others are dropped, and their ghosts speak for themselves."""
    near, far, kept = [], [], []
    for edge in picture.edges:
        if edge.kind not in LANES:
            kept.append(edge)
            continue
        if edge.kind == "loop":
            near.append(edge)
            continue
        a, b = picture.nodes[edge.tail].block, picture.nodes[edge.head].block
        rows = picture.blocks[b].row - picture.blocks[a].row
        ahead = b - a if edge.kind != "back_lane" else a - b
        if ahead > 0 and abs(rows) <= 1:
            (near if ahead == 1 else far).append(edge)
    drawn = near + far if len(far) <= FAR_LANES else near
    picture.edges = kept + drawn
    return drawn


def _columns(picture: Picture, engine: str, time_limit: float) -> list[_Column]:
    clock = started(engine)
    end = clock() + time_limit
    nodes: list[list[Node]] = [[] for _ in picture.blocks]
    edges: list[list[Edge]] = [[] for _ in picture.blocks]
    exits: list[dict[tuple[str, bool], None]] = [{} for _ in picture.blocks]
    for node in picture.nodes.values():
        nodes[node.block].append(node)
    for edge in picture.edges:
        if edge.kind in LANES:
            exits[picture.nodes[edge.tail].block][edge.tail, edge.kind == "back_lane"] = None
        else:
            edges[picture.nodes[edge.tail].block].append(edge)
    known: dict[str, Positions] = {}
    alike: dict[int, list[list[_Kind]]] = {}  # by row: which nodes stand together in its first step
    columns = []
    for i, block in enumerate(picture.blocks):
        beside = _beside(nodes[i], alike.get(block.row, ())) if picture.across else ()
        if picture.across and not block.frames:  # what is written first is laid out at the bottom
            nodes[i] = [n for n in reversed(nodes[i]) if n.backward] + [n for n in nodes[i] if not n.backward]
        source, ids, clusters = block_dot(nodes[i], edges[i], exits[i], picture.across, beside)
        if source not in known:
            known[source] = lay_out(source, engine=engine, time_limit=end - clock())
        positions = known[source]
        if picture.across and _is_upside_down(positions, nodes[i], edges[i], ids, picture):
            positions = positions.upside_down()
        if block.frames and block.row not in alike:
            alike[block.row] = _ranks(nodes[i], positions, ids)
        column = _Column(i, block.row, block.frames, positions, ids, clusters)
        column.wide, column.high = column.positions.wide, column.positions.high
        if block.frames:
            label = width(frame_label(block.frames[-1]), FRAME_SIZE) + 2 * PAD
            column.wide, column.high = max(column.wide + 2 * PAD, label), column.high + 2 * PAD + HEAD
        columns.append(column)
    return columns


_Kind = tuple[str, str, bool, int]  # what nodes of different steps have in common, and which of those of its kind it is


def _kinds(nodes: list[Node]) -> dict[_Kind, Node]:
    """The nodes of a step that are computed in it, by what they have in common with those of other steps."""
    found: dict[_Kind, Node] = {}
    count: Counter[tuple[str, str, bool]] = Counter()
    for node in nodes:
        if not (node.ghost or node.entry or node.leaves):
            kind = (node.label.glyph if node.kind != "joint" else "", node.label.base, node.backward)
            found[*kind, count[kind]] = node
            count[kind] += 1
    return found


def _ranks(nodes: list[Node], positions: Positions, ids: dict[str, str]) -> list[list[_Kind]]:
    """Which nodes of a step stand one below the other, from the top."""
    ranks: dict[int, list[tuple[float, _Kind]]] = defaultdict(list)
    for kind, node in _kinds(nodes).items():
        x, y = positions.nodes[ids[node.id]]
        ranks[round(x)].append((y, kind))
    return [[kind for _, kind in sorted(rank)] for rank in ranks.values() if len(rank) > 1]


def _beside(nodes: list[Node], ranks: Iterable[list[_Kind]]) -> list[list[str]]:
    """The same of another step, where it has all of them."""
    own = _kinds(nodes)
    return [[own[kind].id for kind in rank] for rank in ranks if all(kind in own for kind in rank)]


def _is_upside_down(
    positions: Positions, nodes: list[Node], edges: list[Edge], ids: dict[str, str], picture: Picture
) -> bool:
    """Whether values stand below their gradients, or where there are none, the states below what they pass."""
    values, gradients = (
        [positions.nodes[ids[n.id]][1] for n in nodes if n.backward == backward and not n.ghost]
        for backward in (False, True)
    )
    if values and gradients:
        return sum(values) / len(values) > sum(gradients) / len(gradients)
    return _state_below(positions, edges, ids, picture)


def _state_below(positions: Positions, edges: list[Edge], ids: dict[str, str], picture: Picture) -> bool:
    """Whether the states that run straight through a step do so in its lower half."""
    heads = [e.head for e in edges if e.kind == "through" and picture.nodes[e.head].look.shape == "circle"]
    heights = [positions.nodes[ids[head]][1] for head in heads]
    return bool(heights) and sum(heights) / len(heights) > positions.high / 2 + 1


class _Row:
    """Blocks side by side, with tracks for lanes above and below them."""

    def __init__(self, columns: list[_Column]):
        self.columns = columns
        self.depth = max(len(c.frames) - 1 for c in columns)  # frames around the whole row
        self.heads, self.feet = Tracks(), Tracks()

    def place_across(self) -> None:
        x = PAD * max(self.depth, 0)
        for column in self.columns:
            x += (GAP if column is not self.columns[0] or column.lanes else 0.0) + TRACK * len(column.lanes)
            column.x, x = x, x + column.wide
            x += column.beyond

    def place_down(self, top: float) -> float:
        """Place the row below `top`; returns where the next may begin."""
        around = max(self.depth, 0)
        self.head = top + (PAD + HEAD) * around + (LIFT + TRACK * (self.heads.count + 1) if self.heads.count else 0.0)
        tallest = max(c.high for c in self.columns)
        self.foot = self.head + tallest
        for column in self.columns:
            column.y = self.head
            column.high = tallest if column.frames else column.high
        return self.foot + (LIFT + TRACK * (self.feet.count + 1) if self.feet.count else 0.0) + PAD * around + GAP


@dataclass
class _Plan:
    """The way of one lane: out of `tail`, along a track, up or down a gap, along a track, into `head`."""

    edge: Edge
    tail: _Column
    head: _Column
    climbs: _Column | None  # it climbs the gap to the left of this block; None: it only changes rows
    across: bool = False
    first: int = 0
    second: int = 0

    @property
    def up(self) -> bool:
        """Gradients leave at the head of a block and enter the next at its foot."""
        return self.edge.kind == "back_lane"

    @property
    def straight(self) -> bool:
        """From one block into the next, where blocks are laid out from left to right."""
        return self.across and self.tail.row == self.head.row and abs(self.tail.index - self.head.index) == 1

    @property
    def gap(self) -> float:
        assert self.climbs is not None
        return self.climbs.x - GAP / 2 - TRACK * self.climbs.lanes.index(self.edge)

    @property
    def start(self) -> float:
        """Where it leaves its block."""
        return self.tail.node(exit_id(self.edge.tail, self.up))[0]

    @property
    def over(self) -> bool:
        """Whether a loop returns above its block: one that leaves in the upper half."""
        _, y = self.tail.positions.nodes[self.tail.ids[exit_id(self.edge.tail, self.up)]]
        return self.edge.kind == "loop" and y < self.tail.positions.high / 2

    def take_tracks(self, row: _Row) -> None:
        start, end = self.start, self.head.node(self.edge.head)[0]
        if self.across:
            tracks = row.heads if self.over else row.feet
            self.first = tracks.take(self.gap if self.edge.kind == "loop" else start, end + self.tail.wide)
            return
        out, into = (row.heads, row.feet) if self.up else (row.feet, row.heads)
        self.first = out.take(start, end if self.climbs is None else self.gap)
        self.second = 0 if self.climbs is None else into.take(self.gap, end)

    def path(self, row: _Row, head: Node) -> list[Point]:
        """The spline from the source to the ghost, or back to the state, `head`."""
        half = head.extent[1] / 2
        ids, leave = self.tail.ids, exit_id(self.edge.tail, self.up)
        pair = (ids[leave], ids[self.edge.tail]) if self.up else (ids[self.edge.tail], ids[leave])
        start = [self.tail.at(p) for p in self.tail.positions.edges[pair][0]]
        start = start[::-1] if self.up else start
        x, y = self.head.node(self.edge.head)
        if self.across:
            return start + self._sideways(row, start[-1], (x, y), head)[1:]
        out, into = LIFT + TRACK * (1 + self.first), LIFT + TRACK * (1 + self.second)
        sides = (row.head - out, row.foot + into) if self.up else (row.foot + out, row.head - into)
        bends = [start[-1], (start[-1][0], sides[0])]
        bends += [(x, sides[0])] if self.climbs is None else [(self.gap, sides[0]), (self.gap, sides[1]), (x, sides[1])]
        return start + rounded([*bends, (x, y + half if self.up else y - half)])[1:]

    def _sideways(self, row: _Row, start: Point, end: Point, head: Node) -> list[Point]:
        """From the side of one block into the side of another; straight, or along a track below the row."""
        (a, y), (b, z), half = start, end, GAP / 2 * (-1 if self.up else 1)
        if self.straight:
            middle = (a + b) / 2
            return [start, (middle, y), (middle, z), end]
        away = LIFT + TRACK * (1 + self.first)
        side = row.head - away if self.over else row.foot + away
        if self.edge.kind == "loop":
            out = self.tail.x + self.tail.wide + half + TRACK * self.tail.lanes.index(self.edge)
            end = (b - head.extent[0] / 2, z)
            return rounded([start, (out, y), (out, side), (self.gap, side), (self.gap, z), end])
        out = self.tail.x + half + (0 if self.up else self.tail.wide)
        into = self.head.x - half + (self.head.wide if self.up else 0)
        return rounded([start, (out, y), (out, side), (into, side), (into, z), end])


def _ends(edge: Edge, picture: Picture, columns: list[_Column]) -> tuple[_Column, _Column, _Column | None]:
    a, b = (columns[picture.nodes[i].block] for i in (edge.tail, edge.head))
    if a.row != b.row:
        return a, b, None
    return a, b, b if edge.kind != "back_lane" else columns[b.index + 1]


def _place_contents(picture: Picture, columns: list[_Column]) -> None:
    for node in picture.nodes.values():
        node.x, node.y = columns[node.block].node(node.id)
    used: dict[tuple[int, str, str], int] = {}
    for edge in picture.edges:
        if edge.kind in LANES:
            continue
        column = columns[picture.nodes[edge.tail].block]
        turned = edge.kind == "gradient"
        ends = (edge.head, edge.tail) if turned else (edge.tail, edge.head)
        pair = column.ids[ends[0]], column.ids[ends[1]]
        k = used[column.index, *pair] = used.get((column.index, *pair), -1) + 1
        path = [column.at(p) for p in column.positions.edges[pair][k]]
        path = path[::-1] if turned else path
        edge.path = meeting(path, picture.nodes[edge.tail], picture.nodes[edge.head])


def _crossings(plans: list[_Plan]) -> dict[int, list[float]]:
    """Where lanes cross the heads of blocks."""
    found: dict[int, list[float]] = defaultdict(list)
    for plan in plans:
        if plan.across:
            continue
        leaves, enters = plan.start, plan.edge.path[-1][0]
        found[plan.tail.index if plan.up else plan.head.index].append(leaves if plan.up else enters)
    return found


def _indent(label: str, column: _Column, crossings: list[float]) -> float:
    """Where a step's label starts: in the corner, or right of the lanes that come through there."""
    indent, wide = 9.0, width(label, FRAME_SIZE)
    for x in sorted(x - column.x for x in crossings):
        if indent - 6 < x < indent + wide + 6:
            indent = x + 7
    return indent if indent + wide < column.wide else 9.0


def _frames(rows: list[_Row], crossings: dict[int, list[float]]) -> Iterator[Frame]:
    """Frames around runs of steps, around each step, and around the scopes inside it."""
    for row in rows:
        for path in {c.frames[:d]: None for c in row.columns for d in range(1, len(c.frames))}:
            inside = [c for c in row.columns if c.frames[: len(path)] == path]
            reach = max(len(c.frames) for c in inside) - len(path)
            left = inside[0].x - PAD * reach - TRACK * len(inside[0].lanes)
            right = inside[-1].x + inside[-1].wide + PAD * reach + inside[-1].beyond
            head = row.head - (PAD + HEAD) * reach - (LIFT + TRACK * row.heads.count if row.heads.count else 0.0)
            foot = row.foot + PAD * reach + (LIFT + TRACK * row.feet.count if row.feet.count else 0.0)
            yield Frame(frame_label(path[-1]), left, head, right - left, foot - head, len(path) - 1)
        for c in row.columns:
            if c.frames:
                label = frame_label(c.frames[-1])
                yield Frame(label, c.x, c.y, c.wide, c.high, len(c.frames) - 1, _indent(label, c, crossings[c.index]))
            for name, path in c.clusters.items():
                x, y, wide, high = c.positions.frames[name]
                yield Frame(frame_label(path[-1]), *c.at((x, y)), wide, high, len(c.frames) + len(path) - 1)
