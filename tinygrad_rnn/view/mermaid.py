"""A `Picture` as Mermaid, the diagram language that Markdown pages (GitHub's, among others) show as pictures."""

from __future__ import annotations

from collections import defaultdict

from ..step.names import clean
from .dot import frame_label
from .legend import entries
from .picture import Edge, Node, Picture
from .theme import Look, Stroke

_SHAPES = {
    "circle": ('(["', '"])'), "box": ('["', '"]'), "slanted": ('[/"', '"/]'), "cut": ('{{"', '"}}'),
    "plain": ('("', '")'), "point": ('(("', '"))'),
}  # fmt: skip
_ARROWS = {"lane": "==>", "loop": "==>", "through": "==>", "saved": "-.->", "back_lane": "-.->"}
_PLAIN = set(" ,:()")


def to_mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart; names are written so that none of their characters means anything."""
    lines = [
        f"flowchart {'LR' if picture.across else 'TB'}",
        f"  accTitle: {escaped(picture.title)}",
        f"  accDescr: {escaped(picture.description)}",
    ]
    shown = [node for node in picture.nodes.values() if node.look.shape != "point"]
    lines += _nodes(picture, shown)
    if picture.legend:
        lines.append('  subgraph legend["legend"]')
        for i, entry in enumerate(entries(picture)):
            if entry.look is not None:
                opening, closing = _SHAPES[entry.look.shape]
                lines.append(
                    f"    legend{i}{opening}{escaped(f'{entry.sign} {entry.meaning}')}{closing}:::{entry.kind}"
                )
        lines.append("  end")
    drawn = {node.id for node in shown}
    strokes: dict[Stroke, list[int]] = defaultdict(list)
    for i, edge in enumerate(e for e in picture.edges if e.tail in drawn and e.head in drawn):
        lines.append(f"  {edge.tail} {_arrow(edge)} {edge.head}")
        strokes[edge.stroke(picture.theme)].append(i)
    for stroke, numbers in strokes.items():
        style = f"stroke:{stroke.line},stroke-width:{stroke.weight:g}px"
        lines.append(f"  linkStyle {','.join(map(str, numbers))} {style}")
    used = {kind for line in lines for kind in [line.rpartition(":::")[2]] if kind in picture.theme.looks}
    lines += [_class(kind, look) for kind, look in picture.theme.looks.items() if kind in used]
    marked = [node for node in shown if node.look.line == picture.theme.mark]
    lines += [f"  style {n.id} stroke:{n.look.line},stroke-width:{n.look.weight:g}px" for n in marked]
    lines.append("  classDef ghost stroke-dasharray:4 3")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text whose ASCII signs are character codes: Mermaid reads no quotes, tags, Markdown or directives in it."""
    return "".join(c if c.isalnum() or c in _PLAIN or ord(c) > 127 else f"#{ord(c)};" for c in clean(text)) or "#32;"


def _nodes(picture: Picture, shown: list[Node]) -> list[str]:
    """The nodes inside their frames, which are opened and closed in order: no recursion."""
    placed = sorted(
        ((picture.blocks[node.block].frames + node.frames, k, node) for k, node in enumerate(shown)),
        key=lambda item: (picture.nodes[item[2].id].block, item[0], item[1]),
    )
    lines: list[str] = []
    path: tuple[str, ...] = ()
    for count, (frames, _, node) in enumerate(placed):
        same = next(
            (k for k, (a, b) in enumerate(zip(path, frames, strict=False)) if a != b), min(len(path), len(frames))
        )
        lines += ["  " * (depth + 1) + "end" for depth in range(len(path) - 1, same - 1, -1)]
        for depth in range(same, len(frames)):
            lines.append("  " * (depth + 1) + f'subgraph f{count}d{depth}["{escaped(frame_label(frames[depth]))}"]')
        path = frames
        opening, closing = _SHAPES[node.look.shape]
        text = "<br/>".join(escaped(line) for line in node.label.lines) or "#32;"
        lines.append("  " * (len(path) + 1) + f"{node.id}{opening}{text}{closing}:::{node.kind}")
        if node.ghost:
            lines.append("  " * (len(path) + 1) + f"class {node.id} ghost")
    lines += ["  " * (depth + 1) + "end" for depth in range(len(path) - 1, -1, -1)]
    return lines


def _arrow(edge: Edge) -> str:
    return "-.->" if edge.cut else _ARROWS.get(edge.kind, "-->")


def _class(kind: str, look: Look) -> str:
    style = f"fill:{look.fill},stroke:{look.line},stroke-width:{look.weight:g}px,color:{look.text}"
    return f"  classDef {kind} {style}"
