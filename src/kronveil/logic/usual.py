"""What is usual for a series, from its own last hour, and where it left that. Each value is judged before it counts."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

WINDOW_S = 3600.0
"""Of so long before a value is taken what is usual at it."""
LEAST_KNOWN = 20
"""With fewer values nothing is called usual."""
STRANGE_AFTER, USUAL_AFTER = 2, 3
"""So many values in a row begin and end an anomaly: one alone may be a slip."""
SETTLED_S = 1800.0
"""What lasts so long is the new usual."""
_MARGIN = 3.0
_LEAST_SPREAD = 0.02
_OUTER = 0.1
# Between the tenth and the ninetieth percentile of a normal distribution lie so many standard deviations.
_DEVIATIONS = 2.563


@dataclass(frozen=True, slots=True)
class Band:
    """What is usual at a moment (seconds since the epoch), in the unit of the values."""

    at: float
    low: float
    high: float
    spread: float

    def score(self, value: float) -> float:
        """0 inside, from 0.5 at the edge to 1 far beyond it."""
        outside = max(self.low - value, value - self.high)
        if outside < 0:
            return 0.0
        margin = _MARGIN * self.spread
        return (outside + margin) / (outside + 2 * margin)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A time outside what is usual: its strangest value, with what was usual then. ``until`` is None while it lasts."""

    since: float
    until: float | None
    observed: float
    usual: Band
    score: float


@dataclass(frozen=True, slots=True)
class Usual:
    """The band at each value of which enough was known, oldest first, and the anomalies."""

    band: tuple[Band, ...]
    anomalies: tuple[Anomaly, ...]

    def at(self, times: Sequence[float]) -> list[Band | None]:
        """The band at each of these moments: the newest one then, None where there was none within the window."""
        known = [each.at for each in self.band]
        found: list[Band | None] = []
        for moment in times:
            place = bisect_right(known, moment) - 1
            is_known = place >= 0 and moment - known[place] <= WINDOW_S
            found.append(self.band[place] if is_known else None)
        return found


def usual(measured: Sequence[tuple[float, float]]) -> Usual:
    """Of times and values, oldest first, none of them negative."""
    watch = _Watch()
    for at, value in measured:
        watch.see(at, value)
    return watch.told()


@dataclass(slots=True)
class _Watch:
    """Goes along a series. What is strange does not count as usual, unless it stays."""

    recent: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])
    ordered: list[float] = field(default_factory=list[float])
    outside: list[tuple[float, float, Band]] = field(default_factory=list[tuple[float, float, Band]])
    inside: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    band: list[Band] = field(default_factory=list[Band])
    anomalies: list[Anomaly] = field(default_factory=list[Anomaly])

    def see(self, at: float, value: float) -> None:
        self._let_go(at - WINDOW_S)
        if len(self.recent) < LEAST_KNOWN:
            self._give_up()
            self._count(at, value)
            return
        here = self._band(at)
        self.band.append(here)
        if here.low <= value <= here.high:
            self._is_inside(at, value)
        else:
            self._is_outside(at, value, here)

    def told(self) -> Usual:
        lasting = self._anomaly(None) if len(self.outside) >= STRANGE_AFTER else None
        return Usual(tuple(self.band), (*self.anomalies, *((lasting,) if lasting is not None else ())))

    def _is_inside(self, at: float, value: float) -> None:
        if not self.outside:
            self._count(at, value)
            return
        self.inside.append((at, value))
        if len(self.inside) >= USUAL_AFTER or len(self.outside) < STRANGE_AFTER:
            self._end()

    def _is_outside(self, at: float, value: float, here: Band) -> None:
        self.inside.clear()
        self.outside.append((at, value, here))
        if at - self.outside[0][0] >= SETTLED_S:
            self.anomalies.append(self._anomaly(at))
            newest = self.outside[-LEAST_KNOWN:]
            self.recent.clear()
            self.ordered.clear()
            self.outside.clear()
            for then, held, _ in newest:
                self._count(then, held)

    def _end(self) -> None:
        """Back inside: what was strange for a moment counts as usual, what was an anomaly does not."""
        if len(self.outside) >= STRANGE_AFTER:
            self.anomalies.append(self._anomaly(self.inside[0][0]))
        else:
            for at, value, _ in self.outside:
                self._count(at, value)
        for at, value in self.inside:
            self._count(at, value)
        self.outside.clear()
        self.inside.clear()

    def _give_up(self) -> None:
        """So much of the past is gone that nobody can say what is usual: an anomaly that lasted ends unseen."""
        if len(self.outside) >= STRANGE_AFTER:
            self.anomalies.append(self._anomaly(self.outside[-1][0]))
        self.outside.clear()
        self.inside.clear()

    def _anomaly(self, until: float | None) -> Anomaly:
        _, observed, then = max(self.outside, key=lambda each: each[2].score(each[1]))
        return Anomaly(self.outside[0][0], until, observed, then, then.score(observed))

    def _band(self, at: float) -> Band:
        last = len(self.ordered) - 1
        low, middle, high = (self.ordered[round(last * share)] for share in (_OUTER, 0.5, 1 - _OUTER))
        spread = max((high - low) / _DEVIATIONS, _LEAST_SPREAD * abs(middle), 1e-9)
        return Band(at, max(0.0, low - _MARGIN * spread), high + _MARGIN * spread, spread)

    def _count(self, at: float, value: float) -> None:
        self.recent.append((at, value))
        insort(self.ordered, value)

    def _let_go(self, before: float) -> None:
        while self.recent and self.recent[0][0] < before:
            _, value = self.recent.popleft()
            del self.ordered[bisect_left(self.ordered, value)]
