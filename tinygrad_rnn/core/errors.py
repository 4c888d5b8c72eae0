"""Every error the library raises, and the sentence that tells the user which of their lines caused it.

`tg.errors`: each is a `TinygradError` and also what Python calls such a mistake (`ValueError`, `TypeError`, …).
"""

from __future__ import annotations

import linecache
import os
import sys

import numpy as np

_INSTALLED = ("site-packages", "dist-packages")  # folders of packages that may lie inside Python's own


def _folder(file: str) -> str:
    return os.path.dirname(os.path.abspath(file)) + os.sep


_STANDARD = _folder(os.__file__)  # Python's own library: copy, pickle, functools, …
_BETWEEN = (os.path.dirname(_folder(__file__)[:-1]) + os.sep, _folder(np.__file__), "<frozen ")


class TinygradError(Exception):
    """Base of all errors raised by this library."""


class ShapeError(TinygradError, ValueError):
    """The operands' shapes do not fit the op."""


class OutOfRangeError(ShapeError, IndexError):
    """An index is outside the axis it names an entry of."""


class DTypeError(TinygradError, TypeError):
    """An operand is of a kind or dtype the op does not take."""


class LinAlgError(TinygradError, np.linalg.LinAlgError):
    """A matrix has no inverse, or no decomposition of the kind that was asked for."""


class DeclarationError(TinygradError, TypeError):
    """An op, cell or module is declared wrongly."""


class AbstractValueError(TinygradError, TypeError):
    """A value was asked of a tensor that was traced with a shape only."""


class GradientError(TinygradError, RuntimeError):
    """Base of the errors of a backward pass."""


class GradientWarning(UserWarning):
    """A tensor that requires a gradient was made a plain number unasked, and the gradient is lost there."""


class NonScalarBackwardError(GradientError):
    """backward() without a gradient was called on a tensor of more than one entry."""


class FreedGraphError(GradientError):
    """The graph was used after an earlier backward pass had freed it."""


class MutatedTensorError(GradientError):
    """A value needed by the backward pass was overwritten after it had been recorded."""


class NotInGraphError(GradientError):
    """A gradient was asked of a tensor that the result does not depend on."""


class NonFiniteError(TinygradError, FloatingPointError):
    """Anomaly detection met the first NaN or infinity."""


class GradientCheckError(TinygradError, AssertionError):
    """A gradient disagrees with central differences."""


class ArgumentError(TinygradError, ValueError):
    """An argument has a value that makes no sense."""


class StateDictError(TinygradError, ValueError):
    """A state dict does not fit the module or optimiser it is loaded into."""


class DrawingError(TinygradError, RuntimeError):
    """A picture cannot be drawn: it is too large, the layout failed, or the file has an unknown format."""


class FileFormatError(TinygradError, ValueError):
    """A file is damaged or of another format."""


def between(file: str) -> bool:
    """Whether a line of this file only stands between the user's and ours: this package, NumPy or Python's library."""
    if file.startswith(_STANDARD):
        return not file[len(_STANDARD) :].startswith(_INSTALLED)
    return file.startswith(_BETWEEN)


def user_line() -> str:
    """The innermost line of the call stack that is the user's own, as ``file:number: source``."""
    frame = sys._getframe(1)
    while frame is not None and between(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return ""
    filename, number = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(filename, number).strip()
    return f"{filename}:{number}" + (f": {source}" if source else "")


def with_user_line(message: str) -> str:
    line = user_line()
    return f"{message}\n  at {line}" if line else message
