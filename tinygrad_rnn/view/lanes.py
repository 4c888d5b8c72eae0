"""Lanes between blocks: parallel tracks that do not overlap, and paths with rounded corners."""

from __future__ import annotations

from collections.abc import Sequence

from .layout import Point

_CURVE = 0.5523  # a quarter circle as a cubic Bézier curve


class Tracks:
    """Horizontal tracks; each stretch gets the first track that is free along it."""

    def __init__(self) -> None:
        self.taken: list[list[tuple[float, float]]] = []

    @property
    def count(self) -> int:
        return len(self.taken)

    def take(self, a: float, b: float) -> int:
        """The number of a track that is free from a to b, now taken."""
        left, right = min(a, b) - 3, max(a, b) + 3
        for k, stretches in enumerate(self.taken):
            if all(right <= start or left >= end for start, end in stretches):
                stretches.append((left, right))
                return k
        self.taken.append([(left, right)])
        return len(self.taken) - 1


def rounded(points: Sequence[Point], radius: float = 5.0) -> list[Point]:
    """A polyline with rounded corners as a cubic Bézier spline (1 + 3n points)."""
    path = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        a, b = _towards(corner, before, radius), _towards(corner, after, radius)
        path += [path[-1], a, a]
        path += [_towards(a, corner, radius * _CURVE), _towards(b, corner, radius * _CURVE), b]
    return [*path, path[-1], points[-1], points[-1]]


def _towards(start: Point, end: Point, distance: float) -> Point:
    """The point `distance` from start towards end, at most half way."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + dx * share, start[1] + dy * share
