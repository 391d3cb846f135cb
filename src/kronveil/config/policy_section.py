"""The ``policy`` section: which rules hold, who evaluates them, and the calendar that they are told."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from kronveil.logic.calendar import Calendar, Freeze, Hours
from kronveil.sdk.errors import ConfigError

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeConfig:
    """A change freeze."""

    name: str
    begins: Moment
    ends: Moment
    only_clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursConfig:
    """When business is open."""

    days: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    opens: Clock = "09:00"
    closes: Clock = "17:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """Where the operator's own Rego policies are, who evaluates them, and what they are told of time."""

    directory: Path | None = None
    opa: str | None = None
    deadline: timedelta = timedelta(seconds=5)
    time_zone: str = "UTC"
    freezes: tuple[FreezeConfig, ...] = field(default=())
    business_hours: HoursConfig | None = None


def calendar_of(section: PolicyConfig) -> Calendar:
    """The calendar that policies are told. Raises ConfigError, which names the key."""
    try:
        zone = ZoneInfo(section.time_zone)
    except (ValueError, OSError, KeyError):
        raise ConfigError(
            f"policy.time_zone: {section.time_zone!a} is no time zone. Write one like Europe/Berlin."
        ) from None
    freezes = tuple(_freeze(each, f"policy.freezes[{index}]") for index, each in enumerate(section.freezes))
    told = section.business_hours
    hours = None if told is None else Hours(told.days, time.fromisoformat(told.opens), time.fromisoformat(told.closes))
    return Calendar(zone, section.time_zone, freezes, hours)


def _freeze(section: FreezeConfig, where: str) -> Freeze:
    try:
        begins, ends = datetime.fromisoformat(section.begins), datetime.fromisoformat(section.ends)
    except ValueError:
        raise ConfigError(f"{where}: begins and ends are days that there are, as 2026-12-20T00:00:00Z.") from None
    if begins >= ends:
        raise ConfigError(f"{where}: it ends before it begins. Put ends after begins.")
    return Freeze(section.name, begins, ends, section.only_clusters)
