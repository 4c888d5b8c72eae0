"""The exercises as notebooks: each is executed, as it is and solved; nothing of the reader's is overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinygrad_rnn.cli import main
from tinygrad_rnn.exercises import exercises
from tinygrad_rnn.exercises.notebook import notebook_text
from tinygrad_rnn.exercises.reader_folder import ReaderFolder

nbformat = pytest.importorskip("nbformat")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_is_valid_and_says_what_its_file_says(language: str) -> None:
    for e in exercises():
        notebook = nbformat.reads(notebook_text(e, language), as_version=4)
        nbformat.validate(notebook)
        task, code, check, hints = (cell.source for cell in notebook.cells)
        text = e.task[language == "zh"]
        assert task.startswith(f"# {e.number:02} · {e.title[language == 'zh']}\n\n")
        assert all(line.strip() in task for line in text.strip().split("\n"))
        assert task.count("```") % 2 == 0
        assert "||" not in code
        assert f"check({e.name!r}, globals(), {language!r})" in check
        assert hints.count("<details>") == hints.count("</details>") == len(e.hints)


def test_all_are_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one kernel, in a reader's folder: as they are they are not right, and solved they are."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.chdir(tmp_path)
    main(["learn", ".", "--notebooks", "--language", "en"])
    assert len(list(tmp_path.glob("*.ipynb"))) == len(exercises())
    of = nbformat.v4
    cells: list[Any] = []
    for e in exercises():
        read = nbformat.read(tmp_path / f"{e.file[:-3]}.ipynb", as_version=4)
        _, code, check, _ = read.cells
        cells += [code, check, of.new_code_cell(e.solution), of.new_code_cell(check.source)]
    notebook = of.new_notebook(cells=[of.new_code_cell(c.source) for c in cells])
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    for k, e in enumerate(exercises()):
        _, before, _, after = notebook.cells[4 * k : 4 * k + 4]
        assert printed(before).startswith(f"✗ {e.number:02}"), e.name
        assert "Traceback" not in printed(before)
        assert e.name == "own_cell" or "Still to write: line" in printed(before), e.name
        assert printed(after).startswith(f"✓ {e.number:02}"), e.name
    assert sorted(ReaderFolder(tmp_path).done) == sorted(e.name for e in exercises())


def printed(cell: Any) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


def test_an_error_in_a_cell_is_named_with_its_line_and_none_of_ours() -> None:
    nbclient = pytest.importorskip("nbclient")
    of = nbformat.v4
    code = "def backward(a, b, g):\n    return g * b, g / a.none"
    ends = "def backward(a, b, g):\n    exit()"
    check = "from tinygrad_rnn.exercises import check\ncheck('product', globals())"
    notebook = of.new_notebook(cells=[of.new_code_cell(c) for c in (code, check, ends, check)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    said = printed(notebook.cells[1])
    assert "line 2: return g * b, g / a.none" in said
    assert "AttributeError" in said
    assert printed(notebook.cells[3]).startswith("✗ 01")


def test_nothing_of_the_readers_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "exercises")
    main(["learn", folder, "--notebooks"])
    first = tmp_path / "exercises" / "01_product.ipynb"
    changed = json.loads(first.read_text(encoding="utf-8"))
    changed["cells"][1]["source"] = ["mine"]
    first.write_text(json.dumps(changed), encoding="utf-8")
    (tmp_path / "exercises" / "02_chain.ipynb").unlink(missing_ok=True)
    capsys.readouterr()
    main(["learn", folder, "--notebooks", "--language", "zh"])
    assert json.loads(first.read_text(encoding="utf-8")) == changed
    others = [p for p in (tmp_path / "exercises").glob("*.ipynb") if p != first]
    assert len(others) == len(exercises()) - 1
    assert all("globals(), 'zh'" in p.read_text(encoding="utf-8") for p in others)
    assert f"{len(others)} 个笔记本" in capsys.readouterr().out
