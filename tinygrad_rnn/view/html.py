"""A drawing as one HTML file to move about in: no network, nothing to install; works from a file."""

from __future__ import annotations

from html import escape

from ..step.names import clean

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: {scheme}; --paper: {paper}; --ink: {ink}; --line: {line}; }}
{dark}html, body {{ margin: 0; height: 100%; background: var(--paper); color: var(--ink); }}
body {{ display: flex; flex-direction: column; font: 15px/1.4 system-ui, sans-serif; }}
header {{ display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; padding: .5rem .9rem; }}
h1 {{ font-size: 1rem; margin: 0; }} header span {{ flex: 1; min-width: 8rem; }}
button {{ font: inherit; min-width: 2.4rem; padding: .25rem .6rem; color: inherit; background: none;
  border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }}
#view {{ flex: 1; overflow: hidden; touch-action: none; cursor: grab; border-top: 1px solid var(--line); }}
#view:active {{ cursor: grabbing; }} #view:focus-visible {{ outline: 3px solid var(--line); outline-offset: -3px; }}
#view > svg {{ width: 100%; height: 100%; display: block; }}
@media print {{ header {{ display: none; }} }}
</style>
</head>
<body>
<header><h1>{title}</h1><span>{about}</span>
<button id="out" aria-label="smaller">−</button><button id="in" aria-label="larger">+</button>
<button id="fit">all</button></header>
<main id="view" tabindex="0" aria-label="drawing: drag or use the arrow keys to move, + and − for its size, 0 for all">
{svg}</main>
<script>
"use strict";
const view = document.getElementById("view"), svg = view.querySelector("svg");
const whole = svg.viewBox.baseVal, all = [whole.x, whole.y, whole.width, whole.height];
let [x, y, w, h] = all;
svg.removeAttribute("width"); svg.removeAttribute("height");
function show() {{ svg.setAttribute("viewBox", [x, y, w, h].join(" ")); }}
function fit() {{ [x, y, w, h] = all; show(); }}
function unit() {{ return Math.max(w / view.clientWidth, h / view.clientHeight); }}
function zoom(factor, px, py) {{
  factor = Math.min(Math.max(factor, all[2] / 4 / w / 50), 4 * all[2] / w);
  const box = view.getBoundingClientRect(), u = unit();
  const fx = x + w / 2 + (px - box.left - box.width / 2) * u, fy = y + h / 2 + (py - box.top - box.height / 2) * u;
  x = fx - (fx - x) * factor; y = fy - (fy - y) * factor; w *= factor; h *= factor; show();
}}
function middle(factor) {{
  const box = view.getBoundingClientRect();
  zoom(factor, box.left + box.width / 2, box.top + box.height / 2);
}}
view.addEventListener("wheel", e => {{ e.preventDefault(); zoom(Math.exp(e.deltaY / 500), e.clientX, e.clientY); }},
  {{ passive: false }});
const fingers = new Map();
view.addEventListener("pointerdown", e => {{
  fingers.set(e.pointerId, e); view.setPointerCapture(e.pointerId);
}});
for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, e => fingers.delete(e.pointerId));
view.addEventListener("pointermove", e => {{
  const old = fingers.get(e.pointerId);
  if (!old) return;
  const u = unit(), other = [...fingers.values()].find(f => f.pointerId !== e.pointerId);
  if (other) {{
    const distance = p => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY) || 1;
    zoom(distance(old) / distance(e), (e.clientX + other.clientX) / 2, (e.clientY + other.clientY) / 2);
  }} else {{ x -= (e.clientX - old.clientX) * u; y -= (e.clientY - old.clientY) * u; show(); }}
  fingers.set(e.pointerId, e);
}});
const keys = {{ "+": () => middle(.8), "=": () => middle(.8), "-": () => middle(1.25), "0": fit,
  ArrowLeft: () => {{ x -= w / 12; show(); }}, ArrowRight: () => {{ x += w / 12; show(); }},
  ArrowUp: () => {{ y -= h / 12; show(); }}, ArrowDown: () => {{ y += h / 12; show(); }} }};
document.addEventListener("keydown", e => {{
  if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) {{ keys[e.key](); e.preventDefault(); }}
}});
document.getElementById("in").onclick = () => middle(.8);
document.getElementById("out").onclick = () => middle(1.25);
document.getElementById("fit").onclick = fit;
</script>
</body>
</html>
"""


def to_html(
    svg: str, *, title: str, about: str, colours: tuple[str, str, str], dark: tuple[str, str, str] | None
) -> str:
    """A page with the picture.

    Args:
        svg: the picture.
        title, about: said above it.
        colours: of paper, text and lines.
        dark: the same where the reader's device is dark.
    """
    paper, ink, line = colours
    rule = ""
    if dark is not None:
        rule = "@media (prefers-color-scheme: dark) {{ :root {{ --paper: {}; --ink: {}; --line: {}; }} }}\n".format(
            *dark
        )
    return _PAGE.format(
        title=escape(clean(title)), about=escape(clean(about)), paper=paper, ink=ink, line=line, dark=rule,
        scheme="light dark" if dark is not None else "normal", svg=svg,
    )  # fmt: skip
