"""Every Python block in the README and the docs runs, and prints what stands below it; the pages are true."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINKING = ("guide", "forecast", "architecture", "multiplication", "cluster")
EXCERPT = re.compile(r"^```python (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    if "```python\n" in page.read_text(encoding="utf-8")
)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the pages compile cells")
@pytest.mark.parametrize("page", PAGES)
def test_blocks_print_what_stands_below_them(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "statsmodels" in (ROOT / page).read_text(encoding="utf-8"):
        pytest.importorskip("statsmodels")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(EXCERPT.sub("", (ROOT / page).read_text(encoding="utf-8")))
    names: dict = {}
    compared = 0
    for k, (language, code) in enumerate(blocks):
        if language == "sh":
            for line in code.splitlines():
                assert main(shlex.split(line)[1:] + ["--quiet"] * ("predict" not in line)) == 0, line
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page}, block {k}", "exec"), names)
        below = blocks[k + 1] if k + 1 < len(blocks) else ("", "")
        if printed.getvalue():
            assert below[0] == "", f"{page}: block {k} prints, and nothing stands below it"
            assert printed.getvalue() == below[1]
            compared += 1
    assert compared


def test_excerpts_stand_in_their_files() -> None:
    excerpts = EXCERPT.findall((ROOT / "docs/multiplication.md").read_text(encoding="utf-8"))
    assert len(excerpts) > 8
    for file, text in excerpts:
        source, place = (ROOT / file).read_text(encoding="utf-8"), 0
        for part in re.split(r"^ *\.\.\.\n", text, flags=re.MULTILINE):
            found = source.find(part, place)
            assert found >= 0, f"{file} no longer has, in this order:\n{part}"
            place = found + len(part)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *(f"docs/{page}.md" for page in LINKING)])
def test_what_a_page_links_to_exists(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_guide_names_every_error() -> None:
    page = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
    assert [name for name in vars(tg.errors) if name.endswith("Error") and f"{name}`" not in page] == []


def test_the_architecture_page_names_every_file_of_the_package_and_no_other() -> None:
    named = set(re.findall(r"(\w+\.py)\b", (ROOT / "docs/architecture.md").read_text(encoding="utf-8")))
    there = {file.name for file in (ROOT / "tinygrad_rnn").rglob("*.py") if not file.name.startswith("__")}
    assert there - named == set(), "not on the page"
    assert named - there == set(), "on the page, but gone"


def test_the_picture_of_the_readme_is_what_the_command_beside_it_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"""\*`python -c "(.*)"`\*""", (ROOT / "README.md").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    exec(code, {})
    assert (tmp_path / "docs/lstm.svg").read_bytes() == (ROOT / "docs/lstm.svg").read_bytes()


def test_on_a_package_index_the_readme_has_no_link_that_leads_nowhere() -> None:
    """What pyproject.toml makes of it: nothing relative is left, and nothing else is lost."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = whole = (ROOT / "README.md").read_text(encoding="utf-8")
    for change in settings["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    prose = BLOCK.sub("", text)
    assert [target for target in re.findall(r"\]\(([^)]*)\)", prose) if not target.startswith("http")] == []
    assert BLOCK.findall(text) == BLOCK.findall(whole)
    assert len(text) > 0.9 * len(whole)


def test_the_table_of_what_travels_names_every_converter_and_no_other() -> None:
    text = (ROOT / "docs/interop.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`tg\.nn\.((?:from|to)_\w+)\(", rows))
    assert named == {name for name in tg.nn.__all__ if re.match("(from|to)_[a-z]+$", name)}
