"""How measured points become a line to draw: in as many buckets as were asked for, with gaps where there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from kronveil.model.signal import Point

MISSED = 2.5
"""So many intervals without a value are a gap; one reading may always be late."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points oldest first, ``resolution_s`` apart at best; ``gaps`` from and to, where nothing was measured."""

    points: tuple[Point, ...]
    gaps: tuple[tuple[float, float], ...]
    resolution_s: float


def line(measured: Sequence[tuple[int, float]], *, interval_s: float, until: float, most: int) -> Line:
    """The line of what was measured, oldest first, in at most ``most`` points."""
    gaps = _gaps(measured, interval_s, until)
    if len(measured) <= most:
        return Line(tuple([Point(at, value, value, value) for at, value in measured]), gaps, interval_s)
    width = _width(measured[-1][0] - measured[0][0], interval_s, most)
    if most == 1:
        return Line((_point(measured[0][0] + width / 2, [value for _, value in measured]),), gaps, width)
    return Line(_bucketed(measured, width), gaps, width)


def _gaps(measured: Sequence[tuple[int, float]], interval_s: float, until: float) -> tuple[tuple[float, float], ...]:
    longest = MISSED * interval_s
    times = [float(at) for at, _ in measured]
    found = [(a, b) for a, b in pairwise(times) if b - a > longest]
    if times and until - times[-1] > longest:
        found.append((times[-1], until))
    return tuple(found)


def _width(span_s: float, interval_s: float, most: int) -> float:
    """Of a bucket: whole intervals, so that each holds about as many points."""
    step = max(interval_s, 1.0)
    # One bucket more than the span needs may be touched, as it begins anywhere in the first.
    wanted = span_s / (most - 1) if most > 1 else span_s
    return step * max(1, ceil(wanted / step))


def _bucketed(measured: Sequence[tuple[int, float]], width: float) -> tuple[Point, ...]:
    points: list[Point] = []
    bucket: list[float] = []
    begins = 0.0
    for at, value in measured:
        begin = at // width * width
        if bucket and begin != begins:
            points.append(_point(begins + width / 2, bucket))
            bucket = []
        begins = begin
        bucket.append(value)
    if bucket:
        points.append(_point(begins + width / 2, bucket))
    return tuple(points)


def _point(at: float, values: Sequence[float]) -> Point:
    return Point(at, sum(values) / len(values), min(values), max(values))
