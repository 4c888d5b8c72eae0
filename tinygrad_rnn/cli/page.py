"""The page that the tour leaves behind: one HTML file beside its pictures, no script, no network."""

from __future__ import annotations

from html import escape

from ..view.theme import LOOKS

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566173; --paper: #fbfaf7; --card: #ffffff; --line: #d9d5cb;
  --a: #0b62a8; --b: #b3470c; --c: #3c7a2b; --d: #7a3fa0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a4acb9; --paper: #14181f; --card: #1c222b;
  --line: #353d49; --a: #78b7ee; --b: #f0a06a; --c: #93cf80; --d: #cfa3ee; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 Georgia, "DejaVu Serif", serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 2.6rem; line-height: 1.15; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { margin: 3.6rem 0 .6rem; padding-top: 1.4rem; border-top: 1px solid var(--line); font-size: 1.6rem; }
h3 { margin: 2rem 0 .4rem; } p { max-width: 44rem; } .lead { font-size: 1.2rem; color: var(--soft); }
nav { font: 15px/1.5 system-ui, sans-serif; margin: 1.2rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.8rem 0 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem;
  font: 14px/1.4 system-ui, sans-serif; color: var(--soft); }
.facts strong { display: block; font: 600 1.7rem/1.3 Georgia, "DejaVu Serif", serif; color: var(--ink); }
sup { font-size: .62em; line-height: 0; }
.legend { font: 14px/1.4 system-ui, sans-serif; color: var(--soft); display: flex; flex-wrap: wrap; gap: .4rem 1.3rem;
  padding: 0; list-style: none; } .legend i { display: inline-block; width: 1.5em; height: 1em; margin-right: .45em;
  vertical-align: -.12em; border: 1.5px solid; border-radius: 3px; } .legend .round { border-radius: 1em; }
figure { margin: 1.2rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem;
  overflow-x: auto; }
figure img { display: block; max-width: 100%; max-height: 34rem; margin: auto; }
figure.wide img { max-width: max(100%, 44rem); max-height: none; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .7rem; }
ol.try { max-width: 44rem; padding-left: 1.3rem; } p.link { font: 600 1rem/1.4 system-ui, sans-serif; }
table { border-collapse: collapse; font-size: .95rem; display: block; overflow-x: auto; }
th, td { padding: .3rem 1.2rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; } th:first-child, td:first-child { text-align: left; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem; margin: 0;
  overflow-x: auto; font: 14px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; } pre .given { color: var(--soft); } a { color: var(--a); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 1.2rem; }
.pair section { display: flex; flex-direction: column; min-width: 0; } .pair pre { flex: 1; font-size: 12px; }
.chart { display: block; width: 100%; max-width: 54rem; margin: auto; font: 12px system-ui, sans-serif; }
.chart text { fill: var(--ink); } .chart .axis { fill: none; stroke: var(--soft); }
.chart .grid { stroke: var(--line); }
.line0, .line1, .line2, .line3 { fill: none; stroke-width: 2.2; } .line0 { stroke: var(--a); }
.line1 { stroke: var(--c); } .line2 { stroke: var(--d); } .line3 { stroke: var(--b); }
details { margin: 1rem 0; } details pre { margin-top: .7rem; max-height: 26rem; overflow-y: auto; }
summary { cursor: pointer; color: var(--a); }
@media print { nav, details { display: none; } figure, .facts div { break-inside: avoid; } }
"""
#: What the drawings' colours and shapes say: label, role in `view.theme`, round ends.
LEGEND = (
    ("input", "input", False), ("parameter", "parameter", False), ("state", "state", True), ("gate", "function", True),
    ("elementwise", "pointwise", True), ("product", "product", False), ("gradient", "gradient", False),
    ("saved in the forward pass", "saved", True),
)  # fmt: skip


class Page:
    """Collects sections and becomes one HTML document."""

    def __init__(self, title: str, lead: str):
        self.title, self.lead = title, lead
        self.parts: list[str] = []
        self.facts: list[str] = []
        self.links: list[str] = []

    def fact(self, figure: str, meaning: str) -> None:
        """One of the figures at the top; ``10^13`` is set as a power."""
        base, _, power = escape(figure).partition("^")
        shown = f"{base}<sup>{power}</sup>" if power else base
        self.facts.append(f"<div><strong>{shown}</strong>{escape(meaning)}</div>")

    def heading(self, text: str, level: int = 2, place: str = "") -> None:
        place = place or f"part-{len(self.parts)}"
        self.parts.append(f'<h{level} id="{place}">{escape(text)}</h{level}>')
        if level == 2:
            self.links.append(f'<a href="#{place}">{escape(text)}</a>')

    def legend(self) -> None:
        items = [
            f'<li><i{" class=round" if rounded else ""} style="background:{LOOKS[role].fill};'
            f'border-color:{LOOKS[role].line}"></i>{escape(label)}</li>'
            for label, role, rounded in LEGEND
        ]
        self.parts.append(f'<ul class="legend">{"".join(items)}</ul>')

    def items(self, htmls: list[str]) -> None:
        """A numbered list of what to try."""
        self.parts.append(f'<ol class="try">{"".join(f"<li>{html}</li>" for html in htmls)}</ol>')

    def link(self, file: str, text: str) -> None:
        self.parts.append(f'<p class="link"><a href="{escape(file, quote=True)}">{escape(text)} →</a></p>')

    def paragraph(self, html: str) -> None:
        self.parts.append(f"<p>{html}</p>")

    def picture(self, file: str, caption: str, *, wide: bool = False) -> None:
        name = escape(file, quote=True)
        kind = ' class="wide"' if wide else ""
        image = f'<a href="{name}"><img src="{name}" alt="{escape(caption, quote=True)}"></a>'
        self.parts.append(f"<figure{kind}>{image}<figcaption>{escape(caption)}</figcaption></figure>")

    def chart(self, svg: str, caption: str) -> None:
        self.parts.append(f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>")

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        top = "".join(f"<th>{escape(h)}</th>" for h in head)
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        self.parts.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")

    def text(self, text: str, summary: str | None = None) -> None:
        block = f"<pre>{escape(text)}</pre>"
        folded = f"<details><summary>{escape(summary or '')}</summary>{block}</details>"
        self.parts.append(folded if summary else block)

    def side_by_side(self, texts: dict[str, str], given: int) -> None:
        """Texts in columns, their first `given` characters set apart."""
        columns = [
            f'<section><h3>{escape(title)}</h3><pre><span class="given">{escape(text[:given])}</span>'
            f"{escape(text[given:])}</pre></section>"
            for title, text in texts.items()
        ]
        self.parts.append(f'<div class="pair">{"".join(columns)}</div>')

    def html(self) -> str:
        return "\n".join(
            [
                '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width">',
                f"<title>{escape(self.title)}</title><style>{STYLE}</style></head>\n<body><main>",
                f'<h1>{escape(self.title)}</h1><p class="lead">{escape(self.lead)}</p>',
                f"<nav>{''.join(self.links)}</nav>",
                f'<div class="facts">{"".join(self.facts)}</div>',
                *self.parts,
                "</main></body></html>\n",
            ]
        )
