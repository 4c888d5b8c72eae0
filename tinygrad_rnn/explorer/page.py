"""The page: a drawing, the data, and the script and style beside this file, in one HTML text."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import Any

from ..step.names import clean

_HEAD = """<!DOCTYPE html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'">
<title>{title}, step by step</title>
<style>
{style}</style>
</head>
"""


def page(title: str, svg: str, data: dict[str, Any], theme: str) -> str:
    """The HTML text. `data` is embedded as JSON in which no tag can end."""
    folder = files("tinygrad_rnn.explorer")
    style, script, body = ((folder / f"explorer.{kind}").read_text("utf-8") for kind in ("css", "js", "html"))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    name = escape(clean(title))
    fixed = {"light": "light", "print": "light", "dark": "dark"}.get(theme)
    head = _HEAD.format(title=name, style=style, theme=f' data-theme="{fixed}"' if fixed else "")
    parts = body.replace("{{title}}", name).split("{{drawing}}")
    embedded = f'<script type="application/json" id="data">{text}</script>\n<script>\n{script}</script>\n'
    return f"{head}{parts[0]}{svg}{parts[1]}{embedded}</body>\n</html>\n"
