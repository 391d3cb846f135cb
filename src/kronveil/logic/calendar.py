"""When it is, as policies ask: the local day and hour, whether business is open, and which change freezes hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, tzinfo
from fnmatch import fnmatchcase

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Freeze:
    """A span in which changes wait. ``clusters`` are patterns of names; none means all."""

    name: str
    begins: datetime
    ends: datetime
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """When business is open, in the calendar's zone. One that closes before it opens goes over midnight."""

    days: tuple[str, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """The zone that days and hours are told in, what is frozen, and when business is open."""

    zone: tzinfo = UTC
    zone_name: str = "UTC"
    freezes: tuple[Freeze, ...] = field(default=())
    hours: Hours | None = None

    def at(self, now: datetime, cluster: str) -> Mapping[str, object]:
        """What policies are told of a moment. ``business_hours`` is None where no hours are configured."""
        local = now.astimezone(self.zone)
        return {
            "now": _stamp(now),
            "zone": self.zone_name,
            "local": local.isoformat(timespec="seconds"),
            "weekday": DAYS[local.weekday()],
            "hour": local.hour,
            "minute": local.minute,
            "business_hours": None if self.hours is None else _is_open(self.hours, local),
            "freezes": [
                {"name": freeze.name, "began": _stamp(freeze.begins), "ends": _stamp(freeze.ends)}
                for freeze in self.freezes
                if freeze.begins <= now < freeze.ends and _concerns(freeze, cluster)
            ],
        }


def _concerns(freeze: Freeze, cluster: str) -> bool:
    return not freeze.clusters or any(fnmatchcase(cluster, pattern) for pattern in freeze.clusters)


def _is_open(hours: Hours, local: datetime) -> bool:
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    at = local.time()
    if hours.opens <= hours.closes:
        return today in hours.days and hours.opens <= at < hours.closes
    return (today in hours.days and at >= hours.opens) or (yesterday in hours.days and at < hours.closes)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
