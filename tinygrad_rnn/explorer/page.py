"""The page: a drawing, the data, and the scripts and style beside this file, in one HTML text."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from ..step.language import LANGUAGES, spoken
from ..step.names import clean

_HEAD = """<!DOCTYPE html>
<html lang="{language}"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {style_hash}; \
script-src {script_hash}">
<title>{heading}</title>
<style>{style}</style>
</head>
"""


def page(title: str, svg: str, data: dict[str, Any], functions: str, theme: str, language: str) -> str:
    """The HTML text. `data` is embedded as JSON in which no tag can end; nothing but the page's own script runs."""
    folder = files("tinygrad_rnn.explorer")
    style, live, script, body = (
        (folder / name).read_text("utf-8") for name in ("explorer.css", "live.js", "explorer.js", "explorer.html")
    )
    script = f"\n{live}\nconst FUNCTIONS = {functions};\n{script}"
    data = data | {"words": LANGUAGES[language]}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    name = escape(clean(title))
    fixed = {"light": "light", "print": "light", "dark": "dark"}.get(theme)
    styles = [style, *(part.split("</style>")[0] for part in svg.split("<style>")[1:])]
    head = _HEAD.format(
        heading=escape(spoken("explore", language)("{}, step by step", clean(title))), language=language, style=style,
        theme=f' data-theme="{fixed}"' if fixed else "",
        style_hash=" ".join(map(_hash, styles)), script_hash=_hash(script),
    )  # fmt: skip
    before, after = body.replace("{{title}}", name).split("{{drawing}}")
    embedded = f'<script type="application/json" id="data">{text}</script>\n<script>{script}</script>\n'
    return f"{head}{before}{svg}{after}{embedded}</body>\n</html>\n"


def _hash(text: str) -> str:
    """What a content security policy knows a script or style by (W3C CSP Level 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
