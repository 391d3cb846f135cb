"""Times and spans as people type them: 15m is fifteen minutes, fifteen minutes ago or from now."""

import re
from datetime import UTC, datetime, timedelta

from kronveil.cli.ending import WRONG_USAGE, end

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span_of(given: str) -> timedelta | None:
    """The span, or None when it is not written as one. Raises OverflowError for one that is longer than time is."""
    match = re.fullmatch(r"(\d{1,9})([smhd])", given)
    return None if match is None else timedelta(**{_UNITS[match[2]]: int(match[1])})


def time_of(option: str, given: str) -> str:
    """A time for the agent: so long ago, or as it was written."""
    try:
        span = span_of(given)
        return _checked(option, given) if span is None else (datetime.now(UTC) - span).isoformat()
    except OverflowError:
        end(WRONG_USAGE, f"{option} {given} is longer ago than time goes back.")


def time_ahead(option: str, given: str) -> str:
    """A time for the agent: so long from now, or as it was written."""
    try:
        span = span_of(given)
        return _checked(option, given) if span is None else (datetime.now(UTC) + span).isoformat()
    except OverflowError:
        end(WRONG_USAGE, f"{option} {given} is later than time goes.")


def _checked(option: str, given: str) -> str:
    """The time as written; ends the command when it is none, or nobody knows in which zone."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        end(WRONG_USAGE, f"{option} {given}: write it like 15m, 2h or 1d, or 2026-11-25T02:00:00Z.")
    if moment.tzinfo is None:
        end(WRONG_USAGE, f"{option} {given}: in which zone? Write {given}Z, or {given}+01:00.")
    return given


def seconds_of(option: str, given: str) -> int:
    """Whole seconds, at least one; ends the command when it is no span."""
    try:
        span = span_of(given)
    except OverflowError:
        span = None
    if not span:
        end(WRONG_USAGE, f"{option} {given}: write it like 90s, 10m, 2h or 30d.")
    return int(span.total_seconds())
