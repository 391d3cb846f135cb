"""How long events take from arrival to being shown, as a histogram that costs one bisection an event."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from kronveil.model.noun import noun

BOUNDS_S: Sequence[float] = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@noun
class Example:
    """The newest event of a bucket, so that a slow one can be looked up."""

    event_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Latencies:
    """Counts for each bound of ``BOUNDS_S`` and beyond the last (not cumulative), the sum in seconds, and examples."""

    counts: tuple[int, ...]
    sum_s: float
    examples: tuple[Example | None, ...]


class LatencyHistogram:
    """Counts since the agent started."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._examples: list[Example | None] = [None] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def note(self, event_id: str, seconds: float) -> None:
        """One event was shown, so long after it arrived."""
        bucket = bisect_left(BOUNDS_S, seconds)
        self._counts[bucket] += 1
        self._examples[bucket] = Example(event_id, seconds)
        self._sum_s += seconds

    def read(self) -> Latencies:
        """The counts now."""
        return Latencies(tuple(self._counts), self._sum_s, tuple(self._examples))
