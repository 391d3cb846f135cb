"""When it is, as policies are told: the local day and hour, business hours, and the freezes that hold."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from kronveil.logic.calendar import Calendar, Freeze, Hours

WEDNESDAY = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def test_days_and_hours_are_those_of_the_zone():
    told = Calendar(ZoneInfo("Europe/Berlin"), "Europe/Berlin").at(WEDNESDAY, "east")
    assert (told["weekday"], told["hour"], told["minute"]) == ("thursday", 0, 30)
    assert (told["now"], told["local"]) == ("2026-11-25T23:30:00Z", "2026-11-26T00:30:00+01:00")
    assert (told["business_hours"], told["freezes"]) == (None, [])


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-25T09:00Z", True),
        ("2026-11-25T08:59Z", False),
        ("2026-11-25T17:00Z", False),
        ("2026-11-28T12:00Z", False),
    ],
)
def test_business_is_open_on_its_days_from_opening_to_before_closing(at, is_open):
    hours = Hours(WORKDAYS, time(9), time(17))
    assert Calendar(hours=hours).at(datetime.fromisoformat(at), "east")["business_hours"] is is_open


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-27T23:00Z", True),
        ("2026-11-28T05:59Z", True),
        ("2026-11-28T06:00Z", False),
        ("2026-11-28T23:00Z", False),
    ],
)
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(at, is_open):
    hours = Hours(WORKDAYS, time(22), time(6))
    assert Calendar(hours=hours).at(datetime.fromisoformat(at), "east")["business_hours"] is is_open


def test_a_freeze_holds_from_its_beginning_to_before_its_end_where_it_is_said_to():
    freeze = Freeze("December", WEDNESDAY, WEDNESDAY + timedelta(days=1), ("prod-*",))
    calendar = Calendar(freezes=(freeze,))

    def names(at, cluster="prod-east"):
        freezes = cast("Sequence[Mapping[str, str]]", calendar.at(at, cluster)["freezes"])
        return [each["name"] for each in freezes]

    assert names(WEDNESDAY) == ["December"]
    assert names(WEDNESDAY - timedelta(seconds=1)) == []
    assert names(WEDNESDAY + timedelta(days=1)) == []
    assert names(WEDNESDAY, "lab") == []
