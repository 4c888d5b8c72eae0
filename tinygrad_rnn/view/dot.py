"""A `Picture` as DOT, Graphviz's language. The graphviz package does the quoting; labels are data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import graphviz

from ..step.names import clean
from .legend import entries
from .picture import Edge, Label, Node, Picture
from .theme import DETAIL_SIZE, LIGHT, Theme

_SHAPES = {
    "circle": "box",
    "box": "box",
    "slanted": "parallelogram",
    "cut": "octagon",
    "plain": "box",
    "point": "point",
}
SPACING = {"nodesep": "0.16", "ranksep": "0.26"}


def to_dot(picture: Picture) -> str:
    """The whole picture, styled: what ``.save("x.dot")`` writes, for any Graphviz."""
    out = graphviz.Digraph("picture", comment=clean(picture.title))
    out.attr(
        rankdir="TB", fontname="DejaVu Sans,Verdana,sans-serif", compound="true", bgcolor=picture.theme.paper, **SPACING
    )
    out.attr("node", fontname="DejaVu Sans,Verdana,sans-serif", fontsize="11", margin="0.03")
    out.attr("edge", arrowsize="0.6")
    frames = {node.id: picture.blocks[node.block].frames + node.frames for node in picture.nodes.values()}
    _nested(out, [(frames[node.id], node) for node in picture.nodes.values()], _styled_node, picture.theme)
    for edge in picture.edges:
        _styled_edge(out, edge, picture.theme)
    if picture.legend:
        _legend(out, picture)
    return out.source


def _legend(out: Any, picture: Picture) -> None:
    """A cluster of samples, each with what it means."""
    body = graphviz.Digraph("cluster_legend", graph_attr={"label": "", "color": picture.theme.frame_line})
    for i, entry in enumerate(entries(picture)):
        if entry.look is not None:
            text = f"{entry.sign}  {entry.meaning}" if entry.sign else entry.meaning
            _styled_node(body, Node(f"legend{i}", entry.look, Label(text), ghost=entry.ghost))
            continue
        stroke = picture.theme.strokes["lane" if entry.kind == "cut" else entry.kind]
        for end in ("from", "to"):
            body.node(f"legend{i}{end}", shape="point", label="", xlabel="")
        body.edge(f"legend{i}from", f"legend{i}to", label=entry.meaning, color=stroke.line)
    out.subgraph(body)


def block_dot(
    nodes: Sequence[Node],
    edges: Iterable[Edge],
    exits: Iterable[tuple[str, bool]],
    across: bool = False,
    beside: Sequence[Sequence[str]] = (),
) -> tuple[str, dict[str, str], dict[str, tuple[str, ...]]]:
    """One block, sizes only, for the layout engine: DOT, its name for each node, and the scope of each cluster.

    Gradients are laid out against their flow, so that they run upwards beside the values they belong to.
    Entries are kept at the side they come from; `exits` are (source, upwards) points where lanes leave, named
    after their source with "^" or "v". Names are numbered afresh, so that equal steps give equal text. `beside`: nodes
    that are to stand in one rank, in this order, as they do in another step.
    """
    out = graphviz.Digraph("block")
    out.attr(rankdir="LR" if across else "TB", **SPACING)
    out.attr("node", shape="box", fixedsize="true", label="")
    out.attr("edge", dir="none")
    if len(nodes) < 200:
        out.attr(mclimit="4", searchsize="100")  # worth more rounds against crossings
    leaving = [(exit_id(source, up), source, up) for source, up in exits]
    ids = {name: f"a{k}" for k, name in enumerate([*(n.id for n in nodes), *(i for i, _, _ in leaving)])}
    by_id = {n.id: n for n in nodes}

    def write(body: Any, node: Node) -> None:
        wide, high = node.extent
        shape = "circle" if node.look.shape == "circle" and wide == high else "box"
        body.node(ids[node.id], width=f"{wide / 72:.4f}", height=f"{high / 72:.4f}", shape=shape)

    clusters = _nested(out, [(() if n.entry else n.frames, n) for n in nodes], write)
    sides: dict[str, list[str]] = {"source": [], "sink": []}
    for n in nodes:
        if n.entry or n.leaves:
            sides["sink" if n.backward or n.leaves else "source"].append(ids[n.id])
    for i, source, upwards in leaving:
        sides["source" if upwards else "sink"].append(ids[i])
        out.node(ids[i], width="0.02", height="0.02")
        out.edge(*((ids[i], ids[source]) if upwards else (ids[source], ids[i])), weight="20" if across else "2")
    for side, members in sides.items():
        if members:
            rank = graphviz.Digraph(graph_attr={"rank": side})
            for i in members:
                rank.node(i)
            out.subgraph(rank)
    for members in beside if not clusters else ():
        rank = graphviz.Digraph(graph_attr={"rank": "same"})
        for a, b in pairwise(members):
            rank.edge(ids[a], ids[b], style="invis")
        out.subgraph(rank)
    for edge in edges:
        tail, head = ids[edge.tail], ids[edge.head]
        if edge.kind == "gradient":
            out.edge(head, tail)
        else:
            straight = edge.kind == "through" and by_id[edge.head].look.shape in ("circle", "point")
            heavy = by_id[edge.tail].look.shape == "circle" and edge.kind == "data"
            out.edge(tail, head, weight="20" if straight else "2" if heavy else "1")
    return out.source, ids, clusters


def exit_id(source: str, upwards: bool) -> str:
    return source + ("^" if upwards else "v")


def _nested(
    out: Any, placed: Sequence[tuple[tuple[str, ...], Node]], write: Callable[[Any, Node], None], theme: Theme = LIGHT
) -> dict[str, tuple[str, ...]]:
    """Write nodes into clusters, one per scope; returns each cluster's scope. No recursion: scopes may nest deeply."""
    bodies: dict[tuple[str, ...], Any] = {(): out}
    for frames, node in placed:
        for depth in range(1, len(frames) + 1):
            path = frames[:depth]
            if path not in bodies:
                body = graphviz.Digraph(f"cluster_{len(bodies)}")
                body.attr(
                    label=graphviz.nohtml(graphviz.escape(frame_label(path[-1]))), style="rounded,filled",
                    color=theme.frame_line, fillcolor=theme.frame_fill(depth - 1),
                    fontcolor=theme.frame_text, fontsize="11", labeljust="l", margin="8",
                )  # fmt: skip
                bodies[path] = body
        write(bodies[frames], node)
    for path in sorted((p for p in bodies if p), key=lambda p: -len(p)):  # innermost first: a subgraph is copied
        bodies[path[:-1]].subgraph(bodies[path])
    return {bodies[path].name: path for path in bodies if path}


