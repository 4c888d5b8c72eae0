"""The site builds without a warning, its links lead somewhere, and every public name is listed."""

from __future__ import annotations

import html
import inspect
import os
import re
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest
from docs.site_built import site as site

import tinygrad_rnn as tg

pytestmark = pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the same pages")

_TAG = re.compile(r"<([a-zA-Z]\w*)\b([^<>]*)>")
_ADDRESS = re.compile(r"""\b(href|src|srcset|data|poster|action)=(?:"([^"]*)"|'([^']*)')""")
_NOT_SHOWN = re.compile(r"<script[^>]*>.*?</script>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)


def pages(site: Path) -> dict[Path, str]:
    return {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}


def test_no_link_is_broken(site: Path) -> None:
    texts = pages(site)
    places = {page: set(re.findall(r"""\b(?:id|name)=["']([^"']+)["']""", text)) for page, text in texts.items()}
    followed, broken = 0, []
    for page, text in texts.items():
        if "explore" in page.parts:
            continue  # one file each, without links to others
        inside = " ".join(attributes for _, attributes in _TAG.findall(_NOT_SHOWN.sub("", text)))
        for _, double, single in _ADDRESS.findall(inside):
            target = html.unescape(double or single)
            if not target or re.match(r"[a-z]+:|//", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page
            followed += 1
            there = file.is_file() and (not anchor or file not in places or unquote(anchor) in places[file])
            if not there and target != "#":
                broken.append(f"{page.relative_to(site)}: {target}")
    assert followed > 1000
    assert sorted(set(broken)) == []


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    """A link of a sentence may lead out; what a browser fetches by itself may not."""
    elsewhere = re.compile(r"^(?:[a-z]+:)?//")
    found = []
    for page, text in pages(site).items():
        for tag, attributes in _TAG.findall(_NOT_SHOWN.sub("", text)):
            for attribute, double, single in _ADDRESS.findall(attributes):
                if elsewhere.match(double or single) and not (tag == "a" and attribute == "href"):
                    found.append(f"{page.relative_to(site)}: <{tag} {attribute}={double or single}>")
        scripts = re.findall(r"<script[^>]*src=[\"'](?:https?:)?//[^>]*>", text)
        found += [f"{page.relative_to(site)}: {script}" for script in scripts]
    for style in [*site.rglob("*.css")]:
        text = style.read_text(encoding="utf-8")
        fetched = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^)\"']+)", text)
        found += [f"{style.name}: {url}" for url in fetched]
    assert found == []


def test_both_languages_have_what_is_read_first(site: Path) -> None:
    for page in ("index", "install", "guide", "cells", "companion", "learn/index"):
        english, chinese = ((folder / f"{page}.html").read_text(encoding="utf-8") for folder in (site, site / "zh"))
        up = "../" * page.count("/")
        assert f'href="{up}zh/{page}.html" lang="zh-CN"' in english
        assert f'href="{up}../{page}.html" lang="en"' in chinese
        assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 150, page


def test_formulas_are_mathml(site: Path) -> None:
    text = (site / "companion.html").read_text(encoding="utf-8")
    assert text.count("<math") > 13
    assert "MathJax" not in text


def test_every_cell_has_its_picture_its_explorer_and_its_source(site: Path) -> None:
    for folder in (site, site / "zh"):
        text = (folder / "cells.html").read_text(encoding="utf-8")
        for name, facts in tg.nn.catalogue().items():
            assert re.search(rf'src="(\.\./)?_images/{name}\d*\.svg"', text), name
            assert f'href="explore/{name}.html"' in text
            assert (folder / f"explore/{name}.html").stat().st_size > 50_000
            file, (_, line) = inspect.getsourcefile(facts.kind), inspect.getsourcelines(facts.kind)
            assert f"source/tinygrad_rnn/nn/cells/{Path(str(file)).stem}.html#line-{line}" in text


MODULES = ["tg", "tg.nn", "tg.optim", "tg.data", "tg.strategies", "tg.training", "tg.onnx", "tg.linalg", "tg.errors"]


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_lists_every_public_name(module: str, site: Path) -> None:
    """Public is what dir() shows that is ours: no module, nothing of Python's or NumPy's."""
    inside = tg if module == "tg" else getattr(tg, module[3:])
    ours = {
        name
        for name in dir(inside)
        if not name.startswith("_")
        and getattr(getattr(inside, name), "__module__", "").startswith("tinygrad_rnn")
        and (
            (callable(getattr(inside, name)) and not isinstance(getattr(inside, name), ModuleType)) or name == "compile"
        )
    } - {"no_attribute", "user_line", "with_user_line", "between"}
    if module != "tg":
        ours = {n for n in ours if n in getattr(inside, "__all__", [n])}
    files = ["tg.html", "tg-ops.html"] if module == "tg" else [module.replace(".", "-") + ".html"]
    shown = "".join((site / "reference" / file).read_text(encoding="utf-8") for file in files)
    listed = {html.unescape(name) for name in re.findall(r"<h2>(.*?)<a class=\"headerlink", shown)}
    assert len(listed) >= len(ours) > 1
    assert sorted(ours - listed) == []
