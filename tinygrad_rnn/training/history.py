"""`History`: what was measured at every step, in memory and in a file; its tables and plots."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any, NamedTuple

from ..core.errors import ArgumentError, FileFormatError, with_user_line
from ..io import checked_path, named_errors, replace
from ..measure.plots import check_figure_path, figure_in_a_notebook


class Measured(NamedTuple):
    """One step of training.

    Attributes:
        step: 1, 2, …
        loss: of the batch, before the step.
        gradient_norm: before clipping.
        lr: the learning rate.
        tokens: time steps read, of all sequences of the batch.
        seconds: since training began, of all its sessions.
        validation: the validation loss after the step, if it was measured then.
    """

    step: int
    loss: float
    gradient_norm: float
    lr: float
    tokens: int
    seconds: float
    validation: float | None = None


class History(list[Measured]):
    """All steps. With a file, each is a line of JSON there as soon as it is known."""

    def __init__(self, path: str | os.PathLike[str] | None = None):
        super().__init__()
        self.path = None if path is None else checked_path(path)
        self.file: Any = None

    def add(self, measured: Measured) -> None:
        """One step more."""
        self.append(measured)
        if self.path is not None:
            if self.file is None:  # what is there may be of another run, or of steps after those resumed from
                replace(self.path, "".join(map(_line, self[:-1])).encode())
                self.file = self.path.open("a", encoding="utf-8", buffering=1)
            with named_errors(self.path):
                self.file.write(_line(measured))

    def resume(self, step: int) -> None:
        """Read the file, up to a step; what was measured after it is forgotten, there too with the next one.

        The last line may have been cut short when its writer was killed: that measurement is lost.

        Raises:
            FileFormatError: another line is no measurement.
            OSError: the file cannot be read.
        """
        self.clear()
        self.close()
        if self.path is None or not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            measured = _measured(line)
            if measured is not None and measured.step <= step:
                self.append(measured)
            elif measured is None and number < len(lines):
                raise FileFormatError(with_user_line(f"{self.path}, line {number}: no measurement of a step"))

    def close(self) -> None:
        """Close the file; `add` opens it again."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """A table with a line for every step."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(Measured._fields)
        table.writerows(self)
        replace(path, text.getvalue().encode())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In a notebook: a line about the run, where a list would print every step."""
        if not self:
            return printer.text("<history: nothing was measured yet>")
        loss = f"loss {self[0].loss:.4g} → {self[-1].loss:.4g}"
        return printer.text(f"<history of {len(self)} steps: {loss} in {self[-1].seconds:.1f} s>")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """In a notebook: its figure too, if matplotlib is installed."""
        return figure_in_a_notebook(self.plot) if self else {}

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """A figure of loss and gradient norm against steps; saved, if a path is given (.svg, .png, .pdf).

        Raises:
            ArgumentError: nothing was measured yet, matplotlib is not installed, or the path ends otherwise.
        """
        check_figure_path("History.plot", path)
        if not self:
            raise ArgumentError(with_user_line("History.plot: nothing was measured yet"))
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ArgumentError(
                with_user_line("History.plot needs matplotlib: pip install tinygrad_rnn[plot]")
            ) from None
        figure = Figure(figsize=(7, 5), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        steps = [m.step for m in self]
        above.plot(steps, [m.loss for m in self], lw=0.8, alpha=0.6, label="training")
        checked = [(m.step, m.validation) for m in self if m.validation is not None]
        if checked:
            above.plot(*zip(*checked, strict=True), marker="o", ms=3, label="validation")
        above.set_ylabel("loss")
        above.legend()
        below.plot(steps, [m.gradient_norm for m in self], lw=0.8)
        below.set_ylabel("gradient norm")
        below.set_xlabel("step")
        if all(m.gradient_norm > 0 for m in self):
            below.set_yscale("log")
        for axes in (above, below):
            axes.grid(alpha=0.3)
        if path is not None:
            figure.savefig(path)
        return figure


def _line(measured: Measured) -> str:
    return json.dumps(measured._asdict()) + "\n"


def _measured(line: str) -> Measured | None:
    """What `_line` wrote; None if it is anything else."""
    try:
        measured = Measured(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = [x for x in measured if x is not None]
    right = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in numbers)
    return measured if right and len(numbers) >= len(measured) - 1 and isinstance(measured.step, int) else None