def frame_label(label: str) -> str:
    """``t=3`` → ``t = 3``."""
    return clean(label.replace("=", " = ", 1) if label.startswith("t=") else label)


def _styled_node(out: Any, node: Node) -> None:
    look, (wide, high) = node.look, node.extent
    styles = ["filled"] + ["rounded"] * (look.shape == "circle") + ["dashed"] * node.ghost
    shape = "circle" if look.shape == "circle" and wide == high else _SHAPES[look.shape]
    out.node(
        node.id, label=graphviz.nohtml("\\n".join(graphviz.escape(line) for line in node.label.lines)),
        shape=shape, style=",".join(styles), fillcolor=look.fill, color=look.line, fontcolor=look.text,
        penwidth=f"{look.weight:g}", peripheries="2" if look.double else "1",
        fontsize=f"{DETAIL_SIZE if look.small else 11:g}", width=f"{wide / 72:.3f}", height=f"{high / 72:.3f}",
        tooltip=graphviz.nohtml(graphviz.escape(node.tooltip)),
    )  # fmt: skip


def _styled_edge(out: Any, edge: Edge, theme: Theme) -> None:
    stroke = edge.stroke(theme)
    attributes = {"color": stroke.line, "penwidth": f"{stroke.weight:g}"}
    if stroke.dash:
        attributes["style"] = "dotted" if edge.kind == "saved" or edge.cut else "dashed"
    if edge.kind in ("gradient", "back_lane"):  # drawn against the flow, so that gradients run upwards
        out.edge(edge.head, edge.tail, dir="back", **attributes)
    else:
        out.edge(edge.tail, edge.head, **attributes)
