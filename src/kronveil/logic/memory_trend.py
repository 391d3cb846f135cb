"""What a container's memory did before it was killed: a leak, a spike, a limit that is too tight, or nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

FEWEST = 8
FALLS_BY = 0.5
"""A value below this share of the one before it: the container was started anew."""
_STEADY, _RISES_BY, _CALM, _TIGHT, _SUDDEN = 0.8, 0.25, 0.6, 0.75, 0.25


class Trend(StrEnum):
    """``unknown`` also where values were seen and fit nothing else."""

    LEAK = "leak"
    SPIKE = "spike"
    TIGHT = "tight"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Usage:
    """What was seen of the life of a container that tells most. ``last`` and ``peak`` are bytes, None when unseen."""

    trend: Trend
    words: str
    samples: int = 0
    minutes: float = 0.0
    last: float | None = None
    peak: float | None = None


Points = Sequence[tuple[int, float]]


def usage_of(points: Points, limit: float | None, interval_s: float = 0) -> Usage:
    """Judge values (seconds and bytes, oldest first), read every ``interval_s``, against a limit where there is one."""
    if not points:
        return Usage(Trend.UNKNOWN, "no memory was measured")
    life = max(_lives(points), key=len)
    seen = [value for _, value in life]
    minutes = (life[-1][0] - life[0][0]) / 60
    trend, words = _judged(seen, limit or max(seen)) if len(life) >= FEWEST else _few(len(life))
    most = max(value for _, value in points)
    if trend is Trend.UNKNOWN and limit is not None and most < limit * _TIGHT:
        apart = f", {interval_s:g} s apart" if interval_s else ""
        words = f"no reading was above {_percent(most, limit)} of the limit: it was killed between two{apart}"
    return Usage(trend, words, len(life), round(minutes, 1), points[-1][1], most)


def _few(count: int) -> tuple[Trend, str]:
    return Trend.UNKNOWN, f"only {count} values were measured in one go, too few to judge"


def _lives(points: Points) -> list[list[tuple[int, float]]]:
    lives = [[points[0]]]
    for before, point in pairwise(points):
        if point[1] < before[1] * FALLS_BY:
            lives.append([])
        lives[-1].append(point)
    return lives


def _judged(seen: Sequence[float], full: float) -> tuple[Trend, str]:
    middle, peak = sorted(seen)[len(seen) // 2], max(seen)
    sudden = max(1, round(len(seen) * _SUDDEN))
    before = seen[:-sudden]
    # First what is sudden: a jump at the end would else count as a rise.
    was_calm = sorted(before)[len(before) // 2] <= full * _CALM and max(before) <= full * _TIGHT
    if was_calm and peak >= full * _TIGHT and not _rises(before, full):
        return Trend.SPIKE, f"it lay at {_percent(middle, full)} of the limit and then shot up"
    if _rises(seen, full):
        return Trend.LEAK, f"it rose steadily from {_percent(seen[0], full)} to {_percent(peak, full)} of the limit"
    if middle >= full * _TIGHT:
        return Trend.TIGHT, f"it lay at {_percent(middle, full)} of the limit all along"
    return Trend.UNKNOWN, f"it went between {_percent(min(seen), full)} and {_percent(peak, full)} of the limit"


def _rises(seen: Sequence[float], full: float) -> bool:
    """Whether later values are above earlier ones nearly always, and by much."""
    quarter = max(1, len(seen) // 4)
    by = sum(seen[-quarter:]) / quarter - sum(seen[:quarter]) / quarter
    ups = sum(after >= before * 0.995 for before, after in pairwise(seen))
    return by >= full * _RISES_BY and ups >= _STEADY * (len(seen) - 1)


def _percent(value: float, full: float) -> str:
    return f"{100 * value / full:.0f} %"
