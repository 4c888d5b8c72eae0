"""Formulas of the pages as MathML, written when the site is built: no script, no font, nothing from a network."""

from __future__ import annotations

from typing import Any

import latex2mathml.converter
from docutils import nodes


def _written(latex: str, display: str) -> str:
    return latex2mathml.converter.convert(latex, display=display)


def inline(translator: Any, node: Any) -> None:
    translator.body.append(_written(node.astext(), "inline"))
    raise nodes.SkipNode


def block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="formula">{_written(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True}
