"""The reader's file in a process of its own, with a time limit: whatever it does, there is an answer.

The process writes its answer into a file, because its standard output is the reader's.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

from .answer import Line, answer
from .description import Exercise
from .grading import Wrong, grade
from .paper import heading
from .sentences import said

SECONDS = 20.0
_PRINTED = 20  # lines shown of what it prints


def run(exercise: Exercise, file: Path, language: str, seconds: float = SECONDS) -> tuple[bool, list[Line]]:
    """Whether the file's answer is right, and what to say of it. It is stopped after `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "tinygrad_rnn.exercises", str(file), exercise.name, language, str(report)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [_root(), os.environ.get("PYTHONPATH")])),
        }
        process = subprocess.Popen([*command, str(seconds)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=environment)  # fmt: skip
        try:
            process.wait(seconds + 15)  # it stops itself, unless something holds Python's lock
        except subprocess.TimeoutExpired:
            return False, _headed(exercise, language, said("endless", language, f"{seconds:g}"))
        finally:
            process.kill()
            process.wait()
        if not report.exists():
            return False, _headed(exercise, language, said("crashed", language, process.returncode))
        passed, lines = json.loads(report.read_text(encoding="utf-8"))
        return passed, [(style, text) for style, text in lines]


def _root() -> str:
    return str(Path(__file__).resolve().parents[2])


def _headed(exercise: Exercise, language: str, sentence: str) -> list[Line]:
    return [("wrong", f"✗ {heading(exercise, language)}"), ("strong", f"  {sentence}")]


def inside(exercise: Exercise, file: str, language: str, report: Path, seconds: float) -> None:
    """What that process does: runs the file, grades it, writes the answer."""
    printed = _Limited()
    written = threading.Lock()

    def write(passed: bool, lines: list[Line]) -> None:
        with written:
            shown = printed.lines()
            head, *rest = lines
            tail = (
                [("faint", f"  {said('printed', language)}"), *(("faint", f"  | {t}") for t in shown)] if shown else []
            )
            whole = report.with_suffix(".part")
            whole.write_text(json.dumps([passed, [head, *tail, *rest]]), encoding="utf-8")
            whole.replace(report)

    main = threading.main_thread().ident

    def late() -> None:
        lines = _headed(exercise, language, said("endless", language, f"{seconds:g}"))
        frame = sys._current_frames().get(main or 0)
        own = [f for f, _ in traceback.walk_stack(frame) if f.f_code.co_filename == file]
        if own:
            number = own[0].f_lineno
            lines.append(("plain", "    " + said("was at", language, number, linecache.getline(file, number).strip())))
        write(False, lines)
        os._exit(0)

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    with contextlib.redirect_stdout(printed):
        wrong = _graded(exercise, file)
    timer.cancel()
    write(wrong is None, answer(exercise, wrong, language, file))


def _graded(exercise: Exercise, file: str) -> Wrong | None:
    namespace: dict[str, Any] = {"__name__": "exercise", "__file__": file}
    try:
        exec(compile(Path(file).read_text(encoding="utf-8"), file, "exec"), namespace)
        return grade(exercise, namespace)
    except UnicodeDecodeError as error:
        return Wrong(0, -1, error=SyntaxError(f"not UTF-8: {error}"))
    except BaseException as error:
        return Wrong(0, -1, error=error)


class _Limited(io.TextIOBase):
    """Keeps the beginning of what is printed; an endless loop may print for a long time."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def write(self, text: str) -> int:
        if self._size < 4000:
            self._parts.append(text[:4000])
            self._size += len(text)
        return len(text)

    def lines(self) -> list[str]:
        found = "".join(self._parts).splitlines()
        return [line[:200] for line in found[:_PRINTED]] + ["…"] * (len(found) > _PRINTED)
