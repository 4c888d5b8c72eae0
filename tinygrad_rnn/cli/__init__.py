"""The command line: ``tinygrad-rnn COMMAND``. Every command is a module beside this one, which adds its own parser."""

from __future__ import annotations

import argparse
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..core.errors import ArgumentError, TinygradError
from ..data.wording import in_a_shell
from ..training import parallel

#: The commands in the order of ``--help``: modules with a function ``add(commands)`` that makes a parser and gives it
#: ``set_defaults(run=...)``, called with what was typed.
COMMANDS = (
    "tour", "learn", "train", "resume", "sample", "predict", "export", "draw", "derive", "explore", "summary",
    "compare", "flow", "cells",
)  # fmt: skip

#: Those that share their work where MPI starts several processes.
SHARED = ("train", "resume")


_COMPLETION = """\
completion: pip install argcomplete, and in bash or zsh
  eval "$(register-python-argcomplete tinygrad-rnn)"
in fish
  register-python-argcomplete --shell fish tinygrad-rnn | source"""


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, with the nearest thing that exists."""

    words: Sequence[str] = ()  # what the user typed

    def error(self, message: str) -> NoReturn:
        typed = [w for w in _Parser.words if w in message]
        known = self._known()
        if not typed:  # "COMMAND is missing" hides an unknown option
            typed = [w for w in _Parser.words if w.startswith("-") and w.split("=")[0] not in known]
            message = f"unrecognized arguments: {' '.join(typed)}" if typed else message
        near = [
            m
            for w in typed
            if w.split("=")[0] not in known
            for m in difflib.get_close_matches(w.split("=")[0].lower(), known, 1)
        ]
        hint = f" (did you mean {near[0]}?)" if near and near[0] not in typed else ""
        self.exit(2, f"{self.prog}: {message}{hint}\n")

    def _known(self) -> list[str]:
        """The options and commands of this parser, and of those that the words the user typed lead to."""
        chain: list[argparse.ArgumentParser] = [self]
        for word in _Parser.words:
            commands = [
                a.choices[word] for a in chain[-1]._actions if isinstance(a.choices, dict) and word in a.choices
            ]
            chain += commands
        return [w for p in chain for a in p._actions for w in [*a.option_strings, *(a.choices or ())]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 2 for a mistake, 130 when interrupted."""
    from .. import __version__

    aloud = sys.stderr
    if parallel.launched()[0]:  # of several processes, the first speaks for all
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    parser = _Parser(
        prog="tinygrad-rnn",
        description="Recurrent networks as graphs you can see, derive, step through and compile.",
        epilog=_COMPLETION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad-rnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMANDS:
        importlib.import_module(f".{name}", __name__).add(commands)
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
        argcomplete = importlib.import_module("argcomplete")
        argcomplete.autocomplete(parser)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ∂ shows ? instead of a traceback
    _Parser.words = sys.argv[1:] if arguments is None else arguments
    given = parser.parse_args(arguments)
    given.ranks = parallel.Ranks()
    try:
        given.ranks = parallel.world()
        if given.ranks.size > 1 and given.command not in SHARED:
            raise ArgumentError(f"{given.command} runs in one process; {' and '.join(SHARED)} run in several")
        with in_a_shell({"columns": "--target", "targets": "--target"}):
            given.run(given)
    except KeyboardInterrupt:
        out = getattr(given, "out", None)
        kept = f"; what was finished is in {out}" if out and Path(out).exists() else ""
        given.ranks.leave(lambda where: print(f"\n{where}interrupted{kept}", file=aloud if where else sys.stderr))
        return 130
    except (TinygradError, OSError) as error:
        message = _on_one_line(error)
        given.ranks.leave(lambda where: print(f"tinygrad-rnn: {where}{message}", file=aloud if where else sys.stderr))
        return 2
    return 0


def _on_one_line(error: TinygradError | OSError) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}{_nearby(error)}"
    first, *more = [line.strip() for line in str(error).splitlines() if not line.startswith("  at ")] or [""]
    return " ".join([first, "; ".join([*more[:3], *["…"] * (len(more) > 3)])]).strip()


def _nearby(error: OSError) -> str:
    """For a file that does not exist: one beside it whose name is much like it."""
    wanted = Path(str(error.filename))
    if not isinstance(error, FileNotFoundError) or not wanted.parent.is_dir():
        return ""
    near = difflib.get_close_matches(wanted.name, [file.name for file in wanted.parent.iterdir()], 1)
    return f" (did you mean {wanted.parent / near[0]}?)" if near else ""
