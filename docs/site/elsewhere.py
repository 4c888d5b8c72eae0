"""Links that leave the pages of a language: to the other language, to sources, to explorers.

Staged pages say ``site:PATH``, a path from the root of the site, or ``site-here:PATH``, from the root of the language.
They become relative to the page, so that the folder works from anywhere, a disk too.
"""

from __future__ import annotations

import os
import posixpath
from typing import Any

import sphinx.locale
import staged
from docutils import nodes

_THEME = {"Next": "下一页", "Previous": "上一页", "Home": "首页", "On this page": "本页内容"}


def _relative(app: Any, docname: str, target: str, root: bool) -> str:
    here = posixpath.join("zh" if root and app.config.chinese_pages else "", docname)
    path, _, anchor = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(here) or ".") + (f"#{anchor}" if anchor else "")


def resolve(app: Any, doctree: Any, docname: str) -> None:
    for node in doctree.findall(nodes.reference):
        kind, _, target = node.get("refuri", "").partition(":")
        if kind in ("site", "site-here"):
            node["refuri"] = _relative(app, docname, target, kind == "site")
            node["classes"] = ["internal"]


def other_language(app: Any, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """The same page in the other language, or its home."""
    there = pagename if pagename in staged.BOTH else "index"
    context["other_language"] = _relative(
        app, pagename, (there if app.config.chinese_pages else f"zh/{there}") + ".html", True
    )
    context["chinese"] = app.config.chinese_pages
    if app.config.chinese_pages:  # the theme has no Chinese of its own
        context["_"] = lambda text: _THEME.get(text) or sphinx.locale._(text)


def setup(app: Any) -> dict[str, Any]:
    app.add_config_value("chinese_pages", os.environ.get("SITE_LANGUAGE") == "zh", "env")
    app.connect("doctree-resolved", resolve)
    app.connect("html-page-context", other_language)
    return {"parallel_read_safe": True}
