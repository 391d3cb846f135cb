"""Durations in the parameters of a step: ``15s``, ``2m``, ``1h30m``."""

import re
from datetime import timedelta

from kronveil.sdk.actions import Step
from kronveil.sdk.errors import Permanent

LONGEST = timedelta(hours=24)
_SHAPE = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?\Z")


def duration_of(step: Step, name: str, otherwise: timedelta | None = None) -> timedelta:
    """The duration that a step was told. Raises Permanent for what is none, and for none where one is needed."""
    value = step.parameters.get(name)
    if value is None and otherwise is not None:
        return otherwise
    if isinstance(value, timedelta):
        found = value
    else:
        shape = _SHAPE.match(value.strip()) if isinstance(value, str) and value.strip() else None
        if shape is None:
            raise Permanent(f"{step.name}: {name} must be a duration: write 15s, 2m or 1h30m")
        hours, minutes, seconds = (int(part or 0) for part in shape.groups())
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < found <= LONGEST:
        raise Permanent(f"{step.name}: {name} must be longer than nothing and at most 24h")
    return found
