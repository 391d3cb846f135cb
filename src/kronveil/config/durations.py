"""Durations and rates as people write them: 15s, 1h30m, 3/1h."""

import re
from dataclasses import dataclass
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
DURATION_PATTERN = r"^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$"
RATE_PATTERN = r"^[1-9][0-9]{0,8}/" + DURATION_PATTERN.removeprefix("^")
_DURATION = re.compile(DURATION_PATTERN)
_LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` in any span of ``per``."""

    count: int
    per: timedelta

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.per)}"


def parse_duration(text: str) -> timedelta:
    """Read ``15s``, ``2m``, ``1h30m`` or ``500ms``; units from large to small, each once. Raises ValueError."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise ValueError("not a duration")
    total = timedelta()
    for part, unit in zip(match.groups(), _UNITS, strict=True):
        if part is not None:
            total += int(part.removesuffix(unit)) * _UNITS[unit]
    if total > _LONGEST:
        raise ValueError("longer than 100 years")
    return total


def format_duration(value: timedelta) -> str:
    """Write a duration the way it is read: ``1h30m``. Parts of a millisecond are left out."""
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, value = divmod(value, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_rate(text: str) -> Rate:
    """Read ``3/1h``: at most three in any hour. Raises ValueError."""
    count, slash, per = text.strip().partition("/")
    if not slash or not re.fullmatch(r"[1-9][0-9]{0,8}", count):
        raise ValueError("not a rate")
    window = parse_duration(per)
    if not window:
        raise ValueError("a rate over no time")
    return Rate(int(count), window)
