"""Builds the site into a folder: ``python docs/site/build.py [FOLDER]``; build/site if none is said."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import reference  # noqa: E402
import sources  # noqa: E402
from explorers import write_explorers  # noqa: E402
from staged import ENGLISH, FIRST, PAGES_EN, PAGES_ZH, ROOT, address, lessons, staged, translation  # noqa: E402


def menu(caption: str, entries: list[str]) -> str:
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(entries) + "\n```\n" if entries else ""


def write_pages(folder: Path, chinese: bool) -> None:
    """The sources of one language, as Sphinx reads them."""
    pages = PAGES_ZH if chinese else PAGES_EN
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.md", "*.py", "site", "__pycache__"))
    for page, place in pages.items():
        text = staged(page, chinese)
        text = re.sub(r"^\[(中文|English)\]\([^)]*\)\n\n", "", text, flags=re.MULTILINE)  # every page has a switch
        if place == "index":
            first = [pages[p] for p in (translation(p) if chinese else p for p in FIRST) if p in pages]
            text += menu("目录" if chinese else "Contents", first)
            if not chinese:
                text += menu("Inside", [address(page) for page in ENGLISH if page in pages] + ["reference/index"])
        if place == "learn/index":
            inside = [lesson for lesson in lessons() if not chinese or translation(lesson) in pages]
            text += menu("课程" if chinese else "Lessons", [Path(lesson).name for lesson in inside])
        if place == "cells":
            text = with_explorers(text, chinese)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.md").write_text(text, encoding="utf-8")
    if not chinese:
        reference.write(folder / "reference")


def with_explorers(text: str, chinese: bool) -> str:
    """The gallery, with a link to the explorer and the source of each cell under its picture."""
    words = ("逐步运行", "源代码") if chinese else ("explore it", "source")

    def line(found: re.Match) -> str:
        name = found[2]
        return (f"{found[1]}\n\n[{words[0]}](site-here:explore/{name}.html) · "
                f"[{words[1]}](site:{sources.address_of_cell(name)})\n")  # fmt: skip

    return re.sub(r"^(!\[[^\]]*\]\(cells/([\w-]+)\.svg\))\n", line, text, flags=re.MULTILINE)


def build(target: Path) -> None:
    """The whole site; it stops at the first warning of either language."""
    work = target.parent / f"{target.name}-pages"
    for folder in (target, work):
        shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True)
    running = []
    for language, place in (("en", target), ("zh", target / "zh")):
        write_pages(work / language, language == "zh")
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE),
                   "-d", str(work / f"{language}-trees"), str(work / language), str(place)]  # fmt: skip
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        running.append(subprocess.Popen(command, env={**os.environ, "SITE_LANGUAGE": language, "PYTHONPATH": paths}))
    write_explorers(target)
    sources.write(target / "source")
    codes = [process.wait() for process in running]
    if any(codes):
        shutil.rmtree(target)  # what has faults is not to be taken for a site
        sys.exit("the site has faults, named above")
    for left in target.rglob(".buildinfo"):
        left.unlink()
    shutil.rmtree(work)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/site").resolve())
