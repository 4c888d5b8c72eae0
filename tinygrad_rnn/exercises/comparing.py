"""Is a quantity right; and if not, what can be said of it from the numbers alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .description import Both, Quantity
from .sentences import both


class Malformed(Exception):
    """What the reader's code gave cannot be compared; `says` tells why."""

    def __init__(self, says: Both, name: str = "") -> None:
        super().__init__(says[0])
        self.says, self.name = says, name


def several(function: str, result: Any, *names: str) -> tuple[Any, ...]:
    """The parts of a result that should have one for each name."""
    if result is Ellipsis or result is None:
        raise Malformed(both("placeholder" if result is Ellipsis else "none", names[0]), names[0])
    if isinstance(result, (tuple, list)) and len(result) == len(names):
        return tuple(result)
    count = both("one result", type(result).__name__)
    if isinstance(result, (tuple, list)):
        count = both("many results", len(result))
    raise Malformed(
        tuple(  # type: ignore[arg-type]
            both("parts", function, len(names), ", ".join(names), n)[k] for k, n in enumerate(count)
        )
    )


def array(name: str, value: Any) -> np.ndarray:
    """What the reader says a quantity is, as numbers.

    Raises:
        Malformed: it is None, still ``...``, or no array of numbers.
    """
    if value is Ellipsis or value is None:
        raise Malformed(both("placeholder" if value is Ellipsis else "none", name), name)
    try:
        found = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
        if found.dtype == object and any(v is Ellipsis for v in found.ravel()):
            raise Malformed(both("placeholder", name), name)
        return found.astype(np.float64)
    except (TypeError, ValueError):
        raise Malformed(both("no number", name, f"{type(value).__name__} {str(value)[:60]!r}"), name) from None


def is_right(q: Quantity) -> bool:
    """Whether what was got is what was expected, within the tolerance.

    Raises:
        Malformed: what was got has another shape, or is no number.
    """
    if isinstance(q.expected, str):
        if q.got is Ellipsis or q.got is None:
            raise Malformed(both("placeholder" if q.got is Ellipsis else "none", q.name), q.name)
        return "".join(str(q.got).split()) == "".join(q.expected.split())
    got, expected = array(q.name, q.got), np.asarray(q.expected, np.float64)
    if got.shape != expected.shape:
        raise Malformed(both("shape", q.name, got.shape, expected.shape), q.name)
    return bool(_close(got, expected, q).all())


def _close(got: np.ndarray, expected: np.ndarray, q: Quantity) -> np.ndarray:
    return np.abs(got - expected) <= q.atol + q.rtol * np.abs(expected)


def first_wrong_entry(q: Quantity) -> tuple[tuple[int, ...], float, float, int, int]:
    """Its place, both numbers, and how many entries of how many are right."""
    got, expected = array(q.name, q.got), np.asarray(q.expected, np.float64)
    right = _close(got, expected, q)
    place = tuple(int(i) for i in np.argwhere(~right)[0])
    return place, float(got[place]), float(expected[place]), int(right.sum()), right.size


def remark(q: Quantity) -> Both | None:
    """What the numbers alone tell of a mistake that is none of the typical ones."""
    if q.remark is not None or isinstance(q.expected, str):
        return q.remark
    got, expected = array(q.name, q.got), np.asarray(q.expected, np.float64)
    if not np.isfinite(got).all():
        return both("not finite", got[~np.isfinite(got)].flat[0])
    if np.allclose(got, -expected, 1e-6, 1e-9):
        return both("opposite")
    if got.ndim == 2 and got.shape[0] == got.shape[1] and np.allclose(got.T, expected, 1e-6, 1e-9):
        return both("transposed")
    if got.ndim > 0 and len(got) > 1 and np.allclose(got[::-1], expected, 1e-6, 1e-9):
        return both("reversed")
    scale = float((got * expected).sum() / max((expected**2).sum(), 1e-30))
    if got.size > 1 and abs(scale) > 1e-6 and np.allclose(got, scale * expected, 1e-6, 1e-9):
        return both("factor", f"{scale:.4g}")
    return None
