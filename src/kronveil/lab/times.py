"""Time in the lab: Kubernetes' timestamp formats, and a clock that only moves when a test moves it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def wall_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


class VirtualClock:
    """A clock for tests: it stands still until ``advance`` is called."""

    def __init__(self, start: datetime = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move forward and answer the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now


def stamp(moment: datetime) -> str:
    """A ``metav1.Time``: whole seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(text: str) -> datetime:
    """The moment a ``metav1.Time`` names."""
    return datetime.fromisoformat(text)


def age(moment: datetime, now: datetime) -> str:
    """How long ago, as kubectl prints it: ``42s``, ``5m``, ``3h``, ``12d``."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit, until in ((1, "s", 120), (60, "m", 7200), (3600, "h", 172800)):
        if seconds < until:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"
