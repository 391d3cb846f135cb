"""Cron schedules of five fields, as CronJobs have them."""

from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_HORIZON = timedelta(days=366)


def parse_schedule(text: str) -> tuple[frozenset[int], ...]:
    """The minutes, hours, days, months and weekdays a schedule names. Raises ValueError."""
    fields = _WORDS.get(text, text).split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"{text!r} is no schedule: expected five fields, such as 0 4 * * *")
    minutes, hours, days, months, weekdays = (
        _field(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)
    )
    return minutes, hours, days, months, frozenset(day % 7 for day in weekdays)


def _field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = int(first)
            end = int(last) if dash else (high if step else start)
        if not low <= start <= end <= high:
            raise ValueError(f"{part!r} is not within {low}-{high}")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def next_time(text: str, after: datetime) -> datetime | None:
    """The first moment after ``after`` that a schedule names; None when there is none within a year."""
    minutes, hours, days, months, weekdays = parse_schedule(text)
    fields = _WORDS.get(text, text).split()
    either = fields[2] != "*" and fields[4] != "*"
    moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while moment - after < _HORIZON:
        in_days, in_weekdays = moment.day in days, (moment.weekday() + 1) % 7 in weekdays
        is_day = (in_days or in_weekdays) if either else (in_days and in_weekdays)
        if moment.month not in months or not is_day:
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        elif moment.hour not in hours:
            moment = moment.replace(minute=0) + timedelta(hours=1)
        elif moment.minute not in minutes:
            moment += timedelta(minutes=1)
        else:
            return moment
    return None
