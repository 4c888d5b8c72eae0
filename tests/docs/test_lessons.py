"""The lessons run in order with the engine their reader has written, print what they say, and draw their figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from docs.lessons import BLOCK, LEARN, LESSONS, engine, run

FIGURES = LEARN / "figures"


@pytest.mark.parametrize("page", LESSONS, ids=lambda page: page.stem)
def test_a_lesson_prints_and_draws_what_it_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = iter(run(page, tmp_path))
    compared = 0
    found = BLOCK.findall(text)
    for k, (language, code) in enumerate(found):
        if language == "python":
            ran, printed = next(told)
            assert ran == code
            if printed:
                assert found[k + 1 : k + 2] == [("", printed)], f"block {k}:\n{code}"
                compared += 1
    assert compared
    drawn = {picture.name: picture.read_bytes() for picture in tmp_path.glob("*.svg")}
    assert drawn.keys() == set(re.findall(r"\]\(figures/([^)]+)\)", text)), "pictures made, and pictures shown"
    for name, picture in drawn.items():
        assert picture == (FIGURES / name).read_bytes(), f"python tests/docs/lessons.py figures writes {name}"


def test_the_example_is_the_engine_of_the_lessons() -> None:
    """Every definition of it is the last that the lessons give of that name, and none of theirs is left out."""
    example = (LEARN.parents[1] / "examples" / "own_engine.py").read_text(encoding="utf-8")
    own = example[example.index("# 1.") : example.index("# 2.")]
    theirs = definitions(engine(len(LESSONS)))
    assert definitions(own) == {k: v for k, v in theirs.items() if k not in ("itertools", "numpy")}


def definitions(source: str) -> dict[str, str]:
    """What is defined, imported or assigned at the top of a module, each name as it was last."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            names = [ast.unparse(target) for target in node.targets]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
        else:
            assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
            names = [node.name]
        found |= dict.fromkeys(names, ast.unparse(node))
    return found


def test_links_lead_somewhere_and_every_figure_is_shown() -> None:
    shown = set()
    for page in LEARN.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
            shown.add((page.parent / target).resolve())
    assert {path.resolve() for path in FIGURES.iterdir()} <= shown
    assert sum(path.stat().st_size for path in FIGURES.iterdir()) < 600_000


def test_the_index_names_every_lesson() -> None:
    index = (LEARN / "README.md").read_text(encoding="utf-8")
    assert LESSONS
    assert [page.name for page in LESSONS if f"({page.name})" not in index] == []


@pytest.mark.parametrize("page", sorted(LEARN.glob("*.md")), ids=lambda page: page.stem)
def test_a_translation_has_the_same_parts(page: Path) -> None:
    """Headings, blocks, formulas, links, pictures and answers: a change to one language alone is seen."""
    chinese = LEARN / "zh" / page.name

    def parts(path: Path) -> dict[str, list[str]]:
        text = path.read_text(encoding="utf-8")
        prose = BLOCK.sub("", text)
        links = re.findall(r"\]\(([^)]+)\)", prose)
        return {
            "headings": re.findall(r"^#+ (?:\d+\.)?", prose, re.MULTILINE),
            "blocks": [language + code for language, code in BLOCK.findall(text)],
            "formulas": re.findall(r"\$\$.*?\$\$|\$[^$\n]+\$", prose, re.DOTALL),
            "points": re.findall(r"^(?:\d+\.|\*\*\d+\.\*\*|\*|</?details>|</?summary>)", prose, re.MULTILINE),
            "links": [str(place(path, link)) for link in links if not link.endswith("README.md")],
        }

    def place(path: Path, link: str) -> Path:
        there = (path.parent / link).resolve()
        return LEARN / there.name if there.parent == LEARN / "zh" else there

    assert parts(page) == parts(chinese)


def test_no_translation_is_left_over() -> None:
    assert {p.name for p in (LEARN / "zh").iterdir()} == {p.name for p in LEARN.glob("*.md")}
