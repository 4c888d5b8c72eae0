"""docs/cells.md and its pictures are what the catalogue and the cells' graphs say today."""

import pytest
from docs.cells_page import DOCS, chinese_page, page, picture

import tinygrad_rnn as tg


def test_the_page_is_what_the_catalogue_says() -> None:
    assert (DOCS / "cells.md").read_text(encoding="utf-8") == page(), "python tests/docs/cells_page.py writes it"


def test_the_chinese_page_is_what_the_catalogue_says() -> None:
    text = (DOCS / "cells.zh-CN.md").read_text(encoding="utf-8")
    assert text == chinese_page(), "python tests/docs/cells_page.py writes it"


@pytest.mark.parametrize("name", tg.nn.catalogue())
def test_its_pictures_are_what_the_cells_draw(name: str) -> None:
    assert (DOCS / "cells" / f"{name}.svg").read_text(encoding="utf-8") == picture(name)


def test_there_is_a_picture_of_every_cell_and_no_other() -> None:
    assert {path.stem for path in (DOCS / "cells").iterdir()} == set(tg.nn.catalogue())
