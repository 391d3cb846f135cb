"""When a cron schedule of five fields is due next, as the controller of Kubernetes reckons it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {
    name: at + 1
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}
_DAYS = {name: at for at, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
# A schedule that is not due within five years (31 February) never is.
_HORIZON = timedelta(days=5 * 366)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The allowed values of each field."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool

    def is_on(self, day: datetime) -> bool:
        """Whether the schedule is due on this day at all."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def next_due(schedule: str, zone: str, after: datetime) -> datetime | None:
    """The first time after ``after`` at which it is due, in UTC; None when it cannot be read or is never due."""
    parsed, clock = parse(schedule), _zone(zone)
    if parsed is None or clock is None:
        return None
    wall = after.astimezone(clock).replace(tzinfo=None)
    day = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    while day - wall < _HORIZON:
        if parsed.is_on(day):
            for hour in parsed.hours:
                for minute in parsed.minutes:
                    due = (day + hour * _HOUR).replace(minute=minute, tzinfo=clock).astimezone(UTC)
                    # A wall time that the clock leaves out, or shows twice, is taken as its first reading.
                    if due > after:
                        return due
        day += _DAY
    return None


@lru_cache(maxsize=4096)
def parse(schedule: str) -> Schedule | None:
    """The schedule, or None when it is none (or one of seconds, or "@every")."""
    fields = _MACROS.get(schedule.strip().lower(), schedule).lower().split()
    if len(fields) != 5:
        return None
    try:
        minutes = _values(fields[0], 0, 59)
        hours = _values(fields[1], 0, 23)
        days = _values(fields[2], 1, 31)
        months = _values(fields[3], 1, 12, _MONTHS)
        weekdays = frozenset(value % 7 for value in _values(fields[4], 0, 7, _DAYS))
    except ValueError:
        return None
    is_any_day, is_any_weekday = fields[2] in ("*", "?"), fields[4] in ("*", "?")
    return Schedule(tuple(sorted(minutes)), tuple(sorted(hours)), days, months, weekdays, is_any_day, is_any_weekday)


def _values(text: str, least: int, most: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Every value that a field allows; raises ValueError when it is no such field."""
    values: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        if span in ("*", "?"):
            # Of the days of a week 7 is only another name of 0.
            first, last = least, 6 if most == 7 else most
        else:
            low, dash, high = span.partition("-")
            first = _value(low, names)
            last = _value(high, names) if dash else (most if step else first)
        by = int(step) if step else 1
        if by < 1 or not least <= first <= last <= most:
            raise ValueError(item)
        values.update(range(first, last + 1, by))
    return frozenset(values)


def _value(text: str, names: dict[str, int] | None) -> int:
    named = names.get(text) if names else None
    return int(text) if named is None else named


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
