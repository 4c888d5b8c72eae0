"""A page in Chinese says what its English original does: a change to one alone fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORIGINALS = sorted(
    str(page.relative_to(ROOT)).replace(".zh-CN.md", ".md")
    for page in [*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md")]
)
ORIGINALS.remove("docs/cells.md")  # both are written from the catalogue, and tests/docs/test_cells_page.py compares
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$[^$\n]+\$")


def parts(text: str) -> dict[str, list]:
    """What must not differ: code and output, formulas, pictures, links, and how many headings, points and rows."""
    prose = BLOCK.sub("", text)
    inside = re.findall(r"\]\(#[^)]+\)", prose)
    outside = re.findall(r"\]\(([^)#]+)", prose)
    return {
        "code": BLOCK.findall(text),
        "formulas": sorted(FORMULA.findall(prose)),
        "links": sorted({re.sub(r"\.zh-CN(?=\.md)|(?<=docs/learn/)zh/", "", target) for target in outside}),
        "links within the page": [len(inside)],
        "headings": [line.split(" ")[0] for line in prose.splitlines() if line.startswith("#")],
        "points and rows": [sum(line.startswith(mark) for line in prose.splitlines()) for mark in ("* ", "| ")],
    }


def test_there_are_pairs() -> None:
    assert {"README.md", "docs/install.md"} <= set(ORIGINALS)
    assert [page for page in ORIGINALS if not (ROOT / page).exists()] == []


@pytest.mark.parametrize("page", ORIGINALS)
def test_both_languages_say_the_same(page: str) -> None:
    english, chinese = (
        parts((ROOT / name).read_text(encoding="utf-8")) for name in (page, page.replace(".md", ".zh-CN.md"))
    )
    # the command in a block may say what it does in the reader's language
    said = re.compile(r"#.*")
    english["code"], chinese["code"] = ([said.sub("#", code) for code in side["code"]] for side in (english, chinese))
    own = {Path(page).name}
    english["links"], chinese["links"] = (sorted(set(side["links"]) - own) for side in (english, chinese))
    for what, expected in english.items():
        assert chinese[what] == expected, f"{page}: {what} differ"


@pytest.mark.parametrize("page", ORIGINALS)
def test_links_within_the_chinese_page_have_a_heading(page: str) -> None:
    text = BLOCK.sub("", (ROOT / page.replace(".md", ".zh-CN.md")).read_text(encoding="utf-8"))
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ")).replace(" ", "-").lower()
        for line in text.splitlines()
        if line[:1] == "#"
    }
    assert [target for target in re.findall(r"\]\(#([^)]+)\)", text) if target not in headings] == []
