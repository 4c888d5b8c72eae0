"""``tinygrad-rnn learn``: exercises in a folder, checked when they are saved."""

from __future__ import annotations

import argparse
import locale
import os
import sys
import time
from pathlib import Path
from typing import Any

from ..core.errors import ArgumentError
from ..exercises import Exercise, exercise, exercises
from ..exercises.answer import Line
from ..exercises.paper import code_in, filled, heading, solution_text
from ..exercises.reader_folder import PROGRESS, ReaderFolder
from ..exercises.running import run as checked
from ..exercises.sentences import in_language, said
from ..step.language import LANGUAGES

_COLOURS = {"right": "32;1", "wrong": "31;1", "strong": "1", "faint": "2"}
_EVERY = 0.3  # seconds between looks at the files


def add(commands: Any) -> None:
    """The command ``learn``."""
    parser = commands.add_parser(
        "learn",
        help="exercises: from the backward pass of a product to that of an LSTM",
        description="Puts small files to fill in into a folder, and says of each what is wrong first. Nothing that you "
        "wrote is overwritten; what is done is remembered there.",
        epilog="For example: tinygrad-rnn learn; tinygrad-rnn learn --watch; tinygrad-rnn learn --hint",
    )
    parser.add_argument("folder", nargs="?", help="where they are (default: here, if they are here; or exercises)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true", help="check a file whenever it is saved; Ctrl-C ends")
    what.add_argument("--check", metavar="NAME", help="check one, by name, number or file")
    what.add_argument("--list", action="store_true", help="which there are, and which are done")
    what.add_argument("--hint", metavar="NAME", nargs="?", const="", help="a hint (default: for the next one)")
    what.add_argument("--reset", metavar="NAME", help="begin one anew; a copy of yours is kept")
    what.add_argument("--solution", metavar="NAME", help="print the solution of one")
    what.add_argument("--notebooks", action="store_true", help="put them there as notebooks too")
    parser.add_argument("--language", choices=tuple(LANGUAGES), help="of the texts (default: the folder's, or yours)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Do what was asked of the exercises.

    Raises:
        TinygradError, OSError: there is no such exercise, or the folder cannot be read or written.
    """
    path = Path(given.folder or ("." if Path(PROGRESS).exists() else "exercises"))
    if path.exists() and not path.is_dir():
        raise ArgumentError(f"learn: {path} is a file; expected a folder")
    new = not path.exists() or not any(path.iterdir())
    folder = ReaderFolder(path, given.language or (_own_language() if new else None))
    if given.solution:
        print(solution_text(exercise(given.solution), folder.language), end="")
        return
    if given.list and new:  # to look is not to begin
        _list(folder)
        return
    named = [exercise(name) for name in (given.check, given.hint, given.reset) if name]  # before anything is written
    if given.folder and new and (given.check or given.reset or given.hint is not None):
        raise ArgumentError(f"learn: there are no exercises in {path}; tinygrad-rnn learn {path} puts them there")
    written = folder.fill()
    if given.list:
        _list(folder)
    elif given.check:
        _check(folder, named[0])
    elif given.hint is not None:
        _hint(folder, named[0] if named else folder.next())
    elif given.reset:
        copy = folder.reset(named[0])
        file = folder.file(named[0])
        print(said("reset", folder.language, file, copy) if copy else said("unchanged", folder.language, file))
    elif given.notebooks:
        print(said("notebooks", folder.language, folder.fill_notebooks(), path))
    elif given.watch:
        _watch(folder)
    else:
        if new:
            print(said("welcome", folder.language, len(exercises()), path))
        elif written:
            print(said("added", folder.language, written))
        _next(folder)
        print(said("begin", folder.language, _command(folder, "--watch"), folder.file(folder.next() or exercises()[0])))


def _own_language() -> str:
    """Chinese where the reader's system speaks it."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return "zh" if (name or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def _command(folder: ReaderFolder, option: str) -> str:
    where = "" if str(folder.path) in ("exercises", ".") else f" {folder.path}"
    return f"tinygrad-rnn learn{where} {option}"


def _show(lines: list[Line]) -> None:
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for style, text in lines:
        print(f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if colour and style in _COLOURS else text)
    sys.stdout.flush()


def _list(folder: ReaderFolder) -> None:
    for e in exercises():
        done = e.name in folder.done
        _show([("right" if done else "plain", f"{'✓' if done else ' '} {heading(e, folder.language)}  ({e.name})")])
    print(said("progress", folder.language, len(folder.done), len(exercises())))


def _next(folder: ReaderFolder) -> None:
    following, total = folder.next(), len(exercises())
    bar = "█" * len(folder.done) + "░" * (total - len(folder.done))
    _show([("faint", f"{bar} {said('progress', folder.language, len(folder.done), total)}")])
    if following is None:
        _show([("right", said("all done", folder.language, total))])
    else:
        _show([("strong", said("next", folder.language, folder.file(following)))])


def _check(folder: ReaderFolder, e: Exercise) -> None:
    """Run one file, say what is wrong first, and remember whether it is right."""
    was = e.name in folder.done
    right, lines = checked(e, folder.file(e), folder.language)
    folder.mark(e, right)
    _show(lines)
    if was and not right:
        _show([("strong", f"  {said('again', folder.language, e.file)}")])
    if right:
        _next(folder)
    else:
        _show([("faint", f"  {said('ask command', folder.language, _command(folder, f'--hint {e.name}'))}")])


def _hint(folder: ReaderFolder, e: Exercise | None) -> None:
    """The next hint for an exercise; after the last one, the first again."""
    if e is None:
        _next(folder)
        return
    k = folder.hints.get(e.name, 0) % len(e.hints)
    folder.hints[e.name] = k + 1
    folder.save()
    text = [
        ("plain", f"  {line}") for line in filled(code_in(in_language(e.hints[k], folder.language), folder.language))
    ]
    last = k + 1 == len(e.hints)
    after = said("no more hints" if last else "more hints", folder.language, _command(folder, f"--solution {e.name}"))
    _show([
        ("strong", f"{heading(e, folder.language)}  {said('hint', folder.language, k + 1, len(e.hints))}"),
        *text, ("faint", f"  {after}"),
    ])  # fmt: skip


def _watch(folder: ReaderFolder) -> None:
    """Check every file that is saved, until Ctrl-C."""
    print(said("watching", folder.language, folder.path))
    _next(folder)
    seen = _stamps(folder)
    try:
        while folder.next() is not None:
            time.sleep(_EVERY)
            now = _stamps(folder)
            for e in exercises():
                if now.get(e.name) not in (None, seen.get(e.name)):
                    print()
                    _check(folder, e)
            seen = now
    except KeyboardInterrupt:
        print()
        _next(folder)


def _stamps(folder: ReaderFolder) -> dict[str, tuple[int, int]]:
    """When each file was written last, and its size; of those that are there."""
    found = {}
    for e in exercises():
        try:
            facts = folder.file(e).stat()
        except FileNotFoundError:  # an editor may move it away for a moment
            continue
        found[e.name] = (facts.st_mtime_ns, facts.st_size)
    return found
