"""How long pictures, derivations and the explorer take.

    python tests/benchmarks/pictures.py [--quick]

Each is made once in a fresh process, imports of what it needs included, and then again (the median of five).
The explorer's steps are timed in a headless Chromium where selenium and chromedriver are installed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg


def folded(steps: int) -> Any:
    return tg.draw(tg.nn.LSTMCell(3, 4), view="fold").svg


def unrolled(steps: int) -> Any:
    return tg.draw(tg.nn.LSTMCell(3, 4), steps=steps, elide_after=None, max_nodes=100_000).svg


def folded_graph(steps: int) -> Any:
    outputs, _ = tg.unroll(tg.nn.LSTMCell(3, 4), np.zeros((steps, 1, 3), np.float32))
    loss = (outputs**2).sum()
    begin = time.perf_counter()
    svg = tg.draw(loss, view="fold", max_nodes=10**7).svg
    folded_graph.seconds = time.perf_counter() - begin  # type: ignore[attr-defined]  # without computing the graph
    return svg


def derivation(steps: int) -> Any:
    return tg.derive(tg.nn.LSTMCell(3, 4)).to_html()


def summary(steps: int) -> Any:
    return str(tg.summary(tg.nn.LSTMCell(3, 4)))


def explorer(steps: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return tg.explore(tg.nn.LSTMCell(3, 4), Path(folder) / "lstm.html", steps=steps).stat().st_size


CASES: list[tuple[str, Callable[[int], Any], int, str]] = [
    ("LSTM folded", folded, 1, "0.3 s"),
    ("20 steps, every op", unrolled, 20, "1.5 s"),
    ("400 steps, every op", unrolled, 400, "3 s"),
    ("a graph of 10,000 steps, folded", folded_graph, 10_000, "2 s"),
    ("derivation of the LSTM", derivation, 1, ""),
    ("summary of the LSTM", summary, 1, ""),
    ("explorer of 5 LSTM steps", explorer, 5, ""),
]


def seconds(make: Callable[[int], Any], steps: int) -> float:
    begin = time.perf_counter()
    make(steps)
    return getattr(make, "seconds", time.perf_counter() - begin)


def in_the_browser(steps: int) -> list[float]:
    """Milliseconds of every step of the explorer."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = tg.explore(tg.nn.LSTMCell(3, 4), Path(folder) / "lstm.html", steps=steps)
            print(f"explorer of {steps} LSTM steps: {path.stat().st_size / 1e6:.2f} MB (target 1 MB)")
            browser.get(path.as_uri())
            return browser.execute_script(
                "return Array.from({length: count()}, (_, i) => { const t = performance.now(); show(i); "
                "document.body.offsetHeight; return performance.now() - t; })"
            )
    finally:
        browser.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer steps: does it run")
    parser.add_argument("--only", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        make, steps = next((make, steps) for name, make, steps, _ in CASES if name == options.only)
        print(seconds(make, steps))
        return
    for name, make, steps, target in CASES:
        steps = min(steps, 20) if options.quick else steps
        again = statistics.median(seconds(make, steps) for _ in range(1 if options.quick else 5))
        first = again
        if not options.quick:
            command = [sys.executable, __file__, "--only", name]
            first = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(f"{name:34} first {first:6.2f} s   again {again:6.3f} s" + (f"   (target {target})" if target else ""))
    try:
        steps_in_browser = in_the_browser(5)
    except Exception as error:  # no selenium, no chromium, or one that does not start
        print(f"the explorer was not timed: {type(error).__name__}")
        return
    middle, largest = statistics.median(steps_in_browser), max(steps_in_browser)
    print(f"a step of the explorer: median {middle:.1f} ms, longest {largest:.1f} ms (target 16 ms)")


if __name__ == "__main__":
    main()
