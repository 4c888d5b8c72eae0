"""The site in a browser, from a disk: no console message, no request to elsewhere, search in both languages."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from browser import browser as browser
from docs.site_built import site as site

pytestmark = pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the same pages")


def said(browser, url: str) -> list[str]:
    """What the console shows after a page was opened, and what it asked of any network."""
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(url)
    messages = [entry["message"] for entry in browser.get_log("browser")]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return messages + [address for address in asked if not address.startswith(("file:", "data:"))]


@pytest.mark.parametrize("language", ["", "zh/"])
def test_pages_open_quietly_and_fit_a_phone(language: str, browser, site: Path) -> None:
    names = [page.stem for page in (site / language).glob("*.html") if page.stem not in ("genindex", "search")]
    names += [f"learn/{page.stem}" for page in (site / language / "learn").glob("*.html")]
    assert len(names) > 1
    for width in (1280, 390):
        browser.set_window_size(max(width, 500), 900)
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        for name in names:
            assert said(browser, (site / language / f"{name}.html").as_uri()) == [], name
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} wide on a screen of {width}"
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.set_window_size(1300, 900)


@pytest.mark.parametrize(
    ("folder", "words", "page"),
    [
        ("", "checkpointed", "guide"),
        ("", "peephole", "cells"),
        ("zh", "编译好的程序", "index"),
        ("zh", "Graphviz", "install"),
    ],
)
def test_search_finds(folder: str, words: str, page: str, browser, site: Path) -> None:
    assert said(browser, (site / folder / "search.html").as_uri() + f"?q={words}") == []
    deadline, found = time.monotonic() + 20, []
    while time.monotonic() < deadline and not any(f"{page}.html" in link for link in found):
        links = "return [...document.querySelectorAll('#search-results a')].map(a => a.getAttribute('href'))"
        found = browser.execute_script(links)
        time.sleep(0.05)
    assert any(f"{page}.html" in link for link in found), found
    assert browser.get_log("browser") == []


def test_search_does_not_find_what_no_page_says(browser, site: Path) -> None:
    said(browser, (site / "zh/search.html").as_uri() + "?q=玫瑰花园")
    time.sleep(1)
    assert browser.execute_script("return document.querySelectorAll('#search-results a').length") == 0
