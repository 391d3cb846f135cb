"""When a schedule is due: tables."""

from datetime import UTC, datetime

import pytest

from kronveil.logic.cron import next_due, parse


def time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "due"),
    [
        ("* * * * *", "", "2026-11-25T12:00:00", "2026-11-25T12:01:00"),
        ("* * * * *", "", "2026-11-25T12:00:30", "2026-11-25T12:01:00"),
        ("*/15 * * * *", "", "2026-11-25T12:45:00", "2026-11-25T13:00:00"),
        ("5/20 * * * *", "", "2026-11-25T12:26:00", "2026-11-25T12:45:00"),
        ("0 3 * * *", "", "2026-11-25T03:00:00", "2026-11-26T03:00:00"),
        ("30 2-4,8 * * *", "", "2026-11-25T04:30:00", "2026-11-25T08:30:00"),
        ("0 0 1 * *", "", "2026-11-25T00:00:00", "2026-12-01T00:00:00"),
        ("0 0 29 2 *", "", "2026-11-25T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 1 jan *", "", "2026-11-25T00:00:00", "2027-01-01T00:00:00"),
        ("0 9 * * MON-FRI", "", "2026-11-27T09:00:00", "2026-11-30T09:00:00"),
        ("0 9 * * 7", "", "2026-11-25T00:00:00", "2026-11-29T09:00:00"),
        ("0 9 13 * 5", "", "2026-11-25T00:00:00", "2026-11-27T09:00:00"),
        ("0 9 28 * 5", "", "2026-11-27T09:00:00", "2026-11-28T09:00:00"),
        ("0 9 ? * 1", "", "2026-11-25T00:00:00", "2026-11-30T09:00:00"),
        ("@hourly", "", "2026-11-25T12:00:00", "2026-11-25T13:00:00"),
        ("@weekly", "", "2026-11-25T12:00:00", "2026-11-29T00:00:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-11-25T12:00:00", "2026-11-26T02:00:00"),
        ("0 3 * * *", "America/New_York", "2026-07-01T12:00:00", "2026-07-02T07:00:00"),
    ],
)
def test_a_schedule_is_due_next(schedule: str, zone: str, after: str, due: str) -> None:
    assert next_due(schedule, zone, time(after)) == time(due)


@pytest.mark.parametrize(
    "schedule",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *", "@every 1h"],
)
def test_what_is_no_schedule_is_never_due(schedule: str) -> None:
    assert parse(schedule) is None
    assert next_due(schedule, "", time("2026-11-25T12:00:00")) is None


def test_a_day_that_never_comes_and_an_unknown_zone_are_never_due() -> None:
    assert next_due("0 0 31 2 *", "", time("2026-11-25T12:00:00")) is None
    assert next_due("0 0 * * *", "Nowhere/Land", time("2026-11-25T12:00:00")) is None


def test_a_wall_time_that_the_clock_leaves_out_delays_but_never_repeats() -> None:
    # At 02:00 of 29 March 2026 the clocks of Berlin go to 03:00.
    due = next_due("30 2 * * *", "Europe/Berlin", time("2026-03-28T02:00:00"))
    assert due is not None
    assert due == time("2026-03-29T01:30:00")
    assert next_due("30 2 * * *", "Europe/Berlin", due) == time("2026-03-30T00:30:00")
