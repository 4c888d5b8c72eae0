"""Which pages the site has, and how those of the repository become pages of it."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Pages by their place in the repository without ``.md``, in the order of the menu: those in both languages …
FIRST = ("docs/install", "docs/guide", "docs/learn/README", "docs/companion", "docs/cells")
#: … and those in English alone: these, and whatever else is in docs.
ENGLISH = (
    "docs/multiplication",
    "docs/performance",
    "docs/architecture",
    "docs/forecast",
    "docs/cluster",
    "docs/numpy",
)
ENGLISH += tuple(
    place
    for place in (f"docs/{file.stem}" for file in sorted((ROOT / "docs").glob("*.md")) if "." not in file.stem)
    if place not in FIRST + ENGLISH
)
ENGLISH += ("CONTRIBUTING", "CHANGELOG")

_LINK = re.compile(r"(?<=\]\()([^)\s#]*)(#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)


def translation(page: str) -> str:
    """The place of a page's Chinese original: beside it, or in docs/learn/zh."""
    if page.startswith("docs/learn/"):
        return page.replace("docs/learn/", "docs/learn/zh/")
    return page + ".zh-CN"


def there(page: str) -> bool:
    return (ROOT / f"{page}.md").exists()


def lessons() -> list[str]:
    return sorted(f"docs/learn/{file.stem}" for file in (ROOT / "docs/learn").glob("*.md") if file.stem != "README")


def address(page: str) -> str:
    """Where a page of the repository stands on the site: docs/guide → guide, README → index."""
    place = page.removeprefix("docs/").replace("/zh/", "/").removesuffix(".zh-CN")
    return {
        "README": "index",
        "learn/README": "learn/index",
        "CONTRIBUTING": "contributing",
        "CHANGELOG": "changelog",
    }.get(place, place)


#: page of the repository → its address, of each language
PAGES_EN = {page: address(page) for page in ("README", *FIRST, *lessons(), *ENGLISH) if there(page)}
PAGES_ZH = {translation(page): address(page) for page in ("README", *FIRST, *lessons()) if there(translation(page))}
BOTH = set(PAGES_EN.values()) & set(PAGES_ZH.values())


def staged(page: str, chinese: bool) -> str:
    """The text of a page with its links turned to pages of the site, to its sources, or to the other language."""
    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    here = PAGES_ZH[page] if chinese else PAGES_EN[page]
    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(lambda m: _turned(page, here, chinese, m[1], m[2] or ""), part) for part in parts[::2]]
    parts[1::2] = [_labelled(part) for part in parts[1::2]]
    return "".join(parts)


def _labelled(block: str) -> str:
    """A block of code as Sphinx takes it: an excerpt without the file it is of; output is plain text."""
    block = re.sub(r"^```python \S+\n", "```python\n", block)
    return re.sub(r"^```\n", "```text\n", block)


def _turned(page: str, here: str, chinese: bool, target: str, anchor: str) -> str:
    if not target or re.match(r"[a-z-]+:", target):
        return target + anchor
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
    same, other = (PAGES_ZH, PAGES_EN) if chinese else (PAGES_EN, PAGES_ZH)
    stem = place.removesuffix(".md")
    if place.endswith(".md"):
        twin = translation(stem)
        if stem in same or (chinese and twin in same):
            address = same[stem] if stem in same else same[twin]
            return posixpath.relpath(address, posixpath.dirname(here) or ".") + ".md" + anchor
        if stem in other:
            return f"site:{'' if chinese else 'zh/'}{other[stem]}.html{anchor}"
    file = ROOT / place
    if place.endswith(".py") and file.exists():
        return f"site:source/{place.removesuffix('.py')}.html{anchor}"
    if file.is_dir() and list(file.glob("*.py")):
        return f"site:source/{place}/index.html"
    if file.is_dir() and there(f"{place}/README"):
        return _turned(page, here, chinese, posixpath.join(target, "README.md"), anchor)
    if place.startswith("docs/"):  # a picture, say
        return posixpath.relpath(place.removeprefix("docs/"), posixpath.dirname(here) or ".") + anchor
    if file.exists():
        return f"site:source/{place}.html"
    return target + anchor
