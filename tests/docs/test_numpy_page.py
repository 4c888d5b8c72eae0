"""docs/numpy.md is what calling every function of NumPy says today."""

import re

import numpy as np
import pytest
from docs.numpy_page import HEAD, PAGE, found, name_of, verdict


def test_the_page_is_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warnings.warn", lambda *args, **kwargs: None)
    text = PAGE.read_text(encoding="utf-8")
    written = dict(re.findall(r"^\| `(\S+)` \| (.*) \|$", text, re.MULTILINE))
    here = {name_of(f): f for f in found()}
    version = ".".join(np.__version__.split(".")[:2])
    if f"NumPy {version}:" in text:
        assert written.keys() == here.keys(), "python tests/docs/numpy_page.py writes it"
    assert text.startswith(HEAD)
    for name in written.keys() & here.keys():  # another version of NumPy has other functions too
        assert verdict(here[name]) == written[name], name
