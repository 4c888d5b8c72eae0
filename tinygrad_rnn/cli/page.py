"""The page that the tour leaves behind: one HTML file beside its pictures, no script, no network."""

from __future__ import annotations

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566173; --paper: #fbfaf7; --card: #ffffff; --line: #d9d5cb;
  --a: #0b62a8; --b: #b3470c; --c: #3c7a2b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a4acb9; --paper: #14181f; --card: #1c222b;
  --line: #353d49; --a: #78b7ee; --b: #f0a06a; --c: #93cf80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 Georgia, "DejaVu Serif", serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 2.3rem; line-height: 1.15; margin: 0 0 .4rem; } h2 { margin: 3.2rem 0 .6rem; font-size: 1.5rem; }
h3 { margin: 2rem 0 .4rem; } p { max-width: 44rem; } .lead { font-size: 1.2rem; color: var(--soft); }
figure { margin: 1.2rem 0; background: #ffffff; border: 1px solid var(--line); border-radius: 10px; padding: 1rem;
  overflow-x: auto; } figure.own { background: var(--card); }
figure img { display: block; max-width: 100%; max-height: 34rem; margin: auto; }
figure.wide img { max-width: max(100%, 44rem); max-height: none; }
figcaption { color: #566173; font-size: .9rem; margin-top: .7rem; } figure.own figcaption { color: var(--soft); }
table { border-collapse: collapse; font-size: .95rem; } th, td { padding: .3rem 1rem .3rem 0; text-align: right;
  border-bottom: 1px solid var(--line); } th:first-child, td:first-child { text-align: left; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem;
  overflow-x: auto; font: 14px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre-wrap; }
code { font: .88em "DejaVu Sans Mono", Menlo, Consolas, monospace; } a { color: var(--a); }
.chart { width: 100%; max-width: 44rem; font: 12px sans-serif; } .chart text { fill: var(--ink); }
.chart .axis { fill: none; stroke: var(--soft); } .chart .grid { stroke: var(--line); }
.line0, .line1, .line2 { fill: none; stroke-width: 2.2; } .line0 { stroke: var(--a); } .line1 { stroke: var(--b); }
.line2 { stroke: var(--c); } details { margin: 1rem 0; } summary { cursor: pointer; color: var(--a); }
"""


class Page:
    """Collects sections and becomes one HTML document."""

    def __init__(self, title: str, lead: str):
        self.title = title
        self.parts = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{lead}</p>']

    def heading(self, text: str, level: int = 2) -> None:
        self.parts.append(f"<h{level}>{escape(text)}</h{level}>")

    def paragraph(self, html: str) -> None:
        self.parts.append(f"<p>{html}</p>")

    def picture(self, file: str, caption: str, *, wide: bool = False) -> None:
        name = escape(file, quote=True)
        kind = ' class="wide"' if wide else ""
        image = f'<a href="{name}"><img src="{name}" alt="{escape(caption, quote=True)}"></a>'
        self.parts.append(f"<figure{kind}>{image}<figcaption>{escape(caption)}</figcaption></figure>")

    def chart(self, svg: str, caption: str) -> None:
        self.parts.append(f'<figure class="own">{svg}<figcaption>{escape(caption)}</figcaption></figure>')

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        top = "".join(f"<th>{escape(h)}</th>" for h in head)
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        self.parts.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")

    def text(self, text: str, summary: str | None = None) -> None:
        block = f"<pre>{escape(text)}</pre>"
        folded = f"<details><summary>{escape(summary or '')}</summary>{block}</details>"
        self.parts.append(folded if summary else block)

    def html(self) -> str:
        return "\n".join(
            [
                '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width">',
                f"<title>{escape(self.title)}</title><style>{STYLE}</style></head>\n<body><main>",
                *self.parts,
                "</main></body></html>\n",
            ]
        )
